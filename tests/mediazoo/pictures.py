"""F8: pictures of tiles, transparent, moving, of high dynamic range; encrypted media."""

import io
import struct
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tests.mediazoo.case import Case, Clip
from tests.mediazoo.kitchen import AAC, X264, Kitchen, box, box_at, full_box, picture, tone

_KEY = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")  # fmt: skip
_X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params",
         "log-level=none:pools=none:frame-threads=1", "-pix_fmt")  # fmt: skip
_TILE = 64


def _hevc_tile(kitchen: Kitchen, colour: str) -> tuple[bytes, bytes]:
    """Configuration box and data of a tile."""
    inputs = picture(colour, 1, 1, f"{_TILE}x{_TILE}")
    options = ("-frames:v", "1", *_X265, "yuv420p")
    content = kitchen.ffmpeg(f"tile-{colour}.mp4", *inputs, *options).read_bytes()
    entry = content.index(b"hvcC") - 4
    length = struct.unpack_from(">I", content, entry)[0]
    return content[entry : entry + length], box_at(content, b"mdat")[8:]


def _av1_tile(kitchen: Kitchen, colour: str) -> tuple[bytes, bytes]:
    inputs = picture(colour, 1, 1, f"{_TILE}x{_TILE}")
    still = ("-frames:v", "1", "-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8")
    path = kitchen.ffmpeg(f"tile-{colour}.avif", *inputs, *still, "-pix_fmt", "yuv420p")
    content = path.read_bytes()
    return box_at(content, b"meta", b"iprp", b"ipco", b"av1C"), box_at(content, b"mdat")[8:]


def _grid(
    tiles: list[tuple[bytes, bytes]],
    kind: bytes,
    columns: int,
    width: int,
    height: int,
    turn: int = 0,
) -> bytes:
    """A HEIF of tiles, row by row, its canvas cut to width and height; turn: quarters anticlockwise."""
    rows, last = len(tiles) // columns, len(tiles) + 1
    ids = range(1, last)
    brand, code = (b"heic", b"hvc1") if kind == b"hevc" else (b"avif", b"av01")

    def info(number: int, of: bytes, hidden: int) -> bytes:
        return full_box(b"infe", struct.pack(">HH", number, 0), of, b"\0", version=2, flags=hidden)

    def extent(w: int, h: int) -> bytes:
        return full_box(b"ispe", struct.pack(">II", w, h))

    configs = list(dict.fromkeys(config for config, _ in tiles))
    properties = [
        extent(_TILE, _TILE),
        extent(width, height),
        full_box(b"pixi", bytes([3, 8, 8, 8])),
    ]
    properties += [box(b"irot", bytes([turn])), *configs]

    def linked(number: int, *indexes: int) -> bytes:
        return struct.pack(">HB", number, len(indexes)) + bytes(indexes)

    links = [linked(i, 1, 3, 0x80 | (5 + configs.index(tiles[i - 1][0]))) for i in ids]
    links.append(linked(last, 2, 3, 0x80 | 4) if turn else linked(last, 2, 3))
    ipma = full_box(b"ipma", struct.pack(">I", len(links)), *links)
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)

    def meta(first: int) -> bytes:
        places, at = [], first
        for number, (_, data) in zip(ids, tiles, strict=True):
            places.append(struct.pack(">HHHHII", number, 0, 0, 1, at, len(data)))
            at += len(data)
        places.append(struct.pack(">HHHHII", last, 1, 0, 1, 0, len(grid)))
        return full_box(
            b"meta",
            full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", struct.pack(">H", last)),
            full_box(b"iloc", struct.pack(">BBH", 0x44, 0, last), *places, version=1),
            full_box(b"iinf", struct.pack(">H", last), *(info(i, code, 1) for i in ids),
                     info(last, b"grid", 0)),
            full_box(b"iref", box(b"dimg", struct.pack(f">HH{last - 1}H", last, last - 1, *ids))),
            box(b"iprp", box(b"ipco", *properties), ipma),
            box(b"idat", grid),
        )  # fmt: skip

    head = box(b"ftyp", brand, bytes(4), brand, b"mif1", b"miaf")
    first = len(head) + len(meta(0)) + 8
    return head + meta(first) + box(b"mdat", *(data for _, data in tiles))


def _hevc_grid(kitchen: Kitchen, colours: str, *rest: int) -> bytes:
    return _grid([_hevc_tile(kitchen, colour) for colour in colours.split()], b"hevc", *rest)


def _av1_grid(kitchen: Kitchen, colours: str, *rest: int) -> bytes:
    return _grid([_av1_tile(kitchen, colour) for colour in colours.split()], b"av1", *rest)


def _plain_heic() -> bytes:
    import pillow_heif

    image = Image.new("RGB", (160, 120), (255, 0, 0))
    image.paste((0, 0, 255), (80, 0, 160, 120))
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=90)
    return out.getvalue()


_SIDES = ((0.2, 0.5, "red"), (0.8, 0.5, "blue"))
_FOUR = ((0.2, 0.2, "red"), (0.8, 0.2, "blue"), (0.2, 0.8, "lime"), (0.8, 0.8, "red"))
F8A = (
    Case("f08a-four.heic", "F8a", lambda k: _hevc_grid(k, "red blue lime red", 2, 128, 128),
         (Clip(tones=(), spots=_FOUR),), size=(128, 128)),
    Case("f08a-turned.heic", "F8a", lambda k: _hevc_grid(k, "red blue", 2, 128, 64, 1),
         (Clip(tones=(), spots=((0.5, 0.2, "blue"), (0.5, 0.8, "red"))),), size=(64, 128)),
    Case("f08a-cropped.heif", "F8a", lambda k: _hevc_grid(k, "red blue lime", 3, 160, 64),
         (Clip(tones=(), spots=((0.2, 0.5, "red"), (0.6, 0.5, "blue"), (0.9, 0.5, "lime"))),),
         size=(160, 64)),
    Case("f08a-column.avif", "F8a", lambda k: _av1_grid(k, "red blue lime", 1, 64, 192),
         (Clip(tones=(), spots=((0.5, 0.1, "red"), (0.5, 0.5, "blue"), (0.5, 0.9, "lime"))),),
         size=(64, 192)),
    Case("f08a-four.avif", "F8a", lambda k: _av1_grid(k, "red blue lime red", 2, 120, 120),
         (Clip(tones=(), spots=_FOUR),), size=(120, 120)),
    Case("f08a-one.heic", "F8a", lambda k: _plain_heic(), (Clip(tones=(), spots=_SIDES),),
         size=(160, 120)),
)  # fmt: skip


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _box_on_nothing(mode: str = "RGBA") -> Image.Image:
    """A black box in the middle of nothing."""
    image = Image.new("RGBA", (128, 96), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((40, 30, 88, 66), fill=(0, 0, 0, 255))
    return image if mode == "RGBA" else image.convert(mode)


def _palette() -> bytes:
    image = Image.new("P", (128, 96), 1)
    image.putpalette([0, 0, 0, 0, 0, 0, 255, 0, 0])
    ImageDraw.Draw(image).rectangle((40, 30, 88, 66), fill=0)
    return _saved(image, "PNG", transparency=1)


def _clear_gif() -> bytes:
    image = Image.new("P", (128, 96), 1)
    image.putpalette([0, 0, 0, 10, 0, 0, 255, 0, 0])
    ImageDraw.Draw(image).rectangle((40, 30, 88, 66), fill=0)
    return _saved(image, "GIF", transparency=1)


def _clear_webm(kitchen: Kitchen) -> bytes:
    source = "color=black:s=128x96:r=10:d=2,format=rgba,geq=r=0:g=0:b=0:a='255*between(X,40,88)'"
    options = (
        "-c:v",
        "libvpx",
        "-auto-alt-ref",
        "0",
        "-pix_fmt",
        "yuva420p",
        "-deadline",
        "realtime",
    )
    return kitchen.ffmpeg("clear.webm", "-f", "lavfi", "-i", source, *options).read_bytes()


_BOX = Clip(
    tones=(), spots=((0.5, 0.5, "black"),), light=((0.08, 0.1, 160, 255), (0.92, 0.9, 160, 255))
)
F8B = (
    Case("f08b-palette.png", "F8b", lambda k: _palette(), (_BOX,), size=(128, 96)),
    Case(
        "f08b-grey.png",
        "F8b",
        lambda k: _saved(_box_on_nothing("LA"), "PNG", compress_level=1),
        (_BOX,),
    ),
    Case(
        "f08b-lossless.webp",
        "F8b",
        lambda k: _saved(_box_on_nothing(), "WEBP", lossless=True),
        (_BOX,),
    ),
    Case(
        "f08b-lossy.webp", "F8b", lambda k: _saved(_box_on_nothing(), "WEBP", quality=80), (_BOX,)
    ),
    Case("f08b-clear.avif", "F8b", lambda k: _saved(_box_on_nothing(), "AVIF"), (_BOX,)),
    Case("f08b-clear.tiff", "F8b", lambda k: _saved(_box_on_nothing(), "TIFF"), (_BOX,)),
    Case("f08b-clear.gif", "F8b", lambda k: _clear_gif(), (_BOX,)),
    Case("f08b-clear.webm", "F8b", _clear_webm, (_BOX,), 2),
)


def _moving(form: str, **options: Any) -> bytes:
    """Red for a second, then blue for a second."""
    red, blue = (Image.new("RGB", (64, 64), colour) for colour in ((255, 0, 0), (0, 0, 255)))
    frames = [red.copy() for _ in range(4)] + [blue.copy() for _ in range(5)]
    for number, frame in enumerate(frames):  # else equal neighbours become one
        frame.putpixel((number, 0), (255, 255, 255))
    return _saved(red, form, save_all=True, append_images=frames, duration=200, **options)


def _moving_box() -> bytes:
    """Transparent pictures; WebP keeps only the part that changes."""
    frames = []
    for number in range(5):
        frame = _box_on_nothing()
        frame.putpixel((45 + number, 40), (40, 40, 40, 255))
        frames.append(frame)
    return _saved(
        frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=200, lossless=True
    )


_RED_BLUE = (Clip(("red", "blue"), ()),)
F8C = (
    Case("f08c-lossy.webp", "F8c", lambda k: _moving("WEBP", quality=90), _RED_BLUE, 2, 0.3),
    Case(
        "f08c-lossless.webp",
        "F8c",
        lambda k: _moving("WEBP", lossless=True, loop=3),
        _RED_BLUE,
        2,
        0.3,
    ),
    Case("f08c-clear.webp", "F8c", lambda k: _moving_box(), (_BOX,), 1, 0.3),
    Case("f08c-moving.avif", "F8c", lambda k: _moving("AVIF"), _RED_BLUE, 2, 0.3),
    Case("f08c-moving.png", "F8c", lambda k: _moving("PNG"), _RED_BLUE, 2, 0.3),
)

_CURVES = {"pq": ("smpte2084", "16"), "hlg": ("arib-std-b67", "18")}


def _hdr(kitchen: Kitchen, name: str, curve: str, luma: int, *codecs: str) -> bytes:
    """Grey of one 8-bit code (16 to 235) in 10 bits."""
    codes = f"lutyuv=y={luma}:u=128:v=128"  # of 8 bits, so before the format of 10
    source = f"color=white:s=128x96:r=10:d=2,format=yuv420p,{codes},format=yuv420p10le"
    tags = f"setparams=color_primaries=bt2020:color_trc={_CURVES[curve][0]}:colorspace=bt2020nc"
    flags = [
        "-color_primaries",
        "bt2020",
        "-color_trc",
        _CURVES[curve][0],
        "-colorspace",
        "bt2020nc",
    ]
    inputs = ["-f", "lavfi", "-i", f"{source},{tags}:range=limited"]
    return kitchen.ffmpeg(name, *inputs, *codecs, *flags).read_bytes()


_VP9 = ("-c:v", "libvpx-vp9", "-profile:v", "2", "-deadline", "realtime", "-cpu-used", "8",
        "-pix_fmt", "yuv420p10le")  # fmt: skip
_X264_10 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le")


def _f8d(name: str, curve: str, luma: int, least: int, most: int, *codecs: str) -> Case:
    clip = Clip(tones=(), light=((0.5, 0.5, least, most),))
    return Case(name, "F8d", lambda k: _hdr(k, name, curve, luma, *codecs), (clip,), 2)


# PQ 0.58 and HLG 0.75 are the white of paper (203 nit, BT.2408); PQ 0.51 is about half of that light.
F8D = (
    _f8d("f08d-pq-white.mp4", "pq", 143, 190, 255, *_X265, "yuv420p10le"),
    _f8d("f08d-pq-grey.webm", "pq", 128, 145, 235, *_VP9),
    _f8d("f08d-pq-dark.mov", "pq", 16, 0, 25, *_X264_10),
    _f8d("f08d-hlg-white.mkv", "hlg", 180, 185, 255, *_X264_10),
    _f8d("f08d-hlg-grey.mp4", "hlg", 126, 95, 190, *_X265, "yuv420p10le"),
)


def _encrypted(kitchen: Kitchen, name: str, *options: str, film: bool = True) -> bytes:
    inputs = [*(picture("red") if film else ()), *tone(500)]
    return kitchen.ffmpeg(
        name, *inputs, *(X264 if film else ()), *AAC, *_KEY, *options
    ).read_bytes()


def _scrambled(kitchen: Kitchen) -> bytes:
    """A transport stream whose payloads are scrambled, as set-top boxes record it."""
    noise = np.random.default_rng(11)
    content = bytearray(kitchen.film("red", 500, "ts", *X264, "-c:a", "mp2").read_bytes())
    for at in range(0, len(content), 188):
        if (content[at + 1] & 0x1F) == 1 and content[at + 3] & 0x10:  # PIDs 0x100 and up
            head = 4 + (1 + content[at + 4] if content[at + 3] & 0x20 else 0)
            content[at + 3] |= 0x80
            content[at + head : at + 188] = noise.bytes(188 - head)
    return bytes(content)


def _bought(kitchen: Kitchen) -> bytes:
    """A song as shops sold it: entry `drms`, data that nobody can read."""
    noise = np.random.default_rng(12)
    content = bytearray(kitchen.film("", 500, "m4a", *AAC).read_bytes())
    entry = content.index(b"stsd") + 16
    content[entry : entry + 4] = b"drms"
    start = content.index(b"mdat") + 4
    end = start - 8 + struct.unpack_from(">I", content, start - 8)[0]
    content[start:end] = noise.bytes(end - start)
    return bytes(content)


def _bought_film(kitchen: Kitchen) -> bytes:
    """Only the picture is protected."""
    content = kitchen.film("red", 500, "mp4", *X264, *AAC).read_bytes()
    at = content.index(b"stsd")
    return content[:at] + content[at:].replace(b"avc1", b"drmi", 1)


def _f8e(name: str, *options: str, film: bool = True) -> Case:
    return Case(
        name, "F8e", lambda k: _encrypted(k, name, *options, film=film), outcome="encrypted"
    )


F8E = (
    _f8e("f08e-sound.m4a", film=False),
    _f8e("f08e-fragments.mp4", "-movflags", "frag_keyframe+empty_moov"),
    _f8e("f08e-film.mov", "-f", "mp4"),
    Case("f08e-scrambled.ts", "F8e", _scrambled, outcome="encrypted"),
    Case("f08e-bought.m4p", "F8e", _bought, outcome="encrypted"),
    Case("f08e-only-picture.m4v", "F8e", _bought_film, (Clip((), (500,)),), 2),
)
F8 = (*F8A, *F8B, *F8C, *F8D, *F8E)
