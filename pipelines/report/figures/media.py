"""What was captioned: kinds and lengths of clips, and how near captions are to them."""

from pipelines.report.figures.counts import Bin, Count, Counted


class SimilarityFigures(Counted):
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


class MediaFigures(Counted):
    """What was captioned. domains_of: rows from which the domains were counted."""

    seconds: float
    kinds: tuple[Count, ...]
    domains: tuple[Count, ...]
    domains_of: int
    languages: tuple[Count, ...]
    """Of words that were understood; clips without are not counted."""
    durations: tuple[Bin, ...]
    """Clips by their seconds."""


class Duplicates(Counted):
    """Clips that are nearly alike, by the vectors of one medium. extra: clips beyond the first of each
    group. clips: that have a vector. why: why nothing was counted."""

    by: str
    at_least: float
    groups: int = 0
    extra: int = 0
    clips: int = 0
    largest: int = 0
    why: str | None = None
