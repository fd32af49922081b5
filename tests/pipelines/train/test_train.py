"""From captioned clips to an encoder: decoded, trained on Ray Train, saved with its card."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from captioners.encoder.pairs import SAVED_FROM
from engine.media.decode import DecodePlan
from engine.stages.actors import Decoder
from manifests.errors import UserError
from manifests.release.layout import VERSION, Release
from manifests.release.reading import Reader
from pipelines.train.features import Store
from pipelines.train.log import lines
from pipelines.train.loop import Files
from pipelines.train.recipe import Recipe
from pipelines.train.train import TrainError, Wanted, train_encoder
from pipelines.train.workspaces import Job
from tests.conftest import CLIPS
from tests.pipelines.train import released
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
    assert (trained.clips + trained.held_out, trained.left_out) == (CLIPS, {})
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
    _assert_features_are_of_their_clips(wanted, CLIPS)
    text = (wanted.out / "README.md").read_text()
    assert f"Trained on {trained.clips} clips" in text and "| AV-AVc |" in text
    assert any(line.startswith("step 4: loss") for line in told)
    assert "at most the first 31 s of a clip are embedded" in told and trained.longer == 0

    again = train_encoder(wanted)
    assert replace(again, warnings=()) == replace(trained, warnings=())
    assert (wanted.out / "README.md").read_text() == text
    with pytest.raises(TrainError, match="begun with another recipe"):
        train_encoder(replace(wanted, recipe=_RECIPE.model_copy(update={"steps": 5})))


def _assert_features_are_of_their_clips(wanted: Wanted, count: int) -> None:
    """Those that a training stored, of so many clips, are those of the clips decoded here."""
    store, needs = Store(Files(wanted.out / "run").features), stand_in(()).needs
    decoder = Decoder(DecodePlan((needs.audio_hz or 0,), needs.frames, needs.frame_px))
    captioned = {clip["clip_id"]: clip for clip in Job.open(wanted.inputs[0]).clips()}
    assert len(store.clips) == count
    for clip_id in store.clips:
        _, media = decoder.decode(captioned[clip_id])
        assert media is not None
        for medium, values in stand_in(()).features(media).items():
            assert np.array_equal(store[clip_id][medium], values.astype(np.float16))


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


_SPLIT = {"train": 0.5, "validation": 0.25, "test": 0.25}


@pytest.fixture
def release(reference: Path, tmp_path: Path) -> Release:
    """A release of the clips of the dummy profile (`release`) with media of its own (`media`)."""
    made = released.build(reference / "out", tmp_path / "release", split=_SPLIT)
    return released.carry(tmp_path / "release", made, tmp_path / "media")


def _changed(row: dict[str, Any], media: Path) -> None:
    """Changes a byte of the media of a row, and neither its size nor its time."""
    path = media / row["uri"].rpartition("/")[2]
    before, content = os.stat(path), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.exhaustive
def test_a_release_becomes_an_encoder_from_the_same_media(
    wanted: Wanted,
    release: Release,
    cluster: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    splits = Reader(tmp_path / "release").splits
    assert splits.keys() == _SPLIT.keys()
    _changed(next(iter(Reader(tmp_path / "release").rows("train"))), tmp_path / "media")
    trained = train_encoder(replace(wanted, inputs=(tmp_path / "release", *wanted.inputs)))
    assert (trained.clips, trained.held_out) == (splits["train"] - 1, splits["validation"])
    assert trained.left_out == {"changed": 1}
    card = (wanted.out / "README.md").read_text()
    assert f"release `{release.digest}`" in card and "profile `quick`" in card
    _assert_features_are_of_their_clips(wanted, splits["train"] - 1 + splits["validation"])


def test_media_that_changed_after_a_release_is_left_out_and_told(
    wanted: Wanted,
    release: Release,
    cluster: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All but one clip: too few to train on."""
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    rows = list(Reader(tmp_path / "release").rows("train"))
    longer, *gone = (tmp_path / "media" / row["uri"].rpartition("/")[2] for row in rows[1:-1])
    _changed(rows[0], tmp_path / "media")
    with longer.open("ab") as file:
        file.write(b"more")
    for path in gone:
        path.unlink()
    told: list[str] = []
    asked = replace(wanted, inputs=(tmp_path / "release",))
    few = f"1 clips are left to train on: that is too few; {len(rows) - 1} were left out"
    with pytest.raises(TrainError, match=few):
        train_encoder(asked, told.append)
    assert any(line.startswith("left out: 2 clips, changed; the first: file://") for line in told)
    assert any(line.startswith(f"left out: {len(gone)} clips, moved") for line in told)
    listed = (asked.out / "run" / "examples.jsonl").read_text().splitlines()
    lost = {row["clip_id"] for row in rows[:-1]}
    assert lost < {json.loads(line)["clip_id"] for line in listed}
    assert not lost & Store(Files(asked.out / "run").features).clips


def test_a_release_of_another_format_is_refused(wanted: Wanted, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "release.json").write_text('{"version": 1}')
    with pytest.raises(UserError, match=f"format 1, and this version reads {VERSION}"):
        train_encoder(replace(wanted, inputs=(tmp_path / "old",)))
