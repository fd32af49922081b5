"""What the cells of a list mean: texts, numbers, times and scores, whatever wrote them.

A cell may come from a spreadsheet, from pandas or NumPy (which write NaN for nothing, and lists as
Python shows them), or from JSON and Parquet with a type of its own. Each function gives what is meant, or
raises ValueError with the reason; who calls it knows the file and the row. All take linear time.
"""

import math
import re
import unicodedata
from typing import Any

from manifests.sources.encoding import decoded
from manifests.sources.literals import listed

_MISSING = frozenset(
    {"", "nan", "-nan", "none", "null", "nil", "na", "n/a", "n.a", "<na>", "nat", "undefined"}
    | {"#n/a", "#n/a n/a", "#na", "#nv", "#n/d", "[]", "{}", "()", "-", "\\n", "<null>", "(null)"}
    | {"np.nan", "pd.na", "<nan>", "(none)", "no caption"}
)
_LONGEST = 16
# Several that say nothing ("nan, nan", "[nan nan]"), and nothing as Python shows it.
_NIL = r"(?:(?:(?:np\.|pd\.)?(?:nan|none|null|nat)|pd\.na)\b|<na>)"
_NOTHING = re.compile(
    rf"[\[(]?\s*+{_NIL}(?:[\s,;|]++{_NIL})*+[\s,;|.]*+[\])]?"
    r"|(?:array|series|index|list|set|frozenset|dict|tuple|deque)"
    r"\((?:\[\]|none|nan)?(?:,\s*dtype[:=][^()]{1,40})?\)"
)
# Errors of a spreadsheet, in any language: what stood there is lost.
_LOST = re.compile(r"#¡?[^\W\d_a-z][\w/]{1,20}[!?]|#GETTING_DATA|#+|Err:\d{3}")
_INVISIBLE = re.compile(r"[\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\ufeff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_DEEPEST = 4

_DECIMAL_COMMA = re.compile(r"[-+]?(?:0*,\d+|\d+,(?:\d{1,2}|\d{4,}))")


def missing(value: Any) -> bool:
    """Whether a cell says nothing: empty, NaN, "None", "null" and the like."""
    if isinstance(value, str):
        bare = _INVISIBLE.sub("", value[: 4 * _LONGEST]).strip(" \t\r\n\"'").rstrip(".,;")
        return len(bare) < _LONGEST and unicodedata.normalize("NFKC", bare).casefold() in _MISSING
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
    if _says_nothing(stripped):
        return []
    items = listed(stripped)
    return [clean] if items is None else texts(items, depth + 1)


def _says_nothing(text: str) -> bool:
    """Whether a text has no letter or digit, or is several cells that say nothing."""
    if missing(text) or not any(character.isalnum() for character in text):
        return True
    return _NOTHING.fullmatch(text.casefold()) is not None


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
