"""What is in a source: measured from its packets and first frames, not believed from its header."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from engine.media.languages import language_of
from engine.media.open import (
    MAX_PIXELS,
    MediaError,
    audio_stream,
    open_media,
    use_only,
    video_stream,
)
from engine.media.tracks import Tracks, tracks

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["MediaError", "Probe", "probe"]

# Longest source that is believed: seven days. Beyond it, timestamps are broken or hostile.
MAX_DURATION_MS = 7 * 24 * 3600 * 1000

# A header within this of the measured length is taken: it knows of padding that packets don't show.
_HEADER_SLACK_MS = 150
# Packets of each stream that are decoded to see that it can be: B-frames may hold back 16 of them.
_TRIED_PACKETS = 40
_WANTED_FRAMES = {"audio": 8, "video": 1}
# What FFmpeg says of a picture above its `max_pixels`; the error itself is like any other.
_TOO_LARGE = "Picture size"
# Packets that are read to measure the length (some five hours of video with sound).
_MEASURED_PACKETS = 1_500_000


@dataclass(frozen=True, slots=True)
class Probe:
    """What a source holds.

    kind: an image is one picture without sound, of duration 0. audio_reason, video_reason: why that
    side can't be used, None when it can. width, height: upright, in pixels; rate in Hz; 0 or "" for
    what is missing. fps: average, 0 when unknown. audio_tracks: streams of sound, also those that
    nothing decodes. audio_track, video_track: the one that is used, by its number among its kind, from
    0. audio_language: of that track as it is tagged, ISO 639-1 where there is a code.
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


def probe(path: bytes, audio_track: int | str | None = None) -> Probe:
    """What the source at `path` holds. Reads it whole, decodes only its first frames.

    audio_track: number, from 0, or language of the sound that is wanted where there are several.
    Raises MediaError when nothing in it can be used.
    """
    with open_media(path) as container:
        use = tracks(path, container, audio_track)
        video = _Stream(*video_stream(container, use.video))
        audio = _Stream(*audio_stream(container, use.audio))
        streams = {f.stream.index: f for f in (video, audio) if f.stream is not None}
        if not streams:
            reasons = f"{audio.reason}, {video.reason}"
            raise MediaError("no_streams", reasons)
        use_only(container, [f.stream for f in streams.values()])
        _read(container, streams)
        for stream in streams.values():
            stream.judge()
        if video.reason and audio.reason:
            if _too_large(video.failed):
                raise MediaError("too_large", f"pictures of over {MAX_PIXELS} pixels")
            raise MediaError("broken", f"{audio.reason}, {video.reason}")
        return _with_tracks(_summary(container, video, audio), container, use)


@dataclass
class _Stream:
    """One stream while it is read; `end` on its own clock."""

    stream: Any
    reason: str | None
    packets: int = 0
    tried: int = 0
    errors: int = 0
    end: int | None = None
    frames: list[Any] = field(default_factory=list)
    decoded: int = 0
    failed: Any = None

    def see(self, packet: Any) -> None:
        """Measures a packet and, among the first, decodes it."""
        if packet.size:
            self.packets += 1
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is not None:
                end = stamp + (packet.duration or 0)
                if self.end is None or end > self.end:
                    self.end = end
        wanted = _WANTED_FRAMES[self.stream.type]
        if self.tried < _TRIED_PACKETS and self.decoded < wanted:
            self._decode(packet)

    def _decode(self, packet: Any) -> None:
        import av

        self.tried += bool(packet.size)
        try:
            frames = packet.decode()
        except av.EOFError:
            return
        except av.FFmpegError:
            self.errors += 1
            self.failed = self.failed or packet
            return
        good = [f for f in frames if not f.is_corrupt]
        self.errors += len(frames) - len(good)
        self.decoded += len(good)
        self.frames = self.frames or good[:1]

    def judge(self) -> None:
        """Sets the reason when the stream can't be used."""
        if not self.packets:
            self.reason = f"{self.stream.type} stream has no packets"
        elif not self.decoded or self.errors > self.decoded:
            self.reason = f"{self.stream.type} stream has no decodable packets"


def _read(container: "InputContainer", streams: dict[int, _Stream]) -> None:
    import av

    left = _MEASURED_PACKETS
    try:
        for packet in container.demux([f.stream for f in streams.values()]):
            streams[packet.stream.index].see(packet)
            left -= 1
            if not left:
                return
    except av.FFmpegError:
        # What was read until here is what there is.
        for stream in streams.values():
            if stream.tried < _TRIED_PACKETS and not stream.decoded:
                stream._decode(av.Packet())


def _too_large(packet: Any) -> bool:
    """Whether a packet failed for its picture's size: only FFmpeg's log tells."""
    import av

    if packet is None:
        return False
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as log:
            packet.stream.codec_context.flush_buffers()
            packet.decode()
    except av.FFmpegError:
        pass
    finally:
        av.logging.set_level(None)
    return any(_TOO_LARGE in line for _, _, line in log)


def _summary(container: "InputContainer", video: _Stream, audio: _Stream) -> Probe:
    has_audio, has_video = audio.reason is None, video.reason is None
    image = has_video and not has_audio and video.packets == 1
    width = height = 0
    if has_video:
        from engine.media.scaling import upright_size

        width, height = upright_size(video.frames[0], video.stream)
    fps = video.stream.average_rate if has_video else None
    sound = audio.frames[0] if has_audio else None
    return Probe(
        kind="image" if image else "video" if has_video else "audio",
        duration_ms=0 if image else _duration_ms(container, video, audio),
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


def _with_tracks(probed: Probe, container: "InputContainer", use: Tracks) -> Probe:
    streams = container.streams.audio
    language = None if use.audio is None else language_of(streams[use.audio].language)
    return replace(
        probed,
        audio_tracks=len(streams),
        audio_track=use.audio,
        audio_language=language,
        video_track=use.video,
    )


def _duration_ms(container: "InputContainer", video: _Stream, audio: _Stream) -> int:
    """From the first to the end of the last packet of usable streams, in ms."""
    origin = Fraction(container.start_time or 0, 1_000_000)
    ends = [
        f.end * Fraction(f.stream.time_base)
        for f in (video, audio)
        if f.reason is None and f.end is not None
    ]
    header = None if container.duration is None else round(container.duration / 1000)
    measured = round(1000 * (max(ends) - origin)) if ends else 0
    whole = video.packets + audio.packets < _MEASURED_PACKETS
    if header is not None and (not whole or abs(header - measured) <= _HEADER_SLACK_MS):
        measured = header
    if not 0 < measured <= MAX_DURATION_MS:
        raise MediaError("bad_timestamps", f"its packets span {measured} ms")
    return measured
