"""What the cells of a list mean: texts, numbers, times and scores, whatever wrote them.

A cell may come from a spreadsheet, from pandas or NumPy (which write NaN for nothing, and lists as
Python shows them), or from JSON and Parquet with a type of its own. Each function gives what is meant, or
raises ValueError with the reason; who calls it knows the file and the row. All take linear time.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from manifests.sources.encoding import decoded

_MISSING = frozenset(
    {"", "nan", "-nan", "none", "null", "nil", "na", "n/a", "<na>", "nat", "undefined"}
    | {"#n/a", "#n/a n/a", "#na", "[]", "{}", "()", "-", "\\n", "<null>", "(null)", "np.nan"}
)
_LONGEST = 16
# Errors of a spreadsheet: what stood there is lost.
_LOST = re.compile(r"#(?:NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!)|#+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\ufeff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

# A list, tuple or array as Python shows it, and bytes.
_QUOTED = r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\""""
_LIST = re.compile(r"""(?:array\()?([\[(])\s*(?:[uUbBrR]?['"]|(?:nan|None|null|NaN)\s*[\],])""")
_LIST_END = re.compile(r"[\])](?:,\s*dtype=[^()]{1,40}\))?\)?")
_ITEM = re.compile(rf"\s*+(?:([uUbB]?)({_QUOTED})|(None|nan|null|NaN))\s*+,?\s*+", re.DOTALL)
# A list within quotes of its own, within a list, and strings as NumPy 2 shows them.
_WRAPPED = re.compile(r"""^"(\[.*\])"$""", re.DOTALL)
_NESTED = re.compile(r"""[\[(]\s*[\[(]\s*['"]""")
_NUMPY = re.compile(rf"np\.str_\(({_QUOTED})\)", re.DOTALL)
_BYTES = re.compile(rf"[bB]({_QUOTED})", re.DOTALL)
_OBJECT = re.compile(r"""[\[(]?\s*\{\s*[uUbB]?['"]""")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": "", "a": "", "v": " ", "0": "", "\n": ""}
_DEEPEST = 4

_DECIMAL_COMMA = re.compile(r"[-+]?(?:0*,\d+|\d+,(?:\d{1,2}|\d{4,}))")


def missing(value: Any) -> bool:
    """Whether a cell says nothing: empty, NaN, "None", "null" and the like."""
    if isinstance(value, str):
        bare = value.strip().strip("\ufeff\"'").strip().removesuffix(".")
        return len(bare) < _LONGEST and bare.casefold() in _MISSING
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or value in ([], {}, (), b"")


def texts(value: Any, depth: int = 0) -> list[str]:
    """The texts in a cell: none, one, or those of a list, in order; also of one that is written as text.

    Lone halves of surrogate pairs and control characters are taken out. Raises ValueError for what is
    no text.
    """
    if missing(value):
        return []
    if depth > _DEEPEST:
        raise ValueError("lists in lists in lists, not text")
    if isinstance(value, bytes):
        return texts(decoded(value), depth + 1)
    if isinstance(value, list):
        return [text for item in value for text in texts(item, depth + 1)]
    if not isinstance(value, str):
        raise ValueError(f"{_kind(value)}, not text")
    clean = cleaned(value)
    stripped = clean.strip()
    if _LOST.fullmatch(stripped):
        raise ValueError(f'"{stripped[:20]}" is an error of a spreadsheet: the text is lost')
    if _OBJECT.match(stripped) and stripped.endswith(("}", "]", ")")):
        raise ValueError("an object with fields, not text: keep the field that holds the text")
    if (whole := _BYTES.fullmatch(stripped)) is not None:
        return texts(_bytes_of(whole[1]), depth + 1)
    if (items := _listed(stripped)) is not None:
        return texts(items, depth + 1)
    return [] if missing(clean) else [clean]


def cleaned(text: str) -> str:
    """A text without control characters and byte order marks; halves of surrogate pairs are joined, or
    left out where they stand alone."""
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return _CONTROL.sub("", text)


def number(value: Any) -> float | None:
    """The number in a cell, also with a decimal comma; None for none. Raises ValueError."""
    if missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{_kind(value)}, not a number")
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        result = float(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{_shown(value)} is not a number") from error
    if not math.isfinite(result):
        raise ValueError(f"{_shown(value)} is not a number")
    return result


def milliseconds(value: Any) -> int | None:
    """A time in whole ms, also as 1200.0; None for none. Raises ValueError."""
    ms = number(value)
    if ms is None:
        return None
    if abs(ms - round(ms)) > 1e-3:
        raise ValueError(f"{_shown(value)} is no whole number of milliseconds")
    if not 0 <= ms < 2**53:
        raise ValueError(f"{_shown(value)} is no time in a file")
    return round(ms)


def seconds(value: Any) -> int | None:
    """A time in seconds, as ms; None for none. Raises ValueError."""
    time = number(value)
    if time is None:
        return None
    if not 0 <= time < 2**40:
        raise ValueError(f"{_shown(value)} is no time in a file")
    return round(time * 1000)


def score(value: Any) -> float | None:
    """A score in [0, 1]; None for none. Raises ValueError."""
    if isinstance(value, str) and value.strip().endswith("%"):
        raise ValueError(f"{_shown(value)} is not in [0, 1]: divide percentages by 100")
    result = number(value)
    if result is not None and not 0 <= result <= 1:
        raise ValueError(f"{_shown(value)} is not in [0, 1]: divide percentages by 100")
    return result


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "an object with fields"
    return f"{type(value).__name__} {_shown(value)}"


def _shown(value: Any) -> str:
    # No more digits than Python is ready to write.
    return (
        "a number too large" if isinstance(value, int) and abs(value) > 10**40 else repr(value)[:60]
    )


def _listed(text: str) -> list[Any] | None:
    """The items of a list that is written as text; None for other text. Raises ValueError for one that
    can't be read."""
    text = _NUMPY.sub(r"\1", _WRAPPED.sub(r"\1", text))
    if _NESTED.match(text):
        raise ValueError(f"a list in a list, not text: {text[:40]!r}")
    opened = _LIST.match(text)
    if opened is None:
        return None
    if not text.endswith(("]", ")")):
        if opened[1] == "(":  # a sentence in parentheses
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
    if opened[1] == "(":  # a sentence in parentheses
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
