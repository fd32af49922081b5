"""'Can I train on this?', answered by rules that the page tells beside the answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.report.figures import Figures
from pipelines.report.gate import Failure
from pipelines.report.scalars import SCALARS, percent, scalars

Level = Literal["stop", "care", "good"]

FEW = 1000
"""Fewer captioned clips than these are a small sample of anything."""
LIMITS: dict[str, tuple[Literal["above", "below"], float, str]] = {
    "quarantined": ("above", 0.05, "{} of the clips could not be processed"),
    "uncaptioned": (
        "above",
        0.2,
        "{} of the worked clips got no caption: nothing sure was heard or seen",
    ),
    "bad": ("above", 0.05, "People call the captions of {} of a sample of clips bad"),
    "unsupported": ("above", 0.02, "{} of the claims are not supported by any evidence"),
    "support": (
        "below",
        0.98,
        "On average {} of a clip's claims are supported by evidence, the others are not",
    ),
    "confidence": ("below", 0.6, "Claims are doubtful: the mean probability is {}"),
    "template": ("above", 0.2, "{} of the captions are by the template and not by the LLM"),
    "refused": ("above", 0.3, "Guards refused a reply of the LLM for {} of the clips"),
    "repeated": ("above", 0.3, "{} of the captions are the same, word for word, as another clip's"),
    "duplicates": ("above", 0.1, "{} of the clips look nearly like an earlier one"),
    "similarity_audio": (
        "below",
        0.0,
        "Audio captions are no more similar to their sound than chance ({})",
    ),
    "similarity_visual": (
        "below",
        0.0,
        "Visual captions are no more similar to their picture than chance ({})",
    ),
}
"""From where on a figure is a reason to look before training, and what is then said."""
_PLACES = {
    "quarantined": "books",
    "uncaptioned": "captions",
    "template": "captions",
    "bad": "reviews",
    "refused": "refusals",
    "repeated": "texts",
    "duplicates": "media",
    "similarity_audio": "similarity",
    "similarity_visual": "similarity",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that speaks for or against. place: the section of the page that shows it."""

    level: Level
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. findings: the gravest first."""

    level: Level
    answer: str
    why: str
    findings: tuple[Finding, ...]


_ANSWERS: dict[Level, tuple[str, str]] = {
    "stop": ("Not yet", "Something must be fixed first."),
    "care": ("Yes, after a look", "Nothing forbids it, but look at these points first."),
    "good": ("Yes", "Nothing that was measured speaks against it."),
}


def verdict(figures: Figures, failures: Sequence[Failure] = ()) -> Verdict:
    """The answer. failures: gates of the user that were not passed."""
    findings = [*_stops(figures, failures), *_licences(figures), *_cares(figures), *_goods(figures)]
    order: list[Level] = ["stop", "care", "good"]
    findings.sort(key=lambda finding: order.index(finding.level))
    level = findings[0].level if findings else "good"
    answer, why = _ANSWERS[level]
    return Verdict(level, answer, why, tuple(findings))


def _stops(figures: Figures, failures: Sequence[Failure]) -> Iterator[Finding]:
    books = figures.books
    for failure in failures:
        yield Finding("stop", f"Gate {failure.gate} failed: {failure.why}", "all")
    if books is not None and not books.closes:
        text = f"The books do not close: {books.unaccounted:,} clips are lost or counted twice"
        yield Finding("stop", f"{text}. Run captionmill verify", "books")
    if books is not None and books.pending:
        share = percent(books.pending / books.input) if books.input else ""
        text = (
            f"{books.pending:,} clips ({share}) are not worked yet: run captionmill caption again"
        )
        yield Finding("stop", text, "books")
    if not figures.captions.captions:
        yield Finding("stop", "There are no captions", "captions")


def _licences(figures: Figures) -> Iterator[Finding]:
    clips = figures.captions.clips
    forbidden = sum(each.count for each in figures.captions.licences if each.outputs_train is False)
    unknown = sum(each.count for each in figures.captions.licences if each.outputs_train is None)
    if forbidden:
        text = f"For {percent(forbidden / clips)} of the clips a model's licence forbids training others"
        yield Finding("stop" if forbidden == clips else "care", text, "captions")
    if unknown:
        text = (
            f"Whether {percent(unknown / clips)} of the clips may train other models is not known: a "
            "model's licence does not say"
        )
        yield Finding("care", text, "captions")
    if clips and not forbidden and not unknown:
        yield Finding(
            "good", "The models' licences let these captions train other models", "captions"
        )


def _cares(figures: Figures) -> Iterator[Finding]:
    values = scalars(figures)
    if values["unsupported"] is not None:
        values["support"] = None  # It tells the same, and less exactly.
    for name, (side, limit, text) in LIMITS.items():
        value = values[name]
        if value is not None and (value > limit if side == "above" else value < limit):
            told = text.format(SCALARS[name].text(value))
            told += _interval(figures) if name == "bad" else ""
            yield Finding("care", told, _PLACES.get(name, "claims"))
    reviews = figures.reviews
    if reviews is not None and (plan := reviews.refused) is not None:
        text = f"The plan {plan.name} does not tell how often these captions are bad: see there why"
        yield Finding("care", text, "reviews")
    if 0 < figures.captions.clips < FEW:
        text = (
            f"Only {figures.captions.clips:,} clips: a small sample, so every share here is rough"
        )
        yield Finding("care", text, "media")
    if figures.uncompared:
        text = (
            f"{figures.uncompared:,} clips have captions that were written after they were embedded"
        )
        yield Finding("care", f"{text}: run captionmill embed", "similarity")


def _goods(figures: Figures) -> Iterator[Finding]:
    books, release, values = figures.books, figures.release, scalars(figures)
    if books is not None and books.closes and not books.pending:
        yield Finding("good", f"All {books.input:,} clips are accounted for", "books")
    if release is not None:
        text = f"All {release.rows:,} rows of the inputs are accounted for"
        yield Finding("good", text, "books")
    unsupported = values["unsupported"]
    if unsupported is not None and unsupported <= LIMITS["unsupported"][1]:
        share = f"{percent(1 - unsupported)} of" if unsupported else "All"
        text = f"{share} {figures.claims.claims:,} claims are supported by evidence"
        yield Finding("good", text, "claims")
    support = values["support"]
    if unsupported is None and support is not None and support >= LIMITS["support"][1]:
        text = f"On average {percent(support)} of a clip's claims are supported by evidence"
        yield Finding("good", text, "claims")
    confidence = values["confidence"]
    if confidence is not None and confidence >= LIMITS["confidence"][1]:
        yield Finding("good", _sure(confidence, unsupported is not None), "claims")
    bad = None if figures.reviews is None else figures.reviews.share_bad
    if bad is not None and bad.high is not None and bad.high <= LIMITS["bad"][1]:
        text = LIMITS["bad"][2].format(percent(bad.share or 0))
        yield Finding("good", f"{text}{_interval(figures)}", "reviews")


def _sure(confidence: float, is_of_claims: bool) -> str:
    """How sure claims are. is_of_claims: the mean is over claims, and not over clips."""
    if not is_of_claims:
        return f"Clips have a mean confidence of {confidence:.2f}"
    wrong = f"by that, about {percent(round(1 - confidence, 2))} of them are wrong"
    return f"Supported claims have a mean probability of {confidence:.2f}: {wrong}"


def _interval(figures: Figures) -> str:
    """How far the share of bad captions may be off, by the number of judged clips."""
    bad = None if figures.reviews is None else figures.reviews.share_bad
    if bad is None or bad.low is None or bad.high is None:
        return ""
    return f" ({bad.of:,} judged; 95% interval {percent(bad.low)} to {percent(bad.high)})"
