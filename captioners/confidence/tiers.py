"""Where a probability becomes a word for the writer: low, medium or high.

The paper puts the similarity of a caption and its media into the prompt as one of these three words and
does not publish where it cuts, so the cut-points are ours: under 0.5 a claim is rather false than true
("low"), from 0.8 on at most one in five is wrong ("high").

Media files that stand behind a probability bound its word, whatever it is: under `ENOUGH` never "high",
under `FEW` "low": that is an anecdote, not a calibration. Files are counted, not claims: what is said of
one file hangs together.
"""

from manifests.evidence import Tier

ENOUGH = 100
FEW = 10
MEDIUM, HIGH = 0.5, 0.8

ORDER: dict[Tier, int] = {"low": 0, "medium": 1, "high": 2}
MIDDLE: dict[Tier, float] = {
    "low": MEDIUM / 2,
    "medium": (MEDIUM + HIGH) / 2,
    "high": (HIGH + 1) / 2,
}
"""The probability that stands for a tier where nothing but the tier is known: its middle."""

RULES = [ENOUGH, FEW, MEDIUM, HIGH]
"""What of this module a digest has to cover."""


def tier_of(probability: float, n: int) -> Tier:
    """The word for a probability that `n` media files stand behind."""
    if probability < MEDIUM or n < FEW:
        return "low"
    return "high" if probability >= HIGH and n >= ENOUGH else "medium"
