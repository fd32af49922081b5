"""Sections on captions: by whom they are, what was refused, what they claim."""

from dataclasses import replace

from pipelines.report import charts
from pipelines.report.amounts import counted, counted_clips
from pipelines.report.figures import CaptionFigures, Count, Figures, RefusalFigures
from pipelines.report.scalars import percent
from pipelines.report.sections.parts import Figure, Section, bars, filled, histogram
from pipelines.report.shown import visible
from pipelines.report.sources import TEMPLATE
from pipelines.show import TITLES

_AUTHORS = {
    "by the LLM": "accent",
    "by the template": "second",
    "by others": "good",
    "none": "faint",
}


def captions(figures: Figures) -> Section:
    """Who wrote the captions."""
    of = figures.captions
    rows = [
        (TITLES[each.caption], part, count)
        for each in of.by_caption
        for part, count in zip(
            _AUTHORS, (each.llm, each.template, each.others, each.none), strict=True
        )
        if count or part != "by others"
    ]
    with_any = of.clips - of.uncaptioned
    lead = (
        f"{with_any:,} of {counted_clips(of.clips)} have a caption, {of.captions:,} captions in all. "
        "A clip gets no caption where nothing sure was heard or seen."
    )
    told = [
        Figure(
            "Captions by who wrote them",
            charts.stacked(rows, {part: _AUTHORS[part] for _, part, _ in rows}),
            tuple((f"{label}, {part}", f"{count:,}") for label, part, count in rows),
        ),
        bars("Which attempt wrote them", of.rungs, note=_rungs(of)),
        bars("Which model was asked, by clips", of.writers),
        bars("Why there is no caption of what is heard", of.by_caption[0].why, "second"),
        bars("Why there is no caption of what is seen", of.by_caption[1].why, "second"),
    ]
    licences = tuple(
        (visible(each.name, 200) or "none", f"{each.count:,} clips, {_MAY[each.outputs_train]}")
        for each in of.licences
    )
    told.append(Figure("Licences of the models behind them", texts=licences))
    return Section("captions", "Captions", lead, filled(told))


def _rungs(of: CaptionFigures) -> str:
    """What the names of attempts mean: those of a profile's ladder are free."""
    if not of.rungs:
        return ""
    told = (
        f"Later attempts are requests after a refusal; {TEMPLATE}: put together from the facts without "
        "the LLM."
    )
    if of.first_rung is not None and of.first_rung != TEMPLATE:
        told = f"{visible(of.first_rung, 60)}: the first request. {told}"
    return told


_MAY = {True: "may train other models", False: "may NOT train other models", None: "not known"}


def refusals(figures: Figures) -> Section | None:
    """What guards refused and a judge doubted."""
    of = figures.refusals
    if of is None:
        return None
    lead = (
        f"The LLM was asked about {counted_clips(of.asked)}. {_refused(of)} "
        f"{counted(of.in_doubt, 'caption')} {'was' if of.in_doubt == 1 else 'were'} in doubt"
    )
    if of.judged is not None:
        lead += f"; a judge was asked about these, and gave {of.judged:.2f} on average"
    lead += "."
    told = [
        _meant(bars("Clips with a refused reply, by guard", of.by_guard, "bad", note=_GUARDS)),
        bars("Clips with a refused reply, by attempt", of.by_rung, "bad"),
    ]
    if of.checked:
        title = f"Of {of.checked:,} checked replies, rejected by guard"
        told.append(_meant(bars(title, of.rejected, "bad", note="From the run log.")))
    return Section("refusals", "Refusals and doubt", lead, filled(told))


def _refused(of: RefusalFigures) -> str:
    if not of.refused:
        return "No reply was refused."
    share = f" ({percent(of.refused / of.asked)})" if of.asked else ""
    return f"For {of.refused:,} of them{share} a reply was refused and asked for again."


_GUARDS = "A clip counts with each guard that refused one of its replies."


_MEANINGS = {
    "unsupported": "says what no evidence says",
    "lost": "leaves a sure fact out",
    "wrong_sense": "puts what is heard into the picture, or what is seen into the sound",
    "count": "another number than the evidence",
    "loop": "repeats itself",
    "leak": "speaks of confidences, captioners or the prompt",
    "truncated": "was cut off",
    "copied_modality": "one caption is a copy of another",
    "misquoted": "quotes what nobody said",
    "negation": "denies what the evidence says, or the other way round",
    "role": "swaps who does what",
    "attribute": "gives something another property",
    "order": "another order of events",
    "language": "names another language",
    "no_evidence": "there is nothing to say",
}
"""What the commonest guards refuse a caption for."""


def _meant(figure: Figure) -> Figure:
    """A figure of guards, whose numbers say what each refuses."""
    numbers = tuple(
        (f"{name}: {_MEANINGS[name]}" if name in _MEANINGS else name, count)
        for name, count in figure.numbers
    )
    return replace(figure, numbers=numbers)


_TIERS = {
    "high": "high, 0.8 and more",
    "medium": "medium, 0.5 to 0.8",
    "low": "low, under 0.5",
    "none": "supported, not measured",
    "unsupported": "not supported",
}


def claims(figures: Figures) -> Section:
    """What captions claim, and how sure that is."""
    of = figures.claims
    if of.claims is None or of.unsupported is None:
        lead = (
            "This release does not hold claims, only the supported share of each clip's claims and their "
            "mean probability. Here a claim without support counts as probability 0."
        )
    else:
        supported = "supports all of them"
        if of.unsupported:
            share = percent(of.unsupported / of.claims)
            supported = f"does not support {of.unsupported:,} ({share}) of them"
        lead = (
            f"The captions make {of.claims:,} claims. The evidence {supported}, and several captioners "
            f"support {of.shared:,}. Models made the evidence, "
            "so a supported claim may be wrong: of those with probability 0.8 about one in five is."
        )
    tiers = {count.name: count.count for count in of.tiers}
    ordered = [
        Count(name=told, count=tiers[tier]) for tier, told in _TIERS.items() if tier in tiers
    ]
    by_caption = tuple(
        (f"{TITLES[name]}, not supported", f"{unsupported:,} of {claims:,}")
        for name, (claims, unsupported) in of.by_caption.items()
    )
    told = [
        bars("How sure the claims are", ordered),
        histogram(
            "Share of a clip's claims that are supported", of.support_bins, "supported share"
        ),
        histogram(
            "Mean probability of a clip's supported claims", of.confidence_bins, "probability"
        ),
        Figure("Unsupported claims by caption", texts=by_caption),
    ]
    return Section("claims", "Support and confidence", lead, filled(told))
