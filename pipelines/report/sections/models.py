"""Sections on the models: whether they agree, whether they are right, what they take."""

from pipelines.report import charts
from pipelines.report.amounts import counted, counted_clips, hours
from pipelines.report.figures import Count, Effort, Figures, ReliabilityRow
from pipelines.report.scalars import percent
from pipelines.report.sections.parts import Figure, Matrix, Section, bars, filled
from pipelines.report.shown import visible
from pipelines.report.verdict import FEW


def agreement(figures: Figures) -> Section | None:
    """Whether captioners support the same claims."""
    of = figures.agreement
    if len(of.captioners) < 2:
        return None
    lead = (
        "Of the captions' claims that the captioner of a row supports, the share that the captioner of a "
        "column supports too. Captioners that look at different things can't agree."
    )
    by_pair = {(pair.first, pair.second): pair for pair in of.pairs}
    rows = []
    for first in of.captioners:
        cells: list[tuple[float, str] | None] = []
        for second in of.captioners:
            pair = by_pair.get((first, second))
            share = pair.both / pair.claims if pair and pair.claims else 0.0
            told = f"{pair.both:,} of {pair.claims:,}" if pair else ""
            cells.append((share, told) if pair else None)
        rows.append((visible(first, 40), tuple(cells)))
    columns = tuple(visible(name, 40) for name in of.captioners)
    return Section("agreement", "Do captioners agree?", lead, (), Matrix(columns, tuple(rows)))


def reliability(figures: Figures) -> Section | None:
    """Whether probabilities are right, by labelled media."""
    of = figures.reliability
    if of is None:
        return None
    lead = (
        "How often claims were true on labelled media, measured by captionmill calibrate. On the dashed "
        "line claims are true as often as their probability says, below it less often. Before "
        "calibration the probability is the raw score, or for all fused that of the surest captioner."
    )
    tiers = [tier for tier in of.tiers if tier.claims]
    shares = [
        (
            tier.tier,
            tier.true / tier.claims,
            f"{percent(tier.true / tier.claims)} of {tier.claims:,}",
        )
        for tier in tiers
    ]
    errors = tuple(
        (visible(row.captioner, 60), f"{row.before:.3f} to {row.after:.3f}") for row in of.rows
    )
    told = [_curve(row) for row in of.rows if row.curve]
    if shares:
        told.append(
            Figure(
                "True claims by tier", charts.shares(shares), tuple((n, t) for n, _, t in shares)
            )
        )
    note = "Mean distance of probability and truth (ECE), before and after calibration; 0 is best."
    told.append(Figure("Calibration error", texts=errors, note=note))
    return Section("reliability", "Are probabilities right?", lead, tuple(told))


def _curve(row: ReliabilityRow) -> Figure:
    """The reliability diagram of a captioner, or of all fused."""
    numbers = tuple(
        (f"probability {point.probability:.2f}", f"{percent(point.true)} of {point.claims:,} true")
        for point in row.curve
    )
    return Figure(
        f"Probability and truth: {visible(row.captioner, 60)}",
        charts.reliability(row.curve_before, row.curve),
        numbers,
        f"{row.claims:,} claims in bins of equal numbers; bars are 95% intervals.",
    )


def effort(figures: Figures) -> Section | None:
    """What captioning took."""
    of = figures.effort
    if of is None or not of.seconds:
        return None
    lead = (
        f"{counted_clips(of.clips)}, of which {of.captioned:,} were captioned, in {hours(of.seconds)} of "
        f"work, in {counted(of.runs, 'run')}. "
    )
    if of.captioned < FEW:
        lead += "With so few clips this is mostly start-up and says little of a larger job. "
    elif of.clips_per_second is not None and of.hours_per_million is not None:
        lead += (
            f"This is {of.clips_per_second:.3g} captioned clips a second; a million would take this "
            f"machine {of.hours_per_million:,.0f} hours. "
        )
    lead += f"The LLM read {of.tokens_in:,} tokens and wrote {of.tokens_out:,}."
    if of.worker_deaths:
        lead += f" {counted(of.worker_deaths, 'worker')} died and were started again."
    lead += f" {_cost(of)}"
    busy = [
        Count(name=unit.name, count=round(unit.busy_s)) for unit in of.units if unit.busy_s >= 0.5
    ]
    note = (
        "Seconds of each model's calls, summed over calls at the same time. Calls to the LLM include "
        "waiting for its server."
    )
    return Section(
        "effort", "Speed and cost", lead, filled([bars("Where the time went", busy, note=note)])
    )


def _cost(of: Effort) -> str:
    """What the GPUs cost, and what that covers."""
    if of.gpu_hours is None:
        return (
            "What its GPUs cost is not known: not every run noted how many it had, as those of older "
            "versions did not."
        )
    if not of.gpu_hours:
        return "No GPU took part, so nothing is said of its cost."
    hours_paid = f"{of.gpu_hours:{',.0f' if of.gpu_hours >= 100 else '.3g'}} GPU-hours"
    if of.cost is None:
        return f"It took {hours_paid}; --gpu-price tells what these cost."
    told = f"It took {hours_paid}, which at {of.gpu_price:,.6g} each cost {of.cost:,.2f}"
    if of.captioned >= FEW:
        told += f", or {of.cost / of.captioned * 1e6:,.0f} for a million captioned clips"
    return (
        f"{told}. They are of every GPU that Ray had, at work or not, from the start of each run to its "
        "end. "
        "Not in it: CPUs, storage and network, listing and embedding, model servers elsewhere, and runs "
        "that were killed or came to no clip, which log no time."
    )
