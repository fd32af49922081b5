"""From captioned clips to an encoder: decoded, trained on Ray Train, saved with its card."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from captioners.encoder.pairs import SAVED_FROM
from pipelines.train.log import lines
from pipelines.train.recipe import Recipe
from pipelines.train.train import TrainError, Wanted, train_encoder
from tests.conftest import CLIPS
from tests.pipelines.train.made import RECIPE, stand_in

pytestmark = pytest.mark.run

_RECIPE = Recipe.model_validate(RECIPE | {"steps": 4, "batch": 8, "held_out": 0.4})


@pytest.fixture
def wanted(reference: Path, tmp_path: Path) -> Wanted:
    """A training on the clips of the dummy profile, on two ranks."""
    return Wanted(
        (reference / "out",), tmp_path / "encoder", "stand-in", stand_in, _RECIPE, ranks=2
    )


def test_a_workspace_becomes_an_encoder(
    wanted: Wanted, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    told: list[str] = []
    trained = train_encoder(wanted, told.append)
    assert (trained.clips + trained.held_out, trained.unreadable) == (CLIPS, 0)
    assert 1 < trained.held_out < CLIPS
    assert {path.name for path in wanted.out.iterdir()} >= {
        "config.json",
        "weights.pt",
        "README.md",
    }
    saved = torch.load(wanted.out / "weights.pt", weights_only=True)
    assert not torch.equal(
        saved["heads.audio.weight"], stand_in(()).state_dict()["heads.audio.weight"]
    )
    assert saved["logits"].keys() == set(SAVED_FROM)  # of ten pairs, six have a place
    log = list(lines(wanted.out / "run" / "log.jsonl"))
    assert [line["step"] for line in log if "loss" in line] == [1, 2, 3, 4]
    assert (wanted.out / "run" / "curve.png").stat().st_size > 0
    text = (wanted.out / "README.md").read_text()
    assert f"Trained on {trained.clips} clips" in text and "| AV-AVc |" in text
    assert any(line.startswith("step 4: loss") for line in told)

    again = train_encoder(wanted)
    assert replace(again, warnings=()) == replace(trained, warnings=())
    assert (wanted.out / "README.md").read_text() == text
    with pytest.raises(TrainError, match="begun with another recipe"):
        train_encoder(replace(wanted, recipe=_RECIPE.model_copy(update={"steps": 5})))


@pytest.mark.parametrize("spoil", ["files", "lock"])
def test_a_folder_that_is_not_its_own_is_refused(
    wanted: Wanted, spoil: str, request: pytest.FixtureRequest
) -> None:
    import filelock

    wanted.out.mkdir()
    if spoil == "files":
        (wanted.out / "thesis.txt").write_text("")
        with pytest.raises(TrainError, match="holds other files"):
            train_encoder(wanted)
        return
    (wanted.out / "run").mkdir()
    with (
        filelock.FileLock(wanted.out / "run" / "lock"),
        pytest.raises(TrainError, match="another process"),
    ):
        train_encoder(wanted)
