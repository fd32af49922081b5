"""How long a run may last, in hours or in money."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """The time or money that a user gives to a run; None for no end.

    hours: wall-clock. budget: in the currency of `gpu_price`, which is for one GPU and hour.
    """

    hours: float | None = None
    budget: float | None = None
    gpu_price: float | None = None

    def seconds(self, gpus: float) -> float | None:
        """Wall-clock seconds on so many GPUs (all that Ray has are paid for), None without an end."""
        ends = [] if self.hours is None else [self.hours * 3600]
        if self.budget is not None and self.gpu_price:
            ends.append(self.budget / (self.gpu_price * max(1.0, gpus)) * 3600)
        return min(ends, default=None)


NO_LIMIT = Limit()
