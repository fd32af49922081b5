"""A caption against the evidence of its clip: what contradicts it, and what nothing supports.

Only positive contradictions refuse; what is merely not told is a doubt. The caption is taken in its
clearest reading, the evidence in all of its readings together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from manifests.captions import CaptionName
from manifests.faults import Fault
from prompts.meaning.attributes import another_of_class, moved, opposite
from prompts.meaning.bearers import another_bearer
from prompts.meaning.counting import miscounted
from prompts.meaning.directions import turned
from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding, Outcome
from prompts.meaning.likeness import Likeness
from prompts.meaning.negation import contrary
from prompts.meaning.order import reordered
from prompts.meaning.parsing import packages
from prompts.meaning.roles import another_doer, another_role
from prompts.meaning.sounding import across
from prompts.meaning.speech import another_language, misquoted
from prompts.meaning.support import repeated, unsupported
from prompts.meaning.vocabulary import vocabulary_digest

_CHECKS = (
    misquoted,
    another_language,
    contrary,
    opposite,
    another_role,
    another_doer,
    moved,
    another_of_class,
    another_bearer,
    miscounted,
    turned,
    reordered,
    across,
    repeated,
    unsupported,
)


FAULTS: tuple[Fault, ...] = (
    "quotation",
    "language",
    "negation",
    "opposite",
    "role",
    "attribute",
    "count",
    "direction",
    "order",
    "cross-modal",
    "spoken",
    "unsupported",
)
"""What the checks find, in about their order."""


def versions() -> list[str]:
    """What decides the outcomes besides this code: a part of every digest that hangs on them."""
    return [*packages(), f"vocabulary {vocabulary_digest()}"]


@dataclass(frozen=True)
class Comparison:
    """Compares captions with the evidence of one clip, which is parsed once."""

    likeness: Likeness
    sides: Sides

    def judge(
        self, captions: Sequence[tuple[CaptionName, str]]
    ) -> list[tuple[Outcome, list[Finding]]]:
        """Whether the evidence carries each caption, with all that speaks against it, at most one finding
        of each check."""
        return [self._judge(caption) for caption in Caption.read(captions, self.likeness.wordnet)]

    def _judge(self, caption: Caption) -> tuple[Outcome, list[Finding]]:
        checked = (check(self.likeness, caption, self.sides) for check in _CHECKS)
        findings = [finding for finding in checked if finding is not None]
        outcomes = {finding.outcome for finding in findings}
        if "refused" in outcomes:
            return "refused", findings
        return ("doubt" if findings else "accepted"), findings
