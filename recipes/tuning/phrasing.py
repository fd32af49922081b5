"""Ways to say made-up facts: the targets of the writer's tuning.

Which way is drawn is mostly a matter of the first fact's words: a writer that is asked greedily then
varies with what it is told, as it can't with a coin. Nothing here decides whether a target is right: the
guards do (`recipes.tuning.examples`).
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

from manifests.sentences import joined
from prompts.fallback import sentence
from recipes.tuning.facts import Piece

_SMALL = frozenset(
    ["a", "an", "the", "this", "there", "it", "some", "someone", "something", "people", "two"]
)
_BY_WORDS = 0.7


@dataclass(frozen=True)
class Clip:
    """What a made-up clip is told of: pieces, and what is quoted of speech. turned: how often sounds are
    told in another order than the evidence's."""

    heard: tuple[Piece, ...]
    seen: tuple[Piece, ...]
    quote: str = ""
    turned: float = 0.25


def drawn(rng: random.Random, clip: Clip) -> random.Random:
    """A source of choices that is the same for clips with the same first fact, more often than not."""
    first = (clip.heard or clip.seen)[0].text
    if rng.random() < _BY_WORDS:
        return random.Random(hashlib.sha256(first.casefold().encode()).digest())
    return random.Random(rng.random())


def plain(rng: random.Random, clip: Clip) -> dict[str, str]:
    """One sentence for each caption."""
    told = {}
    if clip.heard:
        told["heard"] = sentence(_heard(rng, clip))
    if clip.seen:
        told["seen"] = sentence(_seen(rng, clip.seen, clip.turned))
    if clip.heard and clip.seen:
        told["both"] = sentence(_both(rng, clip))
    return told


def brief(rng: random.Random, clip: Clip) -> dict[str, str]:
    """A headline for each caption: no articles, no quotation."""
    told = {}
    heard, seen = [p.brief for p in clip.heard], [p.brief for p in clip.seen]
    if heard:
        told["heard"] = sentence(rng.choice((", ".join(heard), joined(heard))))
    if seen:
        told["seen"] = sentence(rng.choice((", ".join(seen), joined(seen))))
    if heard and seen:
        ends = (", ".join(seen), f"{joined(seen)} in view", f"{joined(seen)} visible")
        told["both"] = sentence(
            f"{rng.choice((', '.join(heard), joined(heard)))}, {rng.choice(ends)}"
        )
    return told


def full(rng: random.Random, clip: Clip) -> dict[str, str]:
    """One or two sentences for each caption."""
    told = plain(rng, clip)
    heard, seen = clip.heard, clip.seen
    if len(heard) > 1 and rng.random() < 0.7:
        at = rng.randint(1, len(heard) - 1)
        first = _heard(rng, Clip(heard[:at], (), clip.quote, clip.turned))
        opening = rng.choice(("", "At the same time, ", "Also, ", "Along with this, "))
        second = _lower(_joined(rng, heard[at:], clip.turned))
        if not opening and rng.random() < 0.5 and all(p.nouns for p in heard[at:]):
            second = f"there is also {_nouns(rng, heard[at:])}"
        told["heard"] = f"{sentence(first)} {sentence(opening + second)}"
    if len(seen) > 1 and rng.random() < 0.6:
        at = rng.randint(1, len(seen) - 1)
        first, second = _seen(rng, seen[:at], clip.turned), _nouns(rng, seen[at:])
        also = rng.choice(
            (
                f"{second} {_be(seen[at:])} also in view",
                f"{second} can also be seen",
                f"there {'are' if seen[at].plural else 'is'} also {second}",
                f"the picture also shows {second}",
            )
        )
        told["seen"] = f"{sentence(first)} {sentence(also)}"
    if heard and seen:
        parts = [_heard(rng, clip), _seen(rng, seen, clip.turned)]
        if rng.random() < 0.4:
            parts.reverse()
        opening = rng.choice(("", "", "", "At the same time, "))
        second = opening + _lower(parts[1]) if opening else parts[1]
        told["both"] = f"{sentence(parts[0])} {sentence(second)}"
    return told


def _lower(text: str) -> str:
    first, space, rest = text.partition(" ")
    return f"{first.lower()}{space}{rest}" if first.lower() in _SMALL else text


def _clause(rng: random.Random, piece: Piece) -> str:
    return _lower(rng.choice(piece.clauses))


def _noun(rng: random.Random, piece: Piece) -> str:
    return _lower(rng.choice(piece.nouns) if piece.nouns else piece.text)


def _nouns(rng: random.Random, pieces: Sequence[Piece]) -> str:
    return joined([_noun(rng, piece) for piece in pieces])


def _be(pieces: Sequence[Piece]) -> str:
    return "are" if len(pieces) > 1 or pieces[0].plural else "is"


def _spoken(rng: random.Random, piece: Piece, quote: str) -> str:
    """A clause of speech that quotes it."""
    ways = [f"{_clause(rng, piece)}, saying “{quote}”"] * 2 + [f"{_clause(rng, piece)}: “{quote}”"]
    if subject := _lower(piece.subject):
        verb = "say" if piece.plural else "says"
        be = "are" if piece.plural else "is"
        ways += [f"{subject} {verb} “{quote}”"] * 6 + [f"{subject} {be} saying “{quote}”"] * 2
        ways += [f"{subject} can be heard saying “{quote}”"]
    return rng.choice(ways)


def _heard(rng: random.Random, clip: Clip) -> str:
    """What is heard, as one sentence without its stop."""
    pieces = list(clip.heard)
    speech = next((n for n, p in enumerate(pieces) if p.kind == "speech"), None)
    if not clip.quote or speech is None:
        return _joined(rng, pieces, clip.turned)
    said = _spoken(rng, pieces.pop(speech), clip.quote)
    if not pieces:
        return said
    rest = _joined(rng, pieces, clip.turned, flat=True)
    comma = "," if len(pieces) > 1 or " and " in rest else ""
    return rng.choice(
        (
            f"{said} while {rest}",
            f"{said} as {rest}",
            f"{said} while {rest}",
            f"While {rest}, {said}",
            f"{said}{comma} and {rest}",
            f"{rest}{comma} and {said}",
            f"{rest} while {said}",
        )
    )


def _joined(rng: random.Random, pieces: Sequence[Piece], turned: float, flat: bool = False) -> str:
    """Sounds as one clause. flat: without a "while", where it becomes a part of another sentence."""
    told = list(pieces)
    if len(told) > 1 and rng.random() < turned:
        told = [*told[1:], told[0]]
    said = [_clause(rng, piece) for piece in told]
    named = all(piece.nouns for piece in told)
    if len(told) == 1:
        return _alone(rng, told[0], said[0])
    if flat:
        return joined(said)
    ways = [f"{said[0]} while {joined(said[1:])}"] * 3 + [f"{said[0]} as {joined(said[1:])}"] * 2
    ways += [f"While {joined(said[1:])}, {said[0]}", f"As {joined(said[1:])}, {said[0]}"]
    ways += [joined(said)] * (1 if len(told) == 2 else 2)
    if len(told) == 2:
        ways += [f"{said[0]}, and {said[1]}", f"{said[0]} and, at the same time, {said[1]}"]
    else:
        ways += [f"{joined(said[:-1])} while {said[-1]}"] * 3 + [
            f"{joined(said[:-1])}, and {said[-1]}"
        ]
    if named:
        tail = _nouns(rng, told[1:])
        ways += [
            f"{said[0]}, with {tail}",
            f"{said[0]}, accompanied by {tail}",
            f"{said[0]} along with {tail}",
        ]
        ways += [f"{_nouns(rng, told)} can be heard"] * 2
        ways += [f"{_nouns(rng, told)} are heard"]
    return rng.choice(ways)


def _alone(rng: random.Random, piece: Piece, said: str) -> str:
    if not piece.nouns or rng.random() < 0.6:
        return said
    noun = _noun(rng, piece)
    there = "are" if piece.plural and not noun.startswith("the ") else "is"
    ways = [f"{noun} can be heard", f"{noun} {there} heard"]
    if not noun.startswith("the "):
        ways += [f"there {there} {noun}", f"the sound of {noun} can be heard"]
    return rng.choice(ways)


def _seen(rng: random.Random, pieces: Sequence[Piece], turned: float) -> str:
    """What is seen, as one sentence without its stop."""
    told = list(pieces)
    if len(told) > 1 and rng.random() < 0.6 * turned:
        told = [*told[1:], told[0]]
    acts = [piece for piece in told if piece.clauses]
    if acts and rng.random() < 0.75:
        rest = [piece for piece in told if piece is not acts[0]]
        said = _clause(rng, acts[0])
        if not rest:
            return said
        others = _nouns(rng, rest)
        return rng.choice(
            (
                f"{said}, with {others} in view",
                f"{said} while {others} {_be(rest)} in view",
                f"{said}, and {others} can be seen",
                f"{said}, and {others} {_be(rest)} visible",
            )
        )
    things, be = _nouns(rng, told), _be(told)
    there = "are" if told[0].plural else "is"
    ways = [
        f"{things} {be} in view",
        f"{things} can be seen",
        f"{things} {be} visible",
        f"there {there} {things}",
    ] * 2
    ways += [
        f"the picture shows {things}",
        f"{things} {be} shown",
        f"{things} {be} seen",
        f"the video shows {things}",
    ]
    ways += [f"the scene shows {things}"]
    if len(told) > 1:
        ways += [f"{_noun(rng, told[0])} {_be(told[:1])} in view with {_nouns(rng, told[1:])}"] * 2
    return rng.choice(ways)


def _both(rng: random.Random, clip: Clip) -> str:
    """What is heard and seen, as one sentence without its stop."""
    flat = rng.random() < 0.8
    heard = "While "
    while heard.startswith(("While ", "As ")):
        heard = _heard(rng, clip) if clip.quote else _joined(rng, clip.heard, clip.turned, flat)
    seen = clip.seen
    acts = [piece for piece in seen if piece.clauses]
    if acts and rng.random() < 0.75:
        shown = _seen(rng, seen, clip.turned)
        return rng.choice(
            (
                f"{shown} while {heard}",
                f"{shown} as {heard}",
                f"{heard} as {shown}",
                f"{heard} while {shown}",
            )
        )
    things, be = _nouns(rng, seen), _be(seen)
    comma = "," if len(seen) > 1 or clip.quote else ""
    ways = [
        f"{things} {be} in view while {heard}",
        f"{things} can be seen as {heard}",
        f"{things} {be} visible as {heard}",
        f"{things} {be} shown while {heard}",
        f"With {things} in view, {heard}",
        f"{things} can be seen{comma} and {heard}",
    ]
    ways += [
        f"{heard} while {things} {be} in view",
        f"{heard} as {things} {be} seen",
        f"{heard}, with {things} in view",
        f"{heard}, with {things} visible",
        f"{heard}, and {things} can be seen",
    ]
    if not clip.quote:
        ways.append(f"While {heard}, {things} can be seen")
    return rng.choice(ways)
