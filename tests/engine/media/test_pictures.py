"""HEIF, AVIF, animated WebP and JPEG XL: whole pictures, upright, and their times."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from imagecodecs import jpegxl_encode
from PIL import Image, ImageCms

from engine.media import pictures as under_test
from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.open import MediaError
from engine.media.probe import Probe, probe
from tests.engine.media import heif

pytestmark = pytest.mark.run

_Array = npt.NDArray[np.uint8]
_RED, _GREEN, _BLUE, _WHITE = (230, 20, 20), (20, 200, 20), (20, 20, 230), (240, 240, 240)


def _corners(width: int = 256, height: int = 128) -> _Array:
    """Quarters of red, green (above), blue and white (below)."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2], rgb[: height // 2, width // 2 :] = _RED, _GREEN
    rgb[height // 2 :, : width // 2], rgb[height // 2 :, width // 2 :] = _BLUE, _WHITE
    return rgb


def _names(frame: _Array) -> str:
    """The colours in the corners of a frame, from above left row by row."""
    height, width = frame.shape[:2]
    palette = {"r": _RED, "g": _GREEN, "b": _BLUE, "w": _WHITE}
    spots = [(height // 8, width // 8), (height // 8, -width // 8 - 1)]
    spots += [(-height // 8 - 1, width // 8), (-height // 8 - 1, -width // 8 - 1)]
    near = [
        {n: np.abs(np.subtract(frame[at], c)).max() for n, c in palette.items()} for at in spots
    ]
    return "".join(min(d, key=lambda n: d[n]) if min(d.values()) < 40 else "?" for d in near)


def _decoded(path: Path, frames: int = 1, px: int = 512) -> tuple[Probe, _Array, tuple[int, ...]]:
    probed = probe(bytes(path))
    plan = DecodePlan((16_000,), frames, px)
    media = decode(bytes(path), "c", "h", 0, probed.duration_ms, plan, False, True).media
    assert media.frames is not None
    return probed, media.frames, media.frame_times_ms


def _still(path: Path, px: int = 512) -> _Array:
    """The one frame of a still whose size is as the probe says."""
    probed, frames, times = _decoded(path, px=px)
    assert (probed.kind, probed.duration_ms, times) == ("image", 0, (0,))
    if px >= max(probed.width, probed.height):
        assert frames.shape == (1, probed.height, probed.width, 3)
    return frames[0]


def _heic(path: Path, *arrays: _Array, **options: object) -> Path:
    file = pillow_heif.from_pillow(Image.fromarray(arrays[0]))
    for array in arrays[1:]:
        file.add_from_pillow(Image.fromarray(array))
    file.save(path, quality=95, **options)
    return path


def _jxl(path: Path, array: npt.NDArray[Any], **options: object) -> Path:
    path.write_bytes(jpegxl_encode(array, **options))
    return path


def _avif(path: Path, array: _Array, **options: object) -> Path:
    Image.fromarray(array).save(path, "AVIF", quality=95, **options)
    return path


# Grids and what lies beside the picture


@pytest.mark.parametrize("size", [(256, 128), (250, 130), (300, 202)])
def test_a_heic_of_tiles_is_one_picture(tmp_path: Path, size: tuple[int, int]) -> None:
    frame = _still(_heic(tmp_path / "a.heic", _corners(*size), tile_size=64))
    assert frame.shape == (size[1], size[0], 3)
    assert _names(frame) == "rgbw"


@pytest.mark.parametrize("size", [(256, 128), (250, 128), (200, 100)])
def test_an_avif_of_tiles_is_one_picture(tmp_path: Path, size: tuple[int, int]) -> None:
    tiles = [_avif(tmp_path / f"{n}.avif", tile) for n, tile in enumerate(heif.tiles(_corners()))]
    path = tmp_path / "grid.avif"
    path.write_bytes(heif.grid([tile.read_bytes() for tile in tiles], (2, 1), *size))
    frame = _still(path)
    assert frame.shape == (size[1], size[0], 3)
    assert _names(frame)[::2] == "rb"


def test_the_first_picture_of_several_is_taken(tmp_path: Path) -> None:
    burst = [_corners(), np.zeros((64, 64, 3), np.uint8), np.zeros((128, 256, 3), np.uint8)]
    assert _names(_still(_heic(tmp_path / "a.heic", *burst))) == "rgbw"
    last = _heic(tmp_path / "b.heic", *burst[::-1], primary_index=2)
    assert _names(_still(last)) == "rgbw"


def test_thumbnails_are_no_pictures(tmp_path: Path) -> None:
    file = pillow_heif.from_pillow(Image.fromarray(_corners()))
    file.info["thumbnails"] = [64]
    file.save(tmp_path / "a.heic", quality=95)
    assert _names(_still(tmp_path / "a.heic")) == "rgbw"


@pytest.mark.parametrize("form", ["yuv420p10le", "yuv444p10le", "yuv422p12le", "gray10le"])
def test_deep_avif_is_read(tmp_path: Path, form: str) -> None:
    raw = tmp_path / "a.rgb"
    raw.write_bytes(_corners().tobytes())
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "256x128", "-i", str(raw)]
    av1 = ["-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "5", "-still-picture", "1"]
    run([*given, "-pix_fmt", form, *av1, str(tmp_path / "a.avif")])
    frame = _still(tmp_path / "a.avif")
    assert _names(frame) == "rgbw" if form != "gray10le" else frame.std() > 40


def test_deep_heic_is_read(tmp_path: Path) -> None:
    deep = _corners().astype(np.uint16) * 257
    file = pillow_heif.from_bytes("RGB;16", (256, 128), deep.tobytes())
    file.save(tmp_path / "a.heic", quality=95)
    assert _names(_still(tmp_path / "a.heic")) == "rgbw"


# Upright, once

_TURNED = {1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"}


@pytest.mark.parametrize("orientation", _TURNED)
@pytest.mark.parametrize("name", ["a.heic", "a.avif"])
def test_pictures_stand_upright(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    path = tmp_path / name
    if name == "a.avif":
        _avif(path, _corners(), exif=exif.tobytes())
    else:
        data = _corners().tobytes()
        pillow_heif.encode("RGB", (256, 128), data, path, quality=95, exif=exif.tobytes())
    frame = _still(path)
    assert _names(frame) == _TURNED[orientation]
    assert (frame.shape[0] > frame.shape[1]) == (orientation > 4)


# Light


@pytest.mark.parametrize(
    ("transfer", "code", "seen"), [(16, 148, 240), (18, 191, 240), (13, 128, 128)]
)
def test_stills_in_hdr_are_tone_mapped(tmp_path: Path, transfer: int, code: int, seen: int) -> None:
    """148 and 191 are the codes of diffuse white in PQ and HLG."""
    flat = np.full((64, 64, 3), code, np.uint8)
    avif, heic = _avif(tmp_path / "a.avif", flat), tmp_path / "a.heic"
    content = avif.read_bytes()
    at = content.index(b"colrnclx") + 8
    avif.write_bytes(content[: at + 2] + struct.pack(">H", transfer) + content[at + 4 :])
    pillow_heif.from_pillow(Image.fromarray(flat)).save(
        heic,
        quality=95,
        color_primaries=9,
        transfer_characteristics=transfer,
        matrix_coefficients=9,
    )
    for path in (avif, heic):
        assert abs(_still(path).mean() - seen) < 8


# Moving


def _moving(path: Path, lengths: list[int], **options: object) -> Path:
    frames = [Image.fromarray(np.full((48, 64, 3), (20 * n, 60, 250 - 20 * n), np.uint8)) for n in
              range(len(lengths))]  # fmt: skip
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=lengths, quality=90, **options
    )
    return path


@pytest.mark.parametrize("name", ["a.webp", "a.avif"])
@pytest.mark.parametrize("lengths", [[200] * 10, [100, 300, 500, 700, 400], [1000, 1000]])
def test_moving_pictures_have_their_times(tmp_path: Path, name: str, lengths: list[int]) -> None:
    path = _moving(tmp_path / name, lengths)
    probed, frames, times = _decoded(path, frames=20)
    assert (probed.kind, probed.duration_ms) == ("video", sum(lengths))
    assert times == tuple(int(t) for t in np.cumsum([0, *lengths[:-1]]))
    assert np.abs(frames[:, 24, 32, 0] - 20.0 * np.arange(len(lengths))).max() < 12


def test_a_clip_late_in_moving_pictures_has_its_own(tmp_path: Path) -> None:
    path = _moving(tmp_path / "a.webp", [200] * 10, lossless=True)
    plan = DecodePlan((), 2, 64)
    media = decode(bytes(path), "c", "h", 1000, 1600, plan, False, True).media
    assert media.frames is not None
    assert media.frames[:, 0, 0, 0].tolist() == [100, 140]
    assert media.frame_times_ms == (0, 400)


def test_pictures_without_a_length_are_shown_as_browsers_do(tmp_path: Path) -> None:
    assert probe(bytes(_moving(tmp_path / "a.webp", [0] * 5))).duration_ms == 500


def test_moving_webp_over_nothing_is_seen_on_a_light_ground(tmp_path: Path) -> None:
    frames = [Image.new("RGBA", (64, 48), (0, 0, 0, 0)) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame.paste((0, 0, 0, 255), (8 * number, 8, 8 * number + 8, 16))
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], duration=400)
    _, shown, _ = _decoded(tmp_path / "a.webp", frames=3)
    for number, frame in enumerate(shown):
        assert frame[12, 8 * number + 4].max() < 30
        assert frame[40, 60].min() > 200


def test_an_animated_webp_of_one_picture_is_a_still(tmp_path: Path) -> None:
    path = _moving(tmp_path / "a.webp", [200] * 2)
    content = path.read_bytes()
    second = content.index(b"ANMF", content.index(b"ANMF") + 4)
    path.write_bytes(b"RIFF" + struct.pack("<I", second - 8) + content[8:second])
    _still(path)


def test_a_moving_heic_is_a_film(tmp_path: Path) -> None:
    path = tmp_path / "a.heics"
    x265 = ["-c:v", "libx265", "-x265-params", "log-level=error", "-tag:v", "hvc1"]
    run(["-f", "lavfi", "-i", "testsrc2=s=128x96:r=10:d=2", *x265, "-f", "mp4", str(path)])
    content = path.read_bytes()
    length = int.from_bytes(content[:4])
    brands = (b"msf1" + content[12:16] + b"msf1hevciso8mp41")[: length - 8]
    path.write_bytes(content[:8] + brands.ljust(length - 8, b"\0") + content[length:])
    probed, frames, _ = _decoded(path, frames=4)
    assert (probed.kind, probed.duration_ms, len(frames)) == ("video", 2_000, 4)


@pytest.mark.parametrize("size", [(256, 128), (250, 130), (600, 500), (512, 512)])
@pytest.mark.parametrize("boxes", [False, True])
def test_a_jpeg_xl_is_read(tmp_path: Path, size: tuple[int, int], boxes: bool) -> None:
    frame = _still(_jxl(tmp_path / "a.jxl", _corners(*size), usecontainer=boxes))
    assert _names(frame) == "rgbw"


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_a_deep_jpeg_xl_is_read(tmp_path: Path, kind: type) -> None:
    array = (_corners() / 255 * (65535 if kind is np.uint16 else 1)).astype(kind)
    assert _names(_still(_jxl(tmp_path / "a.jxl", array, lossless=True))) == "rgbw"


def test_a_grey_jpeg_xl_is_read(tmp_path: Path) -> None:
    frame = _still(_jxl(tmp_path / "a.jxl", np.full((40, 60), 90, np.uint8)))
    assert np.abs(frame.astype(int) - 90).max() < 4


def test_a_transparent_jpeg_xl_is_over_a_light_ground(tmp_path: Path) -> None:
    array = np.zeros((40, 60, 4), np.uint8)
    array[:20, :, 3] = 255
    frame = _still(_jxl(tmp_path / "a.jxl", array, lossless=True))
    assert (frame[:20] == 0).all()
    assert (frame[20:] > 200).all()


# What can't be used

_WRITE: dict[str, Callable[..., Path]] = {"a.heic": _heic, "a.avif": _avif, "a.jxl": _jxl}


def _reason(path: Path, do: Callable[[bytes], object] = probe) -> str:
    with pytest.raises(MediaError) as caught:
        do(bytes(path))
    return caught.value.reason


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.jxl", "a.webp"])
def test_a_file_that_was_cut_is_truncated(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.webp":
        noise = np.random.default_rng(1).integers(0, 255, (2, 64, 64, 3), np.uint8)
        first, second = map(Image.fromarray, noise)
        first.save(path, save_all=True, append_images=[second], lossless=True, duration=100)
    else:
        array = np.random.default_rng(1).integers(0, 255, (256, 256, 3), np.uint8)
        _WRITE[name](path, array)
    os.truncate(path, path.stat().st_size * 2 // 3)
    assert _reason(path) == "truncated"


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.jxl", "a.webp"])
def test_large_pictures_are_refused_before_they_are_decoded(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    if name == "a.webp":
        _moving(path, [100, 100])
    else:
        _WRITE[name](path, _corners())
    monkeypatch.setattr(under_test, "MAX_PIXELS", 64 * 48 - 1)
    assert _reason(path) == "too_large"


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.jxl", "a.webp"])
def test_whatever_bytes_are_wrong_the_error_is_ours(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.webp":
        _moving(path, [100, 100])
    else:
        _WRITE[name](path, _corners(64, 64))
    content, rng = path.read_bytes(), np.random.default_rng(3)
    for _ in range(60):
        mutated = bytearray(content)
        for at in rng.integers(8, min(len(content), 600), 4):
            mutated[at] = rng.integers(0, 256)
        path.write_bytes(mutated)
        try:
            _decoded(path)
        except MediaError as error:
            assert error.reason in ("broken", "truncated", "too_large", "not_media", "no_streams",
                                    "bad_timestamps")  # fmt: skip


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.jxl", "a.webp"])
def test_a_file_of_any_length_gets_one_of_our_errors(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.webp":
        _moving(path, [100, 100])
    else:
        _WRITE[name](path, _corners(64, 64))
    content = path.read_bytes()
    for length in (8, 12, 16, 20, 24, 30, 40, 3 * len(content) // 4):
        path.write_bytes(content[:length])
        assert _reason(path) in ("truncated", "broken", "not_media")


def test_boxes_that_end_beyond_every_file_are_an_error(tmp_path: Path) -> None:
    path = _heic(tmp_path / "a.heic", _corners(64, 64))
    for length in (1 << 62, (1 << 63) - 1, (1 << 64) - 1):
        content = path.read_bytes()
        start = int.from_bytes(content[:4])
        (tmp_path / "b.heic").write_bytes(
            content[:start] + struct.pack(">I4sQ", 1, b"free", length) + content[start:]
        )
        assert _reason(tmp_path / "b.heic") in ("truncated", "broken")


def test_a_picture_that_changed_is_refused(tmp_path: Path) -> None:
    path = _heic(tmp_path / "a.heic", _corners())
    plan = DecodePlan((), 1, 64)
    with pytest.raises(MediaError) as caught:
        decode(bytes(path), "c", "h", 0, 0, plan, False, True, (1, 1))
    assert caught.value.reason == "source_changed"


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_picture_with_a_colour_profile_is_read_upright(
    suffix: str, orientation: int, tmp_path: Path
) -> None:
    # A profile in a PNG has a name: reading the frame's side data killed the process.
    path = tmp_path / f"profile.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(_corners()).save(path, icc_profile=profile, exif=exif, quality=95)
    assert _names(_still(path)) == {1: "rgbw", 3: "wbgr", 6: "brwg", 8: "gwrb"}[orientation]


def _with_more_behind(path: Path, more: str) -> Path:
    """A JPEG as phones write it: the photo, and something else behind it in the same file."""
    photo = Image.fromarray(_corners(640, 320))
    grey = Image.new("RGB", (160, 80), (127, 127, 127))
    if more == "MPO":
        photo.save(path, "MPO", save_all=True, append_images=[grey], quality=95)
        return path
    photo.save(path, "JPEG", quality=95)
    if more == "picture":
        grey.save(behind := path.with_suffix(".grey.jpg"))
    else:
        behind = path.with_suffix(".mp4")
        run(["-f", "lavfi", "-i", "testsrc=s=64x48:d=1", str(behind)])
    path.write_bytes(path.read_bytes() + behind.read_bytes())
    return path


@pytest.mark.parametrize("more", ["MPO", "picture", "film"])
def test_what_a_phone_puts_behind_a_photo_makes_no_film_of_it(more: str, tmp_path: Path) -> None:
    assert _names(_still(_with_more_behind(tmp_path / "photo.jpg", more))) == "rgbw"
