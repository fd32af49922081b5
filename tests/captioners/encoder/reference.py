"""The sigmoid loss of one pair as the formula has it, in float64, by autograd."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """What `sigmoid_loss` takes, of a whole batch, and what it gave."""

    x: Tensor
    y: Tensor
    valid: Tensor
    keys: Tensor
    scale: Tensor
    bias: Tensor

    def part(self, rank: int, ranks: int) -> "Sample":
        """One rank's part of the batch."""
        x, y, valid, keys = (t.chunk(ranks)[rank] for t in (self.x, self.y, self.valid, self.keys))
        return replace(self, x=x, y=y, valid=valid, keys=keys)

    def leaves(self) -> "Sample":
        """The same with gradients to come."""
        x, y, scale, bias = (
            t.detach().clone().requires_grad_() for t in (self.x, self.y, self.scale, self.bias)
        )
        return replace(self, x=x, y=y, scale=scale, bias=bias)

    def grads(self) -> list[Tensor]:
        """Gradients of x, y, scale and bias."""
        return [t.grad for t in (self.x, self.y, self.scale, self.bias) if t.grad is not None]


def sample(
    clips: int, seed: int, valid: float = 1.0, captions: int | None = None, width: int = 6
) -> Sample:
    """Random numbers. valid: share of clips that have both. captions: so many different ones, None for
    a pair of media alone."""
    random = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(clips, width, generator=random, dtype=torch.float64) for _ in range(2))
    keys = torch.full((clips,), -1)
    if captions is not None:
        keys = torch.randint(captions, (clips,), generator=random)
    scale, bias = torch.tensor(1.7, dtype=torch.float64), torch.tensor(-2.3, dtype=torch.float64)
    return Sample(x, y, torch.rand(clips, generator=random) < valid, keys, scale, bias)


def loss(s: Sample) -> Tensor:
    """The formula, term by term."""
    total, count = s.x.new_zeros(()), 0
    for i in range(len(s.x)):
        count += int(s.valid[i])
        for j in range(len(s.y)):
            equal = i != j and s.keys[i] >= 0 and bool(s.keys[i] == s.keys[j])
            if s.valid[i] and s.valid[j] and not equal:
                z = 1.0 if i == j else -1.0
                total = total - F.logsigmoid(z * (s.scale * (s.x[i] @ s.y[j]) + s.bias))
    return total / max(1, count)
