"""The bench's matcher: which concepts a free caption names.

It knows concepts by their names and phrasings (`patterns`), in any word order and inflection,
within a clause. The longest pattern wins its words; a word is shared by two where "and" joins the rest
("a man and a woman talk", "a dog barks and growls"). Quotations are set aside, what is denied ("no dog")
is told apart, numbers go to what they stand before.

What a caption of one side says is taken for that side first. In a caption of both, parts that speak of
hearing or seeing ("… is in view", "… can be heard") are taken so, and of a sentence with one such part
the rest for the other side. Where nothing tells, the longer pattern wins, then what is heard ("a dog
barks" is a sound and no sight). A word that only the other side knows is named all the same: so modality
purity can be measured.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.quality.known import Mention, Reading
from benchmarks.quality.matcher.patterns import Found, Pattern, Patterns
from benchmarks.quality.matcher.words import (
    ALWAYS_PAIRS,
    ARTICLES,
    BREAKS,
    ENDS_DENIAL,
    HEARD_FRAME,
    IGNORED,
    LIGHT,
    NEGATORS,
    NUMBERS,
    PARTS,
    SEEN_FRAME,
    SEEN_NOUNS,
    SURE_FRAMES,
    TIMES,
    Token,
    tokens,
    unquoted,
)
from recipes.world.concepts import Concept, Side

_JOINS = frozenset({"and", "or", ",", "then", "plus", "both", "also"}) | ARTICLES
_SOUNDING = frozenset(
    {"play", "sing", "strum", "pluck", "hammer", "saw", "drill", "talk", "speak", "laugh", "cry"}
    | {"clap", "type", "knock", "splash", "burst"}
)
_VISIBLE = frozenset({"walk", "run", "ride", "dance"})
_POSTURES = frozenset({"stand", "sit", "lie", "graze", "lean", "rest", "wait", "look", "appear"})
_DENIED_AT_MOST = 2
"""Telling words that "no" and "without" deny."""
_BEFORE_A_NUMBER = 4


@dataclass
class _Part:
    """Places of a caption that belong together. side: what it is known to speak of."""

    places: list[int]
    side: Side | None


class Matcher:
    """Reads captions in terms of some concepts, from one table or several."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self._patterns = Patterns(concepts)

    def read(self, caption: str, side: Side | None = None) -> Reading:
        """What a caption names. side: what it speaks of, None for both."""
        text, quoted = unquoted(caption)
        return _Reader(self._patterns, tokens(text), side).reading(quoted)


class _Reader:
    """One caption being read. taken: by place, the pattern that has it."""

    def __init__(self, patterns: Patterns, words: Sequence[Token], side: Side | None) -> None:
        self.patterns, self.words, self.side = patterns, words, side
        self.taken: dict[int, Found] = {}
        self.found: list[Found] = []
        self.denied: list[Found] = []
        self.explained: set[int] = set()
        self.negated = self._negated()

    def reading(self, quoted: tuple[str, ...]) -> Reading:
        for sentence in self._split(range(len(self.words)), frozenset(".!?;")):
            for clause in self._clauses(sentence):
                self._take(clause)
        told = sorted(self.found, key=lambda one: one.places[0])
        counts = [self._count(one) for one in told]
        mentions = tuple(self._mention(f, n) for f, n in zip(told, counts, strict=True))
        denied = tuple(self._mention(one, None) for one in self.denied)
        return Reading(mentions, tuple(self._leftover()), quoted, denied)

    def _mention(self, found: Found, count: int | None) -> Mention:
        words = " ".join(self.words[at].raw for at in found.places)
        return Mention(found.pattern.key, words, self.words[found.places[0]].at, count)

    def _split(self, places: Iterable[int], at: frozenset[str]) -> Iterator[list[int]]:
        part: list[int] = []
        for place in places:
            if self.words[place].word in at:
                if part:
                    yield part
                part = []
            else:
                part.append(place)
        if part:
            yield part

    def _clauses(self, sentence: list[int]) -> list[_Part]:
        """The sentence's clauses with the sides that they speak of."""
        parts = [p for clause in self._split(sentence, BREAKS) for p in self._framed(clause)]
        known = {part.side for part in parts} - {None}
        if self.side is not None:
            rest: Side | None = self.side
        elif len(known) == 1:
            rest = "heard" if known == {"seen"} else "seen"
        else:
            rest = None
        for part in parts:
            part.side = part.side or rest
        return parts

    def _framed(self, clause: list[int]) -> list[_Part]:
        """A clause of a caption of both sides; cut at "with", "and" and commas where its pieces speak of
        different sides."""
        pieces: list[list[int]] = [[]]
        for place in clause:
            if self.words[place].word in PARTS and pieces[-1]:
                pieces.append([])
            pieces[-1].append(place)
        framed = [self._frame(piece) for piece in pieces]
        if not any(framed):
            return [_Part(clause, None)]
        parts: list[_Part] = []
        for piece, frame in zip(pieces, framed, strict=True):
            side = frame or self._unframed(piece, framed)
            if parts and parts[-1].side == side:
                parts[-1].places += piece
            else:
                parts.append(_Part(piece, side))
        return parts

    def _frame(self, piece: Sequence[int]) -> Side | None:
        off = any(
            self.words[at].word == "off" and self.words[at + 1].word in ("screen", "camera")
            for at in piece[:-1]
        )
        seen = not off and any(self._shows(at) for at in piece)
        heard = off or any(self._speaks_of(at, HEARD_FRAME) for at in piece)
        if seen == heard:
            return None
        return "seen" if seen else "heard"

    def _speaks_of(self, at: int, frames: frozenset[str]) -> bool:
        return self.words[at].among(frames & SURE_FRAMES if self.side else frames)

    def _shows(self, at: int) -> bool:
        if self._speaks_of(at, SEEN_FRAME):
            return True
        after = self.words[at + 1].word if at + 1 < len(self.words) else ""
        noun = not self.side and self.words[at].word in SEEN_NOUNS and after != "game"
        return noun and at > 0 and self.words[at - 1].word in ("the", "this", "a", "an", "of")

    def _unframed(self, piece: Sequence[int], frames: Sequence[Side | None]) -> Side | None:
        """Of a piece without a frame beside framed ones: what its longest pattern says, else theirs; in
        a caption of one side theirs, if that is its own."""
        sides = {frame for frame in frames if frame}
        if sides == {self.side}:
            return self.side
        if len(sides) > 1:
            return None
        (framed,) = sides
        best = next(iter(self.patterns.find(self.words, piece)), None)
        if best is None:
            return framed
        if framed == "heard":
            return "seen" if best.pattern.side == "seen" and len(best.places) > 1 else framed
        sure = len(best.places) > 1 or not self._known(best, "seen")
        return "heard" if best.pattern.side == "heard" and sure else framed

    def _known(self, found: Found, side: Side) -> bool:
        """Whether a side has a pattern in these very words."""
        return any(
            f.pattern.side == side and set(f.places) <= set(found.places)
            for f in self.patterns.find(self.words, found.places)
        )

    def _take(self, part: _Part) -> None:
        """Gives a clause's words to patterns, those of its side first."""
        every = self.patterns.find(self.words, part.places)
        every.sort(key=lambda f: self._preferred(f, part.side))
        for found in every:
            # A single word that only the other side knows is more likely not meant so.
            strange = part.side is not None and found.pattern.side != part.side
            alone = len(found.places) > 1 and not self.taken.keys() & set(found.places)
            if (alone or not strange) and self._free(found):
                self._accept(found)

    def _preferred(
        self, found: Found, side: Side | None
    ) -> tuple[bool, bool, int, int, bool, float, int]:
        pattern: Pattern = found.pattern
        first: Side = "heard" if self._told_of(found) else "seen"
        return (
            not pattern.signal,
            side is not None and pattern.side != side,
            -len(found.places),
            found.reach,
            pattern.side != first,
            -found.particular,
            found.places[0],
        )

    def _told_of(self, found: Found) -> bool:
        """Whether words that both sides know tell of something going on ("people clap", "people are
        clapping"), not of a thing ("people clapping", "a fire engine", one word)."""
        last = self.words[found.places[-1]]
        if len(found.places) == 1 or last.among(_VISIBLE):
            return False
        before = self.words[found.places[-1] - 1].word
        if last.ends_ing:
            return before in ("is", "are", "was", "were")
        return last.word.endswith(("s", "ed")) or last.among(_SOUNDING)

    def _free(self, found: Found) -> bool:
        """Whether a pattern's words are there to be taken, alone or with those that had them before."""
        if self._begins_anew(found):
            return False
        owners = {id(o): o for at in found.places if (o := self.taken.get(at))}
        free = [at for at in found.places if at not in self.taken]
        if not owners:
            return True
        sides = {owner.pattern.side for owner in owners.values()}
        if free and all(self._joined(at, owners.values()) for at in free):
            return True
        if found.pattern.side in sides:
            return bool(free) and self._goes_on(found, free, owners.values())
        if found.pattern.side == "heard":
            return len(found.places) > 1 and (bool(free) or self._sounding(found))
        return self._quality(found, free) or self._in_sight(found, owners.values())

    def _begins_anew(self, found: Found) -> bool:
        """An article after "and" begins another thing: "a fire engine and a truck" is no fire truck."""
        return any(
            self.words[after - 1].word in ARTICLES
            and {"and", ","} & {self.words[at].word for at in range(before, after)}
            for before, after in pairwise(found.places)
        )

    def _quality(self, found: Found, free: Sequence[int]) -> bool:
        """Whether what is free stands right before what is taken: "a brown dog barks"."""
        return bool(free) and all(at + 1 in found.places and at + 1 in self.taken for at in free)

    def _goes_on(self, found: Found, free: Sequence[int], owners: Iterable[Found]) -> bool:
        """Of the same subject, before and after a comma or "and": "a train passes, sounding its horn".
        Or a quality of what another pattern has, as in "an old man reads"."""
        if self._quality(found, free):
            return True
        theirs = {at for owner in owners for at in owner.places} - set(found.places)
        first, second = sorted((list(free), sorted(theirs)))
        if not first or not second or found.places[0] in free or first[-1] > second[0]:
            return False
        between = {self.words[at].word for at in range(first[-1] + 1, second[0])}
        return bool(between & {",", "and"})

    def _sounding(self, found: Found) -> bool:
        """That "a man plays a guitar" is a sight and a sound, "a man playing a guitar" is a sight."""
        return any(
            self.words[at].among(_SOUNDING) and not self.words[at].ends_ing for at in found.places
        )

    def _in_sight(self, found: Found, owners: Iterable[Found]) -> bool:
        """That "a barking dog" is a sound and a sight, and so is a dog that stands there and barks."""
        if self.side is not None or len(found.places) > 1:
            return False
        at = found.places[0]
        owner = next(iter(owners))
        barking = at > 0 and self.words[at - 1].ends_ing and at - 1 in owner.places
        stands = at + 1 < len(self.words) and self.words[at + 1].among(_POSTURES)
        return barking or stands

    def _joined(self, place: int, owners: Iterable[Found]) -> bool:
        """Whether "and" joins this word to one of the owners', with nothing telling between."""
        for owner in owners:
            for other in owner.places:
                low, high = sorted((place, other))
                between = [self.words[at].word for at in range(low + 1, high)]
                if {"and", "or", ","} & set(between) and all(w in _JOINS for w in between):
                    return True
        return False

    def _accept(self, found: Found) -> None:
        if any(at in self.negated for at in found.places) and not found.pattern.signal:
            self.denied.append(found)
            for at in found.places:
                if at in self.negated:
                    self.taken[at] = found
            self.explained.update(found.places)
            return
        self.found.append(found)
        core = self.patterns.core.get(found.pattern.key, frozenset())
        for at in found.places:
            self.taken.setdefault(at, found)
            if self.words[at].among(core):
                self.explained.add(at)

    def _negated(self) -> frozenset[int]:
        """Places that a negation reaches: some words, or to the end of its clause, a comma, "but"."""
        found, within, left = set(), False, 0
        for at, token in enumerate(self.words):
            if token.word in NEGATORS:
                left = _DENIED_AT_MOST if token.word in ("no", "without") else len(self.words)
                after = self.words[at + 1].word if at + 1 < len(self.words) else ""
                within = not (token.word == "nothing" and after in ("but", "else"))
                within = within and not (token.word == "not" and after == "only")
            elif token.mark or token.word in ENDS_DENIAL or token.word in BREAKS | {"with"}:
                within = False
            elif within and left:
                found.add(at)
                left = _DENIED_AT_MOST if token.word == "or" else left - (token.word not in IGNORED)
        return frozenset(found)

    def _count(self, found: Found) -> int | None:
        """The number that stands before what is named, or "twice" after what is heard."""
        for start in found.places:
            for at in range(start - 1, max(start - 1 - _BEFORE_A_NUMBER, -1), -1):
                token = self.words[at]
                number = NUMBERS.get(token.word) or _digits(token)
                if number is not None:
                    return self._number(found, start, at, number)
                if token.mark or self.taken.get(at, found) is not found:
                    break
                if token.word in ARTICLES | PARTS | BREAKS:
                    break
        return self._times(found) if found.pattern.side == "heard" else None

    def _number(self, found: Found, start: int, at: int, number: int) -> int | None:
        word = self.words[at].word
        after = self.words[at + 1].word if at + 1 < len(self.words) else ""
        if word in ("pair", "couple", "trio", "duo") and after != "of":
            return None
        if word == "one" and after in ("of", "another", "after"):
            return None
        in_pairs = self.words[start].word in ALWAYS_PAIRS and word in ("pair", "couple")
        return None if in_pairs else number

    def _times(self, found: Found) -> int | None:
        last = found.places[-1]
        for at in range(last + 1, min(last + 5, len(self.words))):
            token = self.words[at]
            if token.mark or token.word in BREAKS | PARTS or at in self.taken:
                return None
            if token.word in ("twice", "thrice"):
                return TIMES[token.word]
            number = NUMBERS.get(token.word) or _digits(token)
            if number is not None and at + 1 < len(self.words):
                return number if self.words[at + 1].word == "times" else None
        return None

    def _leftover(self) -> list[str]:
        """Words that claim something which no concept explains."""
        heard_only = self.side == "heard" and bool(self.found)
        plain = IGNORED | LIGHT | NEGATORS | ENDS_DENIAL | BREAKS | PARTS | frozenset(TIMES)
        return [
            token.word
            for at, token in enumerate(self.words)
            if at not in self.explained
            and not token.mark
            and not (heard_only and at in self.taken and token.word in ("person", "people"))
            and token.word not in NUMBERS
            and _digits(token) is None
            and not token.among(plain)
        ]


def _digits(token: Token) -> int | None:
    return int(token.word) if token.word.isdigit() else None
