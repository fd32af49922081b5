"""Numbers as words and digits."""

from prompts.meaning.parsing import Word

MANY = 99
"""Stands for more than a few: "several", "many"."""

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
_NUMBERS = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * value for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
} | {
    "a": 1, "an": 1, "single": 1, "another": 1, "each": 1, "both": 2, "pair": 2, "couple": 2, "dozen": 12,
    "twice": 2, "once": 1, "thrice": 3, "trio": 3, "duo": 2, "hundred": 100, "lone": 1, "solo": 1,
}  # fmt: skip
_MANY = frozenset(
    ["several", "many", "multiple", "numerous", "few", "group", "crowd", "dozens", "lots"]
)
VAGUE = frozenset({"a", "an", "another", "each"})


def number(word: Word) -> int | None:
    """The number that a word names, MANY for more than a few; None for none."""
    if word.text in _MANY or word.lemma in _MANY:
        return MANY
    if word.text.isdecimal() and word.text.isascii():
        return int(word.text[:6])
    return _NUMBERS.get(word.text)
