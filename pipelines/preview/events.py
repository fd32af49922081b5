"""When claims are heard, drawn as SVG on the time axis of a clip's spectrogram.

Places are shares of the width, so that the drawing follows the page and text is never stretched. It has
no ids, scripts or style sheets: any number can stand in a page. Texts are what models and media say:
escaped, shortened, and what would turn or hide text replaced.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from pipelines.terminal import one_line

Standing = Literal["supported", "unsupported", "unknown"]

# Each stands out by 3:1 from white and from nearly black; marks and outlines say the same.
COLOURS: dict[Standing, str] = {
    "supported": "#2e9461",
    "unsupported": "#d9534f",
    "unknown": "#7d8590",
}
_MARKS: dict[Standing, str] = {"supported": "✓", "unsupported": "✗", "unknown": "?"}
_SPECTRUM, _LANE, _TEXT, _AXIS = 128, 28, 13, 20
_MOST_EVENTS, _MOST_SPANS, _LABEL, _BY, _TITLE = 40, 200, 90, 40, 300
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)


@dataclass(frozen=True, slots=True)
class Event:
    """A claim, and when it is heard: spans in ms from the start of the clip. by: who says so."""

    text: str
    spans: Sequence[tuple[int, int]]
    standing: Standing = "unknown"
    by: str = ""


def timeline(
    events: Sequence[Event], seconds: float, spectrogram: bytes | str | None = None
) -> str:
    """SVG of these events in a clip of so many seconds, below its spectrogram (WebP, or its address) and
    over it.

    Each event has a lane: its text, who says when, and a bar for each span with a title. The drawing is
    as wide as what holds it. Events beyond 40 are counted.
    """
    top = _SPECTRUM if spectrogram is not None else 0
    lanes = events[:_MOST_EVENTS]
    more = len(events) - len(lanes)
    axis = top + _LANE * len(lanes) + (_TEXT + 4 if more else 0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cm-timeline" width="100%" '
        f'height="{axis + _AXIS}" role="group" font-family="system-ui, sans-serif" '
        f'font-size="12" fill="currentColor" '
        f'aria-label="When claims are heard, in {seconds:.4g} seconds">'
    ]
    if spectrogram is not None:
        parts.append(_image(spectrogram))
    for number, event in enumerate(lanes):
        parts.append(_lane(event, seconds, top + number * _LANE, top))
    if more:
        parts.append(f'<text x="0" y="{axis - 4}">and {more} more</text>')
    parts += [*_ticks(seconds, axis), "</svg>"]
    return "".join(parts)


def _image(spectrogram: bytes | str) -> str:
    url = spectrogram
    if isinstance(url, bytes):
        url = "data:image/webp;base64," + b64encode(url).decode()
    return (
        f'<image width="100%" height="{_SPECTRUM}" preserveAspectRatio="none" role="img" '
        f'aria-label="Spectrogram" href="{escape(url)}"/>'
    )


def _lane(event: Event, seconds: float, y: int, over: int) -> str:
    """The text of an event and its bars. over: height of the spectrogram, in which they are outlined."""
    text, by = _safe(event.text, _LABEL), _safe(event.by, _LABEL)
    nowhere = "" if event.spans else " (nowhere)"
    label = f"{_MARKS[event.standing]} {text}{nowhere}"
    short = _safe(event.by, _BY)
    said_by = f' <tspan font-size="11" font-style="italic">by {short}</tspan>' if by else ""
    parts = [
        f'<g class="cm-{event.standing}">',
        f'<text x="0" y="{y + _TEXT}" unicode-bidi="isolate">{label}{said_by}</text>',
    ]
    for start_ms, end_ms in event.spans[:_MOST_SPANS]:
        first = min(max(start_ms / 1000, 0.0), seconds)
        last = min(max(end_ms / 1000, first), seconds)
        title = f"{_safe(event.text, _TITLE)}: {first:.2f} to {last:.2f} s, {event.standing}"
        place = f'x="{_share(first, seconds)}" width="{_share(last - first, seconds)}"'
        if over:
            parts.append(
                f'<rect {place} y="1" height="{over - 2}" fill="#fff" fill-opacity=".08" '
                f'stroke="#fff" stroke-opacity=".7"{_dashes(event.standing)}/>'
            )
        parts.append(
            f'<rect {place} y="{y + _TEXT + 4}" height="8" role="img" '
            f"{_paint(event.standing)}><title>{title}{f', by {by}' if by else ''}</title></rect>"
        )
    return "".join([*parts, "</g>"])


def _paint(standing: Standing) -> str:
    """Full where a claim is supported; an outline where it is not, dashed where it is contradicted."""
    colour = COLOURS[standing]
    if standing == "supported":
        return f'fill="{colour}" stroke="{colour}"'
    return f'fill="{colour}" fill-opacity=".15" stroke="{colour}"{_dashes(standing)}'


def _dashes(standing: Standing) -> str:
    return ' stroke-dasharray="4 3"' if standing == "unsupported" else ""


def _ticks(seconds: float, y: int) -> list[str]:
    """The axis below, with at most ten moments."""
    line = f'<line x1="0" x2="100%" y1="{y}" y2="{y}" stroke="currentColor" stroke-opacity=".5"/>'
    step = next((s for s in _STEPS_S if seconds / s <= 10), 60 * -(-seconds // 600))
    parts = [line]
    for number in range(int(seconds / step) + 1 if seconds > 0 else 0):
        at = number * step
        x = _share(at, seconds)
        anchor = "start" if not at else "end" if at > 0.95 * seconds else "middle"
        unit = " s" if not at else ""
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="{y}" y2="{y + 4}" stroke="currentColor"/>'
            f'<text x="{x}" y="{y + 16}" text-anchor="{anchor}">{at:g}{unit}</text>'
        )
    return parts


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole if whole else 0:.3f}%"


def _safe(text: str, most: int) -> str:
    """Text that markup only shows, on one line, no longer than `most` characters."""
    line = one_line(text[: 4 * most].replace("\ufffe", "").replace("\uffff", ""))
    return escape(line if len(line) <= most else line[: most - 1] + "…")
