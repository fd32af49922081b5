"""The app as a process: where it listens, and what is left when it is killed."""

import json
import resource
import signal
import socket
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.media.ffmpeg import run as ffmpeg
from pipelines.inspect.reviewing import commit
from pipelines.reviews.journal import Journal, journals
from tests.conftest import run, wait_until
from tests.manifests.made import Made
from tests.manifests.release.made import small
from tests.pipelines.inspect.made import Started, film, opened_app, real, reviews_of
from tests.pipelines.report.made import made, rows
from tests.pipelines.reviews.made import review

pytestmark = pytest.mark.run


@pytest.fixture
def place(tmp_path: Path) -> Made:
    return made(tmp_path / "set")


def _post(port: int, token: str, clip: str, change: dict[str, Any]) -> dict[str, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "cookie": f"captionmill-{port}={token}",
        "origin": f"http://127.0.0.1:{port}",
        "content-type": "application/json",
    }
    connection.request("POST", f"/clip/{clip}/review", json.dumps(change), headers)
    answer = connection.getresponse()
    assert answer.status == 200
    told: dict[str, Any] = json.loads(answer.read())
    return told


def test_a_kill_after_a_review_was_acknowledged_loses_nothing(
    place: Made, started: Started
) -> None:
    process, port, token = opened_app(started, place.root, "--reviewer", "ada")
    clips = [row["clip_id"] for row in rows(place)]
    ids = [_post(port, token, clip, {"verdict": "bad"})["review_id"] for clip in clips]
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert [review["review_id"] for review in reviews_of(place.root)] == ids
    # The next one finds them, and commits them at once.
    _, port, token = opened_app(started, place.root, "--reviewer", "ada")
    assert journals(place.workspace.open_reviews) == []
    assert [review["review_id"] for review in reviews_of(place.root)] == ids
    _post(port, token, clips[0], {"verdict": "good"})
    assert {review["verdict"] for review in reviews_of(place.root)} == {"good", "bad"}


def test_marks_that_nobody_sees_make_no_other_reviewer(place: Made, started: Started) -> None:
    _, port, token = opened_app(started, place.root, "--reviewer", ' "A\u200fda"\t')
    clip = rows(place)[0]["clip_id"]
    for change in ({"verdict": "good"}, {"audio_caption": "Rain falls."}):
        _post(port, token, clip, change)
    (review,) = reviews_of(place.root)
    assert (review["reviewer"], review["verdict"]) == ('"Ada"', "good")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.exhaustive)]
)
def test_reviews_are_committed_when_it_ends(number: int, place: Made, started: Started) -> None:
    process, port, token = opened_app(started, place.root)
    _post(port, token, rows(place)[0]["clip_id"], {"verdict": "bad"})
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    assert journals(place.workspace.open_reviews) == []
    assert len(reviews_of(place.root)) == 1


def test_it_ends_though_a_player_waits(tmp_path: Path, started: Started) -> None:
    noise = ["-f", "lavfi", "-i", "anoisesrc=r=48000:d=100:seed=1", "-ac", "2"]
    ffmpeg([*noise, f"file:{tmp_path / 'a.wav'}"])
    place = real(tmp_path / "set", [tmp_path / "a.wav"], max_seconds=100)
    process, port, token = opened_app(started, place.root)
    clip = place.rows("clips")[0]["clip_id"]
    with socket.socket() as player:
        player.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        player.connect(("127.0.0.1", port))
        asked = (f"GET /clip/{clip}/source HTTP/1.1", f"Host: 127.0.0.1:{port}")
        cookie = f"Cookie: captionmill-{port}={token}"
        player.sendall("\r\n".join((*asked, cookie, "", "")).encode())
        assert player.recv(15) == b"HTTP/1.1 200 OK"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert process.stderr is not None and process.stderr.read() == ""


def test_it_ends_though_a_preview_is_being_made(tmp_path: Path, started: Started) -> None:
    film(tmp_path / "a.mp4", 2)
    place = real(tmp_path / "set", [tmp_path / "a.mp4"])
    process, port, token = opened_app(started, place.root)
    clip = place.rows("clips")[0]["clip_id"]
    cookie = {"cookie": f"captionmill-{port}={token}"}
    first, second = (HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(2))
    first.request("GET", f"/clip/{clip}/glimpse", headers=cookie)
    assert first.getresponse().status == 200
    making = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if any("spawn_main" in word for word in child.cmdline())
    ]
    assert making
    try:
        for child in making:
            child.suspend()
        for connection, part in ((first, "media"), (second, "strip")):
            connection.request("GET", f"/clip/{clip}/{part}", headers=cookie)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert not any(child.is_running() for child in making)
    finally:  # while they are there, who reads what the app prints waits
        for child in making:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    assert process.stderr is not None and process.stderr.read() == ""


def test_reviews_that_cannot_be_committed_stay_where_they_are(place: Made) -> None:
    row = rows(place)[0]
    journal = Journal(place.workspace.open_reviews)
    journal.append(review(clip_id=row["clip_id"], caption_digest=row["caption_digest"]))
    journal.close()
    told: list[str] = []
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as on a full disk
    try:
        commit(place.workspace, told.append)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (line,) = told
    assert "reviews can't be committed, File too large: reviews stay in" in line
    assert len(reviews_of(place.root)) == 1
    commit(place.workspace, told.append)
    assert told[1:] == ["reviews committed: 1"]


def test_it_listens_on_loopback_only(place: Made, started: Started) -> None:
    process, port, _ = opened_app(started, place.root)

    def listening() -> list[str]:
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        every = [each for member in tree for each in member.net_connections("inet")]
        return [each.laddr.ip for each in every if each.status == psutil.CONN_LISTEN]

    assert wait_until(listening) == ["127.0.0.1"]
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/")
    assert connection.getresponse().status == 403


def test_a_port_that_is_taken_is_told(place: Made) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("inspect", place.root, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "Name another one with --port" in done.stderr


def test_reviews_are_never_put_into_a_release(tmp_path: Path) -> None:
    small(tmp_path / "release", 10)
    done = run("inspect", tmp_path / "release", "--reviews", tmp_path / "release" / "reviews")
    assert (done.returncode, "name another folder" in done.stderr) == (1, True)


def test_what_is_neither_workspace_nor_release_is_told(tmp_path: Path) -> None:
    done = run("inspect", tmp_path)
    assert (done.returncode, "is not a captionmill workspace" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_two_reviewers_write_at_once(place: Made, started: Started) -> None:
    first = opened_app(started, place.root, "--reviewer", "ada")
    second = opened_app(started, place.root, "--reviewer", "bob")
    clip = rows(place)[0]["clip_id"]
    _post(*first[1:], clip, {"verdict": "good"})
    _post(*second[1:], clip, {"verdict": "bad"})
    for process, *_ in (first, second):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    assert {r["reviewer"]: r["verdict"] for r in reviews_of(place.root)} == {
        "ada": "good",
        "bob": "bad",
    }
