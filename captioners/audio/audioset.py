"""Claims out of scores of AudioSet's classes, by the names and clauses of `audioset.toml`."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from manifests.evidence import Claim, Kind

# Our choices.
FLOOR = 0.1
_PROMINENT = 0.3  # and half of the best: the sentence says what stands out
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
    scored = [(sound_class(label), score) for label, score in scores.items() if score >= FLOOR]
    implied: dict[str, float] = {}
    for sound, score in scored:
        for label in sound.implies:
            implied[label] = max(score, implied.get(label, 0.0))
    chosen: dict[str, tuple[SoundClass, float]] = {}
    for sound, score in sorted(scored, key=lambda item: -item[1]):
        if sound.label in _KEPT or implied.get(sound.label, 0.0) < _AS_SURE * score:
            chosen.setdefault(sound.clause, (sound, score))
    return tuple(
        Claim(
            label=sound.label,
            text=sound.clause,
            kind=sound.kind,
            modality="audio",
            score=score,
            spans=spans(sound.label),
        )
        for sound, score in list(chosen.values())[:_MOST_CLAIMS]
    )


def telling(claimed: Sequence[Claim]) -> list[Claim]:
    """The claims for the sentence: with at least 0.3 and half of the best; Speech and Music not beside
    what implies them."""
    best = max((claim.score for claim in claimed), default=0.0)
    prominent = [claim for claim in claimed if claim.score >= max(_PROMINENT, best / 2)]
    implied = {label for claim in prominent for label in sound_class(claim.label).implies}
    return [c for c in prominent if c.label not in _KEPT or c.label not in implied]


@cache
def _phrases() -> dict[str, tuple[Kind, list[str]]]:
    """Kind and [clause, broader classes...] by class name."""
    table = tomllib.loads((files("captioners.audio") / "audioset.toml").read_text("utf-8"))
    return {label: (kind, phrases) for kind in _KINDS for label, phrases in table[kind].items()}
