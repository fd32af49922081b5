"""Where a training stands: weights and optimizer, whole, so that any number of ranks goes on from there.

One file a checkpoint, written by the first rank: a temporary one, fsync, rename. Random numbers need no
state: they follow from seed, step and rank.
"""

import io
import re
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_state_dict
from torch.optim import Optimizer

from engine.crashpoints import reach
from manifests.atomic import replacing
from manifests.errors import UserError

_NAME = re.compile(r"step-(\d{8,})\.pt")
_KEPT = 2


class CheckpointError(UserError):
    """A checkpoint that can't be read."""


def steps(folder: Path) -> list[int]:
    """Steps of the checkpoints in a folder, in order."""
    matches = (_NAME.fullmatch(path.name) for path in folder.glob("step-*.pt"))
    return sorted(int(match[1]) for match in matches if match)


def save(folder: Path, step: int, module: nn.Module, optimizer: Optimizer) -> None:
    """Writes a checkpoint after `step` steps, and removes all but the last two. All ranks call it."""
    # What is frozen is the encoder's as it was.
    options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
    weights, state = get_state_dict(module, optimizer, options=options)
    if _is_first():
        with replacing(_path(folder, step)) as temporary, _Watched(temporary, "wb") as file:
            torch.save({"step": step, "weights": weights, "optimizer": state}, cast(BinaryIO, file))
        for old in steps(folder)[:-_KEPT]:
            _path(folder, old).unlink()
    if dist.is_initialized():
        dist.barrier()


def restore(folder: Path, module: nn.Module, optimizer: Optimizer) -> int:
    """Puts back the newest checkpoint; how many steps it has, 0 where there is none. All ranks call it,
    and see the same folder. Raises CheckpointError."""
    written = steps(folder)
    if not written:
        return 0
    path = _path(folder, written[-1])
    try:
        kept: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises whatever its bytes happen to mean
        raise CheckpointError(
            f"{path} can't be read ({type(error).__name__}). Remove it: training goes on from the one "
            "before."
        ) from error
    options = StateDictOptions(full_state_dict=True, strict=False)
    set_state_dict(
        module,
        optimizer,
        model_state_dict=kept["weights"],
        optim_state_dict=kept["optimizer"],
        options=options,
    )
    return int(kept["step"])


def clear(folder: Path) -> None:
    """Removes what a killed process left of a checkpoint. Only while nobody writes there."""
    for path in folder.glob(".step-*.pt.*.tmp"):
        path.unlink()


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Weights of the newest checkpoint of a `Task`."""
    kept = torch.load(_path(folder, steps(folder)[-1]), map_location="cpu", weights_only=True)
    result: dict[str, torch.Tensor] = kept["weights"]
    return result


def _path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:08d}.pt"


def _is_first() -> bool:
    return not dist.is_initialized() or dist.get_rank() == 0


class _Watched(io.FileIO):
    """A file in the middle of which a test can kill the process."""

    def write(self, data: Any) -> int:
        reach("train.writing")
        whole, done = memoryview(data).cast("B"), 0
        while done < len(whole):  # the system takes 2 GiB at most
            done += super().write(whole[done:]) or 0
        return done
