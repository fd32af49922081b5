"""What a text denies: "no", "not", "without", "fails to"."""

from collections.abc import Sequence

from prompts.meaning.evidence import Caption, Side, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.relations import agents
from prompts.meaning.vocabulary import DENYING, NEGATIONS, PARTLY, PLAIN

# Levels between a word and the clause that a verb of saying reports.
_DEEP = 6
# What a verb has besides its subject, that tells it from others: "goes up", "gets the ball".
_COMPLEMENTS = ("dobj", "prt", "advmod")


def denied(parsed: Parsed) -> list[Word]:
    """The words that a text denies: what its negations hang on."""
    words = [
        word
        for negation in parsed.words
        if negation.text in NEGATIONS and not _is_partial(parsed, negation)
        for word in _denied_by(parsed, negation)
    ]
    for word in parsed.words:
        if word.pos in ("VERB", "ADJ") and word.lemma in DENYING:
            words += parsed.below(word.at, "xcomp", "pcomp")
            if word.dep == "acomp":
                words += parsed.below(word.head, "xcomp")
    return words


def _is_partial(parsed: Parsed, negation: Word) -> bool:
    """Whether only a part is denied: "not always in tune"."""
    after = parsed.words[negation.at + 1 : negation.at + 2]
    return negation.text == "not" and any(word.text in PARTLY for word in after)


def _denied_by(parsed: Parsed, negation: Word) -> list[Word]:
    head = parsed.head(negation)
    if negation.text == "without":
        objects = parsed.below(negation.at, "pobj", "pcomp")
        return [w for each in objects for w in (each, *parsed.below(each.at, "conj"))]
    if negation.dep == "nsubj":
        return [head or negation]
    if head is None:
        return []
    if negation.text == "no" and head.dep == "nsubj" and head.text in ("one", "body"):
        return [parsed.head(head) or head]
    return [head]


def contrary(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """What the caption denies and the evidence has, or the other way round. A doubt where the caption
    denies what the evidence does not speak of, and of what somebody is said to have denied."""
    side = sides.of(caption.name)
    theirs = sides.both.all(denied)
    spoken = [word for transcript in sides.both.transcribed for word in denied(transcript)]
    mine = denied(caption.parsed)
    for word in mine:
        if (finding := _of_denied(like, word, caption, side, theirs, spoken)) is not None:
            return finding
    names = {word.lemma for word in mine}
    positive = [word for word in side.words if word.is_content and word not in theirs]
    told = {word.lemma for word in side.words if word not in theirs and word not in spoken}
    denials = {word.lemma for word in theirs}
    only_denied = (denials | {word.lemma for word in spoken}) - told - names - PLAIN
    for word in caption.parsed.words:
        if word.pos not in ("VERB", "NOUN") or word.lemma not in only_denied:
            continue
        # Who is said not to speak of one thing speaks of another.
        if not (like.is_speech(word) and any(map(like.is_speech, positive))):
            return Finding("negation", "refused" if word.lemma in denials else "doubt", word.text)
    return _undenied(caption.parsed, mine, sides)


def _undenied(parsed: Parsed, mine: Sequence[Word], sides: Sides) -> Finding | None:
    """A verb with its complement that a transcript denies: "come back" of "not to come back"."""
    for text in sides.both.transcribed:
        for denial in denied(text):
            complements = _complements(text, denial)
            for word in parsed.words:
                is_same = word.lemma == denial.lemma and word.pos == "VERB"
                if is_same and word not in mine and complements & _complements(parsed, word):
                    return Finding("negation", "doubt", word.text)
    return None


def _complements(parsed: Parsed, verb: Word) -> set[str]:
    return {word.lemma for word in parsed.below(verb.at, *_COMPLEMENTS) if word.dep != "neg"}


def _of_denied(
    like: Likeness,
    word: Word,
    caption: Caption,
    side: Side,
    theirs: Sequence[Word],
    spoken: Sequence[Word],
) -> Finding | None:
    """What is wrong with a word that the caption denies. theirs, spoken: what the evidence and its
    transcripts deny."""
    parsed = caption.parsed
    positive = [each for each in side.words if each.is_content and each not in theirs]
    if not word.is_content or _is_implied(like, word, [*theirs, *spoken], positive):
        return None
    detail = f"no {word.text}"
    if _is_reported(like, parsed, word):
        # A transcript in another language may well deny it.
        known = not spoken and any(like.says(word, other) for other in positive)
        return Finding("negation", "doubt", detail) if known else None
    if word.lemma in PLAIN:
        if word.pos == "NOUN":
            return Finding("negation", "doubt", detail)
        if _is_done(like, parsed, word, side):
            return Finding("negation", "refused", detail)
        # Evidence that denies nothing gives no ground for "but does not get it".
        return None if theirs or spoken else Finding("negation", "doubt", detail)
    known = any(like.says(word, other) for other in positive)
    return Finding("negation", "refused" if known else "doubt", detail)


def _is_implied(
    like: Likeness, word: Word, denials: Sequence[Word], positive: Sequence[Word]
) -> bool:
    """Whether what the evidence denies is the same or broader: "no voices" implies "no woman's voice"."""
    if word.lemma in {denial.lemma for denial in denials}:
        return True
    if word.lemma in {other.lemma for other in positive}:
        return False
    return any(like.says(denial, word) for denial in denials)


def _is_done(like: Likeness, parsed: Parsed, verb: Word, side: Side) -> bool:
    """Whether the evidence has a verb that says little by itself, with its subject and a complement."""
    subjects = agents(parsed, verb)
    complements = _complements(parsed, verb)
    return any(
        complements & _complements(text, other)
        and any(like.one_thing(a, b) for a in subjects for b in agents(text, other))
        for text in side.readings
        for other in text.words
        if other.lemma == verb.lemma and other not in denied(text)
    )


def _is_reported(like: Likeness, parsed: Parsed, word: Word) -> bool:
    """Whether somebody says so: "a man says that there is no bread"."""
    for _ in range(_DEEP):
        above = parsed.head(word)
        if above is None:
            return False
        if word.dep in ("ccomp", "xcomp", "parataxis") and like.is_speech(above):
            return True
        word = above
    return False
