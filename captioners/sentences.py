"""From tags to sentences, and from a generated caption to the statements that it makes.

What is heard comes as clauses ("a dog barks", "music plays"), what is seen as noun phrases ("a
person", "two cars", "a valley"). Rules:

- Order is the caller's: captioners give the surest first. A text said before is not said again.
- Parts are joined by commas and one "and"; the comma stays where a part holds an "and" itself.
- What is heard: "A dog barks and rain falls." What is seen: "A person and two cars are seen."
- Scenes follow the objects: "A person is seen; the scene is a valley."
- Signals ("there is silence", "a black picture") are said only where there is nothing else.
- Claims of kind "caption" are sentences already and come first, as they are.
- No claim: "Nothing distinct is heard.", "Nothing distinct is seen."

Articles and counts belong to the phrases themselves, so that a sentence says of a claim exactly what
its text says.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence

from manifests.evidence import Claim, Kind, Modality
from manifests.sentences import finished, joined

_ALONE = {"audio": "Nothing distinct is heard.", "video": "Nothing distinct is seen."}
# First words of a noun phrase that speaks of one thing.
_SINGULAR = frozenset(("a", "an", "one", "the", "another"))

# What `clauses` splits at. A stop ends a sentence before a capital or a number, after a word of three
# letters ("e.g." and "vs." have fewer), or where it stands alone. No run of stops or spaces is looked
# through more than twice, so that a text costs time in proportion to its length.
_SENTENCE_END = re.compile(
    r"""\n+|;\s*|\s[.!?]++\s"""
    r"""|(?:(?<![A-Z.!?…])(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)|(?<=[.!?…])(?<![.!?…]{2}))"""
    r"""[.!?…]++["'”’»)]*+\s++(?=["'“‘«(]*+[A-Z0-9À-ÖØ-Þ])"""
    r"""|(?<=[a-z]{3})(?<!\bMrs)[.!?…]++["'”’»)]*+\s++"""
)
_JOINT = re.compile(r"(?:,|(?<!\s))\s++(and then|then|followed by|while|as)\s++", re.IGNORECASE)
_OPENING = re.compile(r'["“«]')
_CLOSING = {'"': '"', "“": "”", "«": "»"}
_WORD = re.compile(r"[^\W\d_]+")
# "A man is followed by a dog", "dressed as a clown", "such as", "as well as" are one statement.
_PASSIVE = ("is", "are", "was", "were", "be", "been", "being", "gets")
_NO_MOMENT = re.compile(
    "such|well|same|so|known|seen|used|dressed|disguised|described|serves|serving|acts|acting|works|"
    "working|far|soon|long|just|much"
)
# What a subject begins with; other words may be verbs ("and then laughs").
_SUBJECT = re.compile(
    "a|an|the|another|one|two|three|four|five|six|several|many|some|others?|both|each|every|all|no|"
    "this|that|these|those|his|her|their|its|he|she|it|they|we|there|somebody|someone|something|"
    "people|men|women|children"
)
_FINITE = ("is", "are", "was", "were", "has", "have", "had", "can", "begin")


def sentence(claims: Sequence[Claim], modality: Modality) -> str:
    """What the claims of one modality say together, as one or more whole sentences."""
    claims = [claim for claim in claims if claim.modality == modality]
    telling = [c for c in claims if c.kind != "signal"] or claims
    captions = [finished(text) for text in _texts(telling, {"caption"})]
    scenes = _texts(telling, {"scene"})
    others = _texts(telling, {"sound", "speech", "music", "object", "signal"})
    tags = _heard(others + scenes) if modality == "audio" else _seen(others, scenes)
    return " ".join([*captions, *([tags] if tags else [])]) or _ALONE[modality]


def clauses(text: str) -> list[str]:
    """The statements that a generated caption makes, each as it is written, without its last stop.

    A caption is split at the ends of its sentences and lines, at semicolons, and at "while", "followed
    by", "(and) then" and "as" where a clause of its own follows. Where that is not sure, and inside a
    quotation, it stays whole: a statement too long is checked harder, half a one means nothing. What
    holds no letter is left out, and a statement is not made twice.

    >>> clauses("A dog barks while a man speaks. A bell rings, followed by silence.")
    ['A dog barks', 'a man speaks', 'A bell rings', 'silence']
    """
    parts = (part for piece in _split(_SENTENCE_END, text) for part in _moments(piece))
    unique: dict[str, str] = {}
    for part in (part.strip(" \t\r\n.,;:!?…") for part in parts):
        if any(letter.isalpha() for letter in part):
            unique.setdefault(part.casefold(), part)
    return list(unique.values())


def _split(mark: re.Pattern[str], text: str) -> list[str]:
    """The text between the marks that are not inside a quotation."""
    quotations = _Quotations(text)
    parts, start = [], 0
    for match in mark.finditer(text):
        if not quotations.hold(match.start(), 1):
            parts.append(text[start : match.end()])
            start = match.end()
    return [*parts, text[start:]]


def _moments(sentence: str) -> Iterator[str]:
    """The parts of one sentence that happen at once or one after another."""
    if _JOINT.search(sentence) is None:
        yield sentence
        return
    quotations, words = _Quotations(sentence), _Words(sentence)
    start = 0
    for match in _JOINT.finditer(sentence):
        last = words.last(start, match.start())
        inside = quotations.hold(match.start(), 0)
        if not inside and last and words.joins(match[1].lower(), last, match.end()):
            yield sentence[start : match.start()]
            start = match.end()
    yield sentence[start:]


class _Quotations:
    """Where the quotations of a text are. Lines end them."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        # The next of each mark, from a place on that only grows: no part is searched twice.
        ahead = dict.fromkeys((*_CLOSING.values(), "\n"), -1)
        end = 0
        for opening in _OPENING.finditer(text):
            if opening.start() < end:
                continue
            for mark in (_CLOSING[opening[0]], "\n"):
                if ahead[mark] <= opening.start():
                    place = text.find(mark, opening.end())
                    ahead[mark] = len(text) if place < 0 else place
            closing = ahead[_CLOSING[opening[0]]]
            if closing < ahead["\n"]:
                end = closing + 1
                self._starts.append(opening.start())
                self._ends.append(end)

    def hold(self, place: int, margin: int) -> bool:
        """Whether a place is inside a quotation; margin: of its last characters that are not."""
        at = bisect_left(self._starts, place) - 1
        return at >= 0 and place < self._ends[at] - margin


class _Words:
    """The words of a sentence by their places, so that none is read again for each joint."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence
        self._written = [match.span() for match in re.finditer(r"\S+", sentence)]
        self._ends = [end for _, end in self._written]
        self._places: list[int] = []
        self._words: list[str] = []
        for match in _WORD.finditer(sentence):
            # Some letters are two in lower case, the second of which is no letter.
            for word in _WORD.findall(match[0].lower()):
                self._places.append(match.start())
                self._words.append(word)
        self._last_verb = max(
            (at for at, word in enumerate(self._words) if _has_verb([word])), default=-1
        )

    def last(self, start: int, end: int) -> str:
        """The last word between two places, with the marks at it; empty where there is none."""
        at = bisect_left(self._ends, end)
        for first, last in reversed(self._written[max(0, at - 1) : at + 1]):
            if max(first, start) < min(last, end):
                return self._sentence[max(first, start) : min(last, end)].lower()
        return ""

    def joins(self, joint: str, last: str, after: int) -> bool:
        """Whether a statement of its own follows the joint, which stands after `last`."""
        at = bisect_left(self._places, after)
        if at == len(self._words):
            return False
        first, second = self._words[at], self._words[at + 1 : at + 2]
        is_subject = _SUBJECT.fullmatch(first) is not None
        if joint == "followed by":
            return last not in _PASSIVE
        if joint == "as":
            return not _NO_MOMENT.fullmatch(last) and is_subject and self._last_verb > at
        return is_subject or (not _maybe_verb(first) and _has_verb(second))


def _has_verb(words: Sequence[str]) -> bool:
    return any(word in _FINITE or _third_person(word) for word in words)


def _third_person(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "ous"))


def _maybe_verb(word: str) -> bool:
    return word.endswith(("ing", "ed", "s")) and not word.endswith("ss")


def _texts(claims: Sequence[Claim], kinds: Collection[Kind]) -> list[str]:
    """The texts of these kinds, each once, in order."""
    unique: dict[str, str] = {}
    for claim in claims:
        if claim.kind in kinds and (text := claim.text.strip()):
            unique.setdefault(text.casefold(), text)
    return list(unique.values())


def _heard(clauses: Sequence[str]) -> str:
    return finished(joined(clauses))


def _seen(objects: Sequence[str], scenes: Sequence[str]) -> str:
    parts = []
    if objects:
        parts.append(f"{joined(objects)} {'are' if _plural(objects) else 'is'} seen")
    if scenes:
        parts.append(f"the scene is {joined(scenes)}")
    return finished("; ".join(parts))


def _plural(phrases: Sequence[str]) -> bool:
    return len(phrases) > 1 or phrases[0].split()[0].lower() not in _SINGULAR
