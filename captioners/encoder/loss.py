"""The sigmoid loss of PE-AV, over the batches of all ranks, in bounded memory.

Of one pair with embeddings x and y of the n clips that have both, in the global batch (Zhai et al., arXiv
2303.15343):

    loss = -1/n sum_ij w_ij log sigmoid(z_ij (scale <x_i, y_j> + bias)),  z = 1 where i = j, else -1

w is 0 where clips i and j, i != j, have equal captions: they are no negatives of each other. Else it is
1.

Each rank keeps its x. The y travel around the ring of ranks with their gradients, so a rank holds those
of one other rank at a time, however many there are. Products are made in chunks of rows. The gradients
come with the loss, in one pass around the ring; backward only scales them.
"""

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

CHUNK = 1024
"""Rows of x whose products with all y of a rank are held at a time."""

NO_CAPTION = -1
"""The key of a clip in a pair without captions; no two of these are equal."""


def sigmoid_loss(
    x: Tensor,
    y: Tensor,
    valid: Tensor,
    keys: Tensor,
    scale: Tensor,
    bias: Tensor,
    chunk: int = CHUNK,
) -> Tensor:
    """The loss of one pair, a scalar, the same on every rank.

    x, y: (clips, width), this rank's; every rank has as many clips. valid: (clips,), bool: which have
    both. keys: (clips,), int64: equal for equal captions, NO_CAPTION for none. scale, bias: one number
    each.

    Gradients of x and y are those of the global loss times the number of ranks, and those of scale and
    bias are this rank's part times that number: DDP and FSDP take the mean over ranks, which then is the
    gradient of the joined batch. Zero where no rank has a valid clip.
    """
    loss: Tensor = _Sigmoid.apply(x, y, valid, keys, scale, bias, chunk)  # type: ignore[no-untyped-call]
    return loss


class _Sigmoid(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        y: Tensor,
        valid: Tensor,
        keys: Tensor,
        scale: Tensor,
        bias: Tensor,
        chunk: int,
    ) -> Tensor:
        ranks = dist.get_world_size() if dist.is_initialized() else 1
        totals = torch.stack([valid.sum().to(scale.dtype), scale.new_zeros(())])
        ring = _Ring(y, valid, keys)
        mine = _Rows(x, valid, keys, scale, bias, chunk)
        for step in range(ranks):
            totals[1] += mine.against(ring, own=step == 0)
            if ranks > 1:
                ring.pass_on()
        if ranks > 1:
            dist.all_reduce(totals)
        count = totals[0].clamp(min=1)
        factor = ranks / count
        ctx.save_for_backward(
            (mine.grad * factor).to(x.dtype),
            (ring.grad * factor).to(y.dtype),
            (mine.of_scale * factor).reshape(scale.shape),
            (mine.of_bias * factor).reshape(bias.shape),
        )
        return totals[1] / count

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, y, scale, bias = ctx.saved_tensors
        return grad * x, grad * y, None, None, grad * scale, grad * bias, None


class _Ring:
    """The y of one rank at a time, with what tells about them and their gradient so far."""

    def __init__(self, y: Tensor, valid: Tensor, keys: Tensor) -> None:
        self.y = y.detach().contiguous()
        self.told = torch.stack([valid.to(torch.int64), keys])
        self.grad = torch.zeros_like(self.y, dtype=torch.promote_types(y.dtype, torch.float32))

    def pass_on(self) -> None:
        """Sends all of it to the next rank and takes that of the one before."""
        rank, ranks = dist.get_rank(), dist.get_world_size()
        for name in ("y", "told", "grad"):
            sent = getattr(self, name)
            received = torch.empty_like(sent)
            works = dist.batch_isend_irecv(
                [
                    dist.P2POp(dist.isend, sent, (rank + 1) % ranks),
                    dist.P2POp(dist.irecv, received, (rank - 1) % ranks),
                ]
            )
            for work in works:
                work.wait()
            setattr(self, name, received)


class _Rows:
    """This rank's x, and the gradients that they, the scale and the bias have so far."""

    def __init__(
        self, x: Tensor, valid: Tensor, keys: Tensor, scale: Tensor, bias: Tensor, chunk: int
    ) -> None:
        self._x, self._valid, self._keys = x.detach(), valid, keys
        self._scale, self._bias, self._chunk = scale.detach(), bias.detach(), chunk
        self.grad = torch.zeros_like(x, dtype=torch.promote_types(x.dtype, torch.float32))
        self.of_scale = self.of_bias = scale.new_zeros(())

    def against(self, ring: _Ring, own: bool) -> Tensor:
        """The sum of the loss against the y of a rank. own: they are of the same clips."""
        total = self._scale.new_zeros(())
        for start in range(0, len(self._x), self._chunk):
            total = total + self._part(slice(start, start + self._chunk), ring, own)
        return total

    def _part(self, rows: slice, ring: _Ring, own: bool) -> Tensor:
        x, (valid, keys) = self._x[rows], ring.told
        weights = self._valid[rows, None] & valid.bool()[None, :]
        equal = (self._keys[rows, None] == keys[None, :]) & (keys != NO_CAPTION)[None, :]
        signs = self.grad.new_full(equal.shape, -1.0)
        if own:
            at = torch.arange(len(x), device=x.device)
            equal[at, rows.start + at] = False
            signs[at, rows.start + at] = 1.0
        products = (x @ ring.y.T).to(signs.dtype)
        logits = signs * (self._scale * products + self._bias)
        weights = (weights & ~equal).to(signs.dtype)
        slopes = -signs * torch.sigmoid(-logits) * weights
        self.grad[rows] += self._scale * (slopes @ ring.y.to(slopes.dtype))
        ring.grad += self._scale * (slopes.T @ x.to(slopes.dtype))
        self.of_scale = self.of_scale + (slopes * products).sum()
        self.of_bias = self.of_bias + slopes.sum()
        loss: Tensor = (F.softplus(-logits) * weights).sum()
        return loss
