"""What a text beside the media is, where it is no caption: subtitles, JSON, an answer of a server."""

import json
import re
from typing import Any

_HEAD = 16_384
_TIME = r"\d{1,3}:\d\d(?::\d\d)?(?:[.,:]\d{1,3})?"
# By their beginning, or by the first lines that have a time: SubRip, WebVTT, SubViewer and YouTube's,
# what Whisper prints, lyrics, SubStation Alpha, MicroDVD, TTML and SAMI, transcripts, tables with times.
_SUBTITLES = (
    re.compile(r"WEBVTT\b|\[Script Info\]|\[V4\+? Styles\]|\{\d+\}\{\d+\}", re.IGNORECASE),
    re.compile(rf"^\s*\[?\s*{_TIME}\s*-->\s*{_TIME}", re.MULTILINE),
    re.compile(rf"^{_TIME},{_TIME}[ \t]*$", re.MULTILINE),
    re.compile(r"^Dialogue: ?\d+,\d+:\d\d:", re.MULTILINE),
    re.compile(rf"(?:\[(?:ti|ar|al|au|by|la|length|offset|re|ve):[^\]\n]*\]\s*)*\[{_TIME}\]"),
    re.compile(rf"(?:{_TIME}[ \t]*\n[^\n]+(?:\n+|\Z)){{2}}"),
    re.compile(r"start\tend\ttext\b"),
    re.compile(r"(?:<\?xml[^>]*>\s*)?<(?:\w+:)?(?:tt|SAMI|transcript|timedtext)\b", re.IGNORECASE),
)
_PAGE = re.compile(
    r"<(?:!DOCTYPE|\?xml|html|head|body|div|p|span|svg|error)\b[^>]{0,500}>", re.IGNORECASE
)
_REFUSED = re.compile(
    r"(?:(?:http )?(?:error )?(?:40[134]|429|50[0-4])[: -]*)?(?:access denied|not found|forbidden"
    r"|unauthorized|too many requests|internal server error|bad gateway|service unavailable)[. ]*",
    re.IGNORECASE,
)


def is_subtitles(text: str) -> bool:
    """Whether a text has the times of subtitles, lyrics or a transcript."""
    head = _head(text)
    return any(
        (form.search if form.flags & re.MULTILINE else form.match)(head) for form in _SUBTITLES
    )


def refused(text: str) -> str | None:
    """What a text is that can be no caption, and what to do; None for any other."""
    head = _head(text)
    if _PAGE.match(head):
        return "it is a web page or XML, not text: what a server answered? Get the file again"
    if _REFUSED.fullmatch(head):
        return f'it is the answer of a server, "{head[:40]}": get the file again'
    if "/annex/objects/" in head[:200]:
        return "it is a pointer of git-annex: run git annex get"
    return None


def from_json(text: str) -> dict[str, Any] | None:
    """The object that a text is in JSON, None for other text. Raises ValueError for half of one."""
    bare = text.strip("\ufeff \t\r\n")
    if not re.match(r'\{\s*(?:"|\})', bare):
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
