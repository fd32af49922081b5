"""Zero-shot classification: each clip against the names of classes in templates.

A class is the mean of its texts' vectors, so its score is the mean of their products with the clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from captioners.encoder.encoder import TEXT_OF, Encoder
from captioners.encoder.pairs import Embedding
from manifests.sources.encoding import EncodingError, decoded
from pipelines.evaluate.embedding import Clips, Floats, embed_texts
from pipelines.evaluate.items import Item, SetError
from pipelines.evaluate.ranking import Side, plain_figures
from pipelines.evaluate.texts import cleaned, key

PLACE = "{}"
"""Where a template has the name of the class."""
KS = (1, 5)
_MOST_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Classification:
    """Figures of one medium.

    clips: that have a label. classes, templates: how many. accuracies: share of clips of which a label is
    among the first k classes, by k. mean_average_precision: over classes, of the clips that have it; None
    where every clip has one label.
    """

    medium: Embedding
    clips: int
    classes: int
    templates: int
    accuracies: dict[int, float]
    mean_average_precision: float | None


def classes_of(items: Sequence[Item], listed: Path | None) -> list[str]:
    """The names of the classes: those of a file, one a line, else all labels of the set, sorted.

    Raises SetError where a label is in no line, and for a file beside a set without labels.
    """
    labels = {key(name(label)): name(label) for item in items for label in item.labels}
    if listed is None:
        return [labels[each] for each in sorted(labels)]
    if not labels:
        raise SetError(f"{listed}: the set has no labels, so there is nothing to classify")
    classes = {key(name(line)): name(line) for line in lines(listed)}
    missing = sorted(labels[each] for each in labels.keys() - classes.keys())
    if missing:
        raise SetError(f'{listed}: the class "{missing[0]}" is missing, which the set has')
    return list(classes.values())


def templates_of(medium: Embedding, listed: Path | None) -> list[str]:
    """Those of a file, one a line, else those for a medium. Raises SetError for one without a place."""
    if listed is None:
        text = (files("pipelines") / "evaluate" / "templates" / f"{medium}.txt").read_text("utf-8")
        return text.splitlines()
    templates = lines(listed)
    wrong = [template for template in templates if template.count(PLACE) != 1]
    if wrong or not templates:
        shown = f' and "{wrong[0][:60]}" has not' if wrong else ""
        raise SetError(f"{listed}: a template has {PLACE} once, where the class belongs{shown}")
    return templates


def lines(listed: Path) -> list[str]:
    """The lines of a text that are not blank. Raises SetError."""
    try:
        with listed.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise SetError(f"{listed}: over {_MOST_BYTES >> 20} MiB")
        return [line for line in map(cleaned, decoded(content).splitlines()) if line]
    except EncodingError as error:
        raise SetError(f"{listed} can't be read: {error}") from error


def name(label: str) -> str:
    """A class as it stands in a text: "dog_bark" is written "dog bark"."""
    return cleaned(label.replace("_", " "))


def classifications(
    items: Sequence[Item],
    clips: Clips,
    encoder: Encoder,
    classes: Sequence[str],
    templates: Path | None,
) -> list[Classification]:
    """Figures of each medium of which a clip has a label."""
    places = {key(each): place for place, each in enumerate(classes)}
    labels = [tuple({places[key(name(each))] for each in item.labels}) for item in items]
    several = any(len(each) > 1 for each in labels)
    measured = []
    for medium in TEXT_OF:
        labelled = [n for n in clips.items[medium] if labels[n]]
        if not labelled:
            continue
        texts = templates_of(medium, templates)
        rows = np.searchsorted(clips.items[medium], labelled)
        media = Side(clips.vectors[medium], rows, [labels[n] for n in labelled])
        every = np.arange(len(classes))
        named = Side(
            _classifier(encoder, medium, classes, texts), every, [(n,) for n in range(len(classes))]
        )
        accuracies = plain_figures(media, named, KS).recalls
        precision = plain_figures(named, media, KS).mean_average_precision if several else None
        shape = len(labelled), len(classes), len(texts)
        measured.append(Classification(medium, *shape, accuracies, precision))
    return measured


def _classifier(
    encoder: Encoder, medium: Embedding, classes: Sequence[str], templates: Sequence[str]
) -> Floats:
    """(classes, width)."""
    head = TEXT_OF[medium]
    texts = [template.replace(PLACE, each) for each in classes for template in templates]
    vectors = embed_texts(texts, encoder, [head])[head]
    mean: Floats = vectors.reshape(len(classes), len(templates), -1).mean(axis=1)
    return mean
