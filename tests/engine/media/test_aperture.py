"""HEIC and AVIF stills that are cropped, turned and mirrored by their own properties."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from PIL import Image

from engine.media.decode import DecodePlan, decode
from engine.media.open import MediaError
from engine.media.probe import probe
from tests.engine.media import heif

pytestmark = pytest.mark.run

_Array = npt.NDArray[np.uint8]
_SIZE = (256, 128)
KINDS = ["heic", "avif"]


def _picture() -> _Array:
    """Red grows to the right, green downwards: each place has a colour of its own."""
    rgb = np.zeros((*_SIZE[::-1], 3), np.uint8)
    rgb[..., 0] = np.linspace(0, 255, _SIZE[0])[None]
    rgb[..., 1] = np.linspace(0, 255, _SIZE[1])[:, None]
    return rgb


def _plain(kind: str) -> bytes:
    path = Path(f"still.{kind}")
    if kind == "heic":
        pillow_heif.from_pillow(Image.fromarray(_picture())).save(path, quality=95)
    else:
        Image.fromarray(_picture()).save(path, "AVIF", quality=95)
    return path.read_bytes()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _seen(content: bytes) -> _Array:
    """The picture that is decoded, of the size that the probe says."""
    path = Path("made").resolve()
    path.write_bytes(content)
    probed = probe(bytes(path))
    media = decode(bytes(path), "c", "h", 0, 0, DecodePlan((), 1, 512), False, True).media
    assert media.frames is not None
    assert media.frames.shape == (1, probed.height, probed.width, 3)
    return media.frames[0]


def _is_like(seen: _Array, expected: _Array) -> bool:
    if seen.shape != expected.shape:
        return False
    return bool(np.abs(seen[..., :2].astype(int) - expected[..., :2]).mean() < 6)


def _clap(left: int, top: int, width: int, height: int) -> bytes:
    return heif.clap(width, height, _SIZE, left, top)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "place",
    [(0, 0, 250, 128), (40, 20, 200, 100), (140, 66, 100, 60), (0, 0, 16, 16), (141, 33, 99, 61)],
)
def test_only_the_clean_aperture_is_shown(kind: str, place: tuple[int, int, int, int]) -> None:
    left, top, width, height = place
    seen = _seen(heif.with_properties(_plain(kind), _clap(*place)))
    assert _is_like(seen, _picture()[top : top + height, left : left + width])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_it_is_cropped_then_turned_then_mirrored(
    kind: str, quarters: int, axis: int | None
) -> None:
    added = [_clap(140, 20, 100, 60), heif.irot(quarters)]
    expected = np.rot90(_picture()[20:80, 140:240], quarters)
    if axis is not None:
        added.append(heif.imir(axis))
        expected = expected[:, ::-1] if axis else expected[::-1]
    assert _is_like(_seen(heif.with_properties(_plain(kind), *added)), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_whole_picture_is_turned_then_mirrored(kind: str, quarters: int, axis: int) -> None:
    turned = np.rot90(_picture(), quarters)
    seen = _seen(heif.with_properties(_plain(kind), heif.irot(quarters), heif.imir(axis)))
    assert _is_like(seen, turned[:, ::-1] if axis else turned[::-1])


def _wrong() -> Sequence[bytes]:
    clap = _clap(0, 0, 100, 60)
    return (
        _clap(200, 0, 100, 60),
        _clap(-4, 0, 100, 60),
        _clap(0, 0, 0, 60),
        _clap(0, 0, 300, 200),
        clap[:12] + bytes(4) + clap[16:],  # over nothing
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(5))
def test_an_aperture_beyond_the_picture_is_left_aside(kind: str, number: int) -> None:
    seen = _seen(heif.with_properties(_plain(kind), _wrong()[number], heif.irot(1)))
    assert _is_like(seen, np.rot90(_picture()))


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_its_properties_say_the_error_is_ours(kind: str) -> None:
    content = heif.with_properties(_plain(kind), _clap(40, 20, 100, 60), heif.irot(1))
    rng = np.random.default_rng(4)
    first = content.rindex(b"meta")
    path = Path("mutant").resolve()
    for _ in range(300):
        mutant = bytearray(content)
        for at in rng.integers(first, len(content), 3):
            mutant[at] = rng.choice([0, 1, 2, 127, 128, 255, rng.integers(256)])
        path.write_bytes(mutant)
        try:
            probed = probe(bytes(path))
            decode(bytes(path), "c", "h", 0, probed.duration_ms, DecodePlan((), 1, 64), False, True)
        except MediaError:
            pass


_TABLE = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"av01")


def _moving(*added: bytes) -> bytes:
    """A moving AVIF of three pictures with these boxes in its track's entry."""
    pictures = [Image.fromarray(_picture()) for _ in range(3)]
    pictures[1].paste((0, 0, 0), (255, 127, 256, 128))  # else they are one
    pictures[0].save("moving.avif", save_all=True, append_images=pictures[1:], duration=200)
    content = bytearray(Path("moving.avif").read_bytes())
    starts, at = [], 0
    for kind in _TABLE:
        at = content.index(kind, at)
        starts.append(at - 4)
    more = b"".join(added)
    end = starts[-1] + int.from_bytes(content[starts[-1] : starts[-1] + 4])
    offsets = content.index(b"stco") + 12, content.index(b"iloc") + 22
    for start in starts + list(offsets):
        grown = int.from_bytes(content[start : start + 4]) + len(more)
        content[start : start + 4] = grown.to_bytes(4)
    return bytes(content[:end] + more + content[end:])


def _seen_moving(content: bytes) -> _Array:
    path = Path("made.avif").resolve()
    path.write_bytes(content)
    probed = probe(bytes(path))
    assert (probed.kind, probed.duration_ms) == ("video", 600)
    media = decode(bytes(path), "c", "h", 0, 600, DecodePlan((), 3, 512), False, True).media
    assert media.frames is not None
    assert media.frames.shape == (3, probed.height, probed.width, 3)
    return media.frames[2]


@pytest.mark.parametrize("place", [(0, 0, 250, 128), (40, 20, 200, 100), (140, 66, 100, 60)])
def test_a_moving_avif_is_cropped(place: tuple[int, int, int, int]) -> None:
    left, top, width, height = place
    expected = _picture()[top : top + height, left : left + width]
    assert _is_like(_seen_moving(_moving(_clap(*place))), expected)


@pytest.mark.parametrize("quarters", range(4))
def test_a_moving_avif_is_cropped_then_turned(quarters: int) -> None:
    seen = _seen_moving(_moving(_clap(140, 20, 100, 60), heif.irot(quarters)))
    assert _is_like(seen, np.rot90(_picture()[20:80, 140:240], quarters))


@pytest.mark.parametrize("clap", [_clap(200, 0, 100, 60), _clap(0, 0, 0, 60)])
def test_a_moving_avif_is_whole_where_its_aperture_can_not_be(clap: bytes) -> None:
    assert _is_like(_seen_moving(_moving(clap)), _picture())
