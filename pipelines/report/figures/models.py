"""How good the models are on labelled media, and what they took."""

from pipelines.report.figures.counts import Counted


class CurvePoint(Counted):
    """Claims of about equal probability, its mean, and how many of them are true, with the 95 % interval
    of that share (Wilson)."""

    probability: float
    true: float
    low: float
    high: float
    claims: int


class ReliabilityRow(Counted):
    """How good the probabilities of a captioner's claims are on labelled media. before, after:
    calibration error (ECE); curve_before, curve: the points of the reliability diagram."""

    captioner: str
    claims: int
    true: int
    before: float
    after: float
    curve_before: tuple[CurvePoint, ...] = ()
    curve: tuple[CurvePoint, ...] = ()


class TierTruth(Counted):
    """Fused claims of a tier, and how many of these were true."""

    tier: str
    claims: int
    true: int


class Reliability(Counted):
    """What `captionmill calibrate` measured in this workspace on labelled media."""

    rows: tuple[ReliabilityRow, ...]
    tiers: tuple[TierTruth, ...]


class Unit(Counted):
    """A model's work. busy_s: summed over its replicas."""

    name: str
    clips: int
    busy_s: float
    tokens_in: int
    tokens_out: int


class Effort(Counted):
    """What captioning took, summed over its runs. clips: that were worked, whatever became of them;
    captioned: of these. seconds: of runs, without their start. gpu_hours: of all GPUs that Ray had, over
    the whole time of each run, its start included; None if a run did not note its GPUs. gpu_price: of one
    GPU for one hour, as somebody gave it."""

    runs: int
    clips: int
    captioned: int
    seconds: float
    startup_s: float
    media_s: float
    tokens_in: int
    tokens_out: int
    worker_deaths: int
    units: tuple[Unit, ...]
    gpu_hours: float | None = None
    gpu_price: float | None = None

    @property
    def cost(self) -> float | None:
        """Of these GPUs; None without a price, without a GPU, or if they are not known."""
        if self.gpu_price is None or not self.gpu_hours:
            return None
        return self.gpu_price * self.gpu_hours

    @property
    def clips_per_second(self) -> float | None:
        """Captioned ones, of the machine that it ran on."""
        return self.captioned / self.seconds if self.seconds else None

    @property
    def hours_per_million(self) -> float | None:
        """Hours of that machine for a million captioned clips."""
        return self.seconds / 3600 / self.captioned * 1e6 if self.captioned else None
