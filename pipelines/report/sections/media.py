"""Sections on what was captioned, and on the words that tell of it."""

from pipelines.report import charts
from pipelines.report.amounts import counted, counted_clips, hours
from pipelines.report.figures import Figures, SimilarityFigures
from pipelines.report.sections.parts import Figure, Section, bars, filled, histogram, listed
from pipelines.report.shown import visible

_SIMILAR = {
    "audio_video": "Sound and picture",
    "audio_caption": "Sound and what is said to be heard",
    "visual_caption": "Picture and what is said to be seen",
    "audio_visual_caption": "Both and the caption of both",
}


def similarity(figures: Figures) -> Section | None:
    """How near captions are to their media."""
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


def media(figures: Figures) -> Section:
    """What was captioned."""
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
        bars("What the sound is about", of.domains, note=sampled),
        bars("Languages of speech that was understood", of.languages),
        histogram("Durations", of.durations, "seconds"),
        bars("Kinds of clips", of.kinds),
    ]
    return Section("media", "What is in it", lead, filled(told))


def texts(figures: Figures) -> Section:
    """The words of captions."""
    of = figures.texts
    lead = f"{of.captions:,} captions, {of.distinct:,} of them different; "
    lead += f"{of.vocabulary:,} different words"
    lead += f", {of.words:.1f} in a caption on average." if of.words is not None else "."
    if not of.whole:
        lead += f" Counted in a sample of {counted_clips(of.clips)}."
    told = [
        Figure("Captions that most clips share", texts=listed(of.most_repeated)),
        Figure("Phrases that most captions share", texts=listed(of.phrases)),
    ]
    if of.growth:
        numbers = tuple(
            (f"{each.captions:,} captions", f"{each.words:,} words") for each in of.growth
        )
        note = "A curve that goes flat says that further captions bring no new words."
        told.append(Figure("New words keep coming?", charts.growth(of.growth), numbers, note))
    return Section("texts", "Words", lead, tuple(told))
