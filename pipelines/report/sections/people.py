"""What people say of the captions, as a section of the page."""

from pipelines.report import charts
from pipelines.report.amounts import counted, counted_clips
from pipelines.report.figures import PlanFigures, ReviewFigures, Said
from pipelines.report.preferred import share
from pipelines.report.scalars import percent
from pipelines.report.sections.parts import Figure, Section
from pipelines.report.shown import visible
from pipelines.reviews.intervals import FEWEST, Kappa

_VERDICTS = {"good": "good", "bad": "bad", "edited only": "second"}
_HOW = {"random": "at random", "stratified": "at random of each {}", "worst": "the worst first"}


def people(of: ReviewFigures | None) -> Section | None:
    """What reviews say of these captions; None where there are none."""
    if of is None or not (of.reviews or of.others or of.unnamed):
        return None
    if not of.reviews:
        lead = f"Nobody reviewed these captions. {_others(of)}"
        return Section("reviews", "What people say", lead, ())
    rows = [
        ("clips", "good", of.judged - of.bad),
        ("clips", "bad", of.bad),
        ("clips", "edited only", of.clips - of.judged),
    ]
    told = [
        Figure(
            "Clips that were reviewed",
            charts.stacked(rows, _VERDICTS),
            (*((name, f"{count:,}") for _, name, count in rows), ("edited", f"{of.edited:,}")),
            "Where several reviewed a clip, it is bad if at least as many call it bad as good.",
        )
    ]
    if of.reasons:
        numbers = tuple((reason.name, f"{reason.count:,}") for reason in of.reasons)
        note = "Of all reviewed clips; a clip counts with each reason that somebody gives."
        told.append(Figure("Why clips are bad", charts.bars(of.reasons, "bad"), numbers, note))
    if of.plans:
        plans = tuple((_plan(plan), _rate_of(plan)) for plan in of.plans)
        told.append(Figure("Plans", texts=plans, note=_MIXED))
    plan = of.plan
    if plan is not None and len(plan.strata) > 1:
        strata = tuple(
            (f"{visible(s.value, 60)}, {counted_clips(s.size)}", share(s.bad)) for s in plan.strata
        )
        told.append(Figure(f'Bad captions by {plan.by}, in the plan "{plan.name}"', texts=strata))
    if of.said:
        told.append(_automatic(of))
    if of.agreement:
        told.append(
            Figure("Do reviewers agree?", texts=tuple(map(_pair, of.agreement)), note=_KAPPA)
        )
    return Section("reviews", "What people say", _lead(of), tuple(told))


_MIXED = "The share of bad captions comes from one plan that is a sample. Plans are never mixed."
_KAPPA = (
    "On the clips that both judged. Kappa is agreement beyond chance: 0 is chance, 1 is always; with its "
    "95% interval."
)


def _lead(of: ReviewFigures) -> str:
    told = f"{counted(len(of.reviewers), 'reviewer')} looked at {counted_clips(of.clips)}. "
    plan = of.plan
    if plan is not None and plan.bad is not None and plan.bad.share is not None:
        low, high = percent(plan.bad.low or 0), percent(plan.bad.high or 0)
        told += (
            f"{percent(plan.bad.share)} of the clips have bad captions (95% interval {low} to {high}). "
            f"This comes from the plan {plan.name}: {plan.judged:,} judged clips, drawn {_how(plan)}"
            + (" and weighted by the sizes of these. " if plan.by else ". ")
        )
    else:
        told += f"How often captions are bad is not known: {_why_not(of)} "
    if of.others or of.unnamed:
        told += _others(of)
    return told.strip()


def _others(of: ReviewFigures) -> str:
    told = []
    if of.others:
        told.append(
            f"{counted(of.others, 'review')} of other captions, or of clips that are not here, "
            f"{'does' if of.others == 1 else 'do'} not count."
        )
    if of.unnamed:
        told.append(
            f"{counted(of.unnamed, 'review')} without a caption digest, as of clips without captions, "
            f"{'does' if of.unnamed == 1 else 'do'} not count."
        )
    return " ".join(told)


def _why_not(of: ReviewFigures) -> str:
    drawn = [plan for plan in of.plans if plan.how != "worst"]
    if plan := next((each for each in drawn if each.astray), None):
        return (
            f"{counted_clips(plan.astray)} of the plan {plan.name} are not in this set, so it is no "
            "sample of it. captionmill reviews plan makes one of this set."
        )
    if plan := next((each for each in drawn if each.rewritten), None):
        return (
            f"{counted_clips(plan.rewritten)} of the plan {plan.name} got other captions after they were "
            "judged, and those left are no sample. Review these clips again, or make a new plan with "
            "captionmill reviews plan."
        )
    if plan := next((each for each in drawn if each.bad and each.bad.of), None):
        return (
            f"the plan {plan.name} was drawn from {counted_clips(plan.set)} with captions, and the set "
            f"has {plan.captioned:,} now. captionmill reviews plan makes one of the whole set."
        )
    return "these clips were chosen and not drawn. captionmill reviews plan draws some."


def _how(plan: PlanFigures) -> str:
    return _HOW[plan.how].format(plan.by)


def _plan(plan: PlanFigures) -> str:
    told = f"{plan.name}: {_how(plan)}, {plan.judged:,} of {counted_clips(plan.clips)} judged"
    if plan.edited:
        told += f"; {plan.edited:,} were edited without a verdict, and are in no share"
    if plan.passed:
        told += (
            f"; {plan.passed:,} before the last of them were passed over, which may bias the share"
        )
    return told


def _rate_of(plan: PlanFigures) -> str:
    if plan.astray:
        return f"no share: {plan.astray:,} of its clips are not in this set"
    if plan.rewritten:
        return (
            f"no share: {plan.rewritten:,} of its clips got other captions after they were judged"
        )
    if plan.bad is None:
        return "no sample: not a share of the set"
    told = f"bad: {share(plan.bad)}"
    if plan.set != plan.captioned:
        told += f", of the {counted_clips(plan.set)} that it was drawn from; the set has "
        told += f"{plan.captioned:,} with captions now"
    return told


def _automatic(of: ReviewFigures) -> Figure:
    """Whether the automatic measure agrees with people."""
    where = "all judged clips, drawn or not" if of.rate is None else f"the plan {of.rate}"
    note = f"Clips with a claim that the evidence does not say, in {where}. If the measure agrees with "
    note += "people, there are more among the bad."
    texts = [
        (f"{counted_clips(said.clips)} that people call {said.verdict}", share(said.unsupported))
        for said in of.said
    ]
    texts += [
        (f"claims of the {said.verdict} that are unsupported", _claims(said)) for said in of.said
    ]
    return Figure("Unsupported claims, by what people say", texts=tuple(texts), note=note)


def _claims(said: Said) -> str:
    claims = said.claims
    if claims.share is None:
        return "they make none"
    return f"{percent(claims.share)} ({claims.count:,.0f} of {claims.of:,})"


def _pair(pair: Kappa) -> tuple[str, str]:
    told = f"{percent(pair.same / pair.clips)} of {counted_clips(pair.clips)} alike"
    if pair.kappa is not None and pair.low is not None and pair.high is not None:
        told += f", kappa {pair.kappa:.2f} ({pair.low:.2f} to {pair.high:.2f})"
    elif pair.clips < FEWEST:
        told += f", no kappa: too few, it needs {FEWEST} clips"
    else:
        told += ", no kappa: both always say the same"
    return f"{visible(pair.first, 80)} and {visible(pair.second, 80)}", told
