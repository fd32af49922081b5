"""What is said of files that can't be used, and that the commands it names work."""

import gzip
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.media.advice import what_it_is
from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.open import MediaError
from engine.media.probe import probe
from tests.engine.media import made

_FILM = ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=2", "-pix_fmt", "yuv420p"]


def _error(path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        probe(bytes(path))
    return caught.value


@pytest.mark.run
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.h264", ["libx264", "-preset", "ultrafast"]),
        ("a.hevc", ["libx265", "-x265-params", "log-level=error"]),
        ("a.obu", ["libaom-av1", "-cpu-used", "8"]),
    ],
)
def test_the_command_for_bare_video_makes_a_film(
    tmp_path: Path, name: str, codec: list[str]
) -> None:
    made.make(tmp_path / name, ["-an", "-pix_fmt", "yuv420p", "-c:v", *codec], seconds=2)
    error = _error(tmp_path / name)
    assert error.reason == "not_media"
    words = shlex.split(error.message[error.message.index("ffmpeg") :])
    command = words[1 : words.index("OUT.mp4") + 1]
    names = {"FILE": str(tmp_path / name), "OUT.mp4": str(tmp_path / "out.mp4")}
    run([names.get(word, word) for word in command])
    plan = DecodePlan(frames=50, frame_px=made.WIDTH)
    frames = decode(bytes(tmp_path / "out.mp4"), "c", "h", 0, 2_000, plan, False, True).media.frames
    assert frames is not None
    assert [made.number_of(frame) for frame in frames] == list(range(50))


@pytest.mark.run
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_recording_without_its_index_names_what_rebuilds_it(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "a.mp4"
    run([*_FILM, str(path)])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    error = _error(path)
    assert error.reason == "truncated"
    assert "untrunc" in error.message


@pytest.mark.run
@pytest.mark.parametrize(
    "text", ["#EXTM3U\n#EXTINF:1,\na.ts\n", "<MPD></MPD>", "[playlist]\nFile1=a\n"]
)
def test_a_playlist_names_the_command_that_saves_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.m3u8").write_text(text)
    error = _error(tmp_path / "a.m3u8")
    assert error.reason == "network_reference"
    assert "ffmpeg -i FILE -c copy OUT.mp4" in error.message


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "text")


_NO_MEDIA: dict[str, tuple[Callable[[Path], object], str]] = {
    "zip": (_zip, "an archive"),
    "gzip": (lambda p: p.write_bytes(gzip.compress(b"text")), "an archive"),
    "lfs": (
        lambda p: p.write_text(
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
        ),
        "git lfs pull",
    ),
    "annex": (lambda p: p.write_text("/annex/objects/SHA256E-s9--00.mp4\n"), "git annex get"),
    "page": (lambda p: p.write_text("\n<!DOCTYPE html><html>Sign in</html>"), "a web page"),
    "pdf": (lambda p: p.write_bytes(b"%PDF-1.7\n\x00\x01"), "a document"),
    "json": (lambda p: p.write_text('{"error": "not found"}'), "a text"),
    "zeros": (lambda p: p.write_bytes(bytes(10_000)), "nothing but zeros"),
    "noise": (
        lambda p: p.write_bytes(np.random.default_rng(1).bytes(10_000)),
        "no format of sound, pictures or film",
    ),
}


@pytest.mark.run
@pytest.mark.parametrize("kind", _NO_MEDIA)
def test_what_is_no_media_is_called_what_it_is(tmp_path: Path, kind: str) -> None:
    make, words = _NO_MEDIA[kind]
    make(tmp_path / "a.mp4")
    error = _error(tmp_path / "a.mp4")
    assert error.reason == "not_media"
    assert words in error.message


def test_nothing_is_said_of_no_bytes() -> None:
    assert what_it_is(b"\xff\x00" * 50) == "no format of sound, pictures or film that is read here"
