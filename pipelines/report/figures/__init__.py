"""The figures of a caption set, as typed objects that become JSON.

A share is in [0, 1]; None stands for what can't be counted here, because nothing was measured or there is
nothing to divide by.
"""

from pydantic import Field

from pipelines.report.figures.books import BooksFigures, InputFigures, ReleaseFigures, ReviewsUsed
from pipelines.report.figures.captions import (
    Agreement,
    Author,
    CaptionFigures,
    ClaimFigures,
    Growth,
    Licence,
    Pair,
    RefusalFigures,
    TextFigures,
)
from pipelines.report.figures.counts import Bin, Count, Counted
from pipelines.report.figures.media import Duplicates, MediaFigures, SimilarityFigures
from pipelines.report.figures.models import (
    CurvePoint,
    Effort,
    Reliability,
    ReliabilityRow,
    TierTruth,
    Unit,
)
from pipelines.report.figures.people import PlanFigures, ReviewFigures, Said, StratumRate

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


class Figures(Counted):
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
    """None without reviews."""
