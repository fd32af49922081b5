"""Tools that make small media: ffmpeg with a cache, boxes of ISO media, checksums of other formats."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from engine.media.ffmpeg import run

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "96k")
RATE = 48_000


class Kitchen:
    """Makes files in a scratch folder. What has been made once is there for all that need it."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        scratch.mkdir(parents=True, exist_ok=True)

    def ffmpeg(self, name: str, *options: str) -> Path:
        """A file of this name by ffmpeg with these options. A name stands for its options."""
        path = self.scratch / name
        if not path.exists():
            run([*options, "-threads", "1", f"file:{path}"])
        return path

    def film(
        self, colour: str, hertz: int, suffix: str, *codecs: str, seconds: float = 2, fps: int = 10
    ) -> Path:
        """A film of one colour with one tone. hertz 0: without sound. colour "": without a picture."""
        options: list[str] = []
        if colour:
            options += picture(colour, seconds, fps)
        if hertz:
            options += tone(hertz, seconds)
        codecs = codecs or (*X264, *AAC)
        # ffmpeg may be told "-c:v ..." also where there is no picture; it says so and goes on.
        key = zlib.crc32(repr((options, codecs)).encode())
        return self.ffmpeg(f"{colour}-{hertz}-{key:08x}.{suffix}", *options, *codecs)

    def copied(self, name: str, source: Path, *options: str, before: tuple[str, ...] = ()) -> Path:
        """`source` with all its streams copied; `before`: options of the input."""
        path = ("-i", f"file:{source}")
        return self.ffmpeg(name, *before, *path, "-map", "0", "-c", "copy", *options)


def picture(colour: str, seconds: float = 2, fps: int = 10, size: str = "128x96") -> list[str]:
    """ffmpeg's options of an input of one colour."""
    return ["-f", "lavfi", "-i", f"color={colour}:s={size}:r={fps}:d={seconds}"]


def tone(hertz: int, seconds: float = 2, rate: int = RATE) -> list[str]:
    """ffmpeg's options of an input of one sine of amplitude 1/8."""
    return ["-f", "lavfi", "-i", f"sine={hertz}:r={rate}:d={seconds}"]


def silence(seconds: float = 2, layout: str = "stereo") -> list[str]:
    """ffmpeg's options of an input of digital silence."""
    return ["-f", "lavfi", "-i", f"anullsrc=r={RATE}:cl={layout}:d={seconds}"]


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of ISO media."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def boxes(
    content: bytes, start: int = 0, end: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and length of the boxes of a stretch."""
    end = len(content) if end is None else end
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", content, start)
        if length < 8:
            return
        yield kind, start, length
        start += length


def box_at(content: bytes, *path: bytes, start: int = 0, end: int | None = None) -> bytes:
    """The first box of this path, with its head. Raises LookupError."""
    for kind, at, length in boxes(content, start, end):
        if kind == path[0]:
            if len(path) == 1:
                return content[at : at + length]
            head = 12 if kind == b"meta" else 8
            return box_at(content, *path[1:], start=at + head, end=at + length)
    raise LookupError(path)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def mpeg_crc(section: bytes) -> int:
    """The CRC of MPEG-2 sections."""
    crc = 0xFFFFFFFF
    for byte in section:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc
