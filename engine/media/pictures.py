"""Pictures that FFmpeg doesn't read whole, or not at all: HEIF, AVIF, animated WebP and JPEG XL.

A phone's photo is a grid of tiles beside thumbnails and depth maps, of which FFmpeg's demuxer gives one
tile. libheif and libavif put the picture together and turn it; `engine.media.aperture` says how it is
cropped. What EXIF says of its orientation is left aside: the format's own `irot` and `imir` hold (ISO/IEC
23008-12). Only bytes of the one file are read. Moving HEIF (`.heics`) stays with FFmpeg, which reads it
as a film. Of a moving JPEG XL the first picture is taken.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO, FileIO
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.media import movies
from engine.media.aperture import aperture, moving_aperture
from engine.media.boxes import Box, find, is_cut, whole
from engine.media.boxes import content as content_of
from engine.media.ground import Ground
from engine.media.hdr import Transfer, to_sdr, transfer_of
from engine.media.jxl import STARTS, header
from engine.media.open import MAX_PIXELS, MediaError, Reason, open_file
from manifests.media import Frames

_HEIF = {b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF = {b"avif", b"avis"}
# The libraries want all bytes at once.
_MAX_BYTES = 512 << 20
# Moving pictures: more than an hour at 25 a second.
_MAX_COUNT = 100_000
# What is to be shown no longer than this is shown for 100 ms, as browsers do.
_SHORTEST_MS, _INSTEAD_MS = 10, 100


@dataclass
class Pictures:
    """The pictures of one file, of which there is at least one.

    width, height: upright, in pixels. starts: when each comes on screen, in ms, ascending from 0. end_ms:
    when the last leaves it, 0 for a still. container, codec: as FFmpeg names them.
    """

    container: str
    codec: str
    width: int
    height: int
    starts: Sequence[int]
    end_ms: int
    hdr: Transfer | None
    image: Callable[[int], Any]
    """The picture of a number as an upright Pillow image."""
    fault: Reason
    """Why pictures are missing where some are."""

    def shown(self, moments: Sequence[Fraction]) -> list[int]:
        """The numbers of the pictures on screen at these times in seconds, each once."""
        return sorted({max(0, bisect_right(self.starts, 1000 * at) - 1) for at in moments})

    def scaled(self, numbers: Sequence[int], px: int) -> Frames:
        """These pictures, (n, height, width, 3) uint8 RGB, their longest side at most `px`.

        Raises MediaError when one can't be decoded.
        """
        ground = Ground()
        scale = min(Fraction(1), Fraction(px, max(self.width, self.height)))
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        return np.stack([self._scaled(number, size, ground) for number in numbers])

    def _scaled(self, number: int, size: tuple[int, int], ground: Ground) -> npt.NDArray[np.uint8]:
        from PIL import Image

        with _own_errors(self.fault):
            image = self.image(number)
            image.load()
        alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
        mode = "RGBA" if alpha else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        picture = np.asarray(image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
        if self.hdr is not None:
            colours = to_sdr(picture[..., :3], self.hdr)
            picture = np.dstack([colours, picture[..., 3]]) if alpha else colours
        return ground.under(picture) if alpha else picture


@contextmanager
def open_pictures(path: bytes, expect: tuple[int, int] | None = None) -> Iterator[Pictures | None]:
    """The pictures in the file at `path`, or None when it is not of these formats.

    expect: as for `open_media`. Raises MediaError.
    """
    with open_file(path, expect) as (file, head):
        yield _read(file, head)


def _read(file: FileIO, head: bytes) -> Pictures | None:
    if len(head) >= 30 and head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and head[20] & 2:
        return _webp(file, head)
    if head.startswith(STARTS):
        return _jpeg_xl(file)
    if head[4:8] != b"ftyp":
        return None
    length = int.from_bytes(head[:4])
    brands = {head[at : at + 4] for at in (8, *range(16, min(length, len(head)) - 3, 4))}
    if brands & _AVIF:
        return _avif(file)
    if head[8:12] in _HEIF and next(find(file, _first(file), b"moov"), None) is None:
        return _heif(file)
    return None


def _heif(file: FileIO) -> Pictures:
    import pi_heif

    pi_heif.options.DECODE_THREADS = 1
    fault: Reason = "truncated" if is_cut(file) else "broken"
    clean, content = aperture(file), _all(file)[: _first(file).end]
    with _own_errors(fault):
        pictures = pi_heif.open_heif(BytesIO(clean.opened(content) if clean else content))
        first = pictures[pictures.primary_index]
    _check_size(*first.size)
    place = clean.upright() if clean else (0, 0, *first.size)
    if place[2] > first.size[0] or place[3] > first.size[1]:
        place = (0, 0, *first.size)
    width, height = place[2] - place[0], place[3] - place[1]
    nclx: Any = first.info.get("nclx_profile") or {}
    hdr = transfer_of(int(nclx.get("transfer_characteristics", 0)))

    def image(_: int) -> Any:
        return first.to_pillow().crop(place)

    return Pictures("heif", "hevc", width, height, [0], 0, hdr, image, fault)


def _jpeg_xl(file: FileIO) -> Pictures:
    from imagecodecs import JpegxlError, jpegxl_decode
    from PIL import Image

    head = header(file)
    _check_size(head.width, head.height)
    fault: Reason = "broken"
    with _own_errors(fault):
        try:
            picture = jpegxl_decode(_all(file), index=0, numthreads=1)
        except JpegxlError as error:
            if "NEED_MORE_INPUT" in str(error):
                raise MediaError("truncated", "the picture ends in the middle") from None
            raise
    if picture.dtype == np.uint16:
        picture = picture >> 8
    elif picture.dtype != np.uint8:
        picture = np.clip(picture, 0, 1) * 255
    image = Image.fromarray(picture.astype(np.uint8))
    return Pictures("jpegxl", "jpegxl", *image.size, [0], 0, head.transfer, lambda _: image, fault)


def _avif(file: FileIO) -> Pictures:
    from PIL import AvifImagePlugin, ImageOps

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    fault: Reason = "truncated" if is_cut(file) else "broken"
    with _own_errors(fault):
        picture = AvifImagePlugin.AvifImageFile(BytesIO(_all(file)[: _first(file).end]))
        orientation = picture.getexif().get(0x112, 1)  # of irot and imir: Pillow puts it there
    _check_size(*picture.size)
    count = min(picture.n_frames, _MAX_COUNT)
    place = (0, 0, *picture.size)
    if count > 1:
        clear = moving_aperture(file)
        if clear and clear[2] <= place[2] and clear[3] <= place[3]:
            place = clear
    elif (clean := aperture(file)) and clean.size == picture.size:
        place = clean.clean
    width, height = place[2] - place[0], place[3] - place[1]
    if orientation > 4:
        width, height = height, width
    starts, end = _times(_avif_lengths(file, count)) if count > 1 else ([0], 0)

    def image(number: int) -> Any:
        picture.seek(number)
        shown = picture if place == (0, 0, *picture.size) else picture.crop(place)
        return shown if orientation == 1 else ImageOps.exif_transpose(shown)

    return Pictures("avif", "av1", width, height, starts, end, _avif_hdr(file), image, fault)


def _avif_lengths(file: FileIO, count: int) -> list[int]:
    """For how many ms each picture of the first track is shown."""
    track = next(find(file, _first(file), b"moov", b"trak", b"mdia"), None)
    lengths: list[int] = []
    if track is not None:
        header = b"".join(content_of(file, box, 32) for box in find(file, track, b"mdhd"))
        scale = int.from_bytes(header[20:24] if header[:1] == b"\1" else header[12:16]) or 1000
        for table in find(file, track, b"minf", b"stbl", b"stts"):
            runs = np.frombuffer(content_of(file, table)[8:][: 8 * _MAX_COUNT], dtype=">u4")
            for times, ticks in runs[: len(runs) // 2 * 2].reshape(-1, 2).tolist():
                left = count - len(lengths)
                lengths += [round(1000 * ticks / scale)] * min(times, left)
    return lengths + [_INSTEAD_MS] * (count - len(lengths))


def _avif_hdr(file: FileIO) -> Transfer | None:
    for colour in find(file, whole(file), b"meta", b"iprp", b"ipco", b"colr"):
        nclx = content_of(file, colour, 8)
        if nclx[:4] == b"nclx":
            return transfer_of(int.from_bytes(nclx[6:8]))
    return None


def _webp(file: FileIO, head: bytes) -> Pictures:
    from PIL import Image, WebPImagePlugin

    width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
    _check_size(width, height)
    lengths = _webp_lengths(file)
    if not lengths:
        raise MediaError("broken", "an animated WebP without pictures")
    starts, end = _times(lengths) if len(lengths) > 1 else ([0], 0)
    cut = whole(file).end < 8 + int.from_bytes(head[4:8], "little")
    fault: Reason = "truncated" if cut else "broken"
    content = bytearray(_all(file))
    content[20] |= 0x10  # encoders leave it out where only what no picture covers is transparent
    with _own_errors(fault):
        picture: Image.Image = WebPImagePlugin.WebPImageFile(BytesIO(content))

    def image(number: int) -> Image.Image:
        picture.seek(number)
        return picture.copy()

    return Pictures("webp", "webp", width, height, starts, end, None, image, fault)


def _webp_lengths(file: FileIO) -> list[int]:
    """For how many ms each picture is shown, from the ANMF chunks that are whole."""
    lengths: list[int] = []
    size, at = whole(file).end, 12
    while at + 24 <= size and len(lengths) < _MAX_COUNT:
        file.seek(at)
        chunk = file.read(24)
        length = int.from_bytes(chunk[4:8], "little")
        if chunk[:4] == b"ANMF" and at + 8 + length <= size:
            lengths.append(int.from_bytes(chunk[20:23], "little"))
        at += 8 + length + length % 2
    return lengths


def _times(lengths: list[int]) -> tuple[list[int], int]:
    """When each picture comes on screen and when the last leaves it, in ms."""
    ends = np.cumsum([ms if ms > _SHORTEST_MS else _INSTEAD_MS for ms in lengths]).tolist()
    return [0, *ends[:-1]], ends[-1]


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= MAX_PIXELS:
        raise MediaError("too_large", f"a picture of {width} x {height}, over {MAX_PIXELS} pixels")


def _first(file: FileIO) -> Box:
    """The boxes of the picture, as if they were in one, without the film that phones put behind it."""
    return Box(b"", 0, next(movies.starts(file, 0), None) or movies.end(file, 0))


def _all(file: FileIO) -> bytes:
    if whole(file).end > _MAX_BYTES:
        raise MediaError("too_large", f"pictures of over {_MAX_BYTES >> 20} MiB")
    file.seek(0)
    return file.readall()


@contextmanager
def _own_errors(reason: Reason) -> Iterator[None]:
    """Makes MediaError of what the libraries raise for bytes they can't use."""
    try:
        yield
    except MemoryError:
        raise MediaError("too_large", "its pictures take too much memory") from None
    except MediaError:
        raise
    except Exception as error:  # libheif and libavif raise whatever their bindings chose
        raise MediaError(reason, f"the picture can't be decoded: {error}") from None
