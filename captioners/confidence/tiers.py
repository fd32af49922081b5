"""Where a probability, or a rank among decoys, becomes a word for the writer: low, medium or high.

The paper puts the similarity of a caption and its media into the prompt as one of these three words and
does not publish where it cuts, so the cut-points are ours: under 0.5 a claim is rather false than true
("low"), from 0.8 on at most one in five is wrong ("high").

Origins that stand behind a probability bound its word, whatever it is: under `ENOUGH` never "high", under
`FEW` "low": that is an anecdote, not a calibration. An origin is who or what made some media files; where
that is not known, each file is one. Neither claims nor files are counted: what is said of one file hangs
together, and so do the files of one maker.

No origin stands behind a rank, which only says that a claim fits its clip better than other things do. A
wrong claim of the right kind, a motorbike for a car, does too. So a rank is never "high": how often such
claims are true is not known, and high promises at most one in five wrong. It is "medium" above 95 % of
the decoys, where one claim in twenty about something else would get by chance.
"""

from manifests.evidence import LEAST, Tier

ENOUGH = 30
FEW = 10
MEDIUM, HIGH = LEAST["medium"], LEAST["high"]
RANK = 0.95
"""The share of decoys above which a claim without calibration is "medium"; our choice."""

RULES = [ENOUGH, FEW, MEDIUM, HIGH, RANK]
"""What of this module a digest has to cover."""


def tier_of(probability: float, origins: int) -> Tier:
    """The word for a probability that media of so many origins stand behind."""
    if probability < MEDIUM or origins < FEW:
        return "low"
    return "high" if probability >= HIGH and origins >= ENOUGH else "medium"


def tier_of_rank(rank: float) -> Tier:
    """The word for a claim that fits its clip better than this share of the decoys does."""
    return "medium" if rank > RANK else "low"
