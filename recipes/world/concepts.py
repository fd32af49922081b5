"""A concept: one thing that can be heard or seen in the made-up world."""

from dataclasses import dataclass
from typing import Literal

from manifests.evidence import Kind

Side = Literal["heard", "seen"]


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that can be heard or seen.

    phrasings: how captioners put it, a clause when heard ("a dog is barking"), a noun phrase when seen
    ("a small brown dog"). names: other wordings by which the matcher knows it. broader: keys of
    concepts that are true wherever it is ("animal_sound").
    """

    key: str
    side: Side
    kind: Kind
    phrasings: tuple[str, ...]
    names: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()
