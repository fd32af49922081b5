"""`captionmill check` as a user's shell runs it."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import command, here, run

EARS = {"captioner": "ears", "modality": "audio", "text": "A dog barks while rain falls."}


def clip(name: str, **captions: str | None) -> str:
    return json.dumps({"id": name, "evidence": [EARS], "captions": captions}) + "\n"


@pytest.mark.run
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none.jsonl", "none.jsonl: No such file"),
        ("folder", "folder: Is a directory"),
        ("packed.jsonl", "packed.jsonl can't be read: it is compressed (gzip)"),
        ("bad.jsonl", "bad.jsonl, line 2: it is no JSON"),
    ],
)
def test_a_file_that_cannot_be_read_ends_with_status_2(
    name: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "packed.jsonl").write_bytes(b"\x1f\x8b\x08\x00 and more")
    (tmp_path / "bad.jsonl").write_text("\nnonsense\n\n")
    done = here("check", tmp_path / name)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.run
def test_a_file_without_captions_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "clips.jsonl").write_text(clip("a", audio_caption=None) + clip("b"))
    done = here("check", tmp_path / "clips.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "0 captions: 0 accepted, 0 refused, 0 in doubt\n"


@pytest.mark.run
def test_json_tells_of_every_line_on_one_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "clips.jsonl").write_text(clip("a") + "\nnonsense\n" + clip("b\u2028"))
    done = here("check", tmp_path / "clips.jsonl", "--json")
    assert (done.returncode, done.stderr) == (2, "")
    first, bad, last = map(json.loads, done.stdout.splitlines())
    assert (first["line"], first["id"], last["line"], last["id"]) == (1, "a", 4, "b\u2028")
    assert bad.keys() == {"line", "error"}


@pytest.mark.run
def test_what_is_piped_is_checked_line_by_line_and_ctrl_c_is_quiet() -> None:
    with subprocess.Popen(
        command("check", "-", "--json"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("nonsense\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["line"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


@pytest.mark.run
def test_a_reader_that_goes_away_is_no_error(
    tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    (tmp_path / "clips.jsonl").write_text("nonsense\n" * 50_000)
    process = started("check", tmp_path / "clips.jsonl", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait(60)


@pytest.mark.models
def test_captions_are_checked_and_the_refused_decide_the_status(tmp_path: Path) -> None:
    (tmp_path / "clips.jsonl").write_text(
        clip("fine", audio_caption="A dog is barking in the rain.")
        + clip("wrong", audio_caption="A dog is not barking.")
    )
    done = run("check", tmp_path / "clips.jsonl")
    assert (done.returncode, done.stderr) == (1, "")
    assert "fine" not in done.stdout
    assert "wrong  (line 2)\n" in done.stdout
    assert done.stdout.endswith("2 captions: 1 accepted, 1 refused, 0 in doubt\n")


@pytest.mark.models
def test_without_models_and_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "clips.jsonl").write_text(clip("a", audio_caption="A dog barks."))
    offline = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_RETRIES": "0",
        "NPM_CONFIG_OFFLINE": "true",
    }
    done = run(
        "check", tmp_path / "clips.jsonl", CAPTIONMILL_CACHE=str(tmp_path / "cache"), **offline
    )
    assert done.returncode == 2
    assert "could not download" in done.stderr
    assert "Check the network" in done.stderr
    assert "Traceback" not in done.stderr
