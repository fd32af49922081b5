"""The command line: quick help, clear errors, JSON that closes its books."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import here, run

pytestmark = pytest.mark.run


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pipelines.cli.main import app\n"
        "try: app(['caption', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'ray', 'torch', 'numpy', 'pyarrow', 'av', 'openai', 'transformers'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--dry-run" in done.stdout


def test_help_calls_the_command_by_its_name() -> None:
    module = [sys.executable, "-m", "captionmill", "caption", "--help"]
    done = subprocess.run(module, capture_output=True, text=True, check=False)
    assert "Usage: captionmill caption " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("caption", "no such folder", "out", "-p", "dummy"), "no such file or folder"),
        (("caption", ".", "out", "--profile", "best"), 'no profile "best"; use'),
        (("caption", ".", "out", "--profile", "none.toml"), "can't read the profile"),
        (("status", "nothing"), "is not a captionmill workspace"),
        (("show", "nothing"), "is not a captionmill workspace"),
        (("verify", "nothing"), "is not a captionmill workspace"),
        (("quarantine", "list", "nothing"), "is not a captionmill workspace"),
        (("models", "fetch", "nothing"), "no pack is named nothing"),
    ],
)
def test_bad_input_gets_a_clear_error_and_no_traceback(
    arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = here(*arguments)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_workspace_is_left_alone(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    done = run("caption", clips, tmp_path, "--profile", "dummy")
    assert done.returncode == 1
    assert "neither empty nor a workspace" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]


def test_a_bad_profile_is_named_by_its_field(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "mine"\ncaptioners = [{ name = "a", use = "no pe" }]\n[writer]\n')
    done = here("caption", tmp_path, tmp_path / "out", "--profile", profile)
    assert done.returncode == 1
    assert "captioners.0.use" in done.stderr


def test_a_gate_that_asks_a_later_captioner_is_refused(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(
        'name = "mine"\n[[captioners]]\nname = "a"\nuse = "captioners.dummy:DummyAudio"\n'
        'when = [{ of = "b", label = "x", above = 1 }]\n[writer]\n'
    )
    done = here("caption", tmp_path, tmp_path / "out", "--profile", profile)
    assert done.returncode == 1
    assert 'asks "b", but no captioner of this name comes before it' in done.stderr


def test_dry_run_counts_and_writes_nothing(clips: Path, tmp_path: Path) -> None:
    done = run("caption", clips, tmp_path / "out", "--profile", "dummy", "--dry-run", "--json")
    found = json.loads(done.stdout)
    assert (found["sources"], found["clips"], found["faults"]) == (20, 20, {})
    assert not (tmp_path / "out").exists()


@pytest.mark.exhaustive
def test_a_limit_holds_over_two_runs_and_can_be_lifted(
    clips: Path, tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    arguments = ("caption", clips, tmp_path / "out", "--profile", profile(), "--json")
    for limit, worked in (("3", 3), ("3", 0), ("5", 2)):
        result = json.loads(run(*arguments, "--limit", limit, RAY_ADDRESS=cluster).stdout)
        assert (result["worked"], result["pending"]) == (worked, 0)
    assert result["input"] == result["captioned"] == 5
