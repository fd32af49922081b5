"""Media of clips: from the source where browsers play it, else a preview; and nothing but sources."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from engine.media.ffmpeg import run
from manifests.release.layout import OF_CLIPS
from pipelines.inspect import media as keeping
from tests.conftest import write_clip
from tests.manifests.made import Made
from tests.manifests.release.made import clip as released
from tests.manifests.release.made import write
from tests.pipelines.inspect.made import client, real

pytestmark = pytest.mark.run

_FILM = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=5"]
_SOUND = ["-f", "lavfi", "-i", "sine=440:d=5:r=48000"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A film that browsers play, one that they do not, and a sound that they play."""
    folder = tmp_path_factory.mktemp("sources")
    played, coded, sound = folder / "it's a.mp4", folder / "b.mp4", folder / "c.mp3"
    run([*_FILM, *_SOUND, *_H264, f"file:{played}"])
    write_clip(coded, 1)
    run([*_SOUND, f"file:{sound}"])
    return {"played": played, "coded": coded, "sound": sound}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, sources: dict[str, Path]) -> Made:
    return real(tmp_path_factory.mktemp("real") / "set", list(sources.values()))


@pytest.fixture(scope="module")
def browser(place: Made) -> Iterator[TestClient]:
    with client(place.root) as opened:
        yield opened


def _clip(place: Made, name: str) -> str:
    """The first clip of a source."""
    row = next(row for row in place.rows("clips") if name in row["uri"])
    clip: str = row["clip_id"]
    return clip


def test_a_source_that_browsers_play_is_sent_as_it_is(
    place: Made, browser: TestClient, sources: dict[str, Path]
) -> None:
    clip, content = _clip(place, "a.mp4"), sources["played"].read_bytes()
    told = browser.get(f"/clip/{clip}/playing").json()
    assert told == {"src": f"/clip/{clip}/source", "fallback": f"/clip/{clip}/media"}
    whole = browser.get(told["src"])
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["content-type"] == "video/mp4"
    part = browser.get(told["src"], headers={"range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(content)}"
    last = browser.get(told["src"], headers={"range": "bytes=-7"})
    assert last.content == content[-7:]
    beyond = browser.get(told["src"], headers={"range": f"bytes={len(content)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(content)}")


def test_another_one_is_coded_once(
    place: Made, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = _clip(place, "b.mp4")
    assert browser.get(f"/clip/{clip}/playing").json() == {
        "src": f"/clip/{clip}/media",
        "fallback": None,
    }
    assert browser.get(f"/clip/{clip}/source").status_code == 404
    made = browser.get(f"/clip/{clip}/media")
    assert (made.status_code, made.headers["content-type"]) == (200, "video/mp4")
    assert made.content[4:8] == b"ftyp"
    monkeypatch.setattr(keeping.Previews, "of", None)
    assert browser.get(f"/clip/{clip}/media").content == made.content
    part = browser.get(f"/clip/{clip}/media", headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_pictures_of_a_clip(place: Made, browser: TestClient) -> None:
    clip = _clip(place, "a.mp4")
    for part, begins in {
        "strip": b"RIFF",
        "waveform": b"\x89PNG",
        "spectrogram": b"RIFF",
        "glimpse": b"\xff\xd8\xff",
    }.items():
        answer = browser.get(f"/clip/{clip}/{part}")
        assert (answer.status_code, answer.content[: len(begins)]) == (200, begins)
    sound = _clip(place, "c.mp3")
    assert browser.get(f"/clip/{sound}/glimpse").content[:4] == b"\x89PNG"
    assert browser.get(f"/clip/{sound}/strip").status_code == 404


def test_a_part_of_a_long_source_is_played_from_it(
    tmp_path: Path, sources: dict[str, Path]
) -> None:
    place = real(tmp_path / "set", [sources["played"]], max_seconds=2)
    first, second, *_ = place.rows("clips")
    with client(place.root) as browser:
        for row, span in ((first, "#t=0.000,2.000"), (second, "#t=2.000,4.000")):
            told = browser.get(f"/clip/{row['clip_id']}/playing").json()
            assert told["src"] == f"/clip/{row['clip_id']}/source{span}"


@pytest.fixture
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache without the previews of other tests, which are of the same content."""
    monkeypatch.setenv("CAPTIONMILL_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("nothing_kept")
def test_what_took_the_place_of_a_source_is_not_sent(
    tmp_path: Path, sources: dict[str, Path]
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret " * 1000)
    source = tmp_path / "film.mp4"
    shutil.copy(sources["played"], source)
    place = real(tmp_path / "set", [source])
    clip = place.rows("clips")[0]["clip_id"]
    status = source.stat()
    source.unlink()
    source.symlink_to(secret)
    for attempt in ("a link", "with the size and the time of the film"):
        with client(place.root) as browser:
            for part in ("source", "media", "strip", "waveform", "glimpse"):
                answer = browser.get(f"/clip/{clip}/{part}")
                assert answer.status_code == 404, (attempt, part)
                assert b"secret secret" not in answer.content
        secret.write_bytes((b"secret " * status.st_size)[: status.st_size])
        os.utime(secret, ns=(status.st_atime_ns, status.st_mtime_ns))
    source.unlink()
    os.mkfifo(source)
    with client(place.root) as browser:
        assert browser.get(f"/clip/{clip}/source").status_code == 404


@pytest.mark.usefixtures("nothing_kept")
def test_a_listing_that_names_a_file_which_is_no_media_shows_nothing_of_it(
    tmp_path: Path, sources: dict[str, Path]
) -> None:
    place = real(tmp_path / "set", [sources["played"]])
    secret = tmp_path / "secret.mp4"
    secret.write_text("root:x:0:0\n" * 100)
    status = secret.stat()
    as_listed = {"uri": f"file://{secret}", "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    place.edit("clips", lambda rows: [row | as_listed for row in rows])
    clip = place.rows("clips")[0]["clip_id"]
    with client(place.root) as browser:
        for part in ("source", "media", "glimpse", "playing"):
            assert "root:" not in browser.get(f"/clip/{clip}/{part}").text


@pytest.mark.usefixtures("nothing_kept")
def test_a_source_that_is_gone_is_told(tmp_path: Path, sources: dict[str, Path]) -> None:
    source = tmp_path / "film.mp4"
    shutil.copy2(sources["played"], source)
    place = real(tmp_path / "set", [source])
    source.unlink()
    clip = place.rows("clips")[0]["clip_id"]
    with client(place.root) as browser:
        assert browser.get(f"/clip/{clip}").status_code == 200
        answer = browser.get(f"/clip/{clip}/media")
        assert (answer.status_code, "No such file" in answer.text) == (404, True)
        # That is not kept: it may come back.
        shutil.copy2(sources["played"], source)
        assert browser.get(f"/clip/{clip}/media").status_code == 200


def test_clips_of_a_release_are_found_in_their_sources(
    tmp_path: Path, sources: dict[str, Path], place: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = next(row for row in place.rows("captions") if "a.mp4" in row["uri"])
    names = ("clip_id", "content_hash", "uri", "start_ms", "end_ms", "duration_ms")
    listed = next(each for each in place.rows("clips") if each["clip_id"] == row["clip_id"])
    of = {name: row[name] for name in names} | {name: listed[name] for name in OF_CLIPS}
    changed = {**of, "clip_id": "a" * 32, "content_hash": "b" * 64}
    again = {**of, "clip_id": "c" * 32}
    each = [released(number, **row) for number, row in enumerate((of, changed, again))]
    write(tmp_path / "release", each, per_part=10)
    with client(tmp_path / "release") as browser:
        told = browser.get(f"/clip/{row['clip_id']}/playing").json()
        assert told["src"] == f"/clip/{row['clip_id']}/source"
        assert browser.get(told["src"]).content == sources["played"].read_bytes()
        assert browser.get(f"/clip/{row['clip_id']}/strip").status_code == 200
        other = browser.get(f"/clip/{'a' * 32}/media")
        assert (other.status_code, "other content" in other.text) == (404, True)
        monkeypatch.setattr(keeping, "listed", None)  # the source is not hashed once more
        told = browser.get(f"/clip/{'c' * 32}/playing").json()
        assert told["src"] == f"/clip/{'c' * 32}/source"


def test_the_oldest_previews_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(("old", "new")):
        folder = tmp_path / name[:2] / name
        folder.mkdir(parents=True)
        for part in ("media", "told.json"):
            (folder / part).write_bytes(b"x" * 500)
            os.utime(folder / part, (number, number))
    monkeypatch.setattr(keeping, "MOST_BYTES", 1500)
    keeping._prune(tmp_path)
    assert [path.name for path in tmp_path.rglob("told.json")] == ["told.json"]
    assert (tmp_path / "ne" / "new" / "media").exists()
