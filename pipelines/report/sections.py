"""The figures of a page in the order in which they are read: what each says, its chart, its numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pipelines.report import charts
from pipelines.report.amounts import counted, counted_clips, hours
from pipelines.report.figures import Bin, Count, Figures, ReliabilityRow, SimilarityFigures
from pipelines.report.scalars import percent
from pipelines.report.shown import visible
from pipelines.show import TITLES

Cells = tuple[tuple[str, str], ...]

_AUTHORS = {
    "by the LLM": "accent",
    "by the template": "second",
    "by others": "good",
    "none": "faint",
}
_BOOKS = {
    "captioned": "good",
    "filtered": "second",
    "in quarantine": "bad",
    "pending": "faint",
}
_INPUTS = 10
"""Workspaces that are named."""
_TIERS = {
    "high": "high, 0.8 and more",
    "medium": "medium, 0.5 to 0.8",
    "low": "low, under 0.5",
    "none": "supported, not measured",
    "unsupported": "not supported",
}
_SIMILAR = {
    "audio_video": "Sound and picture",
    "audio_caption": "Sound and what is said to be heard",
    "visual_caption": "Picture and what is said to be seen",
    "audio_visual_caption": "Both and the caption of both",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. svg: a chart of ours; numbers: what it draws, as a table; texts: longer ones, of which
    the number is last."""

    title: str
    svg: str = ""
    numbers: Cells = ()
    note: str = ""
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Figures of one subject. lead: what they say, in a sentence or two."""

    key: str
    title: str
    lead: str
    figures: tuple[Figure, ...]
    matrix: "Matrix | None" = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """Shares by row and column. rows: name, and for each column the share and what is told of it; None on
    the diagonal."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[float, str] | None, ...]], ...] = field(default=())


def sections(figures: Figures) -> list[Section]:
    """All sections that have something to tell."""
    made = [
        _books(figures),
        _release(figures),
        _captions(figures),
        _refusals(figures),
        _claims(figures),
        _similarity(figures),
        _media(figures),
        _texts(figures),
        _agreement(figures),
        _reliability(figures),
        _effort(figures),
        _absent(figures),
    ]
    return [section for section in made if section is not None]


def _books(figures: Figures) -> Section | None:
    books = figures.books
    if books is None:
        return None
    parts = [books.captioned, books.filtered, books.quarantined, books.pending]
    lead = f"{counted_clips(books.input)} = " + " + ".join(
        f"{count:,} {name}" for name, count in zip(_BOOKS, parts, strict=True)
    )
    lead += ". The books close." if books.closes else ". The books do not close."
    rows = [("clips", name, count) for name, count in zip(_BOOKS, parts, strict=True)]
    told = [
        Figure(
            "What became of the clips",
            charts.stacked(rows, _BOOKS),
            tuple((name, f"{count:,}") for _, name, count in rows),
        )
    ]
    if books.reasons:
        told.append(_bars("Why clips are in quarantine", books.reasons, "bad"))
    if books.rules:
        told.append(_bars("Which rule left clips out", books.rules, "second"))
    return Section("books", "Books", lead, tuple(told))


def _release(figures: Figures) -> Section | None:
    of = figures.release
    if of is None:
        return None
    dropped = [each for each in of.dropped if each.count]
    lead = f"{of.rows:,} rows of {counted(len(of.inputs), 'captioning')} = {of.kept:,} kept"
    lead += "".join(f" + {each.count:,} left out by {each.name}" for each in dropped)
    lead += ". The books close. A row counts with the first rule that drops it."
    if of.reviews:
        lead += (
            f" Reviews of {counted(len(of.reviews), 'workspace')} were used: "
            f"{counted(of.rejected, 'row')} left because of them, and in {counted_clips(of.edited)} a "
            "reviewer wrote a caption anew."
        )
    used = tuple((visible(each.name, 200), f"reviews {each.digest}") for each in of.reviews)
    inputs = tuple(
        (visible(each.name, 200), f"{each.kept:,} of {each.rows:,} rows kept") for each in of.inputs
    )
    told = [
        _bars("Why rows were left out", dropped, "second"),
        _bars("Splits", of.splits),
        _bars("Classes of licence", of.classes),
        Figure("What it was built of", texts=inputs),
        Figure("Reviews that were used", texts=used, note=_USED if used else ""),
    ]
    return Section("books", "Books", lead, _filled(told))


_USED = "By the digest of all reviews of a workspace when the release was built."


def _absent(figures: Figures) -> Section | None:
    """What a release does not hold, so that nobody takes it for nothing."""
    of = figures.release
    if of is None:
        return None
    absent = [
        "which replies of the LLM were refused or doubted, and which attempt wrote a caption",
        "clips in quarantine, filtered or pending",
        "similarities, reliability, speed and cost",
    ]
    if figures.reviews is None:
        absent.append("what people say of it (--reviews names the folder that holds it)")
    absent += [
        f"its {side}" for side in ("claims", "evidence", "embeddings") if side not in of.sides
    ]
    names = ", ".join(visible(each.name, 60) for each in of.inputs[:_INPUTS])
    lead = f"A release does not hold {'; '.join(absent)}. See captionmill report of its workspaces"
    return Section("absent", "What is not in it", f"{lead}: {names}.", ())


def _captions(figures: Figures) -> Section:
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
        _bars("Which attempt wrote them", of.rungs, note=_RUNGS if of.rungs else ""),
        _bars("Which model was asked, by clips", of.writers),
        _bars("Why there is no caption of what is heard", of.by_caption[0].why, "second"),
        _bars("Why there is no caption of what is seen", of.by_caption[1].why, "second"),
    ]
    licences = tuple(
        (visible(each.name, 200) or "none", f"{each.count:,} clips, {_MAY[each.outputs_train]}")
        for each in of.licences
    )
    told.append(Figure("Licences of the models behind them", texts=licences))
    return Section("captions", "Captions", lead, _filled(told))


_RUNGS = (
    "first: the first reply; repair, fresh, other: asked again after a refusal; template: put together "
    "from the facts without the LLM."
)
_MAY = {True: "may train other models", False: "may NOT train other models", None: "not known"}


def _refusals(figures: Figures) -> Section | None:
    of = figures.refusals
    if of is None:
        return None
    lead = (
        f"The LLM was asked about {counted_clips(of.asked)}; for {of.refused:,} "
        f"({percent(of.refused / of.asked) if of.asked else '0%'}) a reply was refused and written "
        "again. "
        f"{of.in_doubt:,} captions were in doubt and put to a judge"
    )
    lead += f", who gave them {of.judged:.2f} on average." if of.judged is not None else "."
    told = [
        _meant(_bars("Clips with a refused reply, by guard", of.by_guard, "bad", note=_GUARDS)),
        _bars("Clips with a refused reply, by attempt", of.by_rung, "bad"),
    ]
    if of.checked:
        title = f"Of {of.checked:,} checked replies, rejected by guard"
        told.append(_meant(_bars(title, of.rejected, "bad", note="From the run log.")))
    return Section("refusals", "Refusals and doubt", lead, _filled(told))


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


def _claims(figures: Figures) -> Section:
    of = figures.claims
    if of.claims is None or of.unsupported is None:
        lead = (
            "This release has no claims, only what of each clip is supported and how sure that is: here "
            "a claim without support counts as probability 0."
        )
    else:
        share = percent(of.unsupported / of.claims) if of.claims else "none"
        lead = (
            f"The captions make {of.claims:,} claims; {of.unsupported:,} of them ({share}) are not "
            f"said by any evidence, and {of.shared:,} are said by several captioners. Evidence is what "
            "models made of the media: a claim that it supports may still be wrong, as often as its "
            "probability says."
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
        _bars("How sure the claims are", ordered),
        _histogram(
            "Share of a clip's claims that are supported", of.support_bins, "supported share"
        ),
        _histogram(
            "Mean probability of a clip's supported claims", of.confidence_bins, "probability"
        ),
        Figure("Unsupported claims by caption", texts=by_caption),
    ]
    return Section("claims", "Support and confidence", lead, _filled(told))


def _similarity(figures: Figures) -> Section | None:
    if not figures.similarity:
        return None
    lead = (
        "How near captions are to their media, by an encoder that no captioner used. 0 is chance. How "
        "high a good caption gets depends on the encoder: compare sets by the same one."
    )
    return Section(
        "similarity", "Similarity", lead, tuple(_similar(each) for each in figures.similarity)
    )


def _similar(of: SimilarityFigures) -> Figure:
    numbers = (
        ("clips", f"{of.clips:,}"),
        ("mean", f"{of.mean:.3f}"),
        ("median", f"{of.median:.3f}"),
        ("a tenth is below", f"{of.low:.3f}"),
        ("a tenth is above", f"{of.high:.3f}"),
    )
    svg = charts.histogram(of.bins, "similarity", whole=False)
    return Figure(
        _SIMILAR[of.name], svg, numbers, f"Mean {of.mean:.3f} over {counted_clips(of.clips)}."
    )


def _media(figures: Figures) -> Section:
    of, alike = figures.media, figures.duplicates
    lead = f"{hours(of.seconds)} of media."
    if alike.why is None:
        lead += (
            f" {counted_clips(alike.extra)} of {alike.clips:,} with a picture look nearly like an "
            f"earlier one (cosine {alike.at_least:g} and more), in {counted(alike.groups, 'group')}; "
            f"the largest has {alike.largest:,}."
        )
    else:
        lead += f" Near duplicates are not counted: {visible(alike.why, 300)}."
    sampled = (
        "" if of.domains_of == figures.captions.clips else f"Of {counted_clips(of.domains_of)}."
    )
    told = [
        _bars("What the sound is about", of.domains, note=sampled),
        _bars("Languages of speech that was understood", of.languages),
        _histogram("Durations", of.durations, "seconds"),
        _bars("Kinds of clips", of.kinds),
    ]
    return Section("media", "What is in it", lead, _filled(told))


def _texts(figures: Figures) -> Section:
    of = figures.texts
    lead = f"{of.captions:,} captions, {of.distinct:,} of them different; "
    lead += f"{of.vocabulary:,} different words"
    lead += f", {of.words:.1f} in a caption on average." if of.words is not None else "."
    if not of.whole:
        lead += f" Counted in a sample of {counted_clips(of.clips)}."
    told = [
        Figure("Captions that most clips share", texts=_listed(of.most_repeated)),
        Figure("Phrases that most captions share", texts=_listed(of.phrases)),
    ]
    if of.growth:
        numbers = tuple(
            (f"{each.captions:,} captions", f"{each.words:,} words") for each in of.growth
        )
        note = "A curve that goes flat says that further captions bring no new words."
        told.append(Figure("New words keep coming?", charts.growth(of.growth), numbers, note))
    return Section("texts", "Words", lead, tuple(told))


def _agreement(figures: Figures) -> Section | None:
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


def _reliability(figures: Figures) -> Section | None:
    of = figures.reliability
    if of is None:
        return None
    lead = (
        "How often claims were true on labelled media, by captionmill calibrate. On the dashed line "
        "they are true as often as their probability says, below it less often. Before: by the raw "
        "score; of all fused by the surest captioner alone."
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


def _effort(figures: Figures) -> Section | None:
    of = figures.effort
    if of is None or not of.seconds:
        return None
    lead = f"{counted_clips(of.clips)} in {hours(of.seconds)} of work, in {counted(of.runs, 'run')}"
    if of.clips_per_second is not None and of.hours_per_million is not None:
        lead += (
            f": {of.clips_per_second:.3g} clips a second. A million clips would take this machine "
            f"{of.hours_per_million:,.0f} hours"
        )
    lead += f". The LLM read {of.tokens_in:,} tokens and wrote {of.tokens_out:,}."
    if of.worker_deaths:
        lead += f" {counted(of.worker_deaths, 'worker')} died and were started again."
    busy = [
        Count(name=unit.name, count=round(unit.busy_s)) for unit in of.units if unit.busy_s >= 0.5
    ]
    note = "Seconds that each model was busy, summed over its replicas."
    return Section(
        "effort", "Speed and cost", lead, _filled([_bars("Where the time went", busy, note=note)])
    )


def _filled(told: Sequence[Figure]) -> tuple[Figure, ...]:
    return tuple(figure for figure in told if figure.svg or figure.texts)


def _bars(title: str, counts: Sequence[Count], colour: str = "accent", note: str = "") -> Figure:
    if not counts:
        return Figure(title)
    numbers = tuple((visible(count.name, 200), f"{count.count:,}") for count in counts)
    return Figure(title, charts.bars(counts, colour), numbers, note)


def _meant(figure: Figure) -> Figure:
    """A figure of guards, whose numbers say what each refuses."""
    numbers = tuple(
        (f"{name}: {_MEANINGS[name]}" if name in _MEANINGS else name, count)
        for name, count in figure.numbers
    )
    return replace(figure, numbers=numbers)


def _histogram(title: str, bins: Sequence[Bin], axis: str) -> Figure:
    if not bins:
        return Figure(title)
    return Figure(title, charts.histogram(bins, axis), tuple(_edges(bins)))


def _edges(bins: Sequence[Bin]) -> Iterator[tuple[str, str]]:
    for each in bins:
        if each.count:
            upper = "and more" if each.high is None else f"to {each.high:g}"
            yield f"{each.low:g} {upper}", f"{each.count:,}"


def _listed(counts: Sequence[Count]) -> tuple[tuple[str, str], ...]:
    return tuple((visible(count.name, 300), f"{count.count:,}") for count in counts)
