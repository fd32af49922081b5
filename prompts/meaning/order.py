"""What a text says of the order of events."""

from collections.abc import Sequence
from itertools import product

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.vocabulary import GENERAL_VERBS, PLAIN, THEN

Event = tuple[Word, ...]
"""A verb, or a noun that stands for one, and the other words that tell of it."""

Sequel = tuple[list[Event], list[Event]]
"""Events that come earlier, and those that come later."""

_LATER = ("after", "following")
_EARLIER = ("before", "until")
_THIS = ("that", "this", "it", "them", "which")
_OPENINGS = (
    "after that", "following that", "after this", "moments later", "this is followed by",
    "once that is done",
)  # fmt: skip
_STOPS = (",", "and", "while", ";", "as", ".")


def reordered(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """An order that the evidence has the other way round; a doubt where only its sentences follow so."""
    mine = sequences(caption.parsed)
    if not mine:
        return None
    side = sides.of(caption.name)
    theirs = side.all(sequences)
    if pair := _contradicted(like, mine, theirs):
        return Finding("order", "refused", pair)
    mine = [(list(filter(_happens, a)), list(filter(_happens, b))) for a, b in mine]
    pair = _contradicted(like, mine, [*theirs, *side.all(_told_after)])
    return Finding("order", "doubt", pair) if pair else None


def _happens(event: Event) -> bool:
    """Whether an event has its time: who speaks or stands there may do so all along."""
    return event[0].lemma not in GENERAL_VERBS


def _contradicted(like: Likeness, mine: Sequence[Sequel], theirs: Sequence[Sequel]) -> str:
    """Two events of which the caption says that the first came first, and the evidence the second;
    "" where there are none."""

    def says(first: Event, second: Event) -> bool:
        return any(
            any(_is_one(like, first, event) for event in earlier)
            and any(_is_one(like, second, event) for event in later)
            for earlier, later in theirs
        )

    for first, second in (pair for sequel in mine for pair in product(*sequel)):
        if _is_one(like, first, second):
            continue
        if says(second, first) and not says(first, second):
            return f"{first[0].text} before {second[0].text}"
    return ""


def _is_one(like: Likeness, mine: Event, theirs: Event) -> bool:
    """Whether two can be one event: the same verb and nothing told of both that differs, or the same
    things."""
    things = mine[1:]
    shared = sum(any(like.either(a, b) for b in theirs) for a in things)
    if like.either(mine[0], theirs[0]):
        return shared > 0 or not things or len(theirs) == 1
    return 0 < shared == len(things) and any(word.pos == "NOUN" for word in things)


def sequences(parsed: Parsed) -> list[Sequel]:
    """What the text says of what comes first."""
    pairs: list[Sequel] = []
    before: list[Event] = []
    for sentence in _sentences(parsed):
        events = _events(parsed, sentence)
        opens = sentence[0].text in THEN or _opens_later(sentence)
        if opens:
            pairs.append((before, events))
        pairs += _within(parsed, sentence)
        before = [*before, *events] if opens else events
    return [(earlier, later) for earlier, later in pairs if earlier and later]


def _told_after(parsed: Parsed) -> list[Sequel]:
    """Events of each sentence before those of the next ones: so a text is told, without saying that it
    happened so."""
    told = [_events(parsed, sentence) for sentence in _sentences(parsed)]
    return [
        (told[at], later)
        for at in range(len(told))
        for later in told[at + 1 :]
        if told[at] and later
    ]


def _sentences(parsed: Parsed) -> list[list[Word]]:
    sentences: dict[int, list[Word]] = {}
    for word in parsed.words:
        sentences.setdefault(word.sentence, []).append(word)
    return list(sentences.values())


def _opens_later(sentence: Sequence[Word]) -> bool:
    texts = [word.text for word in sentence[:4]]
    return "later" in texts or any(
        texts[: len(words)] == words for words in map(str.split, _OPENINGS)
    )


def _within(parsed: Parsed, sentence: list[Word]) -> list[Sequel]:
    """Orders that one sentence says."""
    pairs = []
    for at, word in enumerate(sentence):
        head, tail = sentence[:at], sentence[at + 1 :]
        if _continues(sentence, at):
            pairs.append((_events(parsed, _since_first(head))[-2:], _events(parsed, tail)[:2]))
        elif word.text in _EARLIER + _LATER and word.dep in ("mark", "prep"):
            pairs += _of_clause(parsed, sentence, at)
        elif [w.text for w in sentence[at : at + 3]] == ["at", "the", "end"]:
            clause, others = _clause(sentence, at)
            pairs.append((_events(parsed, others), _events(parsed, clause)))
    return pairs


def _continues(sentence: list[Word], at: int) -> bool:
    """Whether a word inside a sentence says that what follows comes later: "then", "followed by", "after
    which that"."""
    word, tail = sentence[at], sentence[at + 1 :]
    if not at or not tail:
        return False
    if word.text == "followed":
        return tail[0].text == "by" and sentence[0].text != "this"
    if word.text in _EARLIER + _LATER:
        return (
            word.dep in ("mark", "prep") and tail[0].text in _THIS and not _clause_end(sentence, at)
        )
    return word.text in THEN


def _since_first(head: list[Word]) -> list[Word]:
    """What comes first, where that is said: "an apple" of "holds up cards: first an apple"."""
    places = [at for at, word in enumerate(head) if word.text == "first"]
    since = head[places[-1] + 1 :] if places else []
    return since if any(word.pos in ("NOUN", "VERB") for word in since) else head


def _of_clause(parsed: Parsed, sentence: list[Word], at: int) -> list[Sequel]:
    """What "before" and "after" say of the clauses around them."""
    later = sentence[at].text in _LATER
    end = _clause_end(sentence, at)
    if end:
        near = _events(parsed, sentence[at + 1 : end])
        far = _events(parsed, sentence[end:])[:1]
    elif at:
        near = _events(parsed, sentence[at + 1 :])[:1]
        far = _events(parsed, sentence[:at])[-1:]
    else:
        return []
    return [(near, far) if later else (far, near)]


def _clause_end(sentence: list[Word], at: int) -> int:
    """The comma that ends a clause which opens a sentence; 0 where there is none."""
    if at > 1:
        return 0
    return next((i for i, word in enumerate(sentence) if word.text == "," and i > at + 1), 0)


def _clause(sentence: list[Word], at: int) -> tuple[list[Word], list[Word]]:
    """The part of a sentence around a place, between commas, "and" and "while"; the rest of it."""
    start = at
    while start and sentence[start - 1].text not in _STOPS:
        start -= 1
    end = _stop(sentence, at)
    if end - at <= 3 and start == at:
        end = _stop(sentence, end + 1)
    return sentence[start:end], [*sentence[:start], *sentence[end:]]


def _stop(sentence: list[Word], at: int) -> int:
    while at < len(sentence) and sentence[at].text not in _STOPS:
        at += 1
    return at


def _events(parsed: Parsed, words: Sequence[Word]) -> list[Event]:
    """The events that some words of a text tell of, in order."""
    places = {word.at for word in words}
    verbs = [word for word in words if word.pos == "VERB" and not _is_state(word)]
    nouns = [word for word in words if word.pos == "NOUN" and word.lemma not in PLAIN]
    heads = verbs or nouns[:1]
    events = []
    for head in heads:
        others = [
            word
            for word in _subtree(parsed, head, {other.at for other in heads} - {head.at})
            if word.at in places and word.pos in ("NOUN", "PROPN") and word.lemma not in PLAIN
        ]
        above = parsed.head(head)
        if head.dep in ("acl", "amod", "relcl") and above is not None and above.at in places:
            others.insert(0, above)
        events.append((head, *others))
    return events


def _is_state(verb: Word) -> bool:
    """Whether a verb tells no event: "a man dressed in grey", "a recorded voice"."""
    of_noun = verb.dep in ("acl", "amod")
    return verb.lemma in PLAIN or (of_noun and (verb.tag == "VBN" or verb.lemma in GENERAL_VERBS))


def _subtree(parsed: Parsed, word: Word, without: set[int]) -> list[Word]:
    below = []
    for child in parsed.below(word.at):
        if child.at not in without:
            below += [child, *_subtree(parsed, child, without)]
    return below
