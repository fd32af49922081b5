"""Columns of a list that say when a caption is, in a way that nobody can be sure of.

Seconds, milliseconds or frames, of the clip or of a longer video: "start (s)", "clip_start", "t0", a
`timestamp` of [2.0, 4.5]. A caption of a part must not pass for one of the whole clip, so where such a
column holds numbers, `captioners.imported` refuses the list.
"""

import re
from collections.abc import Mapping
from typing import Any

_UNIT = r"(?:s|secs?|seconds?|ms|msecs?|milliseconds?|us|min|minutes?|frames?|idx|index)"
_OF = r"(?:t|time|clip|seg|segment|video|audio|event|shot|scene|source|src|media|caption)"
# "tstart", "startTime", "endsec"; in other languages as they stand.
_SIDE = re.compile(
    rf"{_OF}?(?:start|end|begin|stop|onset|offset)(?:t|time|at|ing)?{_UNIT}?|from|to|t\d|tmin|tmax"
    r"|beginning|d[eé]but|fin|anfang|beginn|ende|inicio"
)
_RANGE = re.compile(r"segments?|intervals?|spans?|windows?")
_MOMENT = re.compile(rf"(?:time)?stamps?|timecode|time{_UNIT}?|times|t|frame")
_BESIDE = re.compile(rf"{_OF}|{_UNIT}|at|in|of|the|m|n|num|no|number|pos|position|point|stamps?")
_WORD = re.compile(r"t\d(?![^\W_])|[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONGEST_NAME = 64

_DATE = re.compile(r"\d{4}[-/.]\d\d?\b|\d\d?[-/.]\d\d?[-/.]\d{2,4}\b")
# Seconds or milliseconds since 1970.
_EPOCH = re.compile(r"\d{9,}(?:\.\d+)?")
_NUMBERS = re.compile(r"[\d\s.,:;_\[\](){}/|–—-]+|[\d\s.:]+to[\d\s.:]+")


def unclear(row: Mapping[str, Any]) -> str | None:
    """The first column of a row that holds times and does not say of what; None where there is none."""
    return next((name for name, value in row.items() if _is_unclear(name, value)), None)


def _is_unclear(name: str, value: Any) -> bool:
    written = str(value)[:60].strip().strip("'\"")
    if len(name) > _LONGEST_NAME or not re.search(r"\d", written) or _DATE.search(written):
        return False
    words = _WORD.findall(_HUMP.sub(" ", name).casefold())
    if _are(words, _SIDE):
        return True
    if _NUMBERS.fullmatch(written) is None or _EPOCH.fullmatch(written):
        return False
    return _are(words, _MOMENT) or (_are(words, _RANGE) and len(re.findall(r"\d+", written)) > 1)


def _are(words: list[str], kind: re.Pattern[str]) -> bool:
    """Whether one of the words is of a kind, and all others may stand beside it."""
    of_kind = [word for word in words if kind.fullmatch(word)]
    return bool(of_kind) and all(kind.fullmatch(word) or _BESIDE.fullmatch(word) for word in words)
