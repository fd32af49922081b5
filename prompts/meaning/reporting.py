"""What a text only reports: "a woman says that the river rises", "a talk about bees"."""

from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word
from prompts.meaning.vocabulary import UTTERING

# How the content of speech hangs on its verb or noun; of prepositions only these.
_CONTENT = ("ccomp", "xcomp", "acl", "relcl", "pcomp", "prep", "dobj", "dative", "oprd", "appos")
_ABOUT = ("about", "of", "for", "on", "from", "that", "to", "against", "as", "into", "until")
# Above nouns for what is said: "advice", "instructions", "a plea".
_UTTERANCES = ("message", "speech_act", "speech")


def reported(like: Likeness, parsed: Parsed) -> frozenset[int]:
    """Places of the words that somebody is only said to say. Nothing in them is heard or seen."""
    places: set[int] = set()
    for word in parsed.words:
        if not _is_told(like, word):
            continue
        for child in parsed.below(word.at, *_CONTENT):
            if child.at > word.at and (child.dep != "prep" or child.text in _ABOUT):
                places |= _subtree(parsed, child)
    return frozenset(places)


def _is_told(like: Likeness, word: Word) -> bool:
    """Whether a word is to say something, or what is said."""
    if word.pos == "NOUN":
        senses = like.wordnet.senses(word.lemma, "n")[:1]
        return any(like.wordnet.under(s, name) for s in senses for name in _UTTERANCES)
    told = like.is_speech(word) or (word.pos == "VERB" and word.lemma in UTTERING)
    return told and not like.wordnet.sounds(word.lemma)


def _subtree(parsed: Parsed, word: Word) -> set[int]:
    places, open_ = set[int](), [word.at]
    while open_:
        at = open_.pop()
        if at not in places:
            places.add(at)
            open_ += parsed.children.get(at, ())
    return places
