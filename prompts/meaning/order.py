"""What a text says of the order of events."""

from collections.abc import Sequence

from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import is_light
from prompts.meaning.vocabulary import PLAIN, THEN

Event = tuple[Word, ...]
"""A verb, or a noun that stands for one, and the other words that tell of it."""


def sequences(parsed: Parsed) -> list[tuple[list[Event], list[Event]]]:
    """Pairs of (earlier, later) events, where the text says which come first; nearest ones first."""
    pairs: list[tuple[list[Event], list[Event]]] = []
    sentences: dict[int, list[Word]] = {}
    for word in parsed.words:
        sentences.setdefault(word.sentence, []).append(word)
    before: list[Event] = []
    for number in sorted(sentences):
        sentence = sentences[number]
        opens = sentence[0].text in THEN or _opens_later(sentence)
        if opens and before:
            pairs.append((before, events(parsed, sentence)))
        pairs += _within(parsed, sentence)
        before = [*before, *events(parsed, sentence)] if opens else events(parsed, sentence)
    return [(a, b) for a, b in pairs if a and b]


def told_after(parsed: Parsed) -> list[tuple[list[Event], list[Event]]]:
    """Events of each sentence before those of the next ones: so a text is told, without saying that it
    happened so."""
    sentences: dict[int, list[Word]] = {}
    for word in parsed.words:
        sentences.setdefault(word.sentence, []).append(word)
    told = [events(parsed, sentences[number]) for number in sorted(sentences)]
    return [
        (told[at], later)
        for at in range(len(told))
        for later in told[at + 1 :]
        if told[at] and later
    ]


def _opens_later(sentence: Sequence[Word]) -> bool:
    texts = [w.text for w in sentence[:8]]
    after = texts[:2] in (
        ["after", "that"],
        ["following", "that"],
        ["after", "this"],
        ["moments", "later"],
    )
    followed = texts[:4] == ["this", "is", "followed", "by"]
    done = texts[:4] == ["once", "that", "is", "done"] or "later" in texts[:4]
    return after or followed or done


def _within(parsed: Parsed, sentence: list[Word]) -> list[tuple[list[Event], list[Event]]]:
    pairs = []
    for at, word in enumerate(sentence):
        head, tail = sentence[:at], sentence[at + 1 :]
        if word.text in THEN and at:
            pairs.append((events(parsed, head)[-2:], events(parsed, tail)[:2]))
        elif word.text == "followed" and tail and tail[0].text == "by":
            if not (at and sentence[0].text == "this"):
                pairs.append((events(parsed, head)[-2:], events(parsed, tail)[:2]))
        elif word.text in ("before", "until", "after", "following") and word.dep in (
            "mark",
            "prep",
        ):
            comma = next((i for i, w in enumerate(sentence) if w.text == "," and i > at + 1), None)
            if at <= 1 and comma is not None:
                near, far = (
                    events(parsed, sentence[at + 1 : comma]),
                    events(parsed, sentence[comma:]),
                )
                pairs.append(
                    (near, far[:1]) if word.text in ("after", "following") else (far[:1], near)
                )
            elif at and not (tail and tail[0].text in ("that", "this")):
                near, far = events(parsed, head)[-1:], events(parsed, tail)[:1]
                pairs.append((far, near) if word.text in ("after", "following") else (near, far))
            elif tail and tail[0].text in ("that", "this") and at:
                pairs.append((events(parsed, head)[-2:], events(parsed, tail)[:2]))
        elif [w.text for w in sentence[at : at + 3]] == ["at", "the", "end"]:
            clause, others = _clause(sentence, at)
            pairs.append((events(parsed, others), events(parsed, clause)))
    return pairs


def _clause(sentence: list[Word], at: int) -> tuple[list[Word], list[Word]]:
    """The part of a sentence around a place, between commas, "and" and "while"; the rest of it."""
    stops = (",", "and", "while", ";", "as", ".")
    start, end = at, at
    while start and sentence[start - 1].text not in stops:
        start -= 1
    while end < len(sentence) and sentence[end].text not in stops:
        end += 1
    if end - at <= 3 and start == at:
        end += 1
        while end < len(sentence) and sentence[end].text not in stops:
            end += 1
    return sentence[start:end], [*sentence[:start], *sentence[end:]]


def events(parsed: Parsed, words: Sequence[Word]) -> list[Event]:
    """The events that some words of a text tell of, in order."""
    places = {w.at for w in words}
    heads = [w for w in words if w.pos == "VERB" and not is_light(w) and w.lemma not in PLAIN]
    if not heads:
        heads = [w for w in words if w.pos == "NOUN" and w.lemma not in PLAIN][:1]
    found = []
    for head in heads:
        others = [
            w
            for w in _subtree(parsed, head, {h.at for h in heads} - {head.at})
            if w.at in places and w.pos in ("NOUN", "PROPN") and w.lemma not in PLAIN
        ]
        above = parsed.head(head)
        if head.dep in ("acl", "amod", "relcl") and above is not None and above.at in places:
            others.insert(0, above)
        found.append((head, *others))
    return found


def _subtree(parsed: Parsed, word: Word, without: set[int]) -> list[Word]:
    below = []
    for child in parsed.below(word.at):
        if child.at not in without:
            below += [child, *_subtree(parsed, child, without)]
    return below


def one_event(like: Likeness, mine: Event, theirs: Event) -> bool:
    """Whether two can be one event: the same verb and nothing told of both that differs, or the same
    things."""
    verb = like.says(mine[0], theirs[0]) or like.says(theirs[0], mine[0])
    shared = sum(any(like.says(a, b) or like.says(b, a) for b in theirs) for a in mine[1:])
    if verb:
        return shared > 0 or len(mine) == 1 or len(theirs) == 1
    return len(mine) > 1 and shared == len(mine) - 1 and shared >= 1 and _thing(mine)


def _thing(event: Event) -> bool:
    return any(w.pos == "NOUN" for w in event[1:])


def contradicted(
    like: Likeness,
    mine: Sequence[tuple[list[Event], list[Event]]],
    theirs: Sequence[tuple[list[Event], list[Event]]],
) -> tuple[Event, Event] | None:
    """Two events of which the caption says that the first came first, and the evidence the second."""

    def says(first: Event, second: Event) -> bool:
        return any(
            any(one_event(like, first, a) for a in earlier)
            and any(one_event(like, second, b) for b in later)
            for earlier, later in theirs
        )

    for earlier, later in mine:
        for first in earlier:
            for second in later:
                if (
                    not one_event(like, first, second)
                    and says(second, first)
                    and not says(first, second)
                ):
                    return first, second
    return None
