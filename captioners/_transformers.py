"""What the captioners that run a model of transformers share: where it runs, how it is loaded, scores.

A model is loaded from its folder and nowhere else, without code out of that folder. On a GPU it runs in
bfloat16, else in float32.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from captioners.contract import Captioner, Packs

if TYPE_CHECKING:
    import torch

_Part = TypeVar("_Part")


class Options(BaseModel):
    """Options of a captioner in a profile. Families add theirs; model: whose weights, see `packs_of`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = None


_Family = TypeVar("_Family", bound=Options)


def checked(family: type[_Family], name: str, options: Mapping[str, Any]) -> _Family:
    """The options of captioner `name`. Raises ValueError that says what is wrong and what is allowed."""
    try:
        return family(**options)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        allowed = ", ".join(family.model_fields)
        raise ValueError(f"options of {name}: {wrong} (allowed: {allowed})") from None


class TransformersCaptioner(Captioner):
    """What captioners that run one model share: options, loading.

    A family says `_class`, the name of the model's class in transformers, and `_allowed`, its options.
    """

    _class: ClassVar[str]
    _allowed: ClassVar[type[Options]] = Options

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._chosen: Any = checked(self._allowed, name, self.options)
        self._model: Any = None
        self._processor: Any = None

    def load(self) -> None:
        """Loads model and processor. Raises `captioners.weights.packs.PackMissing`, ValueError for
        another model."""
        import torch  # noqa: F401 - before transformers, which looks for what torch has hidden
        from transformers import AutoProcessor

        processor: Any = AutoProcessor
        (name,) = self.packs_of(self.options)
        folder = self.weights.path(name)
        self._model = self._loaded(folder)
        self._processor = processor.from_pretrained(folder, local_files_only=True)

    def _loaded(self, folder: Path) -> Any:
        """What it needs of the model in a folder."""
        import transformers

        return loaded(getattr(transformers, self._class), folder)


def device() -> "torch.device":
    """The GPU where there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def settings() -> dict[str, Any]:
    """How `from_pretrained` loads a model: its dtype; no network, no code out of the folder."""
    import torch

    dtype = torch.bfloat16 if device().type == "cuda" else torch.float32
    return {"dtype": dtype, "local_files_only": True, "trust_remote_code": False}


def loaded(model_class: Any, folder: Path, dtype: "torch.dtype | None" = None) -> Any:
    """The model of a folder, on `device()`, ready to run.

    model_class: of transformers, its `model_type` is the one that must be there. dtype: of its weights,
    None for that of `settings`. Raises ValueError for a folder with another model in it or that lacks
    some of its weights: transformers fills those with random ones and only logs it.
    """
    from transformers import AutoConfig

    expected = model_class.config_class.model_type
    model_type = AutoConfig.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    ).model_type
    if model_type != expected:
        raise ValueError(f"{folder} holds a model of type {model_type!r}, not {expected!r}")
    how = settings() if dtype is None else settings() | {"dtype": dtype}
    model, report = model_class.from_pretrained(folder, output_loading_info=True, **how)
    if report["missing_keys"]:
        some = ", ".join(sorted(report["missing_keys"])[:3])
        raise ValueError(
            f"{folder} lacks {len(report['missing_keys'])} weights of {model_class.__name__}: {some}"
        )
    return model.to(device()).eval()


def runs(parts: Sequence[_Part], most: int) -> Iterator[Sequence[_Part]]:
    """The parts in order, at most so many at a time: what bounds the memory of a run of a model."""
    return (parts[start : start + most] for start in range(0, len(parts), most))


def caption_scores(model: Any, generated: Any) -> list[float]:
    """exp of the mean log-probability of the tokens of each generated sequence, in (0, 1].

    model: that generated. generated: what its `generate` gave with `return_dict_in_generate=True` and
    `output_scores=True` (n sequences, greedy, sampled or by beams). The token that ends a sequence
    counts, as the model chose it too; what follows it is padding and doesn't. Probabilities are those
    that tokens were chosen from, after suppressed tokens were taken out.
    """
    import torch

    chosen = generated.sequences
    beams = getattr(generated, "beam_indices", None)
    steps = len(generated.scores)
    if beams is not None:
        # Beams that lost may have gone on for longer than any that is handed back.
        steps = int((beams >= 0).sum(dim=1).max())
    chosen = chosen[:, chosen.shape[1] - steps :]
    counted = _counted(model, chosen)
    total = torch.zeros(len(chosen), dtype=torch.float64, device=chosen.device)
    for step in range(steps):
        step_scores = (
            generated.scores[step] if beams is None else generated.scores[step][beams[:, step]]
        )
        logprobs = (
            step_scores.float().log_softmax(dim=-1).gather(1, chosen[:, step, None])[:, 0].double()
        )
        total += torch.where(counted[:, step], logprobs, 0.0)
    mean = total / counted.sum(dim=1)
    return [float(score) for score in mean.exp()]


def _counted(model: Any, chosen: "torch.Tensor") -> "torch.Tensor":
    """Which of the chosen tokens (n, steps) are up to the end of their sequence."""
    import torch

    ends = model.generation_config.eos_token_id
    if ends is None:
        ends = model.config.get_text_config().eos_token_id
    if ends is None:
        return torch.ones_like(chosen, dtype=torch.bool)
    ended = torch.isin(chosen, torch.tensor(ends, device=chosen.device))
    before = ended.cumsum(dim=1) - ended.long()
    return before == 0
