"""Recipes are read whole or refused with the part that is wrong."""

from pathlib import Path

import pytest

from pipelines.train.recipe import RecipeError, available, load

_TOML = """pairs = "pre-training"
steps = 10
batch = 8
learning_rate = 1e-3
warm_up = 1
evaluate_every = 5
save_every = 5
"""


def test_built_in_recipes_hold_what_the_paper_says() -> None:
    assert available() == ["finetuning", "pretraining", "small"]
    first, second = load("pretraining"), load("finetuning")
    assert (first.steps, first.batch, first.learning_rate) == (250_000, 3024, 1e-4)
    assert (second.steps, second.start) == (50_000, "weights")
    assert [len(each.compared) for each in (first, second, load("small"))] == [8, 10, 8]
    assert (second.captions.real, second.captions.synthetic) == (1, 10)
    assert second.up_sampling.speech > 1 and second.up_sampling.rare > 0


def test_a_recipe_of_one_s_own_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(_TOML)
    assert load(str(path)).batch == 8


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_TOML + "stepps = 4\n", "stepps"),
        (_TOML.replace("batch = 8", "batch = 1"), "batch"),
        (_TOML + "[captions]\nclause = 2\n", r"captions\.clause"),
        (_TOML.replace("steps = 10\n", ""), "steps"),
        (_TOML + "steps = = 4\n", "no TOML"),
        (_TOML + "held_out = nan\n", "held_out"),
        (_TOML.replace("1e-3", "inf"), "learning_rate"),
    ],
)
def test_what_is_wrong_with_a_recipe_is_named(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=reason):
        load(str(path))


@pytest.mark.parametrize("name", ["biggest", "missing.toml"])
def test_a_recipe_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(RecipeError, match=name):
        load(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("biggest", "no recipe biggest: there are finetuning, pretraining, small, or a FILE"),
        ("missing.toml", r"missing\.toml can't be read"),
    ],
)
def test_a_recipe_that_is_not_there_is_told(name: str, reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        load(name)
