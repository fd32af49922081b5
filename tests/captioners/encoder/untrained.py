"""What encoders of tests have in common that are never trained or saved."""

from pathlib import Path

from torch import Tensor

from captioners.encoder.encoder import Encoder, Medium


class Untrained(Encoder):
    """An encoder whose vectors a test knows: nothing may train it, save it, or join media with texts."""

    def plus(self, medium: Medium, pooled: Tensor, states: Tensor) -> Tensor:
        raise AssertionError("no test joins media with texts here")

    def logit(self, name: str) -> tuple[float, float]:
        raise AssertionError("it is not trained")

    def set_logit(self, name: str, scale: float, bias: float) -> None:
        raise AssertionError("it is not trained")

    def save(self, folder: Path, card: str = "") -> None:
        raise AssertionError("it is not saved")
