"""Figures that are one number each: what gates ask for, and what two caption sets are compared by."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipelines.report.figures import Figures

Unit = Literal["share", "count", "number", "cosine"]
Better = Literal["more", "less", "neither"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number. doc: what it is, for people; better: which way is good; of: reads it from the figures,
    None where it can't be told."""

    name: str
    doc: str
    unit: Unit
    better: Better
    of: Callable[[Figures], float | None]

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most that it can be."""
        if self.unit == "share" or self.name == "confidence":
            return 0, 1
        if self.unit == "cosine" or self.name == "kappa":
            return -1, 1
        return 0, math.inf

    def text(self, value: float | None) -> str:
        """The number for people."""
        if value is None:
            return "not measured"
        if self.unit == "share":
            return percent(value)
        if self.unit == "count":
            return f"{value:,.0f}"
        return f"{value:.3f}" if self.unit == "cosine" else f"{value:,.3g}"


def percent(share: float) -> str:
    """A share for people: small ones are not rounded to nothing, nor large ones to all."""
    if 1e-9 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1 - 1e-9:
        return "over 99.9%"
    told = f"{100 * share:.1f}".removesuffix(".0")
    return f"{told}%"


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _template(figures: Figures) -> float | None:
    of = figures.captions
    return _share(sum(each.template for each in of.by_caption), of.captions)


def _untrainable(figures: Figures) -> float | None:
    of = figures.captions
    return _share(sum(each.count for each in of.licences if not each.outputs_train), of.clips)


def _of_books(part: str) -> Callable[[Figures], float | None]:
    """A share of the listed clips."""

    def of(figures: Figures) -> float | None:
        books = figures.books
        return None if books is None else _share(getattr(books, part), books.input)

    return of


def _clips(figures: Figures) -> float | None:
    return figures.captions.clips if figures.books is None else figures.books.input


def _refused(figures: Figures) -> float | None:
    of = figures.refusals
    return None if of is None else _share(of.refused, of.asked)


def _in_doubt(figures: Figures) -> float | None:
    of = figures.refusals
    return None if of is None else _share(of.in_doubt, figures.captions.captions)


def _similarity(name: str) -> Callable[[Figures], float | None]:
    def of(figures: Figures) -> float | None:
        return next((each.mean for each in figures.similarity if each.name == name), None)

    return of


def _duplicates(figures: Figures) -> float | None:
    alike = figures.duplicates
    return None if alike.why else _share(alike.extra, alike.clips)


def _bad(figures: Figures) -> float | None:
    plan = None if figures.reviews is None else figures.reviews.plan
    return None if plan is None or plan.bad is None else plan.bad.share


def _good(figures: Figures) -> float | None:
    bad = _bad(figures)
    return None if bad is None else 1 - bad


def _kappa(figures: Figures) -> float | None:
    pairs = () if figures.reviews is None else figures.reviews.agreement
    return pairs[0].kappa if pairs else None


SCALARS: dict[str, Scalar] = {
    scalar.name: scalar
    for scalar in (
        Scalar(
            "clips", "clips that were listed; of a release its clips", "count", "neither", _clips
        ),
        Scalar(
            "unaccounted",
            "clips that the books lost or counted twice",
            "count",
            "less",
            lambda f: None if f.books is None else f.books.unaccounted,
        ),
        Scalar(
            "pending",
            "share of the listed clips that wait to be worked",
            "share",
            "less",
            _of_books("pending"),
        ),
        Scalar(
            "quarantined",
            "share of the listed clips that could not be processed",
            "share",
            "less",
            _of_books("quarantined"),
        ),
        Scalar(
            "filtered",
            "share of the listed clips that a rule left out",
            "share",
            "neither",
            _of_books("filtered"),
        ),
        Scalar(
            "uncaptioned",
            "share of the captioned clips that got no caption, since nothing sure was heard or seen",
            "share",
            "less",
            lambda f: _share(f.captions.uncaptioned, f.captions.clips),
        ),
        Scalar(
            "captions", "captions of all kinds", "count", "neither", lambda f: f.captions.captions
        ),
        Scalar(
            "hours",
            "hours of captioned media",
            "number",
            "neither",
            lambda f: f.media.seconds / 3600,
        ),
        Scalar("template", "share of captions by the template", "share", "less", _template),
        Scalar(
            "retried",
            "share of captions that the LLM wrote only when it was asked again",
            "share",
            "less",
            lambda f: _share(f.captions.retried, f.captions.captions),
        ),
        Scalar(
            "refused",
            "share of the clips put to the LLM of which a reply was refused",
            "share",
            "less",
            _refused,
        ),
        Scalar(
            "in_doubt",
            "share of captions about which a judge was asked",
            "share",
            "less",
            _in_doubt,
        ),
        Scalar(
            "unsupported",
            "share of the captions' claims that the evidence does not say",
            "share",
            "less",
            lambda f: _share(f.claims.unsupported, f.claims.claims),
        ),
        Scalar(
            "support",
            "mean share of a clip's claims that the evidence says",
            "share",
            "more",
            lambda f: f.claims.support,
        ),
        Scalar(
            "confidence",
            "mean probability of the supported claims; of a release without claims the mean of its clips",
            "number",
            "more",
            lambda f: f.claims.confidence,
        ),
        Scalar(
            "shared",
            "share of claims that several captioners support",
            "share",
            "more",
            lambda f: _share(f.claims.shared, f.claims.claims),
        ),
        Scalar(
            "similarity_media",
            "mean product of the embeddings of sound and picture",
            "cosine",
            "neither",
            _similarity("audio_video"),
        ),
        Scalar(
            "similarity_audio",
            "mean product of the embeddings of sound and audio caption",
            "cosine",
            "more",
            _similarity("audio_caption"),
        ),
        Scalar(
            "similarity_visual",
            "mean product of the embeddings of picture and visual caption",
            "cosine",
            "more",
            _similarity("visual_caption"),
        ),
        Scalar(
            "similarity_audio_visual",
            "mean product of the embeddings of both and audio-visual caption",
            "cosine",
            "more",
            _similarity("audio_visual_caption"),
        ),
        Scalar(
            "duplicates",
            "share of embedded clips whose picture is nearly that of an earlier clip",
            "share",
            "less",
            _duplicates,
        ),
        Scalar(
            "repeated",
            "share of captions that another clip has too, word for word",
            "share",
            "less",
            lambda f: _share(f.texts.repeated, f.texts.captions),
        ),
        Scalar("words", "mean words of a caption", "number", "neither", lambda f: f.texts.words),
        Scalar(
            "vocabulary",
            "different words of all captions",
            "count",
            "neither",
            lambda f: f.texts.vocabulary,
        ),
        Scalar(
            "untrainable",
            "share of captioned clips whose models' licences forbid training other models on them, or "
            "leave it open",
            "share",
            "less",
            _untrainable,
        ),
        Scalar(
            "reviewed",
            "share of captioned clips that people reviewed",
            "share",
            "neither",
            lambda f: _share(0 if f.reviews is None else f.reviews.clips, f.captions.clips),
        ),
        Scalar(
            "bad",
            "share of clips whose captions people call bad, by a plan that is a sample",
            "share",
            "less",
            _bad,
        ),
        Scalar(
            "good",
            "share of clips whose captions people call good, by the same",
            "share",
            "more",
            _good,
        ),
        Scalar(
            "kappa",
            "Cohen's kappa of the two reviewers who judged most clips in common, at least 10",
            "number",
            "neither",
            _kappa,
        ),
        Scalar(
            "clips_per_second",
            "clips captioned in a second, without those that were filtered or quarantined",
            "number",
            "more",
            lambda f: None if f.effort is None else f.effort.clips_per_second,
        ),
    )
}


def scalars(figures: Figures) -> dict[str, float | None]:
    """All of them, by name."""
    return {name: scalar.of(figures) for name, scalar in SCALARS.items()}
