"""What is shown of a recording: spans of its clock without a gap.

A gap is where a recorder stopped: neither sound nor pictures, and then both run on. Where a picture
only stands still while the sound pauses, nothing stopped: a player shows it until the next one comes or
the file ends, and so the pause is content. A pause of minutes is left out all the same, and the picture
stays on screen after it.

Where the clock of one stream jumps alone and the other runs on, as their order in the file tells, nobody
knows what belongs together from then on: each is shown by itself.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from engine.media.clock import Clock, joined
from engine.media.measured import LONGEST_GAP_S, LONGEST_STILL_S, MeasuredStream
from engine.media.open import MediaError, origin_of

if TYPE_CHECKING:
    from av.container import InputContainer

# Longest source that is believed: seven days. Beyond it, timestamps are broken or hostile.
MAX_DURATION_MS = 7 * 24 * 3600 * 1000
CLOCKED = ("mpegts", "mpeg")
"""Containers that carry a running clock."""

# A header within this of the measured length is taken: it knows of padding that packets don't show.
_HEADER_SLACK_MS = 150
_LATE_START_MS = 1_000
# Pictures that come at least so often are flowing, not slides that stand still.
_FLOWING_S = 2.0
# After a recorder has stopped, pictures come again no later than this.
_BEGINS_S = 5.0
# Streams lie side by side in a file, one at most this far from the other.
_ASIDE_S = 1.0


class Shown(NamedTuple):
    """A span of what is shown, in ms from the start of the recording.

    since_ms: pictures from then on may be on screen in it. only: the one stream that is shown in it,
    None for both.
    """

    start_ms: int
    end_ms: int
    since_ms: int
    only: Literal["audio", "video"] | None = None


_Part = tuple[float, float]


def spans(
    container: "InputContainer",
    video: MeasuredStream | None,
    audio: MeasuredStream | None,
    whole: bool,
) -> list[Shown]:
    """What is shown of a recording, from the streams of it that can be used.

    whole: whether it was measured to its end. Raises MediaError for stamps that can't be.
    """
    origin = float(origin_of(container))
    alone = min(_jumps_alone(video, audio), default=None)
    stretches = [
        (max(0.0, start - origin), end - origin)
        for stream in (video, audio)
        for start, end in _stretches(stream)
        if alone is None or start < alone
    ]
    if alone is not None:
        stretches = [(start, min(end, alone - origin)) for start, end in stretches]
    silent_from = _end(audio) if container.format.name not in CLOCKED else None
    parts = _joined(joined(stretches, LONGEST_GAP_S), video, silent_from, origin)
    times = _in_ms(parts)
    header = None if container.duration is None else round(container.duration / 1000)
    if not times:
        times = [(0, header or 0)] if not whole else []
    if times and times[0][0] < _LATE_START_MS:
        times[0] = 0, times[0][1]
    if times and header is not None and alone is None:
        start, end = times[-1]
        if not whole or abs(header - end) <= _HEADER_SLACK_MS:
            times[-1] = start, max(header, start + 1)
    shown = _since(times, video, audio, origin)
    if alone is not None:
        shown += _apart(video, "video", alone, origin) + _apart(audio, "audio", alone, origin)
    length = sum(span.end_ms - span.start_ms for span in shown)
    if not 0 < length <= MAX_DURATION_MS:
        raise MediaError("bad_timestamps", f"its packets span {length} ms")
    return shown


def within(stream: MeasuredStream, span: Shown) -> tuple[tuple[int, int], ...]:
    """The stretches of a stream's clock that reach into a span, in ms from its start."""
    if stream.stream is None:
        return ()
    origin = float(origin_of(stream.stream.container))
    first, last = span.start_ms / 1000, span.end_ms / 1000
    return tuple(
        (round(1000 * (start - origin - first)), round(1000 * (end - origin - first)))
        for start, end in stream.clock.stretches
        if start - origin < last and end - origin >= first
    )


def _stretches(stream: MeasuredStream | None) -> list[list[float]]:
    return [] if stream is None else stream.clock.stretches


def _in_ms(parts: list[_Part]) -> list[tuple[int, int]]:
    times = [(round(1000 * start), round(1000 * end)) for start, end in parts]
    return [(start, end) for start, end in times if end > start]


def _jumps_alone(video: MeasuredStream | None, audio: MeasuredStream | None) -> Iterator[float]:
    """When a clock jumps far ahead of the other, which runs on beside it; on their common clock."""
    if video is None or audio is None:
        return
    for stream, other in ((video, audio), (audio, video)):
        clock = stream.clock
        for n, (start, _) in list(enumerate(clock.stretches))[1:]:
            place, end = clock.beside[n], clock.stretches[n - 1][1]
            if place is None or start - place <= LONGEST_GAP_S or not _flows(clock, n - 1):
                continue
            if any(a <= place and place + _ASIDE_S < b for a, b in other.clock.stretches):
                yield end


def _apart(
    stream: MeasuredStream | None, kind: Literal["audio", "video"], since: float, origin: float
) -> list[Shown]:
    """What a stream shows by itself from a time on its clock on."""
    rest = [(max(start, since), end) for start, end in _stretches(stream) if end > since]
    parts = joined([(start - origin, end - origin) for start, end in rest], LONGEST_GAP_S)
    return [Shown(start, end, start, kind) for start, end in _in_ms(parts)]


def _flows(clock: Clock, number: int) -> bool:
    """Whether the packets of a stretch come close to each other at its end."""
    previous, latest = clock.lasts[number]
    return previous < latest <= previous + _FLOWING_S


def _end(stream: MeasuredStream | None) -> float:
    """When a stream ends, in seconds on its clock."""
    ends = [] if stream is None else [end for _, end in stream.clock.stretches]
    return max(ends, default=float("-inf"))


def _joined(
    parts: list[_Part], video: MeasuredStream | None, silent_from: float | None, origin: float
) -> list[_Part]:
    """Parts joined where a picture stood still in between.

    silent_from: when the sound has ended, on the clock; pictures after it may be far apart. None
    where they may not.
    """
    whole: list[_Part] = []
    for start, end in parts:
        if whole and start - whole[-1][1] <= LONGEST_STILL_S:
            silent = silent_from is not None and start + origin > silent_from
            if silent or _stands(video, whole[-1][1] + origin, start + origin):
                whole[-1] = whole[-1][0], max(whole[-1][1], end)
                continue
        whole.append((start, end))
    return whole


def _stands(video: MeasuredStream | None, first: float, last: float) -> bool:
    """Whether a picture stands still between these times on the clock, when no packet comes.

    It does not where pictures flowed until then and flow again after it: there a recorder stopped.
    """
    if video is None:
        return False
    clock = video.clock
    before = [n for n, (start, _) in enumerate(clock.stretches) if start <= first]
    if not before:
        return False
    again = any(last <= start + 0.001 <= last + _BEGINS_S for start, _ in clock.stretches)
    return not (_flows(clock, before[-1]) and again)


def _since(
    times: list[tuple[int, int]],
    video: MeasuredStream | None,
    audio: MeasuredStream | None,
    origin: float,
) -> list[Shown]:
    """Spans, and in those after a long pause of the sound alone the picture from before it."""
    sounds = [] if audio is None else [start for start, _ in audio.clock.stretches]
    shown: list[Shown] = []
    for start, end in times:
        since = start
        if shown:
            first, last = shown[-1].end_ms / 1000 + origin, start / 1000 + origin
            pauses = any(at < first for at in sounds) and any(at >= last - 0.001 for at in sounds)
            since = shown[-1].since_ms if pauses and _stands(video, first, last) else start
        shown.append(Shown(start, end, since))
    return shown
