"""What became of clips, and of rows of a release."""

from pipelines.report.figures.counts import Count, Counted


class BooksFigures(Counted):
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


class InputFigures(Counted):
    """A captioning that went into a release: its rows, and those of the release."""

    name: str
    rows: int
    kept: int


class ReviewsUsed(Counted):
    """A workspace whose reviews a release was built with, as the rules name it, and a digest of these."""

    name: str
    digest: str


class ReleaseFigures(Counted):
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
