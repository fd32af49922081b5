"""Claims that say the same are merged: rules 3 to 5 of `prompts.selection`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from manifests.evidence import ORDER
from prompts.candidates import Candidate
from prompts.naming import things
from prompts.singing import sings
from prompts.words import NUMBERS, tokens

Alike = Callable[[str, str], bool]
"""Whether two texts tell the same in other words."""

_COUNTING = NUMBERS | {"a", "an", "the"}
_MUSIC = frozenset({"music"})


@dataclass(frozen=True, slots=True)
class Same:
    """What tells that claims of different captioners say the same; None where nothing does.

    names: of two names of classes. sentences: of pairs with a sentence. tells: whether the first of two
    texts tells all that the second does, for sentences about several events.
    """

    names: Alike | None = None
    sentences: Alike | None = None
    tells: Alike | None = None


def once(candidates: Sequence[Candidate], same: Same) -> list[Candidate]:
    """Of candidates, surest first, those that say each thing once."""
    worded = _worded_once(candidates)
    told = _meant_once(worded, same.sentences, free=True) if same.sentences else worded
    told = _told_besides(told, same.tells) if same.tells else told
    kept = [
        candidate
        for at, candidate in enumerate(told)
        if not _implied_by_another(candidate, at, told)
    ]
    kept = _meant_once(kept, same.names, free=False) if same.names else kept
    return _named_once(kept)


def _worded_once(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The first of those with the same words, numbers aside, supported by all of them."""
    by_words: dict[tuple[str, ...], Candidate] = {}
    for candidate in candidates:
        wording = tuple(token for token in tokens(candidate.claim.text) if token not in _COUNTING)
        first = by_words.setdefault(wording, candidate)
        by_words[wording] = _with(first, candidate)
    return list(by_words.values())


def _meant_once(candidates: Sequence[Candidate], alike: Alike, free: bool) -> list[Candidate]:
    """One of those that are alike, supported by all of them, in the place of the surest. Who names two
    things means two. free: of pairs with a sentence, or of tags, which the word table was asked about."""
    distinct: list[Candidate] = []
    for candidate in candidates:
        for at, first in enumerate(distinct):
            if _may_be_one(candidate, first, free) and alike(
                first.claim.text, candidate.claim.text
            ):
                said, other = (
                    (candidate, first) if _tells_more(candidate, first) else (first, candidate)
                )
                stands_for = (*said.stands_for, *other.stands_for, other)
                distinct[at] = replace(_with(said, other), stands_for=stands_for)
                break
        else:
            distinct.append(candidate)
    return distinct


def _told_besides(candidates: Sequence[Candidate], tells: Alike) -> list[Candidate]:
    """Without what a sentence of another captioner tells besides other events, as far as it is as sure or
    that is a tag. Who tells it so supports it where it stays: it is the surer one then."""
    kept: dict[int, Candidate] = dict(enumerate(candidates))
    for at, told in enumerate(candidates):
        for place, sentence in enumerate(candidates):
            if place not in kept or not sentence.free or told.claimed_by & sentence.claimed_by:
                continue
            if not tells(sentence.claim.text, told.claim.text):
                continue
            if told.free and ORDER[sentence.tier] < ORDER[told.tier]:
                kept[at] = _with(kept[at], sentence)
                continue
            kept[place] = replace(
                kept[place], stands_for=(*kept[place].stands_for, *told.stands_for, told)
            )
            del kept[at]
            break
    return list(kept.values())


def _may_be_one(candidate: Candidate, first: Candidate, free: bool) -> bool:
    if candidate.free or first.free:
        return free and not candidate.claimed_by & first.claimed_by
    if set(candidate.captioners) & set(first.captioners):
        return False
    return not free and not (candidate.implies(first) or first.implies(candidate))


def _tells_more(candidate: Candidate, surer: Candidate) -> bool:
    """Whether a claim is said instead of one before it: a sentence instead of a tag, what implies the
    other, of two sentences that are as sure the one with more words."""
    if candidate.free != surer.free:
        return candidate.free
    if candidate.implies(surer) != surer.implies(candidate):
        return candidate.implies(surer)
    return candidate.free and candidate.tier == surer.tier and _told(candidate) > _told(surer)


def _told(candidate: Candidate) -> int:
    return len(candidate.meaning.text)


def _named_once(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Rule 5: without the other names of a thing that is told already."""
    kept = [(c, things(c.claim, c.meaning.core)) for c in candidates]
    for thing in dict.fromkeys(thing for _, named in kept for thing in named):
        names = [(c, named[thing]) for c, named in kept if thing in named]
        if not names:  # a claim that had two names went for the other one
            continue
        told, _ = max(names, key=lambda name: (ORDER[name[0].tier], -name[1], name[0].rank))
        kept = [(c, named) for c, named in kept if c is told or thing not in named]
    return [candidate for candidate, _ in kept]


def _with(first: Candidate, other: Candidate) -> Candidate:
    captioners = dict.fromkeys((*first.captioners, *other.captioners))
    return replace(first, captioners=tuple(captioners))


def _implied_by_another(
    candidate: Candidate, own_index: int, candidates: Sequence[Candidate]
) -> bool:
    for index, other in enumerate(candidates):
        surer = (
            candidate.meaning.core == _MUSIC
            and ORDER[other.tier] < ORDER[candidate.tier]
            and (not other.free or sings(other.claim.text))
        )
        if index == own_index or not other.implies(candidate) or surer:
            continue
        if not candidate.implies(other) or index < own_index:
            return True
    return False
