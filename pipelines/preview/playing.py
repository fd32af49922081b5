"""What a browser plays as it is: the source, without coding it anew.

Formats and codecs that Chromium, Firefox and Safari of today have in common. Whether one of them really
plays a file only it can tell: a page tries, and falls back on the preview.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.media.open import MediaError, audio_stream, open_media, video_stream
from manifests.ids import path_of
from pipelines.preview.source import Row

if TYPE_CHECKING:
    from av.container import InputContainer

_VIDEO: dict[str, tuple[str, frozenset[str], frozenset[str]]] = {
    # Demuxer: media type without its kind, codecs of pictures, codecs of sound.
    "mov": ("mp4", frozenset({"h264", "av1", "vp9"}), frozenset({"aac", "mp3", "opus", "flac"})),
    "matroska": ("webm", frozenset({"vp8", "vp9", "av1"}), frozenset({"opus", "vorbis"})),
}
_AUDIO: dict[str, tuple[str, frozenset[str]]] = {
    # No MP3: in one of variable bit rate browsers guess where a moment is, and miss it by seconds.
    "flac": ("audio/flac", frozenset({"flac"})),
    "wav": ("audio/wav", frozenset({"pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_f32le"})),
    "ogg": ("audio/ogg", frozenset({"opus", "vorbis"})),
}
_PIXELS = frozenset({"yuv420p", "yuvj420p"})
"""Layouts of pixels that every browser shows: 8 bits."""


_LATE_US = 40_000
"""How late a clock may begin: browsers count from its beginning, clips from 0."""


@dataclass(frozen=True, slots=True)
class Playing:
    """How a browser plays a clip from its source. media_type: of the whole file. start, end: of the clip
    in it, in seconds; None where it is all of it."""

    media_type: str
    start: float | None = None
    end: float | None = None


def playing(row: Row) -> Playing | None:
    """How a clip is played from its source, a row of the clips table; None where it has to be coded anew,
    or can't be read. It may crash this process."""
    if row.get("fault") is not None or row["end_ms"] == row["start_ms"] or row["first_byte"]:
        return None
    try:
        with open_media(path_of(row["uri"]), (row["size"], row["mtime_ns"])) as container:
            media_type = _media_type(container, row)
    except (MediaError, ValueError):
        return None
    if media_type is None or row["end_byte"] not in (0, None, row["size"]):
        return None
    if row["whole"] and not row["file_ms"]:
        return Playing(media_type)
    first = row["file_ms"] / 1000
    return Playing(media_type, first, first + (row["end_ms"] - row["start_ms"]) / 1000)


def _media_type(container: "InputContainer", row: Row) -> str | None:
    """The media type of an open file, None where not all browsers play what is used of it."""
    name = container.format.name.partition(",")[0]
    streams = container.streams
    if abs(container.start_time or 0) > _LATE_US:
        return None
    if (row["audio_track"] or 0) or (row["video_track"] or 0) or len(streams.audio) > 1:
        return None
    pictures, sound = video_stream(container)[0], audio_stream(container)[0]
    heard = None if sound is None else _codec(sound.codec_context.name)
    if row["has_video"] != (pictures is not None) or row["has_audio"] != (sound is not None):
        return None
    if pictures is None:
        media_type, codecs = _AUDIO.get(name, ("", frozenset()))
        if name in _VIDEO:
            media_type, codecs = f"audio/{_VIDEO[name][0]}", _VIDEO[name][2]
        return media_type if heard in codecs else None
    if name not in _VIDEO or pictures.codec_context.pix_fmt not in _PIXELS:
        return None
    kind, seen, with_sound = _VIDEO[name]
    known = _codec(pictures.codec_context.name) in seen
    return f"video/{kind}" if known and (heard is None or heard in with_sound) else None


_OF_DECODER = {
    "libdav1d": "av1",
    "libvpx": "vp8",
    "libvpx-vp9": "vp9",
    "mp3float": "mp3",
    "libopus": "opus",
    "libvorbis": "vorbis",
}


def _codec(decoder: str) -> str:
    """The codec of a decoder: FFmpeg has several for some."""
    return _OF_DECODER.get(decoder, decoder)
