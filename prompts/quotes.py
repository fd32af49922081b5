"""Quotations inside a caption: the only place where words of a transcript may stand."""

import re
from collections.abc import Callable

_QUOTED = re.compile(r"[\"“”«]([^\"“”«»]*)[\"“”»]")
_WORD = re.compile(r"[^\W_]+")


def quotations(text: str) -> list[str]:
    """What stands between double quotation marks."""
    return _QUOTED.findall(text)


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
    """Whether the quotation's words stand in this order in the transcript; case and marks aside."""
    wanted, spoken = _words(quotation), _words(transcript or "")
    return bool(wanted) and any(
        spoken[at : at + len(wanted)] == wanted for at in range(len(spoken) - len(wanted) + 1)
    )


def excerpt(transcript: str, characters: int) -> str:
    """The start of a transcript as inert text of at most this length, whole words, no marks that
    could end a quotation or a line; "..." at the end where words were left out."""
    plain = re.sub(r"[^\w\s.,;:!?'’-]|_", " ", transcript)
    words = " ".join(plain.split())
    if len(words) <= characters:
        return words
    return words[:characters].rsplit(" ", 1)[0].rstrip(" .,;:") + "..."


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
