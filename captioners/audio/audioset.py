"""Claims out of scores of AudioSet's classes, by the names and clauses of `audioset.toml`."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from manifests.evidence import Claim, Kind

# Our choices.
FLOOR = 0.1
_SAID = 0.3  # and half of the best: the sentence says what stands out
_MOST_CLAIMS = 8
# A broader class goes when a narrower one is about as sure; these stay, as others ask for them.
_AS_SURE = 0.8
_KEPT = ("Speech", "Music")

_KINDS: tuple[Kind, ...] = ("speech", "sound", "music", "scene", "signal")


@dataclass(frozen=True, slots=True)
class SoundClass:
    """One class: its name, clause, kind, and the names of all that it implies."""

    label: str
    clause: str
    kind: Kind
    implies: frozenset[str]


def classes() -> list[str]:
    """The names of all classes that have a clause."""
    return list(_phrases())


@cache
def sound_class(label: str) -> SoundClass:
    """The class of this name. Raises KeyError."""
    kind, (clause, *broader) = _phrases()[label]
    implies = frozenset(broader).union(*(sound_class(name).implies for name in broader))
    return SoundClass(label, clause, kind, implies)


def claims(
    scores: Mapping[str, float], spans: Callable[[str], tuple[tuple[int, int], ...]]
) -> tuple[Claim, ...]:
    """Claims out of scores in [0, 1] by class, the surest first: from `FLOOR` on, at most 8.

    A class is left out where one that implies it scores at least 0.8 of it (not Speech and Music), and
    where a better one has the same clause. Equals keep the order of `scores`. spans: of a class.
    """
    found = [(sound_class(label), score) for label, score in scores.items() if score >= FLOOR]
    implied: dict[str, float] = {}
    for one, score in found:
        for label in one.implies:
            implied[label] = max(score, implied.get(label, 0.0))
    chosen: dict[str, tuple[SoundClass, float]] = {}
    for one, score in sorted(found, key=lambda item: -item[1]):
        if one.label in _KEPT or implied.get(one.label, 0.0) < _AS_SURE * score:
            chosen.setdefault(one.clause, (one, score))
    return tuple(
        Claim(
            label=one.label,
            text=one.clause,
            kind=one.kind,
            modality="audio",
            score=score,
            spans=spans(one.label),
        )
        for one, score in list(chosen.values())[:_MOST_CLAIMS]
    )


def telling(found: Sequence[Claim]) -> list[Claim]:
    """The claims for the sentence: with at least 0.3 and half of the best; Speech and Music not beside
    what implies them."""
    best = max((claim.score for claim in found), default=0.0)
    said = [claim for claim in found if claim.score >= max(_SAID, best / 2)]
    implied = {label for claim in said for label in sound_class(claim.label).implies}
    return [c for c in said if c.label not in _KEPT or c.label not in implied]


@cache
def _phrases() -> dict[str, tuple[Kind, list[str]]]:
    """Kind and [clause, broader classes...] by class name."""
    table = tomllib.loads((files("captioners.audio") / "audioset.toml").read_text("utf-8"))
    return {label: (kind, said) for kind in _KINDS for label, said in table[kind].items()}
