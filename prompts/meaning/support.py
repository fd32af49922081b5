"""Words of a caption that nothing in the evidence says, and how much they weigh."""

from collections.abc import Mapping, Sequence

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness, differ, is_child
from prompts.meaning.numbers import number
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.reporting import reported
from prompts.meaning.vocabulary import LANGUAGES, PLAIN
from prompts.words import lexicon, stem

ENOUGH = 0.75
"""Weight of unsupported words from which on a caption is in doubt."""

# Of an embedder's similarities (cosines), those up to which a word is a stranger, and from which on it is
# as good as the same: things are told apart more finely than what happens.
_THING = (0.64, 0.7)
_OTHER = (0.45, 0.75)

# What a word without support tells at most. Of verbs by how often WordNet's texts have them: "give" may
# stand for nearly everything, "juggle" for one thing.
_WEIGHTS = {"NOUN": 0.5, "ADJ": 0.3, "NUM": 0.4}
_VERBS = ((30, 0.6), (100, 0.35))
_COMMON = 0.25

# Above nouns that measure others.
_AMOUNTS = ("part", "indefinite_quantity", "definite_quantity", "collection", "gathering")


def supported(like: Likeness, word: Word, content: Sequence[Word]) -> bool:
    """Whether one of these words may stand for it; every manner of speech may for every other."""
    if any(like.says(word, other) for other in content):
        return True
    return like.is_speech(word) and any(like.is_speech(other) for other in content)


def repeated(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """What is only said or can only be read, told as if it were there: words out of the media are data,
    and whoever says that a lion roars is no lion."""
    side, told = sides.of(caption.name), reported(like, caption.parsed)
    for word in caption.parsed.words:
        if word.at in told or not needs_support(word) or supported(like, word, side.content):
            continue
        if not _is_main(caption.parsed, word):
            continue
        if any(stem(word.lemma) == stem(other.lemma) for other in side.spoken):
            return Finding("spoken", "refused", word.text)
    return None


def _is_main(parsed: Parsed, word: Word) -> bool:
    """Whether a caption is about a word: it does something, is done, or is all there is."""
    while word.dep == "conj" and (head := parsed.head(word)) is not None:
        word = head
    if word.dep in ("nsubj", "nsubjpass", "ROOT"):
        return word.pos in ("NOUN", "PROPN", "VERB", "ADJ", "X")
    return word.pos == "VERB" and word.dep in ("ccomp", "advcl", "acl", "relcl", "xcomp")


def needs_support(word: Word) -> bool:
    """Whether a word tells something that evidence must say. Numbers and languages have checks of their
    own."""
    if not word.is_content or is_plain(word) or word.text in PLAIN:
        return False
    return number(word) is None and word.lemma not in LANGUAGES


def is_plain(word: Word) -> bool:
    """Whether a word needs no evidence, here or by the table of the other guards."""
    return word.lemma in PLAIN or stem(word.text) in lexicon().plain["both"]


def unsupported(like: Likeness, caption: Caption, sides: Sides) -> Finding | None:
    """A doubt where the words that nothing says weigh enough; each lemma counts once."""
    side, told = sides.of(caption.name), reported(like, caption.parsed)
    content = side.content
    missing = {
        word.lemma: word
        for word in caption.parsed.words
        if needs_support(word)
        and not supported(like, word, content)
        and not (word.at in told and supported(like, word, side.spoken))
    }
    most = {word: _most(like, word, caption.parsed, content) for word in missing.values()}
    # Strangeness only makes less of it: an embedder is asked only where that can decide.
    if sum(most.values()) < ENOUGH or _sum(like, most, content) < ENOUGH:
        return None
    return Finding("unsupported", "doubt", " ".join(dict.fromkeys(word.text for word in most)))


def _sum(like: Likeness, most: Mapping[Word, float], content: Sequence[Word]) -> float:
    """What words weigh by their strangeness."""
    like.learn([*most, *content])
    total = 0.0
    for word, weight in most.items():
        if _is_somebody(like, word):
            total += weight
        elif _is_thing(like, word):
            total += weight * like.strangeness(word, content, *_THING)
        else:
            total += weight * like.strangeness(word, content, *_OTHER)
    return total


def _most(like: Likeness, word: Word, parsed: Parsed, content: Sequence[Word]) -> float:
    """How much a word without support tells at most: `ENOUGH` makes a doubt."""
    if _is_somebody(like, word):
        people = (w for w in content if like.is_person(w) and is_child(w) == is_child(word))
        return 0.2 if any(not differ(word, person) for person in people) else 1.0
    if _is_thing(like, word):
        return 0.5 if _is_amount(like, word, parsed) else 1.0
    if word.pos == "VERB":
        if like.wordnet.noisy(word.lemma):
            return 1.0
        uses = like.wordnet.uses(word.lemma, "v")
        return next((weight for most, weight in _VERBS if uses <= most), _COMMON)
    return _WEIGHTS.get(word.pos, 0.2)


def _is_somebody(like: Likeness, word: Word) -> bool:
    return word.pos in ("NOUN", "PROPN") and like.is_person(word)


def _is_thing(like: Likeness, word: Word) -> bool:
    return word.pos == "PROPN" or (word.pos == "NOUN" and like.wordnet.physical(word.lemma))


def _is_amount(like: Likeness, word: Word, parsed: Parsed) -> bool:
    """Whether a noun only measures another: "a piece of wood", "a pack of wolves"."""
    of = any(child.text == "of" for child in parsed.below(word.at, "prep"))
    senses = like.wordnet.senses(word.lemma, "n")
    return of and any(like.wordnet.under(s, name) for s in senses for name in _AMOUNTS)
