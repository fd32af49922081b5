"""What a text says happens: its propositions, and which of them are what it is about.

"There is a sizzling sound", "food is heard sizzling" and "the sizzle of food" are about one thing that
happens: frames that only say that something is heard, seen or there are taken off. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from prompts.meaning.evidence import clearness
from prompts.meaning.negation import denied
from prompts.meaning.parsing import Parsed, Word, parse
from prompts.meaning.relations import agents, doers, patients
from prompts.meaning.vocabulary import ANYTHING, FRAMES, GIVING, LIGHT, PLAIN, POSTURES
from prompts.meaning.wordnet import WordNet
from prompts.quotes import quotations, with_double_marks, without_quotations

# Frames inside one another: "there can be heard the sound of ...".
_DEEP = 6
_FILLERS = ("PRON", "DET")


@dataclass(frozen=True, slots=True)
class Proposition:
    """head: the verb, or the noun or adjective that stands for one. agents: who does it; what is told of,
    of an adjective. patients: what it is done to. denied: whether it is said not to be so."""

    parsed: Parsed = field(repr=False, compare=False)
    head: Word
    agents: tuple[Word, ...]
    patients: tuple[Word, ...]
    denied: bool

    @property
    def is_thing(self) -> bool:
        """Whether it names something and does not tell what it does."""
        return self.head.pos in ("NOUN", "PROPN") and not self.agents


@dataclass(frozen=True)
class Statement:
    """A parsed text. main: the propositions that it is about. every: those and all that it tells besides,
    in participles, relative clauses and nouns. quoted: its quotations."""

    text: str
    parsed: Parsed = field(repr=False)
    main: tuple[Proposition, ...]
    every: tuple[Proposition, ...]
    quoted: tuple[str, ...]


def statements(texts: Sequence[str], wordnet: WordNet) -> list[Statement]:
    """Texts as statements, each in its clearest reading; parsed together."""
    marked = [with_double_marks(text) for text in texts]
    readings = parse([without_quotations(text) for text in marked], wordnet)
    return [
        statement(text, max(each, key=clearness), tuple(quotations(text)))
        for text, each in zip(marked, readings, strict=True)
    ]


def statement(text: str, parsed: Parsed, quoted: tuple[str, ...] = ()) -> Statement:
    """A parsed text with its propositions."""
    no = {word.at for word in denied(parsed)}
    heads: dict[int, Word] = {}
    for root in parsed.words:
        if root.head == root.at:
            heads.update((word.at, word) for word in _about(parsed, root, _DEEP))
    if (
        not heads
    ):  # what says little is all there is: "someone types" of which the verb was not known
        roots = (w for w in parsed.words if w.head == w.at and w.pos in ("NOUN", "VERB"))
        heads = {word.at: word for word in roots}
    main = _telling([_proposition(parsed, head, no) for head in heads.values()])
    others = (
        _proposition(parsed, word, no)
        for word in parsed.words
        if word.at not in heads and _may_tell(word)
    )
    return Statement(text, parsed, tuple(main), (*main, *others), quoted)


def _telling(main: list[Proposition]) -> list[Proposition]:
    """Without those that only tell where somebody is, where another tells what they do."""
    main = [p for p in main if p.head.lemma not in ANYTHING]
    acts = [p for p in main if p.head.lemma not in POSTURES]
    return acts or main


def _may_tell(word: Word) -> bool:
    if word.pos == "VERB":
        return word.lemma not in LIGHT and word.lemma not in FRAMES
    return word.pos in ("NOUN", "PROPN") and word.lemma not in PLAIN


def _proposition(parsed: Parsed, head: Word, no: set[int]) -> Proposition:
    if head.pos == "VERB":
        who, what = agents(parsed, head), patients(parsed, head)
    elif head.pos == "ADJ":
        above = parsed.head(head)
        who, what = (agents(parsed, above) if above and above.pos in ("AUX", "VERB") else []), []
    else:
        who, what = doers(parsed, head), []
        above = parsed.head(head)
        if not who and head.dep == "dobj" and above and above.lemma in LIGHT | GIVING:
            who = agents(parsed, above)  # "makes an announcement"
        if (
            not who and head.dep == "ROOT"
        ):  # a verb that was taken for a noun: "a man and a woman talk"
            who = agents(parsed, head)
    held = no & (_chain(parsed, head) | {word.at for word in (*who, *what)})
    return Proposition(parsed, head, _named(parsed, who), _named(parsed, what), bool(held))


def _named(parsed: Parsed, words: Sequence[Word]) -> tuple[Word, ...]:
    """The things that these words stand for: of "the sound of a dog" the dog, of "a voice" nothing."""
    named: dict[int, Word] = {}
    for word in words:
        if word.text in ("you", "i", "it", "there", "which", "what"):
            continue
        inner = _inside(parsed, word)
        named.update((each.at, each) for each in (inner or [word]))
    return tuple(named.values())


def _chain(parsed: Parsed, word: Word) -> set[int]:
    """A word and the frames around it: "no dog is heard" and "there is no dog" deny the dog."""
    places = {word.at}
    above = parsed.head(word)
    while above is not None and len(places) < _DEEP and above.lemma in LIGHT | FRAMES:
        places.add(above.at)
        above = parsed.head(above)
    return places


def _about(parsed: Parsed, word: Word, deep: int) -> Iterator[Word]:
    """The words that tell what a clause is about, its coordinated ones too."""
    if not deep:
        return
    told = list(_core(parsed, word, deep))
    yield from told
    if word.pos in ("NOUN", "PROPN") and told and told[0].at != word.at:
        return  # of a noun behind a frame the others were told with it
    for child in parsed.below(word.at, "conj", "appos"):
        if child.is_content or child.pos == "AUX":
            yield from _about(parsed, child, deep - 1)


def _core(parsed: Parsed, word: Word, deep: int) -> Iterator[Word]:
    if word.pos in ("VERB", "AUX"):
        if word.pos == "VERB" and word.lemma not in LIGHT | FRAMES:
            yield from _given(parsed, word) or [word]
            if word.lemma in POSTURES:  # "sits at a desk, talking"
                yield from (w for w in parsed.below(word.at, "advcl") if w.tag == "VBG")
            return
        yield from _framed(parsed, word, deep)
    elif word.pos in ("NOUN", "PROPN"):
        yield from _of_noun(parsed, word, deep)
    elif word.pos in ("ADJ", "ADV") and word.lemma not in PLAIN | FRAMES:
        yield word


def _given(parsed: Parsed, verb: Word) -> list[Word]:
    """What is given: the lecture of "gives a lecture", where nobody gets it."""
    if verb.lemma not in GIVING or parsed.below(verb.at, "dative"):
        return []
    return [w for w in parsed.below(verb.at, "dobj") if w.pos == "NOUN"]


def _framed(parsed: Parsed, verb: Word, deep: int) -> Iterator[Word]:
    """What a frame holds: "stirring" of "she begins stirring", "rain" of "rain can be heard"."""
    for deps in (
        ("xcomp", "ccomp", "oprd", "pcomp"),
        ("attr", "dobj"),
        ("nsubjpass",),
        ("acomp",),
        ("nsubj",),
    ):
        inner = [w for w in parsed.below(verb.at, *deps) if w.pos not in _FILLERS]
        told = [each for word in inner for each in _about(parsed, word, deep - 1)]
        if told:
            yield from told
            return
    if verb.pos == "VERB" and verb.lemma not in LIGHT and parsed.below(verb.at, "nsubj", "dobj"):
        yield verb


def _of_noun(parsed: Parsed, noun: Word, deep: int) -> Iterator[Word]:
    doing = [
        w
        for w in parsed.below(noun.at, "acl", "relcl")
        if w.pos == "VERB" and (w.tag == "VBG" or w.dep == "relcl") and w.lemma not in LIGHT
    ]
    if doing:
        for verb in doing:
            yield from _about(parsed, verb, deep - 1)
        return
    if inner := _inside(parsed, noun):
        for each in inner:
            if each.pos in ("NOUN", "PROPN"):
                yield from _of_noun(parsed, each, deep - 1) if deep > 1 else (each,)
            else:
                yield each
        return
    if noun.lemma not in PLAIN:
        yield noun


def _inside(parsed: Parsed, noun: Word) -> list[Word]:
    """What a noun that says nothing by itself is of: "a sizzling sound", "the noise of rain"."""
    if noun.lemma not in PLAIN:
        return []
    of = [
        thing
        for prep in parsed.below(noun.at, "prep")
        if prep.text in ("of", "from", "by")
        for thing in parsed.below(prep.at, "pobj", "pcomp")
    ]
    every = [each for thing in of for each in (thing, *parsed.below(thing.at, "conj"))]
    if every:
        return every
    before = parsed.below(noun.at, "compound", "amod")
    telling = [w for w in before if w.pos in ("NOUN", "VERB") or w.text.endswith("ing")]
    return [w for w in telling if w.lemma not in PLAIN | LIGHT]
