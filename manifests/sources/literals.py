"""Lists, bytes and objects that are written as text, as Python, NumPy, pandas and JSON show them.

What is whole is read. What is cut, has numbers or lists in it, or lost its quotation marks is refused:
it is no caption, and where one text ends and the next begins nobody can tell. All take linear time.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

_QUOTED = r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\""""
_LIST = re.compile(r"""(?:array\()?([\[(])\s*(?:[uUbBrR]?['"]|(?:nan|None|null|NaN)\s*[\],])""")
_LIST_END = re.compile(r"[\])](?:,\s*dtype=[^()]{1,40})?\)?")
_NUMBERS_AND_END = re.compile(r"[-+\d.eE,\s]+\)")
_ITEM = re.compile(rf"\s*+(?:([uUbB]?)({_QUOTED})|(None|nan|null|NaN))\s*+,?\s*+", re.DOTALL)
# A list within quotes of its own, within a list, and strings as NumPy 2 shows them.
_WRAPPED = re.compile(r"""^"(\[.*\])"$""", re.DOTALL)
_NESTED = re.compile(r"""[\[(]\s*[\[(]\s*['"]""")
_NUMPY = re.compile(rf"np\.str_\(({_QUOTED})\)", re.DOTALL)
_BYTES = re.compile(rf"[bB]({_QUOTED})", re.DOTALL)
# An object, of whose end some may be missing, and a set.
_OBJECT = re.compile(
    rf"""[\[(]?\s*\{{\s*(?:[uUbB]?(?:{_QUOTED})\s*:|\w{{1,40}}\s*:\s*['"\d\[{{]|['"][^'"]*\Z)""",
    re.DOTALL,
)
_SET = re.compile(rf"\{{\s*[uUbB]?(?:{_QUOTED})\s*[,}}]", re.DOTALL)
# Objects as Python shows them, "deque(['a dog'])" or "<function f at 0x7f>", and as JavaScript does.
_CALL = re.compile(r"""[\[(]*[A-Za-z_][\w.]{0,40}\((?:[rubRUB]?['"]|[\[({<])""")
_SHOWN = re.compile(
    r"<(?:function|bound method|class|built-in) [^<>]{1,200}(?:<[^<>]*>)?>"
    r"|<[^<>]{1,200} at 0x[0-9a-fA-F]+>|\[object \w+\]"
)
_SERIES = re.compile(r"\bdtype: \w+\Z")
_TAIL = re.compile(r"""['"]\s*[\]}]\Z""")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": "", "a": "", "v": " ", "0": "", "\n": ""}


def listed(text: str) -> list[Any] | None:
    """The items of a list that is written as text, bytes among them; None for other text.

    Raises ValueError for a list that can't be read, and for objects.
    """
    if (whole := _BYTES.fullmatch(text)) is not None:
        return [_bytes_of(whole[1])]
    _check_no_object(text)
    bare = _NUMPY.sub(r"\1", _WRAPPED.sub(r"\1", text))
    if _NESTED.match(bare):
        raise ValueError(f"a list in a list, not text: {bare[:40]!r}")
    opened = _LIST.match(bare)
    if opened is not None:
        return _items(bare, opened)
    if _CALL.match(bare) and bare.endswith((")", "]")):
        raise ValueError(f"an object of Python, not text: {bare[:40]!r}")
    inside = _BRACKETS.fullmatch(bare)
    if inside is not None and re.search(r"[,;]", inside[1]):
        raise ValueError(f"looks like a list, and can't be read as one: {bare[:40]!r}")
    return None


def _check_no_object(text: str) -> None:
    if _OBJECT.match(text) or (_SET.match(text) and text.endswith("}")):
        raise ValueError("an object with fields, not text: keep the field that holds the text")
    if _SHOWN.fullmatch(text) or _SERIES.search(text[-60:]):
        raise ValueError(f"an object of a program, not text: {text[:40]!r}")
    if _TAIL.search(text[-20:]) and not re.search(r"[\[{]", text):
        raise ValueError(f"looks like the end of a list or an object: {text[-40:]!r}")


def _items(text: str, opened: re.Match[str]) -> list[Any] | None:
    """The items of a list that begins like one; None for a sentence in parentheses."""
    sentence = opened[1] == "("
    if not text.endswith(("]", ")")):
        if sentence:
            return None
        raise ValueError(f"looks like a list without an end: {text[:40]!r}")
    if (from_json := _json_list(text)) is not None:
        return from_json
    items: list[Any] = []
    at = opened.end(1)
    while (item := _ITEM.match(text, at)) is not None and item.end() > at:
        items.append(_item(item))
        at = item.end()
    if _LIST_END.fullmatch(text, at):
        return items
    if sentence and not (items and _NUMBERS_AND_END.fullmatch(text, at)):
        return None
    raise ValueError(f"looks like a list, and can't be read as one: {text[:40]!r}")


def _json_list(text: str) -> list[Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _item(item: re.Match[str]) -> Any:
    prefix, quoted, _ = item.groups()
    if quoted is None:
        return None
    return _bytes_of(quoted) if prefix in ("b", "B") else _unescaped(quoted)


def _unescaped(quoted: str) -> str:
    return _ESCAPE.sub(_character, quoted[1:-1])


def _character(escape: re.Match[str]) -> str:
    short, medium, long, other = escape.groups()
    if other is not None:
        return _SIMPLE.get(other, other)
    code = int(short or medium or long, 16)
    return chr(code) if code <= 0x10FFFF else ""


def _bytes_of(quoted: str) -> bytes:
    return bytes(_byte_values(_unescaped(quoted)))


def _byte_values(text: str) -> Iterator[int]:
    for character in text:
        if ord(character) < 256:
            yield ord(character)
        else:
            yield from character.encode("utf-8", "ignore")
