"""What a text only reports: "a woman says that the river rises", "a talk about bees"."""

from prompts.meaning.likeness import Likeness
from prompts.meaning.parsing import Parsed, Word

# How the content of speech hangs on its verb or noun; of prepositions only these.
_CONTENT = ("ccomp", "xcomp", "acl", "pcomp", "prep", "dobj")
_ABOUT = ("about", "of", "for", "on", "from", "that", "to")


def reported(like: Likeness, parsed: Parsed) -> frozenset[int]:
    """Places of the words that somebody is only said to say. Nothing in them is heard or seen."""
    places: set[int] = set()
    for word in parsed.words:
        if not like.is_speech(word) or like.wordnet.sounds(word.lemma):
            continue
        for child in parsed.below(word.at, *_CONTENT):
            if child.at > word.at and (child.dep != "prep" or child.text in _ABOUT):
                places |= _subtree(parsed, child)
    return frozenset(places)


def _subtree(parsed: Parsed, word: Word) -> set[int]:
    places, open_ = set[int](), [word.at]
    while open_:
        at = open_.pop()
        if at not in places:
            places.add(at)
            open_ += parsed.children.get(at, ())
    return places
