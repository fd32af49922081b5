"""An encoder on several ranks: weights copied to each (DDP) or divided among them (FSDP2)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from captioners.encoder.task import Task
from pipelines.train.recipe import Recipe, RecipeError

_CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Place:
    """One rank of a training, and where it computes."""

    rank: int = 0
    ranks: int = 1
    device: torch.device = _CPU

    @classmethod
    def here(cls, device: torch.device | None = None) -> "Place":
        """That of this process, by its process group."""
        if not dist.is_initialized():
            return cls(device=device or _CPU)
        return cls(dist.get_rank(), dist.get_world_size(), device or _CPU)

    def precision(self) -> AbstractContextManager[Any]:
        """bfloat16 where a GPU computes, else what the weights have."""
        if self.device.type == "cuda":
            return torch.autocast("cuda", torch.bfloat16)
        return nullcontext()


@dataclass(frozen=True, slots=True)
class Spread:
    """A task as it is trained. module: what is called. around: the context of one part of a batch."""

    task: Task
    module: nn.Module
    around: Callable[[bool], AbstractContextManager[None]]


def spread(task: Task, recipe: Recipe, place: Place) -> Spread:
    """Freezes, recomputes and divides what the recipe says. Raises RecipeError."""
    task.to(place.device)
    freeze(task, recipe.frozen)
    if place.device.type == "cuda":
        for layer in layers(task):
            compile_layer(layer)
    if recipe.recompute:
        for layer in layers(task):
            _recompute(layer)
    if place.ranks == 1:
        return Spread(task, task, lambda last: nullcontext())
    if recipe.sharded:
        return _sharded(task, place)
    return _copied(task, place)


def freeze(task: Task, frozen: tuple[str, ...]) -> None:
    """Leaves the encoder's weights whose names begin so as they are. Raises RecipeError for a beginning
    that no name has, and where nothing would be left to train."""
    names = [name for name, _ in task.encoder.named_parameters()]
    for start in frozen:
        if not any(name.startswith(start) for name in names):
            roots = ", ".join(sorted({name.split(".")[0] for name in names}))
            raise RecipeError(
                f"frozen: no weight's name begins with {start}; the first parts: {roots}"
            )
    for name, weight in task.encoder.named_parameters():
        if name.startswith(frozen):
            weight.requires_grad_(False)
    if not any(weight.requires_grad for weight in task.encoder.parameters()):
        raise RecipeError("frozen: nothing is left to train")


def layers(task: Task) -> list[nn.Module]:
    """Members of module lists that lie in no other member: the layers of towers."""
    found: list[nn.Module] = []

    def visit(module: nn.Module) -> None:
        for child in module.children():
            if isinstance(child, nn.ModuleList):
                found.extend(child)
            else:
                visit(child)

    visit(task.encoder)
    return found


def compile_layer(layer: nn.Module, **how: Any) -> None:
    """Fuses what a layer does around its products. how: of `torch.compile`."""
    layer.forward = torch.compile(layer.forward, **how)


def _recompute(layer: nn.Module) -> None:
    layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)


def _copied(task: Task, place: Place) -> Spread:
    # A rank without sound, or without pictures, may leave a tower out.
    ids = [place.device] if place.device.type == "cuda" else None
    module = DistributedDataParallel(task, device_ids=ids, find_unused_parameters=True)

    @contextmanager
    def around(last: bool) -> Iterator[None]:
        with nullcontext() if last else module.no_sync():
            yield

    return Spread(task, module, around)


def _sharded(task: Task, place: Place) -> Spread:
    mesh = init_device_mesh(place.device.type, (place.ranks,))
    frozen = {weight for weight in task.parameters() if not weight.requires_grad}
    for layer in layers(task):
        if any(weight not in frozen for weight in layer.parameters()):
            fully_shard(layer, mesh=mesh, ignored_params=frozen)
    sharded: FSDPModule = fully_shard(task, mesh=mesh, ignored_params=frozen)

    @contextmanager
    def around(last: bool) -> Iterator[None]:
        sharded.set_requires_gradient_sync(last)
        yield

    return Spread(task, task, around)
