"""Words of a caption that nothing in the evidence says, and how much they weigh."""

from collections.abc import Sequence

from prompts.meaning.evidence import Caption, Sides
from prompts.meaning.findings import Finding
from prompts.meaning.likeness import Likeness, differ, is_child
from prompts.meaning.numbers import number
from prompts.meaning.parsing import Word
from prompts.meaning.vocabulary import LANGUAGES, PLAIN
from prompts.words import lexicon, stem

ENOUGH = 0.75
"""Weight of unsupported words from which on a caption is in doubt."""

# Of an embedder's similarities (cosines), those up to which a word is a stranger, and from which on it is
# as good as the same: things are told apart more finely than what happens.
_THING = (0.64, 0.7)
_OTHER = (0.45, 0.75)

# A verb that WordNet's texts have at most this often tells much.
_RARE = 30


def supported(like: Likeness, word: Word, content: Sequence[Word]) -> bool:
    """Whether one of these words may stand for it; every manner of speech may for every other."""
    if any(like.says(word, other) for other in content):
        return True
    return like.is_speech(word) and any(like.is_speech(other) for other in content)


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
    content = sides.of(caption.name).content
    missing = {
        word.lemma: word
        for word in caption.parsed.words
        if needs_support(word) and not supported(like, word, content)
    }
    if sum(_weight(like, word, content) for word in missing.values()) < ENOUGH:
        return None
    words = dict.fromkeys(word.text for word in missing.values())
    return Finding("unsupported", "doubt", " ".join(words))


def _weight(like: Likeness, word: Word, content: Sequence[Word]) -> float:
    """How much a word without support tells: `ENOUGH` makes a doubt."""
    if word.pos in ("NOUN", "PROPN"):
        if like.is_person(word) and not is_child(word):
            people = [w for w in content if like.is_person(w) and not is_child(w)]
            return 0.2 if any(not differ(word, person) for person in people) else 1.0
        if word.pos == "PROPN" or like.wordnet.physical(word.lemma):
            return like.strangeness(word, content, *_THING)
        weight = 0.6
    elif word.pos == "VERB":
        rare = like.wordnet.uses(word.lemma, "v") <= _RARE or like.wordnet.sounds(word.lemma)
        weight = 1.0 if rare else 0.5
    else:
        weight = 0.5 if word.pos == "ADJ" else 0.4
    return weight * like.strangeness(word, content, *_OTHER)
