"""Opening media from sources that nobody vouches for.

A source is opened once as a plain file and handed to FFmpeg as a byte stream without a name. So
nothing in its name or content can make FFmpeg open anything else: no protocol, no pattern, no
second file (`io_open` refuses them all), and only the demuxers named here may read it, which
leaves out playlists, subtitles, devices, bare H.264, HEVC and AV1 (they have no clock) and the demuxers
that take any text for pictures.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from io import FileIO
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

Reason = Literal[
    "missing",
    "unreadable",
    "empty_file",
    "not_media",
    "network_reference",
    "no_streams",
    "encrypted",
    "dolby_vision",
    "truncated",
    "broken",
    "too_large",
    "bad_timestamps",
    "source_changed",
    "timeout",
    "decoder_crash",
    "memory",
]
"""Why media could not be used. `network_reference`: it names other files or hosts. `timeout`,
`decoder_crash` and `memory` are for whoever runs the decoder in a process of its own."""

# Largest picture that is decoded: 8192 x 8192. 8K video is half of it.
MAX_PIXELS = 1 << 26

_BUFFER = 1 << 16
# The demuxers that may read a source, by FFmpeg's names.
DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "asf",
    "flv",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "m4v",
    "ivf",
    "dv",
    "mxf",
    "nut",
    "rm",
    "wtv",
    "yuv4mpegpipe",
    "gif",
    "apng",
    "png_pipe",
    "jpeg_pipe",
    "webp_pipe",
    "bmp_pipe",
    "tiff_pipe",
    "j2k_pipe",
    "qoi_pipe",
    "ppm_pipe",
    "pgm_pipe",
    "pbm_pipe",
    "pam_pipe",
    "exr_pipe",
    "hdr_pipe",
    "psd_pipe",
    "wav",
    "w64",
    "aiff",
    "au",
    "caf",
    "voc",
    "mp3",
    "aac",
    "ac3",
    "eac3",
    "dts",
    "flac",
    "ogg",
    "amr",
    "ape",
    "wv",
    "tta",
    "tak",
    "mpc",
    "mpc8",
)
_PLAYLISTS = (b"#extm3u", b"ffconcat", b"v=0", b"[playlist]", b"[reference]", b"<asx", b"rtsptext")
_MANIFESTS = (b"<mpd", b"<smil", b"<smoothstreamingmedia", b"<playlist", b"<asset_list")


_S = TypeVar("_S", bound=Any)


class MediaError(Exception):
    """Media that can't be used: `reason` for counting, `message` for people. Survives pickling."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


Range = tuple[int, int | None]
"""Bytes [first, end) of a file that are a recording by themselves; None for the end of the file."""
WHOLE: Range = (0, None)


class _Bytes:
    """A range of a file as FFmpeg may see it: bytes and positions. A name would steer the choice of
    demuxer."""

    name = ""

    def __init__(self, file: FileIO, first: int, end: int) -> None:
        self._file = file
        self._first, self._end = first, end
        self.seek(0)

    def read(self, size: int) -> bytes:
        return self._file.read(max(0, min(size, self._end - self._file.tell())))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: self._first, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._end}
        return self._file.seek(max(self._first, origin[whence] + offset)) - self._first

    def tell(self) -> int:
        return self._file.tell() - self._first


@contextmanager
def open_media(
    path: bytes, expect: tuple[int, int] | None = None, part: Range = WHOLE
) -> Iterator["InputContainer"]:
    """The container in the file at `path`, with its streams found and each decoder held to one thread.

    expect: (size in bytes, mtime in ns) that the file must have, before and after. part: what of the
    file is read. Raises MediaError, also in place of what FFmpeg raises in the `with` block.
    """
    import av

    with open_file(path, expect) as (file, _):
        first, end = part
        seen = _Bytes(file, first, os.fstat(file.fileno()).st_size if end is None else end)
        head = seen.read(4096)
        seen.seek(0)
        try:
            container = av.open(
                seen,
                "r",
                _format(head),
                options=_options(head),
                metadata_errors="replace",
                buffer_size=_BUFFER,
                io_open=_refuse,
            )
        except (av.FFmpegError, ValueError, OSError) as error:
            raise _unopened(error, head, file) from None
        with container:
            try:
                yield container
            except av.MemoryError as error:
                raise MediaError("too_large", str(error)) from None
            except av.FFmpegError as error:
                raise MediaError("broken", str(error)) from None


@contextmanager
def open_file(path: bytes, expect: tuple[int, int] | None = None) -> Iterator[tuple[FileIO, bytes]]:
    """The file at `path`, at its start, and its first 4 KiB. expect and errors: as for `open_media`."""
    with _open_file(path) as file:
        size = _check(file, expect)
        head = file.read(4096)
        file.seek(0)
        if not size:
            raise MediaError("empty_file", "the file has no bytes")
        yield file, head
        _check(file, expect)


def packets_of(container: "InputContainer", streams: "Sequence[Stream]") -> "Iterator[Packet[Any]]":
    """The packets of these streams, and for each an empty one at the end.

    FFmpeg may find further streams while it reads. PyAV does not know them, and raises IndexError where
    it ends theirs, after those that it knows.
    """
    try:
        yield from container.demux(list(streams))
    except IndexError:
        return


def video_stream(
    container: "InputContainer", track: int | None = None
) -> tuple["VideoStream | None", str | None]:
    """The stream with the moving picture, or None and why there is none.

    track: its number among the streams of pictures, where it was chosen before; without, FFmpeg's best
    that has a decoder.
    """
    streams = container.streams.video
    if streams and all(_attached(s) for s in streams):
        return None, "only cover art"
    return _one(streams, track, decodable_video(container), "video")


def audio_stream(
    container: "InputContainer", track: int | None = None
) -> tuple["AudioStream | None", str | None]:
    """The main stream of sound, or None and why there is none.

    track: its number among the streams of sound, where it was chosen before; without, FFmpeg's best
    that has a decoder.
    """
    return _one(container.streams.audio, track, decodable_audio(container), "audio")


def decodable_video(container: "InputContainer") -> list[int]:
    """Numbers of the streams of pictures that have a decoder, FFmpeg's best first and previews last;
    without cover art."""
    from av.stream import Disposition

    streams, best = container.streams.video, container.streams.best("video")
    previews = Disposition.timed_thumbnails | Disposition.still_image
    usable = [n for n, s in enumerate(streams) if s.codec_context is not None and not _attached(s)]
    if any(streams[n].frames > 1 for n in usable):  # moving HEIF has a still for its cover, too
        usable = [n for n in usable if streams[n].frames != 1]
    order = {n: (bool(streams[n].disposition & previews), streams[n] is not best) for n in usable}
    return sorted(usable, key=lambda n: order[n])


def decodable_audio(container: "InputContainer") -> list[int]:
    """Numbers of the streams of sound that have a decoder, FFmpeg's best first."""
    streams, best = container.streams.audio, container.streams.best("audio")
    usable = [n for n, stream in enumerate(streams) if stream.codec_context is not None]
    return sorted(usable, key=lambda n: streams[n] is not best)


def origin_of(container: "InputContainer") -> Fraction:
    """The first moment that a player shows, in seconds on the streams' clocks.

    In MP4 what lies before 0 is hidden by an edit list; FFmpeg does not always mark it so.
    """
    origin = Fraction(container.start_time or 0, 1_000_000)
    return max(Fraction(0), origin) if container.format.name.startswith("mov,") else origin


def use_only(container: "InputContainer", chosen: "list[Stream]") -> None:
    """Makes the demuxer skip every other stream."""
    from av.stream import Discard

    for stream in container.streams:
        if stream not in chosen:
            stream.discard = Discard.all


def _one(
    streams: Sequence[_S], track: int | None, usable: list[int], kind: str
) -> tuple[_S | None, str | None]:
    if not streams:
        return None, f"no {kind} stream"
    if not usable:
        return None, f"no decoder for this {kind} stream"
    stream = streams[track if track in usable else usable[0]]
    stream.codec_context.thread_count = 1
    stream.codec_context.thread_type = "NONE"
    return stream, None


def _attached(stream: "Stream") -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _open_file(path: bytes) -> FileIO:
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise MediaError("missing", os.strerror(error.errno or 0)) from None
    except (OSError, ValueError) as error:
        raise MediaError("unreadable", getattr(error, "strerror", None) or str(error)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MediaError("unreadable", "not a regular file")
    return FileIO(descriptor, "rb", closefd=True)


def _check(file: FileIO, expect: tuple[int, int] | None) -> int:
    status = os.fstat(file.fileno())
    if expect is not None and expect != (status.st_size, status.st_mtime_ns):
        raise MediaError("source_changed", "size or mtime differ from those of the hashed file")
    return status.st_size


def _options(head: bytes) -> dict[str, str]:
    options = {
        "format_whitelist": ",".join(DEMUXERS),
        "max_pixels": str(MAX_PIXELS),
        "threads": "1",
    }
    if head.startswith((b"RIFF", b"RF64")) and head[8:12] == b"WAVE":
        # FFmpeg looks for DTS in PCM, over and over as it reads: 0.8 s of CPU at 192 kHz, 5.1.
        options["probesize"] = str(1 << 18)
    return options


def _format(head: bytes) -> str | None:
    """The format of a file that begins like this, where FFmpeg may be led astray: a small JPEG with much
    behind it (a film, an archive) is none to it. None where FFmpeg finds out."""
    return "jpeg_pipe" if head.startswith(b"\xff\xd8\xff") else None


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise MediaError("network_reference", f"it asks to open {url[:200]!r}")


def _unopened(error: Exception, head: bytes, file: FileIO) -> MediaError:
    import av

    from engine.media import advice, boxes

    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PLAYLISTS) or (
        text.startswith(b"<") and any(tag in text for tag in _MANIFESTS)
    ):
        return MediaError("network_reference", advice.PLAYLIST)
    if isinstance(error, av.MemoryError):
        return MediaError("too_large", str(error))
    if isinstance(error, OSError) and not isinstance(error, av.FFmpegError):
        return MediaError("unreadable", str(error))
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        index = next(boxes.find(file, boxes.whole(file), b"moov"), None)
        if index is not None and not boxes.is_cut(file):
            return MediaError("broken", f"its index (moov) can't be read ({error})")
        return MediaError("truncated", advice.CUT_INDEX)
    return MediaError("not_media", advice.what_it_is(head))
