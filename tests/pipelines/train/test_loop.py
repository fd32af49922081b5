"""A training that was killed ends as one that never was; on other ranks, sharded or recomputed it is the
same training."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine import torch_cpu
from pipelines.train import checkpoints
from pipelines.train.log import draw, lines
from pipelines.train.loop import Diverged, learning_rate, train
from pipelines.train.parallel import Place
from pipelines.train.recipe import Recipe, RecipeError
from tests.pipelines.train import made
from tests.pipelines.train.made import RECIPE, make, weights

pytestmark = pytest.mark.run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that ran in one go."""
    folder = tmp_path_factory.mktemp("whole")
    made.run(folder)
    return folder


def _killed(folder: Path, at: str) -> None:
    """Runs it in a process of its own, and asserts that it was killed there."""
    command = [sys.executable, "-m", "tests.pipelines.train.made", str(folder), "1"]
    environment = {**os.environ, torch_cpu.SWITCH: "1", "CAPTIONMILL_KILL_AT": at}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def _same(folder: Path, other: Path, exact: bool = True) -> None:
    ours, theirs = weights(folder), weights(other)
    assert ours["step"] == theirs["step"] == RECIPE["steps"]
    tolerance = 0.0 if exact else 1e-4
    for kept in (lambda each: each["weights"], lambda each: each["optimizer"]["state"]):
        torch.testing.assert_close(kept(ours), kept(theirs), rtol=tolerance, atol=tolerance)


def test_every_step_and_comparison_is_told(whole: Path) -> None:
    log = list(lines(whole / "log.jsonl"))
    steps = [line for line in log if "loss" in line]
    assert [line["step"] for line in steps] == list(range(1, RECIPE["steps"] + 1))
    assert len(steps[0]["loss"]) == 10 and steps[-1]["samples_per_s"] > 0
    assert sum(steps[-1]["loss"].values()) < sum(steps[0]["loss"].values())
    compared = [line for line in log if "held_out" in line]
    assert [line["step"] for line in compared] == [4, 8, 9]
    last = compared[-1]["held_out"]["AV-AVc"]
    assert last["clips"] == 6  # of eight; the others lack a medium
    assert 0 <= last["right_of_left"] <= 1 and 0 <= last["left_of_right"] <= 1


def test_the_curve_is_a_picture(whole: Path, tmp_path: Path) -> None:
    draw(whole / "log.jsonl", tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("at", ["train.step:5", "train.writing:30"])
def test_killed_and_started_again_it_ends_bit_for_bit_the_same(
    at: str, whole: Path, tmp_path: Path
) -> None:
    _killed(tmp_path, at)
    if at == "train.step:5":
        assert checkpoints.steps(tmp_path / "checkpoints") == [3]
    else:
        assert list((tmp_path / "checkpoints").glob(".*.tmp"))
    checkpoints.clear(tmp_path / "checkpoints")
    made.run(tmp_path)
    _same(tmp_path, whole)
    told = [[line["step"], line.get("loss")] for line in lines(tmp_path / "log.jsonl")]
    assert told == [[line["step"], line.get("loss")] for line in lines(whole / "log.jsonl")]
    assert not list((tmp_path / "checkpoints").glob(".*.tmp"))


def test_two_ranks_with_divided_weights_go_on_where_one_was_killed(
    whole: Path, tmp_path: Path
) -> None:
    _killed(tmp_path, "train.step:5")
    made.run(tmp_path, ranks=2, sharded=True)
    _same(tmp_path, whole, exact=False)


@pytest.mark.exhaustive
def test_two_ranks_with_divided_weights_train_as_one_does(whole: Path, tmp_path: Path) -> None:
    made.run(tmp_path, ranks=2, sharded=True)
    _same(tmp_path, whole, exact=False)


@pytest.mark.exhaustive
def test_two_ranks_go_on_where_one_was_killed(whole: Path, tmp_path: Path) -> None:
    _killed(tmp_path, "train.step:5")
    made.run(tmp_path, ranks=2)
    _same(tmp_path, whole, exact=False)


def test_layers_that_run_again_give_the_same_weights(whole: Path, tmp_path: Path) -> None:
    made.run(tmp_path, recompute=True)
    _same(tmp_path, whole)


def test_frozen_weights_stay(tmp_path: Path) -> None:
    made.run(tmp_path, frozen=["layers.audio", "heads.text"], steps=3)
    before, after = made.StandIn().state_dict(), weights(tmp_path)["weights"]
    trained = {n for n in before if not n.startswith(("layers.audio", "heads.text"))}
    assert after.keys() == {"scales", "biases", *(f"encoder.{name}" for name in trained)}
    assert not any(torch.equal(before[name], after[f"encoder.{name}"]) for name in trained)


def test_a_part_that_does_not_exist_can_t_be_frozen(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"towers.*first parts: both, heads, layers"):
        train(make(tmp_path, frozen=["towers"]), Place())


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    training = make(tmp_path, steps=1)
    train(training, Place())
    (path,) = training.files.checkpoints.glob("step-*.pt")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(checkpoints.CheckpointError, match=r"step-00000001\.pt"):
        train(training, Place())


def test_the_rate_warms_up_and_falls_as_a_cosine() -> None:
    recipe = Recipe.model_validate(RECIPE | {"steps": 102, "warm_up": 2, "learning_rate": 1.0})
    rates = [learning_rate(recipe, step) for step in (1, 2, 52, 102)]
    assert rates == pytest.approx([0.5, 1.0, 0.5, 0.0])
    assert all(math.isfinite(rate) for rate in rates)


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="a loss is no number"):
        train(make(tmp_path, learning_rate=1e30, warm_up=0), Place())
