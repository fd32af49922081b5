"""One clip from its source: mono sound at each rate and evenly spaced frames, in one pass.

Packets are demuxed once, in order; one thread decodes. A clip that begins late in its source is
sought: to a key frame at or before its start, with some sound before it. When the seek lands after
that (some containers guess, some don't know their key frames) it is tried from further back, and
then the source is read from its beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from engine.media.measured import LONGEST_GAP_S
from engine.media.open import (
    WHOLE,
    MediaError,
    Range,
    audio_stream,
    open_media,
    origin_of,
    packets_of,
    use_only,
    video_stream,
)
from engine.media.pictures import Pictures, open_pictures
from manifests.media import Media

if TYPE_CHECKING:
    from av.container import InputContainer


# A clip that begins later than this is sought: reading on is cheaper before.
_SEEK_AFTER_MS = 2_000
# How long before the clip a seek aims, in ms: enough for the sound, then for a long group of
# pictures (x264's default is 250 frames).
_AIMS_MS = (500, 12_000)
# So many packets in a row far beyond the span: the clock jumped.
_JUMPED_AFTER = 20
VERSION = 5
"""Raised when the same file gives other media than before: it is part of every weak table's digest."""


@dataclass(frozen=True, slots=True)
class DecodePlan:
    """What is decoded of each clip: sound at these rates in Hz, so many frames, their longest side."""

    audio_hz: tuple[int, ...] = ()
    frames: int = 0
    frame_px: int = 0


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded clip, and why a side that its source has could not be had (None when it could)."""

    media: Media
    audio_reason: str | None = None
    video_reason: str | None = None


class _LandedLate(Exception):
    """A seek came down after the clip's start."""


def decode(
    path: bytes,
    clip_id: str,
    content_hash: str,
    start_ms: int,
    end_ms: int,
    plan: DecodePlan,
    has_audio: bool,
    has_video: bool,
    expect: tuple[int, int] | None = None,
    part: Range = WHOLE,
    since_ms: int = 0,
    audio_track: int | None = None,
    video_track: int | None = None,
) -> Decoded:
    """The span [start_ms, end_ms) of the source at `path`, by the file's clock.

    Sound: float32 mono, round(span * rate) samples, zeros where the source has none. Frames: those
    on screen in the middles of `plan.frames` equal parts of the span, each once (so there may be
    fewer), upright, scaled so that the longest side is at most `plan.frame_px`, never enlarged. The last
    picture stays on screen until the end, as in a player. A span of no length is a still: its first
    frame. has_audio, has_video: what `probe` found.

    expect: (size, mtime in ns) of the file that was hashed. part: the bytes of the clip's recording.
    since_ms: the first moment of its segment, by the clock of these bytes; what is shown before it is
    not taken. audio_track, video_track: those that `probe` chose; without, the first choice of
    `engine.media.open`.

    Raises MediaError when nothing that was asked for could be decoded.
    """
    asked = path, start_ms, end_ms, plan, has_audio, has_video, expect
    clip = _Clip(*asked, part, since_ms, audio_track, video_track)
    if clip.wants_video:
        with open_pictures(path, expect) as pictures:
            if pictures is not None:
                return _pictured(clip, clip_id, content_hash, pictures)
    for aim_ms in _AIMS_MS:
        if start_ms <= max(aim_ms, _SEEK_AFTER_MS):
            break
        try:
            audio, video = clip.read(seek_ms=start_ms - aim_ms)
        except _LandedLate:
            continue
        return _decoded(clip, clip_id, content_hash, audio, video)
    audio, video = clip.read(seek_ms=None)
    return _decoded(clip, clip_id, content_hash, audio, video)


@dataclass(frozen=True)
class _Clip:
    path: bytes
    start_ms: int
    end_ms: int
    plan: DecodePlan
    has_audio: bool
    has_video: bool
    expect: tuple[int, int] | None
    part: Range
    since_ms: int
    audio_track: int | None
    video_track: int | None

    @property
    def start(self) -> Fraction:
        return Fraction(self.start_ms, 1000)

    @property
    def end(self) -> Fraction:
        return Fraction(self.end_ms, 1000)

    @property
    def wants_audio(self) -> bool:
        return self.has_audio and bool(self.plan.audio_hz) and self.end > self.start

    @property
    def wants_video(self) -> bool:
        return self.has_video and self.plan.frames > 0

    @property
    def since(self) -> Fraction:
        """When its segment begins, in seconds."""
        return Fraction(self.since_ms, 1000)

    def moments(self) -> list[Fraction]:
        """When frames are wanted, in seconds of the source."""
        if self.end <= self.start:
            return [self.start]
        part = (self.end - self.start) / self.plan.frames
        return [self.start + part * (2 * i + 1) / 2 for i in range(self.plan.frames)]

    def read(self, seek_ms: int | None) -> "tuple[_Side, _Side]":
        """Both sides of the clip, each with its reader or the reason why there is none."""
        from engine.media.frames import FramePicker
        from engine.media.sound import SoundReader

        with open_media(self.path, self.expect, self.part) as container:
            origin = origin_of(container)
            picture = sound = video_reason = audio_reason = None
            if self.wants_video:
                picture, video_reason = video_stream(container, self.video_track)
            if self.wants_audio:
                sound, audio_reason = audio_stream(container, self.audio_track)
            audio: Any = sound and SoundReader(
                sound, origin, self.start, self.end, self.plan.audio_hz
            )
            video: Any = picture and FramePicker(
                picture, origin, self.moments(), self.plan.frame_px, self.since
            )
            readers = {s.index: r for s, r in ((sound, audio), (picture, video)) if s is not None}
            use_only(container, [s for s in (sound, picture) if s is not None])
            if readers:
                streams: list[Any] = [container.streams[index] for index in readers]
                packets = packets_of(container, streams)
                in_mp4 = container.format.name.startswith("mov,")
                if seek_ms is not None:
                    aim = Fraction(seek_ms, 1000)
                    # In MP4 each stream is sought by itself, but all to the key frame if it leads.
                    lead = sound or picture if in_mp4 else picture or sound
                    packets = self._sought(container, streams, lead, origin, aim)
                late = origin + self.end + Fraction(LONGEST_GAP_S)
                ends = {s.index: int(late / s.time_base) for s in streams}
                _feed(packets, readers, ends, ordered=in_mp4)
            return _Side(audio, audio_reason, origin), _Side(video, video_reason, origin)

    def _sought(
        self,
        container: "InputContainer",
        streams: list[Any],
        lead: Any,
        origin: Fraction,
        aim: Fraction,
    ) -> Iterator[Any]:
        """The packets of the streams from `aim` on, pictures from a key frame before the span on."""
        import av

        try:
            container.seek(int((origin + aim) / lead.time_base), stream=lead)
        except av.FFmpegError:
            raise _LandedLate from None
        behind = {stream.index for stream in streams}
        for packet in packets_of(container, streams):
            if packet.stream.index in behind:
                if packet.stream.type == "video" and packet.size and not packet.is_keyframe:
                    continue
                behind.discard(packet.stream.index)
                stamp = packet.pts if packet.pts is not None else packet.dts
                if stamp is None or stamp * packet.time_base - origin > self.start:
                    raise _LandedLate
            yield packet


@dataclass(frozen=True)
class _Side:
    reader: Any
    reason: str | None
    origin: Fraction


def _feed(
    packets: Iterator[Any], readers: dict[int, Any], late: dict[int, int], ordered: bool
) -> None:
    """Hands each packet to its reader until all are done or no more come.

    late: stamps on each stream's clock, long after the span. One beyond it is either wrong, and the next
    ones are right again, or the clock jumped, and nothing of the span is to come. ordered: packets come
    in the order of their times, as FFmpeg reads MP4, so that this holds for all streams at once.
    """
    import av

    ahead = dict.fromkeys(readers, 0)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            break  # a demuxer that can't go on: what came before stands
        if packet is None:
            break
        index = packet.stream.index
        stamp = packet.dts if packet.dts is not None else packet.pts
        # A packet without a stamp is of the moment of those before it.
        if ahead[index] > 0 if stamp is None else stamp > late[index]:
            ahead[index] += 1
            if ahead[index] < _JUMPED_AFTER:
                continue
            if ordered:
                break
            readers[index].finish()
        else:
            ahead[index] = 0
            readers[index].feed(packet)
        if readers[index].done and all(other.done for other in readers.values()):
            return
    for reader in readers.values():
        reader.finish()


def _decoded(
    clip: _Clip, clip_id: str, content_hash: str, audio: "_Side", video: "_Side"
) -> Decoded:
    samples, audio_reason = _samples(clip, audio)
    frames, times, video_reason = _pictures(clip, video)
    asked = clip.wants_audio or clip.wants_video
    if asked and not samples and frames is None:
        reasons = ", ".join(reason for reason in (audio_reason, video_reason) if reason)
        raise MediaError("broken", reasons or "nothing could be decoded")
    media = Media(
        clip_id=clip_id,
        content_hash=content_hash,
        duration_ms=clip.end_ms - clip.start_ms,
        audio=samples,
        frames=frames,
        frame_times_ms=times,
    )
    return Decoded(media, audio_reason, video_reason)


def _pictured(clip: _Clip, clip_id: str, content_hash: str, pictures: Pictures) -> Decoded:
    numbers = pictures.shown(clip.moments())
    length = clip.end_ms - clip.start_ms
    times = [min(max(0, pictures.starts[n] - clip.start_ms), length) for n in numbers]
    frames = pictures.scaled(numbers, clip.plan.frame_px)
    return Decoded(Media(clip_id, content_hash, length, frames=frames, frame_times_ms=tuple(times)))


def _samples(clip: _Clip, side: "_Side") -> tuple[dict[int, Any], str | None]:
    reader = side.reader
    if reader is None:
        return {}, side.reason
    if reader.errors * 2 > reader.packets:
        return {}, f"sound is broken: {reader.errors} of {reader.packets} packets"
    samples = reader.audio()
    return samples, None if samples else "no sound in this span"


def _pictures(clip: _Clip, side: "_Side") -> tuple[Any, tuple[int, ...], str | None]:
    reader = side.reader
    if reader is None:
        return None, (), side.reason
    count = reader.count
    if reader.lost > count:
        return None, (), f"picture is broken: {reader.lost} of {reader.lost + count} frames"
    if not count:
        broken = "picture is broken: no frame" if reader.errors else "no picture in this span"
        return None, (), broken
    times = tuple(
        min(max(0, round(1000 * (time - clip.start))), max(0, clip.end_ms - clip.start_ms))
        for time in reader.times(side.origin)
    )
    return reader.frames(), times, None
