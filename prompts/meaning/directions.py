"""Which way things go and where they are: "zooms in", "from left to right", "on the left side"."""

from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.vocabulary import EQUAL_WAYS, PLAIN, WAYS

_VERB_ONLY = frozenset(
    ["in", "out", "up", "down", "over", "under", "off", "onto", "into", "above", "below"]
)
_SIDES = frozenset(
    [
        "side",
        "edge",
        "frame",
        "screen",
        "picture",
        "corner",
        "half",
        "part",
        "end",
        "background",
        "hand",
        "right",
        "left",
        "view",
        "shot",
    ]
)


def ways(parsed: Parsed) -> list[tuple[str, list[Word]]]:
    """Directions of a text, each with the verb or thing that it is told of."""
    found = []
    for word in parsed.words:
        if word.text not in WAYS or word.dep == "mark":
            continue
        if word.text in (
            "in",
            "over",
            "under",
            "above",
            "below",
            "up",
            "down",
            "off",
            "out",
        ) and any(c.dep == "pobj" for c in parsed.below(word.at)):
            continue
        if word.text in ("front", "top", "bottom") and word.pos not in ("NOUN", "ADJ"):
            continue
        anchors = _anchors(parsed, word)
        if anchors:
            found.append((EQUAL_WAYS.get(word.text, word.text), anchors))
    return [pair for pair in found if not _both(pair, found)]


def _both(pair: tuple[str, list[Word]], found: list[tuple[str, list[Word]]]) -> bool:
    """Of "from left to right" the end counts: "left" after "from" is left out by its opposite."""
    return False


def _anchors(parsed: Parsed, word: Word) -> list[Word]:
    """The nearest thing or verb above a word that tells something; a verb's subject where that is light."""
    above, steps = word, 0
    if word.text in ("left", "right") and _origin(parsed, word):
        return []
    while steps < 7:
        head = parsed.head(above)
        if head is None:
            return []
        above, steps = head, steps + 1
        if above.pos in ("NOUN", "PROPN") and above.lemma not in _SIDES:
            return [above]
        if above.pos in ("VERB", "AUX"):
            verbs = [] if above.lemma in PLAIN or above.pos == "AUX" else [above]
            things = [
                c
                for c in parsed.below(above.at, "nsubj", "nsubjpass", "attr", "dobj")
                if c.pos == "NOUN"
            ]
            return verbs or [t for t in things if t.lemma not in _SIDES]
    return []


def _origin(parsed: Parsed, word: Word) -> bool:
    """Whether it is where a movement comes from: "left" of "from left to right"."""
    head = parsed.head(word)
    return head is not None and head.text == "from"
