"""Captions: by whom they are, what was refused, what they claim, and their words."""

from pipelines.report.figures.counts import Bin, Count, Counted


class Author(Counted):
    """Captions of one kind: by whom they are; others: by neither, as those of people; none: clips without
    one."""

    caption: str
    llm: int
    template: int
    others: int = 0
    none: int
    why: tuple[Count, ...]
    """Why there is none, the most frequent first."""

    @property
    def written(self) -> int:
        """Captions of this kind."""
        return self.llm + self.template + self.others


class Licence(Counted):
    """Captioned clips by the licences of the models behind them. outputs_train: whether these let the
    captions train other models; None where that is not known."""

    name: str
    outputs_train: bool | None
    count: int


class CaptionFigures(Counted):
    """Captioned clips and their captions. uncaptioned: clips whose row has no caption at all."""

    clips: int
    uncaptioned: int
    by_caption: tuple[Author, ...]
    writers: tuple[Count, ...]
    """Captioned clips by the model that was asked."""
    rungs: tuple[Count, ...]
    """Captions by the rung of the ladder that wrote them."""
    first_rung: str | None = None
    """That asked first; None where that is not known."""
    retried: int | None = None
    """Captions by a later rung that is not the template."""
    licences: tuple[Licence, ...]

    @property
    def captions(self) -> int:
        """Of all kinds."""
        return sum(each.written for each in self.by_caption)


class RefusalFigures(Counted):
    """Replies of the writer that guards refused. asked: clips of which it was asked; refused: of these,
    with a refused reply; in_doubt: captions that a judge was asked about."""

    asked: int
    refused: int
    by_guard: tuple[Count, ...]
    """Clips by guard; a clip may count with several."""
    by_rung: tuple[Count, ...]
    """Clips by the rung whose reply was refused."""
    in_doubt: int
    judged: float | None
    """Mean probability that the judge gave these."""
    checked: int | None
    """Replies' captions that guards checked, by the run log."""
    rejected: tuple[Count, ...]
    """Of these, rejected by each guard."""


class ClaimFigures(Counted):
    """Claims of captions. unsupported: that the evidence does not say; shared: that several captioners
    support; None in a release without its claims. support: mean share of a clip's claims that are
    supported; confidence: mean probability of the supported claims, in a release without claims the mean
    of its clips' confidence."""

    claims: int | None
    unsupported: int | None
    shared: int | None
    by_caption: dict[str, tuple[int, int]]
    """Claims and unsupported ones of each caption."""
    tiers: tuple[Count, ...]
    clips: int
    """Clips with a claim."""
    support: float | None
    confidence: float | None
    support_bins: tuple[Bin, ...]
    confidence_bins: tuple[Bin, ...]


class Growth(Counted):
    """So many different words in so many captions."""

    captions: int
    words: int


class TextFigures(Counted):
    """Texts of captions in a sample. clips: of the sample; whole: it is all of them. distinct: different
    texts; vocabulary: different words; words: mean of a caption; share of captions whose text is that of
    another clip's caption of the same kind: repeated."""

    clips: int
    whole: bool
    captions: int
    distinct: int
    repeated: int
    words: float | None
    vocabulary: int
    most_repeated: tuple[Count, ...]
    phrases: tuple[Count, ...]
    """Phrases of three words by the captions that have them."""
    growth: tuple[Growth, ...]


class Pair(Counted):
    """Of the claims that `first` supports, those that `second` supports too."""

    first: str
    second: str
    claims: int
    both: int


class Agreement(Counted):
    """Who supports the same claims of captions, in the sample of the texts."""

    captioners: tuple[str, ...]
    pairs: tuple[Pair, ...]
