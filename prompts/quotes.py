"""Quotations inside a caption: the only place where words of a transcript may stand."""

import re
import unicodedata
from collections.abc import Callable

from prompts.inert import PUNCTUATION, inert

_QUOTED = re.compile(r"[\"“”«]([^\"“”«»]*)[\"“”»]")
# Between single ones, at least three characters; an apostrophe inside a word ends nothing. Bounded, so
# that a text of many marks takes linear time.
_SINGLE = re.compile(r"(?<!\w)['‘]([^'‘’\n]{3,}+(?:[’'](?=\w)[^'‘’\n]*+){0,30}+)[’'](?!\w)")
_APART = re.compile(r"[.,;:!?'’-]+")
_EDGES = PUNCTUATION + "()"
_UNIT = re.compile(r"(?<=\d) (?=[°%‰])")
_ALIKE = str.maketrans("’–—−", "'---")
_SIGN = re.compile(r"-(?=[^\w\s]?[.,]?\d)")


def quotations(text: str) -> list[str]:
    """What stands between double quotation marks."""
    return _QUOTED.findall(text)


def quoted_pieces(text: str) -> list[tuple[str, str]]:
    """Every quotation with the text between it and the one before."""
    pieces, at = [], 0
    for quoted in _QUOTED.finditer(text):
        pieces.append((text[at : quoted.start()], quoted[1]))
        at = quoted.end()
    return pieces


def in_turn(text: str) -> list[str]:
    """What stands outside and inside quotations in turn, without marks; the first piece is outside."""
    return _QUOTED.split(text)


def with_double_marks(text: str) -> str:
    """The text with what stands between single quotation marks between double ones."""
    return _SINGLE.sub(r"“\1”", text)


def without_quotations(text: str) -> str:
    """The text with every quotation, marks included, taken out."""
    return _QUOTED.sub(" ", text)


def outside(text: str, change: Callable[[str], str]) -> str:
    """The text with what stands outside quotations changed."""
    parts, at = [], 0
    for quoted in _QUOTED.finditer(text):
        parts += [change(text[at : quoted.start()]), quoted.group(0)]
        at = quoted.end()
    return "".join([*parts, change(text[at:])])


def is_spoken(quotation: str, transcript: str | None) -> bool:
    """Whether the quotation's words stand in this order in the transcript; case and punctuation aside.

    What has a digit or a sign in it is compared as it stands: "5.99 50" is no quotation of
    "$5.99 @ 50%", nor "C" one of "C++".
    """
    wanted, spoken = _words(quotation), _words(transcript or "")
    return bool(wanted) and any(
        spoken[at : at + len(wanted)] == wanted for at in range(len(spoken) - len(wanted) + 1)
    )


def excerpt(transcript: str, characters: int) -> str:
    """The start of a transcript as inert text of at most this length, whole words, no marks that
    could end a quotation or a line; "..." at the end where words were left out."""
    words = inert(transcript)
    if len(words) <= characters:
        return words
    return words[:characters].rsplit(" ", 1)[0].rstrip(" .,;:") + "..."


def _words(text: str) -> list[str]:
    """The words of a text in small letters; what has a digit or a sign in it, and a number with its unit
    ("20 °C"), is one."""
    words = []
    for chunk in _UNIT.sub("", inert(text)).translate(_ALIKE).lower().split():
        bare = chunk.strip(_EDGES)
        if not any(char.isdigit() or _is_sign(char) for char in bare):
            words += [word for word in _APART.split(bare) if word]
        else:
            minus = bare[0] != "-" and _SIGN.match(chunk.lstrip("("))
            words.append(f"-{bare}" if minus else bare)
    return words


def _is_sign(char: str) -> bool:
    return char not in PUNCTUATION and not char.isalnum() and not unicodedata.combining(char)
