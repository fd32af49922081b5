"""LoRA by hand: beside every linear layer two thin ones are trained, and only these are kept.

What is saved is what `captioners.weights._prepare.merge` takes: for a layer NAME the tensors
NAME.A and NAME.B, so that its weight becomes W + B A.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

_BLOCK = re.compile(r"layers\.(\d+)\.")
_TUNED = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Lora(nn.Module):
    """A frozen linear layer and the two that are trained beside it."""

    def __init__(self, base: nn.Linear, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.base = base
        start = torch.randn(rank, base.in_features, generator=generator)
        self.A = nn.Parameter(start / base.in_features**0.5)
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """W x + B A x; the thin layers are kept in float32 and multiplied in the type of x."""
        thin = nn.functional.linear(x, self.A.to(x.dtype))
        whole: torch.Tensor = self.base(x)
        return whole + nn.functional.linear(thin, self.B.to(x.dtype))


def attach(model: Any, rank: int, first: int = 0, seed: int = 0) -> dict[str, Lora]:
    """Freezes the model and puts a `Lora` around each linear layer of its blocks from `first` on; these
    by name. Below them nothing is kept for a way back, which saves time."""
    model.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    layers = {}
    for name, module in list(model.named_modules()):
        place, _, last = name.rpartition(".")
        block = _BLOCK.search(name)
        if last in _TUNED and block and int(block[1]) >= first:
            assert isinstance(module, nn.Linear)
            layers[name] = Lora(module, rank, generator)
            setattr(model.get_submodule(place), last, layers[name])
    return layers


def parameters(layers: dict[str, Lora]) -> Iterator[nn.Parameter]:
    """What is trained."""
    for layer in layers.values():
        yield from (layer.A, layer.B)


def save(layers: dict[str, Lora], file: Path, note: dict[str, str]) -> None:
    """The adapter in bfloat16, with a note of how it was made."""
    kept = {}
    for name, layer in layers.items():
        kept[f"{name}.A"] = layer.A.detach().to(torch.bfloat16).contiguous()
        kept[f"{name}.B"] = layer.B.detach().to(torch.bfloat16).contiguous()
    save_file(kept, file, note)


def restore(layers: dict[str, Lora], file: Path) -> None:
    """Goes on from a saved adapter."""
    kept = load_file(file)
    with torch.no_grad():
        for name, layer in layers.items():
            layer.A.copy_(kept[f"{name}.A"])
            layer.B.copy_(kept[f"{name}.B"])
