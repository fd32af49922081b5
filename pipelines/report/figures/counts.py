"""How often something occurs, and the base of all figures."""

from pydantic import BaseModel, ConfigDict


class Counted(BaseModel):
    """Figures, which stay as they were counted."""

    model_config = ConfigDict(frozen=True)


class Count(Counted):
    """How often something occurs. example: a clip with it, where it is a text."""

    name: str
    count: int
    example: str | None = None


class Bin(Counted):
    """A bar of a histogram: values in [low, high), of the last one with `high`; None: and more."""

    low: float
    high: float | None
    count: int
