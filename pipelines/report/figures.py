"""The figures of a caption set, as typed objects that become JSON.

A share is in [0, 1]; None stands for what can't be counted here, because nothing was measured or there is
nothing to divide by.
"""

from pydantic import BaseModel, ConfigDict, Field

from pipelines.reviews.intervals import Kappa, Rate

__all__ = [
    "Agreement",
    "Author",
    "Bin",
    "BooksFigures",
    "CaptionFigures",
    "ClaimFigures",
    "Count",
    "CurvePoint",
    "Duplicates",
    "Effort",
    "Figures",
    "Growth",
    "InputFigures",
    "Licence",
    "MediaFigures",
    "Pair",
    "PlanFigures",
    "RefusalFigures",
    "ReleaseFigures",
    "Reliability",
    "ReliabilityRow",
    "ReviewFigures",
    "ReviewsUsed",
    "Said",
    "SimilarityFigures",
    "StratumRate",
    "TextFigures",
    "TierTruth",
    "Unit",
]


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class Count(_Figures):
    """How often something occurs. example: a clip with it, where it is a text."""

    name: str
    count: int
    example: str | None = None


class Bin(_Figures):
    """A bar of a histogram: values in [low, high), of the last one with `high`; None: and more."""

    low: float
    high: float | None
    count: int


class BooksFigures(_Figures):
    """Clips by what became of them. closes: input is the sum of the others."""

    input: int
    captioned: int
    filtered: int
    quarantined: int
    pending: int
    closes: bool
    reasons: tuple[Count, ...]
    """Of the quarantine: stage and reason."""
    rules: tuple[Count, ...]
    """Of what was filtered."""

    @property
    def unaccounted(self) -> int:
        """Clips that the books lost or counted twice."""
        others = self.captioned + self.filtered + self.quarantined + self.pending
        return abs(self.input - others)


class InputFigures(_Figures):
    """A captioning that went into a release: its rows, and those of the release."""

    name: str
    rows: int
    kept: int


class ReviewsUsed(_Figures):
    """A workspace whose reviews a release was built with, as the rules name it, and a digest of these."""

    name: str
    digest: str


class ReleaseFigures(_Figures):
    """What a release was built of, by its release.json. rows: of its inputs; kept: rows of the release.
    sides: what lies beside the captions. edited: clips with a caption that a reviewer wrote; rejected:
    rows that reviewers made leave."""

    rows: int
    kept: int
    dropped: tuple[Count, ...]
    """By rule, in the order of the rules."""
    inputs: tuple[InputFigures, ...]
    splits: tuple[Count, ...]
    classes: tuple[Count, ...]
    """Rows by class of licence."""
    sides: tuple[str, ...]
    reviews: tuple[ReviewsUsed, ...]
    edited: int
    rejected: int


class Author(_Figures):
    """Captions of one kind: by whom they are; others: by neither, as those of people; none: clips without
    one."""

    caption: str
    llm: int
    template: int
    others: int = 0
    none: int
    why: tuple[Count, ...]
    """Why there is none, the most frequent first."""

    @property
    def written(self) -> int:
        """Captions of this kind."""
        return self.llm + self.template + self.others


class Licence(_Figures):
    """Captioned clips by the licences of the models behind them. outputs_train: whether these let the
    captions train other models; None where that is not known."""

    name: str
    outputs_train: bool | None
    count: int


class CaptionFigures(_Figures):
    """Captioned clips and their captions. uncaptioned: clips whose row has no caption at all."""

    clips: int
    uncaptioned: int
    by_caption: tuple[Author, ...]
    writers: tuple[Count, ...]
    """Captioned clips by the model that was asked."""
    rungs: tuple[Count, ...]
    """Captions by the rung of the ladder that wrote them."""
    licences: tuple[Licence, ...]

    @property
    def captions(self) -> int:
        """Of all kinds."""
        return sum(each.written for each in self.by_caption)


class RefusalFigures(_Figures):
    """Replies of the writer that guards refused. asked: clips of which it was asked; refused: of these,
    with a refused reply; in_doubt: captions that a judge was asked about."""

    asked: int
    refused: int
    by_guard: tuple[Count, ...]
    """Clips by guard; a clip may count with several."""
    by_rung: tuple[Count, ...]
    """Clips by the rung whose reply was refused."""
    in_doubt: int
    judged: float | None
    """Mean probability that the judge gave these."""
    checked: int | None
    """Replies' captions that guards checked, by the run log."""
    rejected: tuple[Count, ...]
    """Of these, rejected by each guard."""


class ClaimFigures(_Figures):
    """Claims of captions. unsupported: that the evidence does not say; shared: that several captioners
    support; None in a release without its claims. support: mean share of a clip's claims that are
    supported; confidence: mean of the clips' mean probabilities."""

    claims: int | None
    unsupported: int | None
    shared: int | None
    by_caption: dict[str, tuple[int, int]]
    """Claims and unsupported ones of each caption."""
    tiers: tuple[Count, ...]
    clips: int
    """Clips with a claim."""
    support: float | None
    confidence: float | None
    support_bins: tuple[Bin, ...]
    confidence_bins: tuple[Bin, ...]


class SimilarityFigures(_Figures):
    """Products of embeddings of one kind. clips: that have one for their present captions."""

    name: str
    clips: int
    mean: float
    low: float
    """The lowest tenth is below it."""
    median: float
    high: float
    """The highest tenth is above it."""
    bins: tuple[Bin, ...]


class MediaFigures(_Figures):
    """What was captioned. domains_of: rows from which the domains were counted."""

    seconds: float
    kinds: tuple[Count, ...]
    domains: tuple[Count, ...]
    domains_of: int
    languages: tuple[Count, ...]
    """Of words that were understood; clips without are not counted."""
    durations: tuple[Bin, ...]
    """Clips by their seconds."""


class Duplicates(_Figures):
    """Clips that are nearly alike, by the vectors of one medium. extra: clips beyond the first of each
    group. clips: that have a vector. why: why nothing was counted."""

    by: str
    at_least: float
    groups: int = 0
    extra: int = 0
    clips: int = 0
    largest: int = 0
    why: str | None = None


class Growth(_Figures):
    """So many different words in so many captions."""

    captions: int
    words: int


class TextFigures(_Figures):
    """Texts of captions in a sample. clips: of the sample; whole: it is all of them. distinct: different
    texts; vocabulary: different words; words: mean of a caption; share of captions whose text is that of
    another clip's caption of the same kind: repeated."""

    clips: int
    whole: bool
    captions: int
    distinct: int
    repeated: int
    words: float | None
    vocabulary: int
    most_repeated: tuple[Count, ...]
    phrases: tuple[Count, ...]
    """Phrases of three words by the captions that have them."""
    growth: tuple[Growth, ...]


class Pair(_Figures):
    """Of the claims that `first` supports, those that `second` supports too."""

    first: str
    second: str
    claims: int
    both: int


class Agreement(_Figures):
    """Who supports the same claims of captions, in the sample of the texts."""

    captioners: tuple[str, ...]
    pairs: tuple[Pair, ...]


class CurvePoint(_Figures):
    """Claims of about equal probability, its mean, and how many of them are true, with the 95 % interval
    of that share (Wilson)."""

    probability: float
    true: float
    low: float
    high: float
    claims: int


class ReliabilityRow(_Figures):
    """How good the probabilities of a captioner's claims are on labelled media. before, after:
    calibration error (ECE); curve_before, curve: the points of the reliability diagram."""

    captioner: str
    claims: int
    true: int
    before: float
    after: float
    curve_before: tuple[CurvePoint, ...] = ()
    curve: tuple[CurvePoint, ...] = ()


class TierTruth(_Figures):
    """Fused claims of a tier, and how many of these were true."""

    tier: str
    claims: int
    true: int


class Reliability(_Figures):
    """What `captionmill calibrate` measured in this workspace on labelled media."""

    rows: tuple[ReliabilityRow, ...]
    tiers: tuple[TierTruth, ...]


class Unit(_Figures):
    """A model's work. busy_s: summed over its replicas."""

    name: str
    clips: int
    busy_s: float
    tokens_in: int
    tokens_out: int


class Effort(_Figures):
    """What captioning took, summed over its runs. seconds: of runs, without their start."""

    runs: int
    clips: int
    seconds: float
    startup_s: float
    media_s: float
    tokens_in: int
    tokens_out: int
    worker_deaths: int
    units: tuple[Unit, ...]

    @property
    def clips_per_second(self) -> float | None:
        """Of the machine that it ran on."""
        return self.clips / self.seconds if self.seconds else None

    @property
    def hours_per_million(self) -> float | None:
        """Hours of that machine for a million clips."""
        return self.seconds / 3600 / self.clips * 1e6 if self.clips else None


class StratumRate(_Figures):
    """Of a stratum of a plan: its clips in the set, and how many of those that were judged are bad."""

    value: str
    size: int
    bad: Rate


class PlanFigures(_Figures):
    """What the reviews of a plan say. clips: of the plan; judged: of these; passed: clips that stand in
    it before the last judged one and were not judged; set: clips that it was drawn from; astray: of the
    plan, that are not in this set, or not with the captions that were judged. bad: share of the set;
    unknown for a plan that is no sample of it."""

    name: str
    how: str
    by: str | None
    interval: float | None
    clips: int
    judged: int
    passed: int
    set: int
    astray: int
    bad: Rate | None
    strata: tuple[StratumRate, ...]


class Said(_Figures):
    """Clips that people call good, or bad. unsupported: those with a claim that the evidence does not
    say, of those that make claims; claims: the same of their claims."""

    verdict: str
    clips: int
    unsupported: Rate
    claims: Rate


class ReviewFigures(_Figures):
    """What people say of these very captions.

    reviews: that count, one of each reviewer for a clip; others: of captions that are not these. clips:
    with a review; judged: with a verdict; bad: where at least as many call them bad as good. rate: the
    plan whose rate is that of the set. said: of the clips of that plan, without one of all judged ones.
    """

    reviews: int
    others: int
    clips: int
    judged: int
    bad: int
    edited: int
    reviewers: tuple[Count, ...]
    reasons: tuple[Count, ...]
    """Clips by reason; a clip may count with several."""
    plans: tuple[PlanFigures, ...]
    rate: str | None
    said: tuple[Said, ...]
    agreement: tuple[Kappa, ...]
    """Pairs of reviewers, by the clips that both judged."""

    @property
    def plan(self) -> PlanFigures | None:
        """The plan whose rate is that of the set."""
        return next((plan for plan in self.plans if plan.name == self.rate), None)


class Figures(_Figures):
    """Everything that is counted of a caption set."""

    name: str
    job: str
    """Its config digest; of a release its own digest."""
    made: str
    """How it was captioned, in words."""
    books: BooksFigures | None
    """None of a release, which has others."""
    release: ReleaseFigures | None
    captions: CaptionFigures
    refusals: RefusalFigures | None
    """None of a release, which does not tell of them."""
    claims: ClaimFigures
    similarity: tuple[SimilarityFigures, ...]
    uncompared: int = Field(
        description="clips with captions without similarities, if any have some"
    )
    media: MediaFigures
    duplicates: Duplicates
    texts: TextFigures
    agreement: Agreement
    reliability: Reliability | None
    effort: Effort | None
    reviews: ReviewFigures | None = None
    """None where nobody reviewed them."""
