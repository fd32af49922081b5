"""Dolby Vision: which of it can be shown."""

import struct
from pathlib import Path

import pytest

from engine.media.dolby import DOLBY
from engine.media.ffmpeg import run
from engine.media.open import MediaError
from engine.media.probe import Probe, probe
from tests.mediazoo.kitchen import box, mpeg_crc

pytestmark = pytest.mark.run

_HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"]
_WAY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
KINDS = ["mp4", "mov", "mkv", "ts"]


def _record(profile: int, compatible: int) -> bytes:
    """A Dolby Vision decoder configuration record 1.0, of a stream with a base layer and RPUs."""
    return struct.pack(">BBHB", 1, 0, profile << 9 | 6 << 3 | 0b101, compatible << 4) + bytes(19)


def _with_record(content: bytes, profile: int, compatible: int) -> bytes:
    """An MP4 whose first track has the record in its sample entry."""
    entry = content.index(b"stsd") + 12
    kind = content[entry + 4 : entry + 8]
    end = entry + struct.unpack_from(">I", content, entry)[0]
    added = box(b"dvcC" if profile < 8 else b"dvvC", _record(profile, compatible))
    out = bytearray(content[:end] + added + content[end:])
    at = 0
    for step in (*_WAY, kind):
        at = content.index(step, at)
        struct.pack_into(">I", out, at - 4, struct.unpack_from(">I", out, at - 4)[0] + len(added))
    return bytes(out)


def _with_descriptor(content: bytes, profile: int, compatible: int) -> bytes:
    """A transport stream of one programme whose first stream has Dolby's descriptor in each table."""
    added = bytes([0xB0, 5]) + _record(profile, compatible)[:5]
    out = bytearray(content)
    for at in range(0, len(out), 188):
        if not out[at + 1] & 0x40 or out[at + 3] & 0x20 or out[at + 4] or out[at + 5] != 2:
            continue
        start = at + 5
        length = int.from_bytes(out[start + 1 : start + 3]) & 0xFFF
        section = bytearray(out[start : start + 3 + length - 4])
        stream = 12 + (int.from_bytes(section[10:12]) & 0xFFF)
        size = int.from_bytes(section[stream + 3 : stream + 5]) & 0xFFF
        section[stream + 5 + size : stream + 5 + size] = added
        section[stream + 3 : stream + 5] = struct.pack(">H", 0xF000 | size + len(added))
        section[1:3] = struct.pack(">H", 0xB000 | length + len(added))
        whole = section + struct.pack(">I", mpeg_crc(bytes(section)))
        out[start : at + 188] = whole.ljust(at + 188 - start, b"\xff")
    return bytes(out)


def _film(folder: Path, kind: str, profile: int, compatible: int, *sound: str) -> Path:
    """A film of this kind whose container says that it is Dolby Vision."""
    plain, told = folder / "plain.mp4", folder / "told.mp4"
    path = folder / f"film.{kind}"
    picture = ["-f", "lavfi", "-i", "color=red:s=64x48:r=5:d=2"]
    coded = [*_HEVC, "-tag:v", "hvc1", "-pix_fmt", "yuv420p10le", "-c:a", "aac"]
    run([*picture, *sound, *coded, str(plain)])
    told.write_bytes(_with_record(plain.read_bytes(), profile, compatible))
    if kind == "ts":
        run(["-i", str(plain), "-c", "copy", str(path)])
        path.write_bytes(_with_descriptor(path.read_bytes(), profile, compatible))
    elif kind == "mkv":
        run(["-i", str(told), "-c", "copy", "-strict", "unofficial", str(path)])
    else:
        path.write_bytes(told.read_bytes())
    return path


def _tone() -> list[str]:
    return ["-f", "lavfi", "-i", "sine=500:d=2"]


def _refused(path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        probe(bytes(path))
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_without_a_compatible_base_layer_is_refused_with_advice(tmp_path, kind):
    error = _refused(_film(tmp_path, kind, 5, 0))
    assert (error.reason, error.message) == ("dolby_vision", DOLBY)
    assert "libplacebo" in error.message


@pytest.mark.parametrize("kind", KINDS)
def test_its_sound_is_used(tmp_path, kind):
    probed = probe(bytes(_film(tmp_path, kind, 5, 0, *_tone())))
    assert (probed.kind, probed.has_audio, probed.has_video) == ("audio", True, False)
    assert probed.video_reason == DOLBY


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("profile", "compatible"), [(8, 1), (8, 4), (7, 6), (4, 2)])
def test_a_compatible_base_layer_is_read(tmp_path, kind, profile, compatible):
    probed: Probe = probe(bytes(_film(tmp_path, kind, profile, compatible, *_tone())))
    assert (probed.kind, probed.video_reason) == ("video", None)


@pytest.mark.parametrize(("compatible", "kind"), [(0, "audio"), (1, "video"), (4, "video")])
def test_av1_is_judged_alike(tmp_path, compatible, kind):
    plain, path = tmp_path / "plain.mp4", tmp_path / "film.mp4"
    coded = ["-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p10le", "-c:a", "aac"]
    run(["-f", "lavfi", "-i", "color=red:s=128x96:r=5:d=2", *_tone(), *coded, str(plain)])
    path.write_bytes(_with_record(plain.read_bytes(), 10, compatible))
    assert probe(bytes(path)).kind == kind


def test_a_track_that_can_be_shown_is_taken_beside_one_that_cannot(tmp_path):
    odd, plain, path = _film(tmp_path, "mp4", 5, 0), tmp_path / "plain.mp4", tmp_path / "both.mkv"
    run(["-i", str(odd), "-i", str(plain), "-map", "0:v", "-map", "1:v", "-c", "copy",
         "-strict", "unofficial", str(path)])  # fmt: skip
    probed = probe(bytes(path))
    assert (probed.kind, probed.video_track) == ("video", 1)


def test_a_tag_that_says_so_is_none(tmp_path):
    path = tmp_path / "tagged.mkv"
    title = "DOVI configuration record: version: 1.0, profile: 5, compatibility id: 0"
    picture = ["-f", "lavfi", "-i", "color=red:s=64x48:r=5:d=2"]
    run([*picture, *_HEVC, "-metadata:s:v", f"title={title}\n      {title}", str(path)])
    assert probe(bytes(path)).kind == "video"
