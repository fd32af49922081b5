"""What is in a source: measured from its packets and first frames, not believed from its header."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from engine.media import recordings
from engine.media.dolby import DOLBY, unshowable
from engine.media.encryption import ENCRYPTED, LOCKED, encryption
from engine.media.languages import language_of
from engine.media.measured import (
    LONGEST_GAP_S,
    LONGEST_STILL_S,
    MeasuredStream,
    is_too_large,
    measure,
)
from engine.media.open import (
    MAX_PIXELS,
    MediaError,
    Reason,
    audio_stream,
    open_file,
    open_media,
    use_only,
    video_stream,
)
from engine.media.pictures import Pictures, open_pictures
from engine.media.spans import CLOCKED, Shown, spans, within
from engine.media.tracks import Tracks, tracks
from manifests.sources.segments import NO_PICTURE, NO_SOUND, Segment

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["MediaError", "Probe", "probe"]

VERSION = 6
"""Raised when the same file is examined with another result than before: it is part of the digest of how
sources become clips, so that a newer probe looks at each source again."""

_MOST_BEHIND = 8
"""Pictures from which on JPEGs in a row are a film."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a source holds.

    kind: an image is one picture without sound, of duration 0. duration_ms: of all that is shown, gaps
    left out. audio_reason, video_reason: why that side can't be used, None when it can. width, height:
    upright, in pixels; rate in Hz; 0 or "" for what is missing. fps: average, 0 when unknown. Where
    a source holds several recordings, the first that can be used says what it holds. segments: what is
    shown, in order.
    audio_tracks: streams of sound, also those that nothing decodes. audio_track, video_track: the one
    that is used, by its number among its kind, from 0. audio_language: of that track as it is tagged,
    ISO 639-1 where there is a code.
    """

    kind: Literal["video", "audio", "image"]
    duration_ms: int
    has_audio: bool
    has_video: bool
    audio_reason: str | None = None
    video_reason: str | None = None
    width: int = 0
    height: int = 0
    fps: float = 0.0
    video_codec: str = ""
    rate: int = 0
    channels: int = 0
    audio_codec: str = ""
    container: str = ""
    audio_tracks: int = 0
    audio_track: int | None = None
    audio_language: str | None = None
    video_track: int | None = None
    segments: tuple[Segment, ...] = ()


def probe(path: bytes, audio_track: int | str | None = None) -> Probe:
    """What the source at `path` holds. Reads it whole, decodes only its first frames.

    audio_track: number, from 0, or language of the sound that is wanted where there are several.
    Raises MediaError when nothing in it can be used.
    """
    with open_pictures(path) as pictures:
        if pictures is not None:
            return _pictured(pictures, os.stat(path).st_size)
    with open_file(path) as (file, _):
        starts = recordings.starts(file)
        size = os.fstat(file.fileno()).st_size
    probed: list[Probe | MediaError] = []
    segments: list[Segment] = []
    for first, end in pairwise([*starts, size]):
        while first < end:
            part, stop = _recording(path, (first, end), audio_track)
            probed.append(part)
            _add(segments, part, first, stop)
            if stop == end:
                break
            if len(probed) >= recordings.MOST:
                raise MediaError("bad_timestamps", "its clock starts again thousands of times")
            first = stop
    usable = [part for part in probed if isinstance(part, Probe)]
    if not usable:
        assert isinstance(probed[0], MediaError)
        raise probed[0]
    segments = _distinct(segments)
    return replace(
        usable[0],
        kind=usable[0].kind if len(segments) == 1 else _moving(usable),
        duration_ms=segments[-1].end_ms,
        segments=tuple(segments),
    )


def _moving(parts: Sequence[Probe]) -> Literal["video", "audio"]:
    return "video" if any(part.has_video for part in parts) else "audio"


def _distinct(segments: list[Segment]) -> list[Segment]:
    """Segments of which no two have the same span: among several, a still counts as broken, and those
    without length that follow each other are one."""
    distinct: list[Segment] = []
    for segment in segments:
        if segment.start_ms < segment.end_ms or len(segments) == 1:
            distinct.append(segment)
        elif distinct and distinct[-1].start_ms == distinct[-1].end_ms:
            distinct[-1] = replace(distinct[-1], end_byte=segment.end_byte)
        else:
            why = segment.fault_message or "this recording in the file has one picture and no sound"
            place = segment.start_ms, segment.end_ms, 0, segment.first_byte, segment.end_byte
            distinct.append(Segment(*place, segment.fault or "broken", why))
    return distinct


def _add(segments: list[Segment], part: "Probe | MediaError", first: int, stop: int) -> None:
    """Adds the segments of a recording after those of the ones before it; one without length for one
    that can't be used."""
    at = segments[-1].end_ms if segments else 0
    if isinstance(part, MediaError):
        segments.append(Segment(at, at, 0, first, stop, part.reason, part.message))
        return
    for segment in part.segments:
        length = segment.end_ms - segment.start_ms
        segments.append(
            replace(segment, start_ms=at, end_ms=at + length, first_byte=first, end_byte=stop)
        )
        at += length


def _recording(
    path: bytes, part: tuple[int, int], audio_track: int | str | None
) -> "tuple[Probe | MediaError, int]":
    """What the recording in these bytes holds, or why it can't be used; where it ends."""
    first, stop = part
    locked = encryption(path, part)
    try:
        with open_media(path, part=part) as container:
            use = tracks(path, part, container, locked, audio_track)
            audio = MeasuredStream(*audio_stream(container, use.audio))
            still = LONGEST_STILL_S if audio.stream is None else LONGEST_GAP_S
            video = MeasuredStream(*video_stream(container, use.video), longest=still)
            for side in (video, audio):
                if side.stream is not None and locked.holds(side.stream):
                    side.stream, side.reason = None, f"{side.stream.type} stream {LOCKED}"
            if video.stream is not None and video.stream.index in unshowable(container):
                video.stream, video.reason = None, DOLBY
            streams = {f.stream.index: f for f in (video, audio) if f.stream is not None}
            if not streams:
                raise _unusable("no_streams", video, audio)
            use_only(container, [f.stream for f in streams.values()])
            whole = measure(container, streams)
            restart = _restart(streams.values())
            if restart is not None:
                stop = _next_recording(path, first, restart, container.format.name)
            for stream in streams.values():
                stream.judge()
            if video.reason and audio.reason:
                raise _unusable("broken", video, audio)
            return _with_tracks(_summary(container, video, audio, whole), container, use), stop
    except MediaError as error:
        unread = error.reason in ("not_media", "broken", "no_streams")
        if unread and (locked or LOCKED in error.message):
            error = MediaError("encrypted", ENCRYPTED)
        return error, stop


def _unusable(reason: Reason, video: MeasuredStream, audio: MeasuredStream) -> MediaError:
    """Why a recording can't be used of which neither side can."""
    if video.reason == DOLBY:
        return MediaError("dolby_vision", DOLBY)
    if is_too_large(video.failed):
        return MediaError("too_large", f"pictures of over {MAX_PIXELS} pixels")
    return MediaError(reason, f"{audio.reason}, {video.reason}")


def _restart(streams: "Iterable[MeasuredStream]") -> int | None:
    """The byte at which a further recording begins: where the clock of the first stream goes back. None
    where none does."""
    clocks = [stream.clock for stream in streams]
    if all(clock.restart is None for clock in clocks):
        return None
    return min(at for clock in clocks if (at := clock.going_back) is not None)


def _next_recording(path: bytes, first: int, at: int, container: str) -> int:
    """The byte at which the recording begins whose first packet lies at byte `at` of this one."""
    if container in CLOCKED and at > 0:
        with open_file(path) as (file, _):
            start = recordings.unit_start(file, first, at)
        if start > first:
            return start
    raise MediaError(
        "bad_timestamps",
        "its clock goes back in the middle: two recordings in one file, which can't be told apart "
        "in this format. Split the file where the second one begins",
    )


def _pictured(pictures: Pictures, size: int) -> Probe:
    pictures.scaled([0], 64)  # whether it can be decoded
    moving, count = pictures.end_ms > 0, len(pictures.starts)
    kind: Literal["video", "image"] = "video" if moving else "image"
    reason = "no audio stream"
    segment = Segment(0, pictures.end_ms, 0, 0, size, None, None, kind, False, True, reason)
    return Probe(
        kind=kind,
        duration_ms=pictures.end_ms,
        has_audio=False,
        has_video=True,
        audio_reason=reason,
        width=pictures.width,
        height=pictures.height,
        fps=1000 * count / pictures.end_ms if moving else 0.0,
        video_codec=pictures.codec,
        container=pictures.container,
        segments=(segment,),
    )


def _summary(
    container: "InputContainer", video: MeasuredStream, audio: MeasuredStream, whole: bool
) -> Probe:
    has_audio, has_video = audio.reason is None, video.reason is None
    image = has_video and not has_audio and (video.packets == 1 or _is_photo(container, video))
    width = height = 0
    if has_video:
        from engine.media.scaling import upright_size

        width, height = upright_size(video.frames[0], video.stream)
    fps = video.stream.average_rate if has_video else None
    sound = audio.frames[0] if has_audio else None
    probed = Probe(
        kind="image" if image else "video" if has_video else "audio",
        duration_ms=0,
        has_audio=has_audio,
        has_video=has_video,
        audio_reason=audio.reason,
        video_reason=video.reason,
        width=width,
        height=height,
        fps=0.0 if fps is None or image else float(fps),
        video_codec=video.stream.codec_context.name if has_video else "",
        rate=sound.sample_rate if sound else 0,
        channels=sound.layout.nb_channels if sound else 0,
        audio_codec=audio.stream.codec_context.name if has_audio else "",
        container=container.format.name,
    )
    if image:
        shown = [Shown(0, 0, 0)]
    else:
        seen, heard = (side if side.reason is None else None for side in (video, audio))
        shown = spans(container, seen, heard, whole)
    return replace(probed, segments=tuple(_segment(probed, video, audio, span) for span in shown))


def _is_photo(container: "InputContainer", video: MeasuredStream) -> bool:
    """Whether what follows the first picture is none of its film: phones put gain map, depth, other eye
    or film behind the JPEG (Ultra HDR, MPO, motion photos), others the rest of an older picture or an
    archive. Of pictures in a row only JPEGs are a film, and of them many."""
    name = container.format.name
    few = video.packets < _MOST_BEHIND
    return name.endswith("_pipe") and (few or name != "jpeg_pipe")


def _with_tracks(probed: Probe, container: "InputContainer", use: Tracks) -> Probe:
    streams = container.streams.audio
    language = None if use.audio is None else language_of(streams[use.audio].language)
    segments = (
        replace(segment, audio_track=use.audio, video_track=use.video)
        for segment in probed.segments
    )
    return replace(
        probed,
        segments=tuple(segments),
        audio_tracks=len(streams),
        audio_track=use.audio,
        audio_language=language,
        video_track=use.video,
    )


def _segment(probed: Probe, video: MeasuredStream, audio: MeasuredStream, span: Shown) -> Segment:
    """A segment of a recording, its place in the content still open: what of it is seen and heard."""
    heard, seen = within(audio, span), within(video, span)
    has_audio = probed.has_audio and bool(heard)
    has_video = probed.has_video and (bool(seen) or span.since_ms < span.start_ms)
    if span.only is not None:
        has_audio, has_video = span.only == "audio", span.only == "video"
    elif probed.kind == "image" or not (has_audio or has_video):
        has_audio, has_video = probed.has_audio, probed.has_video
    late = bool(seen) and span.since_ms == span.start_ms and seen[0][0] > 0
    return Segment(
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        file_ms=span.start_ms,
        kind=probed.kind if has_video == probed.has_video else "audio",
        has_audio=has_audio,
        has_video=has_video,
        audio_reason=probed.audio_reason if has_audio == probed.has_audio else NO_SOUND,
        video_reason=probed.video_reason if has_video == probed.has_video else NO_PICTURE,
        heard=heard,
        since_ms=span.since_ms,
        seen_ms=seen[0][0] if late else 0,
    )
