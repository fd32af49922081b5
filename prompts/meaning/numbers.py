"""Numbers as words and digits."""

from prompts.meaning.parsing import Word
from prompts.meaning.vocabulary import MANY_WORDS, NUMBERS

MANY = 99
"""Stands for more than a few: "several", "many"."""

_DIGITS = 6


def number(word: Word) -> int | None:
    """The number that a word names, MANY for more than a few; None for none."""
    if word.text in MANY_WORDS or word.lemma in MANY_WORDS:
        return MANY
    if word.text.isdecimal() and word.text.isascii():
        return int(word.text[:_DIGITS])
    return NUMBERS.get(word.text)
