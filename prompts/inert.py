"""Text out of media as inert text: what was said, without marks that could end a quotation or a fence.

"$5.99 @ 50%", "20 °C", "–5", "A*" and "+49 30 1234" stay as they stand. What can't stand between
quotation marks becomes words where it means something (5'10" is "5 feet 10 inches", $3 < $4 "$3 less than
$4") and a space elsewhere. Pure, in linear time.
"""

import re
import unicodedata
from functools import lru_cache

PUNCTUATION = ".,;:!?'’-"
# Signs that are said, beside the currency and mathematical ones of Unicode. The last of them: primes.
_SIGNS = frozenset("@%‰#&/°§№()^′″")
# What could end a quotation or a fence; mathematical by Unicode, and markup in a prompt.
_NEVER = frozenset("<>|")
# Joiners that words of Persian, Hindi and other languages need.
_JOINERS = frozenset("\u200c\u200d")
_ASCII = str.maketrans(
    {
        **dict(zip("＃％＆＊＋／＝＠（）", "#%&*+/=@()", strict=True)),
        **dict.fromkeys("\u2010\u2011\ufe63", "-"),
        "\u2012": "–",
        "\u00ad": "",
        "℃": "°C",
        "℉": "°F",
    }
)

_DEGREES = re.compile(r"(°\s?\d{1,2}\s?['’′]\s?\d{1,2}(?:[.,]\d{1,9})?\s?)[\"”]")
_FEET = re.compile(r"(?<![\d.,°])(\d{1,3})\s?['’′]\s?(\d{1,2}(?:[.,]\d{1,3})?)(?:[\"”″]|''|’’)")
# A comparison: between numbers with or without spaces, before a number, between words. No tag.
_TAG = re.compile(r"</?[^\W\d]\w{0,20}(?: [^<>]{0,200})?/?>")
_AMOUNT = r"[-+−–~±]?[$€£¥₹]?[.,]?\d"
_COMPARED = re.compile(
    rf"(?<=[\w%‰)€£$°]) ?([<>]=?) ?(?={_AMOUNT})|(?<!\S)([<>]=?) ?(?={_AMOUNT})"
    r"|(?<=\w) ([<>]=?) (?=[\w(])|(?<=\w)([<>]=?)(?=\w)"
)
_COMPARISONS = {
    "<": " less than ",
    ">": " greater than ",
    "<=": " less than or equal to ",
    ">=": " greater than or equal to ",
}
_QUOTES = re.compile(r"[\"“”]")
_FRACTION = "[½⅓⅔¼¾⅛⅜⅝⅞]"
_LENGTH = re.compile(
    rf"(?:(?<![\w.,/])\d{{1,4}}(?:[.,/]\d{{1,4}}| ?{_FRACTION})?|(?<!\w){_FRACTION})$"
)
# Between digits, also with spaces; and the sign of a number, which no dash of a sentence touches.
_DASH = re.compile(r"(?<=\d)[–—．：－…](?=\d)|(?<=\d )[–—](?= \d)|(?<!\w)[–－](?=[$€£¥₹]?[.,]?\d)")
# Around words they only stress them; after a word, in one and between numbers they are said.
_STRESS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*]{1,200})(?<=\S)\1(?![\w*])")
_STAR = re.compile(r"(?<=\w)\*{1,8}|\*(?=\d)|(?<=\d )\*(?= \d)")
_NAMED = re.compile(r"[@/\d]|\w\.\w")
_TIE = re.compile(r"(?<=\w)_(?=\w)")
# Of Unicode's private use: a sign that was decided on already. `inert` takes them out of what is given.
_KEPT = {"\ue000": "_", "\ue001": "*"}
_KEEP_NEXT = "\ue002"
_DASHES = {"．": ".", "：": ":", "－": "-", "…": "..."}


def inert(text: str) -> str:
    """The text on one line: letters, digits, their marks, punctuation, signs that are said."""
    text = "".join(" " if "\ue000" <= char <= _KEEP_NEXT else char for char in text).translate(
        _ASCII
    )
    text = _DASH.sub(lambda dash: f"{_KEEP_NEXT}{_DASHES.get(dash[0], dash[0])}", text)
    text = _lengths(_FEET.sub(r"\1 feet \2 inches", _DEGREES.sub(r"\1″", text)))
    text = "".join(
        part if _TAG.match(part) else _COMPARED.sub(_in_words, part) for part in _parts(text)
    )
    text = _STAR.sub(lambda stars: "\ue001" * len(stars[0]), _STRESS.sub(r" \2 ", text))
    words = [_TIE.sub("\ue000", word) if _NAMED.search(word) else word for word in text.split()]
    return " ".join("".join(_kept(" ".join(words))).split())


def _parts(text: str) -> list[str]:
    """A text cut before and after each tag."""
    parts, at = [], 0
    for tag in _TAG.finditer(text):
        parts += [text[at : tag.start()], tag[0]]
        at = tag.end()
    return [*parts, text[at:]]


def _in_words(sign: re.Match[str]) -> str:
    return _COMPARISONS[next(filter(None, sign.groups()))]


def _lengths(text: str) -> str:
    """With `10"` as "10 inches": a mark after a number that closes no quotation."""
    parts: list[str] = []
    at, opened = 0, False
    for mark in _QUOTES.finditer(text):
        before = text[at : mark.start()]
        at = mark.end()
        if mark[0] != "“" and not opened and _LENGTH.search(before[-16:]):
            parts += [before, " inches "]
        else:
            parts += [before, " "]
            opened = mark[0] == "“" or (mark[0] == '"' and not opened)
    return "".join([*parts, text[at:]])


def _kept(text: str) -> list[str]:
    kept = []
    dash = False
    for char in text:
        if dash:
            kept.append(char)
        elif char != _KEEP_NEXT:
            kept.append(_KEPT.get(char) or (char if is_kept(char) else " "))
        dash = char == _KEEP_NEXT
    return kept


@lru_cache(maxsize=4096)
def is_kept(char: str) -> bool:
    """Whether a character stays as it stands."""
    if char.isalnum() or char in PUNCTUATION or char in _SIGNS or char in _JOINERS:
        return True
    kind = unicodedata.category(char)
    return kind in ("Sc", "Sm", "Mn", "Mc") and char not in _NEVER
