"""Recipes: everything about a training but its data and its encoder, as a small TOML file."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from captioners.encoder.pairs import FINE_TUNING, PRE_TRAINING, Pair
from manifests.errors import UserError

_BUILT_IN = files("pipelines.train") / "recipes"

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class RecipeError(UserError):
    """A recipe that can't be used; says which part of it and why."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Captions(_Part):
    """Which text of a clip a step reads.

    clause: how often one clause of a caption instead of all of it. transcript: how often a caption of
    sound also says what was spoken, where words were understood. real, synthetic: their ratio among the
    rows of a batch, where real captions were given.
    """

    clause: Share = 0.0
    transcript: Share = 0.0
    real: Annotated[float, Field(ge=0)] = 0.0
    synthetic: Annotated[float, Field(gt=0)] = 1.0


class UpSampling(_Part):
    """How often a clip comes in an epoch, once where no rule holds; factors multiply.

    speech: with words understood in one of `languages` (all where there is none). rare: a clip whose
    rarest visual concept is in a share f < rare of all clips comes sqrt(rare / f) times (Gupta et al.,
    arXiv 1908.03195), but no more than `most` times.
    """

    speech: Annotated[float, Field(ge=1)] = 1.0
    languages: tuple[str, ...] = ()
    rare: Share = 0.0
    most: Annotated[float, Field(ge=1)] = 4.0


class Recipe(_Part):
    """A training.

    pairs: whose losses are summed. start: from nothing, or from the weights of the encoder. batch: clips
    of all ranks together. part: the most clips that a rank embeds at once. warm_up: steps until the
    learning rate is reached; then it falls as a cosine, to nothing at the last step. frozen: beginnings
    of the names of weights that stay as they are. recompute: layers run again backward, for memory.
    sharded: weights are divided among ranks (FSDP2), not copied to each (DDP). held_out: share of sources
    whose clips are never trained on; most_held_out: no more of them are compared. evaluate_every,
    save_every: in steps.
    """

    pairs: Literal["pre-training", "fine-tuning"]
    start: Literal["nothing", "weights"] = "nothing"
    steps: Count
    batch: Annotated[int, Field(ge=2)]
    part: Count = 256
    learning_rate: Annotated[float, Field(gt=0)]
    warm_up: Annotated[int, Field(ge=0)]
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    frozen: tuple[str, ...] = ()
    recompute: bool = False
    sharded: bool = False
    held_out: Annotated[float, Field(ge=0, lt=1)] = 0.1
    most_held_out: Count = 1000
    evaluate_every: Count
    save_every: Count
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    captions: Captions = Captions()
    up_sampling: UpSampling = UpSampling()

    @property
    def compared(self) -> tuple[Pair, ...]:
        """Its pairs."""
        return FINE_TUNING if self.pairs == "fine-tuning" else PRE_TRAINING


def available() -> list[str]:
    """Names of the recipes that are built in."""
    names = (entry.name for entry in _BUILT_IN.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load(name: str) -> Recipe:
    """A built-in recipe, or that of a TOML file. Raises RecipeError."""
    if name in available():
        text = (_BUILT_IN / f"{name}.toml").read_text("utf-8")
    elif name.endswith(".toml"):
        try:
            text = Path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"{name} can't be read: {error}") from error
    else:
        raise RecipeError(f"no recipe {name}: there are {', '.join(available())}, or a FILE.toml")
    try:
        return Recipe.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name} is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the recipe"
        raise RecipeError(f"{name}, {place}: {first['msg']}") from error
