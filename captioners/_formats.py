"""What a text is, where it is no caption: subtitles, JSON, an answer of a server."""

import json
import re
from collections.abc import Sequence
from typing import Any

_HEAD = 16_384
_TIME = r"\d{1,3}:\d\d(?::\d\d)?(?:[.,:]\d{1,3})?"
# As machines that translate subtitles leave it, "00: 00: 01, 000", and seconds alone.
_LOOSE = r"\d{1,3} ?: ?\d{1,2}(?: ?: ?\d{1,2})?(?: ?[.,:] ?\d{1,3})?|\d{1,6}[.,]\d{1,3}"
# By their beginning, or by the first lines that have two times: SubRip, WebVTT, SubViewer and YouTube's,
# what Whisper prints, SubStation Alpha, MicroDVD, MPL2, TTML and SAMI, labels of Audacity and Praat.
_SUBTITLES = (
    re.compile(r"WEBVTT\b|\[Script Info\]|\[V4\+? Styles\]|\{\d+\}\{\d+\}", re.IGNORECASE),
    re.compile(r'Scenarist_SCC V|File type = "ooTextFile|SPEAKER \S+ \d+ [\d.]+ [\d.]+ <NA>'),
    re.compile(r"\[\d+\]\[\d+\]"),
    re.compile(
        rf"^[ \t]*+(?:\[[ \t]*+)?(?:{_LOOSE})[ \t]*+(?:[-–—]{{1,2}} ?>|→|=>)[ \t]*+(?:{_LOOSE})",
        re.MULTILINE,
    ),
    re.compile(rf"^{_TIME} ?[,–—-] ?{_TIME}(?:[ \t]*$| ?,)", re.MULTILINE),
    re.compile(r"^Dialogue: ?\d+,\d+:\d\d:", re.MULTILINE),
    re.compile(r"\d+(?:[.,]\d+)?\t\d+(?:[.,]\d+)?(?:\t|\n|\Z)"),
    re.compile(r"start\tend\ttext\b"),
    re.compile(r"(?:<\?xml[^>]*>\s*)?<(?:\w+:)?(?:tt|SAMI|transcript|timedtext)\b", re.IGNORECASE),
)
# A line of lyrics or a transcript begins with one time, which may stand in brackets.
_TIMED = re.compile(rf"^[ \t]*(?:([\[(<]){_TIME}[\])>]|{_TIME}(?![\w:]))", re.MULTILINE)
_EXACT = re.compile(r"\d:\d\d:\d|[.,]\d|:\d\d:")
_FIRST_MINUTE = re.compile(r"\s*[\[(<]?0{1,2}:")
_AT_ZERO = re.compile(r"[\[(<]?(?:0{1,2}:)?0{1,2}:00(?:[.,:]0{1,3})?(?![\d:])")
_LYRICS = re.compile(
    rf"^\[\d{{1,3}}:\d\d[.:]\d{{1,3}}\](?=\S)|^\[{_TIME}\] *\[{_TIME}\]", re.MULTILINE
)
_PAGE = re.compile(
    r"<(?:(?:!DOCTYPE|\?xml|html|head|body|title|meta|link|script|style|center|table|ul|ol|h1|div|p"
    r"|span|svg|error)\b[^>]{0,500}>|!--|\?php\b)",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"(?:(?:http )?(?:error )?(?:40[134]|429|50[0-4])[: -]*)?(?:access denied"
    r"|(?:(?:entry|page|file|repository|resource) )?not found|forbidden"
    r"|unauthorized|too many requests|internal server error|bad gateway|service unavailable)[. ]*",
    re.IGNORECASE,
)
_NOTES = re.compile(r"\s*(?:\[[^\[\]]*\]\s*)+")
_POINTER = re.compile(r"version https://(?:git-lfs|hawser)\.github\.com/")


def is_subtitles(text: str) -> bool:
    """Whether a text has the times of subtitles, lyrics or a transcript."""
    head = _head(text)
    return _is_timed(head) or any(
        (form.search if form.flags & re.MULTILINE else form.match)(head) for form in _SUBTITLES
    )


def _is_timed(head: str) -> bool:
    """Whether lines begin with times from the start of a recording: the first one with 0:00, or two of
    them with times in brackets, with hours or fractions, or from its first minute on.

    "10:30 is on a clock" in two lines is no transcript, and "[00:15] is shown" in one is none.
    """
    if _AT_ZERO.match(head) or _LYRICS.search(head):
        return True
    times = [time for time, _ in zip(_TIMED.finditer(head), range(2), strict=False)]
    return len(times) == 2 and (
        all(time[1] or _EXACT.search(time[0]) for time in times)
        or _FIRST_MINUTE.match(times[0][0]) is not None
    )


def refused(text: str) -> str | None:
    """What a text is that can be no caption, and what to do; None for any other."""
    head = _head(text)
    if _PAGE.match(head):
        return "it is a web page or XML, not text: what a server answered? Get the file again"
    if _REFUSED.fullmatch(head):
        return f'it is the answer of a server, "{head[:40]}": get the file again'
    if _POINTER.match(head):
        return "it is a pointer of Git LFS: run git lfs pull"
    if "/annex/objects/" in head[:200]:
        return "it is a pointer of git-annex: run git annex get"
    return None


def captions(texts: Sequence[str]) -> list[str]:
    """The captions among the texts of a field or a cell: subtitles and notes in brackets ("[Music]") are
    none. Raises ValueError for what is no text of a caption."""
    for text in texts:
        if (why := refused(text)) is not None:
            raise ValueError(why)
    return [text for text in texts if not (is_subtitles(text) or _NOTES.fullmatch(text))]


def from_json(text: str) -> dict[str, Any] | None:
    """The object that a text is in JSON, None for other text. Raises ValueError for half of one."""
    bare = text.strip("\ufeff \t\r\n")
    if not re.match(r'\{\s*(?:"(?:[^"\\]|\\.)*+(?:"\s*:|\Z)|\})', bare):
        return None
    try:
        content = json.loads(bare)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            "it looks like JSON, and is none: save the caption as plain text"
        ) from error
    return content if isinstance(content, dict) else None


def _head(text: str) -> str:
    head = text[:_HEAD].lstrip("\ufeff")
    return head.replace("\r\n", "\n").replace("\r", "\n").strip()
