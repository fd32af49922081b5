"""The self-check: models that say what they should pass, others are told; and each profile is covered."""

import json
from pathlib import Path

import pytest

from engine.profile.profile import load
from pipelines.caption.stage import CaptionStage
from pipelines.selfcheck import expectations, selfcheck
from tests.conftest import run

_OWN = """
name = "own"
[[captioners]]
name = "ears"
use = "captioners.audio.yamnet:YamNet"
[[captioners]]
name = "own"
use = "captioners.dummy:DummyAudio"
{more}
[[servers]]
name = "writer"
kind = "dummy"
[writer]
[[writer.ladder]]
name = "first"
prompt = "draft"
"""


def own(tmp_path: Path, more: str = "") -> Path:
    path = tmp_path / "own.toml"
    path.write_text(_OWN.format(more=more))
    return path


@pytest.mark.models
def test_each_model_is_told_with_what_it_said(tmp_path: Path) -> None:
    told: list[str] = []
    found = selfcheck(
        CaptionStage(load(str(own(tmp_path)))), lambda checked: told.append(checked.name)
    )
    outcomes = {checked.name: checked.outcome for checked in found}
    assert outcomes == {"ears": "ok", "own": "no expectation", "writer writer": "ok"}
    assert told == list(outcomes)
    assert "Dog" in found[0].said and found[0].models == ("yamnet",)


@pytest.mark.models
def test_a_model_that_fails_is_told_and_the_others_are_checked_all_the_same(tmp_path: Path) -> None:
    more = """
    [[captioners]]
    name = "eyes"
    use = "captioners.dummy:DummyVideo"
    options = { fail_on = ["c"] }
    """
    done = run("selfcheck", "--profile", own(tmp_path, more), "--json")
    found = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert done.returncode == 1
    assert found["eyes"]["outcome"] == "FAILED" and "RuntimeError" in found["eyes"]["said"]
    assert found["ears"]["outcome"] == found["writer writer"]["outcome"] == "ok"


@pytest.mark.parametrize("profile", ["cpu", "gpu", "gpu-permissive"])
def test_every_model_of_the_built_in_profiles_has_an_expectation(profile: str) -> None:
    known = {check.of for check in expectations()}
    assert {spec.use for spec in load(profile).captioners} <= known
