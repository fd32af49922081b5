"""The settings of a job in its workspace: no secret in them, and nothing of them is run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.profile.profile import load
from engine.run.settings import ProfileNeeded, keep, read, stage_of
from manifests.workspace import Workspace, WorkspaceError
from pipelines.caption.stage import CaptionStage

SECRETS = [
    "sk-args",
    "hf-args",
    "env-value",
    "option-value",
    "nested-value",
    "me:word",
    "query-value",
]
_SERVER = """
[[servers]]
kind = "dummy"
name = "ears"
args = ["--api-key", "sk-args", "--hf-token=hf-args", "--dtype", "half"]
env = { SOME_TOKEN = "env-value" }
"""
_OPTIONS = (
    ', api_key = "option-value", deep = [{ client_secret = "nested-value" }], '
    'source = "http://me:word@host/x?token=query-value", max_new_tokens = 7'
)


def test_no_secret_of_a_profile_is_kept(profile: Callable[..., Path], tmp_path: Path) -> None:
    path = profile(audio=_OPTIONS)
    path.write_text(path.read_text() + _SERVER)
    workspace, job = Workspace.create(tmp_path / "out"), CaptionStage(load(str(path)))
    keep(workspace, job)
    text = workspace.config(job.digest).read_text()
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize(
    ("part", "use"),
    [
        ("localizer", "captioners.localizers.dummy:DummyLocalizer"),
        ("encoder", "captioners.dummy:DummyEmbedder"),
    ],
)
def test_no_secret_of_another_model_is_kept(
    part: str, use: str, profile: Callable[..., Path], tmp_path: Path
) -> None:
    path = profile()
    options = '{ api_key = "option-value", deep = [{ secret = "nested-value" }], batch_ms = 7 }'
    named = f'[{part}]\nname = "x"\nuse = "{use}"\noptions = {options}\n'
    path.write_text(f"{path.read_text()}\n{named}")
    workspace, job = Workspace.create(tmp_path / "out"), CaptionStage(load(str(path)))
    keep(workspace, job)
    text = workspace.config(job.digest).read_text()
    assert not [secret for secret in SECRETS if secret in text]
    assert read(workspace, job.digest)["profile"][part]["options"]["batch_ms"] == 7


def test_what_tells_how_captions_were_made_is_kept(
    profile: Callable[..., Path], tmp_path: Path
) -> None:
    path = profile(audio=_OPTIONS)
    path.write_text(path.read_text() + _SERVER)
    workspace, job = Workspace.create(tmp_path / "out"), CaptionStage(load(str(path)))
    keep(workspace, job)
    kept = read(workspace, job.digest)
    server = next(server for server in kept["profile"]["servers"] if server["name"] == "ears")
    options = kept["profile"]["captioners"][0]["options"]
    assert server["env"] == ["SOME_TOKEN"] and server["args"][-2:] == ["--dtype", "half"]
    assert (options["max_new_tokens"], options["source"]) == (7, "http://host/x")
    assert kept["settings"] == json.loads(json.dumps(job.settings()))


@pytest.mark.parametrize("text", ["", "[]", '{"digest": "d"}', '{"digest": 1, "profile": {}}'])
def test_damaged_settings_are_an_error(text: str, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "out")
    workspace.config("d").parent.mkdir()
    workspace.config("d").write_text(text)
    with pytest.raises(WorkspaceError, match="can't read the settings of job d"):
        read(workspace, "d")


def made_by(profile: str, out: Path, **changes: Any) -> tuple[Workspace, str]:
    """A workspace with the settings of a profile's job, of which `changes` replace parts, and the job."""
    workspace, job = Workspace.create(out), CaptionStage(load(profile))
    keep(workspace, job)
    path = workspace.config(job.digest)
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"profile": kept["profile"] | changes}))
    return workspace, job.digest


def test_a_built_in_profile_is_used_by_itself(tmp_path: Path) -> None:
    workspace, digest = made_by("dummy", tmp_path / "out")
    assert stage_of(workspace, digest, None, CaptionStage, "captionmill x out").profile == load(
        "dummy"
    )


def test_the_installed_profile_is_used_and_not_the_stored_one(tmp_path: Path) -> None:
    workspace, digest = made_by("dummy", tmp_path / "out", captioners=[{"use": "evil:Evil"}])
    assert stage_of(workspace, digest, None, CaptionStage, "captionmill x out").profile == load(
        "dummy"
    )


@pytest.mark.parametrize("name", ["quick", "../../evil.toml", "/evil.toml", "dummy"])
def test_any_other_profile_has_to_be_named(
    name: str, profile: Callable[..., Path], tmp_path: Path
) -> None:
    workspace, digest = made_by(str(profile()), tmp_path / "out", name=name)
    with pytest.raises(ProfileNeeded, match="captionmill x out --profile FILE"):
        stage_of(workspace, digest, None, CaptionStage, "captionmill x out")


def test_a_named_profile_must_make_the_same_job(
    profile: Callable[..., Path], tmp_path: Path
) -> None:
    same, other = profile(), profile(prompt="terse")
    workspace, digest = made_by(str(same), tmp_path / "out")
    assert stage_of(workspace, digest, str(same), CaptionStage, "x").digest == digest
    with pytest.raises(ProfileNeeded, match=f"captionmill caption .* --profile {other}"):
        stage_of(workspace, digest, str(other), CaptionStage, "x")
    assert stage_of(workspace, digest, str(other), CaptionStage, "x", differs=True).digest != digest
