"""What people say."""

from pipelines.report.figures.counts import Count, Counted
from pipelines.reviews.intervals import Kappa, Rate


class StratumRate(Counted):
    """Of a stratum of a plan: its clips in the set, and how many of those that were judged are bad."""

    value: str
    size: int
    bad: Rate


class PlanFigures(Counted):
    """What the reviews of a plan say. clips: of the plan; judged: of these; edited: of these, without a
    verdict; passed: clips that stand in it before the last of both and were not reviewed; set: clips that
    it was drawn from; captioned: clips with captions in this set. astray: of the plan, that are not in
    this set; rewritten: of the plan, that were judged, but not with the captions that they have here.
    bad: share of the clips that it was drawn from; unknown for a plan that is no sample of them, or no
    longer."""

    name: str
    how: str
    by: str | None
    interval: float | None
    clips: int
    judged: int
    edited: int
    passed: int
    set: int
    captioned: int
    astray: int
    rewritten: int
    bad: Rate | None
    strata: tuple[StratumRate, ...]

    @property
    def is_of_set(self) -> bool:
        """Whether its share is that of this set: it was drawn from as many clips as there are."""
        known = self.bad is not None and self.bad.share is not None
        return known and self.set == self.captioned


class Said(Counted):
    """Clips that people call good, or bad. unsupported: those with a claim that the evidence does not
    say, of those that make claims; claims: the same of their claims."""

    verdict: str
    clips: int
    unsupported: Rate
    claims: Rate


class ReviewFigures(Counted):
    """What people say of these very captions.

    reviews: that count, one of each reviewer for a clip; others: of captions that are not these;
    unnamed: that name no captions: the clip has none, or the file that they came from names none.
    clips: with a review; judged: with a verdict; bad: where at least as many call them bad as good. rate:
    the plan whose rate is that of the set. said: of the clips of that plan, without one of all judged
    ones.
    """

    reviews: int
    others: int
    unnamed: int = 0
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

    @property
    def refused(self) -> PlanFigures | None:
        """Where no rate is known, a plan that would give one if the set were as it was when clips of the
        plan were judged; None without one."""
        drawn = (plan for plan in self.plans if plan.how != "worst" and self.rate is None)
        return next((plan for plan in drawn if plan.judged or plan.rewritten), None)

    @property
    def share_bad(self) -> Rate | None:
        """The share of clips with bad captions, by that plan."""
        return None if self.plan is None else self.plan.bad
