"""What the first bytes of files say: media of every format that is read, and nothing else."""

import gzip
import io
import json
import marshal
import os
import pickle
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.media.ffmpeg import run
from manifests.sources.content import HEAD_BYTES, head_of, is_media, is_text, is_transport

_PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=352x288:r=25:d=1"]
_SOUND = ["-f", "lavfi", "-i", "sine=500:d=2:sample_rate=48000"]
_FORMATS: dict[str, list[str]] = {
    **{f"a.{n}": [*_PICTURE, *_SOUND] for n in ("mp4", "mov", "mkv", "avi", "asf", "nut")},
    **{f"b.{n}": [*_PICTURE] for n in ("y4m", "gif", "apng", "ivf", "flv", "webm")},
    **{
        f"c.{n}": [*_SOUND] for n in ("wav", "w64", "aiff", "au", "caf", "voc", "mp3", "aac", "ac3")
    },
    **{
        f"d.{n}": [*_SOUND]
        for n in ("eac3", "flac", "ogg", "opus", "wma", "m4a", "wv", "tta", "mp2")
    },
    **{
        f"e.{n}": [*_PICTURE, "-frames:v", "1", "-update", "1"]
        for n in ("png", "jpg", "webp", "bmp", "tiff", "jp2", "jxl", "qoi", "ppm", "pgm", "pam")
    },
    "f.ts": [*_PICTURE, *_SOUND],
    "f.m2ts": [*_PICTURE, *_SOUND, "-mpegts_m2ts_mode", "1", "-f", "mpegts"],
    "f.mpg": [*_PICTURE, *_SOUND],
    "f.vob": [*_PICTURE, *_SOUND],
    "f.mxf": [*_PICTURE, *_SOUND],
    "f.3gp": [*_PICTURE],
    "f.rf64": [*_SOUND, "-rf64", "always", "-f", "wav"],
    "f.frag": [*_PICTURE, "-movflags", "+frag_keyframe+empty_moov", "-f", "mp4"],
    "f.rm": [*_SOUND, "-ac", "1", "-c:a", "ac3", "-f", "rm"],
    "f.dv": [*_PICTURE, "-s", "720x576", "-pix_fmt", "yuv420p", "-f", "dv"],
    "f.avif": [*_PICTURE, "-frames:v", "1", "-c:v", "libaom-av1", "-cpu-used", "8"],
    "f.bare": [*_SOUND, "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"],
}


@pytest.mark.run
@pytest.mark.parametrize("name", _FORMATS)
def test_what_ffmpeg_writes_is_media(tmp_path: Path, name: str) -> None:
    run([*_FORMATS[name], str(tmp_path / name)])
    head = head_of(os.fsencode(tmp_path / name))
    assert head is not None
    assert is_media(head)
    assert not is_text(head)


@pytest.mark.run
@pytest.mark.parametrize("start", [1, 50, 100, 187])
def test_a_transport_stream_may_begin_within_a_packet(tmp_path: Path, start: int) -> None:
    run([*_PICTURE, *_SOUND, str(tmp_path / "a.ts")])
    assert is_transport((tmp_path / "a.ts").read_bytes()[start : start + HEAD_BYTES])


def _zip(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "<xml/>" * 100)
    return file.getvalue()


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.add(__file__)
    return file.getvalue()


def _database() -> bytes:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE ftyp (moov TEXT)")
    return database.serialize()


def _parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"ID3": ["RIFF", "OggS"]}), file)
    return file.getvalue()


def _array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(1000.0))
    return file.getvalue()


def _font() -> bytes:
    import matplotlib

    return next(Path(matplotlib.get_data_path()).rglob("DejaVuSans.ttf")).read_bytes()


_OTHERS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"the quick brown fox\n" * 300,
    "G": lambda: b"G" * 5000,
    "source": lambda: Path(__file__).read_bytes(),
    "json": lambda: json.dumps({"ftyp": list(range(1000))}).encode(),
    "words": lambda: b"ID3 tags, RIFF and BM: moov ftyp OggS\n" * 200,
    "BM": lambda: b"BM is what bitmaps begin with, and texts may, too.\n" * 100,
    "box": lambda: b"aaaaftypisom and more text\n" * 50,
    "utf16": lambda: ("text " * 1000).encode("utf-16"),
    "zip": lambda: _zip("a.txt"),
    "office": lambda: _zip("[Content_Types].xml", "word/document.xml"),
    "gzip": lambda: gzip.compress(os.urandom(5000)),
    "tar": _tar,
    "database": _database,
    "pickle": lambda: pickle.dumps({"a": list(range(2000))}),
    "array": _array,
    "parquet": _parquet,
    "font": _font,
    "code": lambda: marshal.dumps(compile("a = 1", "a", "exec")) * 50,
    "program": lambda: Path("/proc/self/exe").read_bytes()[:HEAD_BYTES],
    "pdf": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" * 100,
    "icon": lambda: b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0" + bytes(500),
    "zeros": lambda: bytes(HEAD_BYTES),
    "ones": lambda: b"\xff" * HEAD_BYTES,
    "raw photo": lambda: b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100),
    "safetensors": lambda: b"\x40\0\0\0\0\0\0\0" + b'{"a": {"dtype": "F32"}}'.ljust(64) + bytes(99),
}


@pytest.mark.parametrize("kind", _OTHERS)
def test_other_files_are_no_media(kind: str) -> None:
    assert not is_media(_OTHERS[kind]()[:HEAD_BYTES])


def test_noise_is_next_to_never_media() -> None:
    rng = np.random.default_rng(5)
    assert sum(is_media(rng.bytes(HEAD_BYTES)) for _ in range(2_000)) <= 1


def test_heads_cut_anywhere_are_judged_without_an_error() -> None:
    starts = [
        b"\xff\xfb\x90\x64",
        b"\x0b\x77\0\0\x1e\x40",
        b"BM",
        b"\0\0\0\x18ftyp",
        b"G\x40\0\x10",
    ]
    for start in starts:
        whole = start + bytes(400)
        assert not any(is_media(whole[:length]) for length in range(16))


def test_what_is_no_plain_file_has_no_head(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to("nowhere")
    for path in (tmp_path / "pipe", tmp_path / "gone", tmp_path, Path("/dev/zero")):
        assert head_of(os.fsencode(path)) is None


def test_reading_a_head_is_bounded(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)
    assert head_of(os.fsencode(tmp_path / "large")) == bytes(HEAD_BYTES)
