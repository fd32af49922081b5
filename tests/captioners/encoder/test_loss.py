"""The sigmoid loss and its gradients are those of the formula, on one rank and on several."""

import socket
import weakref
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from captioners.encoder.loss import sigmoid_loss
from tests.captioners.encoder import reference
from tests.captioners.encoder.reference import Sample, sample

SAMPLES = {
    "whole": sample(12, seed=1),
    "missing": sample(12, seed=2, valid=0.6),
    "equal captions": sample(12, seed=3, captions=4),
    "both": sample(12, seed=4, valid=0.7, captions=3),
    "nothing": sample(12, seed=5, valid=0.0),
}


def _ours(s: Sample, chunk: int = 1024) -> tuple[torch.Tensor, list[torch.Tensor]]:
    s = s.leaves()
    loss = sigmoid_loss(s.x, s.y, s.valid, s.keys, s.scale, s.bias, chunk)
    loss.backward()
    return loss.detach(), s.grads()


@pytest.mark.parametrize("name", SAMPLES)
def test_loss_and_gradients_are_those_of_the_formula(name: str) -> None:
    known = SAMPLES[name].leaves()
    wanted = reference.loss(known)
    loss, grads = _ours(SAMPLES[name])
    torch.testing.assert_close(loss, wanted.detach())
    if name != "nothing":
        wanted.backward()
        torch.testing.assert_close(grads, known.grads())
    else:
        assert loss == 0 and all(not grad.any() for grad in grads)


@pytest.mark.parametrize("chunk", [1, 5, 12])
def test_chunks_change_nothing(chunk: int) -> None:
    whole, parts = _ours(SAMPLES["both"]), _ours(SAMPLES["both"], chunk)
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-12)


def test_bfloat16_embeddings_sum_in_float32() -> None:
    s = SAMPLES["whole"]
    halves = Sample(
        s.x.bfloat16(), s.y.bfloat16(), s.valid, s.keys, s.scale.float(), s.bias.float()
    )
    exact = Sample(halves.x.double(), halves.y.double(), s.valid, s.keys, s.scale, s.bias)
    loss, grads = _ours(halves)
    assert loss.dtype == torch.float32 and grads[0].dtype == torch.bfloat16
    torch.testing.assert_close(loss.double(), reference.loss(exact), rtol=1e-2, atol=1e-2)


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _rank(rank: int, ranks: int, port: int, folder: str, name: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=ranks)
    result: Any = _ours(SAMPLES[name].part(rank, ranks), chunk=2)
    torch.save(result, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.run
@pytest.mark.parametrize(
    ("ranks", "name"),
    [
        pytest.param(2, "missing", marks=pytest.mark.exhaustive),
        (3, "both"),
        pytest.param(4, "equal captions", marks=pytest.mark.exhaustive),
    ],
)
def test_ranks_together_give_what_the_joined_batch_gives(
    tmp_path: Path, ranks: int, name: str
) -> None:
    mp.spawn(_rank, (ranks, _port(), str(tmp_path), name), nprocs=ranks)
    loss, (x, y, scale, bias) = _ours(SAMPLES[name])
    parts = [torch.load(tmp_path / f"{rank}.pt") for rank in range(ranks)]
    for part_loss, _ in parts:
        torch.testing.assert_close(part_loss, loss)
    grads = [part[1] for part in parts]
    torch.testing.assert_close(torch.cat([g[0] for g in grads]) / ranks, x)
    torch.testing.assert_close(torch.cat([g[1] for g in grads]) / ranks, y)
    torch.testing.assert_close(sum(g[2] for g in grads) / ranks, scale)
    torch.testing.assert_close(sum(g[3] for g in grads) / ranks, bias)


class _Held(TorchDispatchMode):
    """The most bytes of tensors made within that were held at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._views: Counter[int] = Counter()
        self._bytes: dict[int, int] = {}
        self.most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self._views[storage.data_ptr()] += 1
                self._bytes[storage.data_ptr()] = storage.nbytes()
                weakref.finalize(tensor, self._let_go, storage.data_ptr())
        self.most = max(self.most, sum(self._bytes.values()))
        return made

    def _let_go(self, at: int) -> None:
        self._views[at] -= 1
        if not self._views[at]:
            del self._views[at], self._bytes[at]


def _measured_rank(rank: int, ranks: int, port: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=ranks)
    with _Held() as held:
        _ours(sample(256, seed=6, width=512), chunk=64)
    (Path(folder) / f"{rank}").write_text(str(held.most))
    dist.destroy_process_group()


@pytest.mark.exhaustive
@pytest.mark.run
def test_eight_ranks_hold_what_two_hold(tmp_path: Path) -> None:
    held = {}
    for ranks in (1, 2, 8):
        (folder := tmp_path / str(ranks)).mkdir()
        mp.spawn(_measured_rank, (ranks, _port(), str(folder)), nprocs=ranks)
        held[ranks] = max(int(file.read_text()) for file in folder.iterdir())
    assert held[2] > held[1] > 256 * 512 * 8
    assert held[8] <= 1.05 * held[2], held
