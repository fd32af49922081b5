"""The figures of a page in the order in which they are read: what each says, its chart, its numbers."""

from pipelines.report.figures import Figures
from pipelines.report.sections import books, captions, media, models, people
from pipelines.report.sections.parts import Figure, Matrix, Section

__all__ = ["Figure", "Matrix", "Section", "sections"]


def sections(figures: Figures) -> list[Section]:
    """All sections that have something to tell."""
    made = [
        people.people(figures.reviews),
        books.books(figures),
        books.release(figures),
        captions.captions(figures),
        captions.refusals(figures),
        captions.claims(figures),
        media.similarity(figures),
        media.media(figures),
        media.texts(figures),
        models.agreement(figures),
        models.reliability(figures),
        models.effort(figures),
        books.absent(figures),
    ]
    return [section for section in made if section is not None]
