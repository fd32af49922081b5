"""Under which terms a model may be used, and what it says."""

from pydantic import BaseModel, ConfigDict


class Terms(BaseModel):
    """Terms of one model.

    licence: of its weights, an SPDX expression. outputs_train: whether what it says may train other
    models, None where nobody told us. gb: size of what a fetch brings, in 10^9 bytes, None where unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    licence: str
    outputs_train: bool | None = None
    gb: float | None = None
    holds: str = ""
    source: str = ""


UNKNOWN = Terms(licence="LicenseRef-unknown")
