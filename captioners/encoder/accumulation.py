"""The gradient of a large batch that does not fit into memory at once (Gao et al., arXiv 2101.06983).

The loss compares every clip with every other, so parts of a batch can't be worked one after another as
elsewhere. Instead: all parts are embedded without gradients; the loss of the joined embeddings gives
gradients of the embeddings; then each part is embedded again, with gradients, and takes its share of
those back. Memory holds one part's activations, and the embeddings of all.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn

from captioners.encoder.task import Examples, Marks, Task

Parts = Callable[[bool], AbstractContextManager[None]]
"""A context for one part; whether it is the last: only then ranks exchange gradients of weights."""


def _alone(last: bool) -> AbstractContextManager[None]:
    return nullcontext()


def accumulate(
    task: Task,
    parts: Sequence[Examples],
    module: nn.Module | None = None,
    around: Parts = _alone,
    precision: AbstractContextManager[None] | None = None,
) -> dict[str, Tensor]:
    """Adds the gradients of the summed loss of a batch to the weights; returns the loss of each pair.

    parts: of this rank; every rank has as many, of equal sizes. module: what DDP made of the task, where
    it did. around: context of each part. precision: context of forward passes, such as autocast.
    """
    module = module or task
    precise = precision or nullcontext()
    marks = Marks.joined([part.marks() for part in parts])
    if len(parts) == 1:
        with around(True):
            with precise:
                outputs = module(parts[0].media, parts[0].texts)
            losses = task.losses(outputs, marks)
            _sum(losses).backward()  # type: ignore[no-untyped-call]
        return _detached(losses)
    states = [_Random() for _ in parts]
    embedded = []
    for part, state in zip(parts, states, strict=True):
        with torch.no_grad(), state.kept(), precise:
            embedded.append(module(part.media, part.texts))
    joined = [torch.cat(each).requires_grad_() for each in list(zip(*embedded, strict=True))[:-2]]
    logits = [each.detach().requires_grad_() for each in embedded[0][-2:]]
    losses = task.losses([*joined, *logits], marks)
    _sum(losses).backward()  # type: ignore[no-untyped-call]
    sizes = [len(part) for part in parts]
    grads = [torch.split(_grad(leaf), sizes) for leaf in joined]
    of_logits = [_grad(leaf) for leaf in logits]
    for number, (part, state) in enumerate(zip(parts, states, strict=True)):
        last = number == len(parts) - 1
        with around(last), state.again():
            with precise:
                outputs = module(part.media, part.texts)
            # Scales and biases are no part's own: they get theirs once.
            own = [grad[number] for grad in grads]
            rest = of_logits if last else [torch.zeros_like(grad) for grad in of_logits]
            _back(outputs, [*own, *rest])
    return _detached(losses)


class _Random:
    """The random numbers of a part: dropout must be the same in both passes."""

    def __init__(self) -> None:
        self._cpu: Tensor | None = None
        self._cuda: Tensor | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Remembers where the generators stand."""
        self._cpu = torch.get_rng_state()
        on_gpu = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        self._cuda = torch.cuda.get_rng_state() if on_gpu else None
        yield

    @contextmanager
    def again(self) -> Iterator[None]:
        """Puts them there for the block; after it they stand where they stood before."""
        assert self._cpu is not None
        with torch.random.fork_rng(devices=[] if self._cuda is None else None):
            torch.set_rng_state(self._cpu)
            if self._cuda is not None:
                torch.cuda.set_rng_state(self._cuda)
            yield


def _back(outputs: Sequence[Tensor], grads: Sequence[Tensor]) -> None:
    """Of a head that is frozen with all that leads to it, an output has no way back."""
    ways = [(out, grad) for out, grad in zip(outputs, grads, strict=True) if out.requires_grad]
    torch.autograd.backward([out for out, _ in ways], [grad for _, grad in ways])


def _grad(leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad


def _sum(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(losses.values())).sum()


def _detached(losses: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: loss.detach() for name, loss in losses.items()}
