"""A finding: what is wrong with a caption."""

from dataclasses import dataclass
from typing import Literal

from manifests.faults import OfForm, OfMeaning

Outcome = Literal["accepted", "refused", "doubt"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a comparison found wrong.

    kind: of the fault. outcome: "refused" where the evidence contradicts the
    caption, "doubt" where it lacks what the caption says. detail: the words, for people.
    """

    kind: OfMeaning | OfForm
    outcome: Literal["refused", "doubt"]
    detail: str
