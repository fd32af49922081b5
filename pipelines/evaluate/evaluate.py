"""`captionmill evaluate`: how well an encoder finds clips by captions and captions by clips."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from captioners.encoder.encoder import Encoder
from pipelines.evaluate.classes import Classification, classes_of, classifications, templates_of
from pipelines.evaluate.embedding import Clips, embed_clips
from pipelines.evaluate.items import Set, SetError
from pipelines.evaluate.ranking import Direction, directions


@dataclass(frozen=True, slots=True)
class Zeroshot:
    """Where the names of classes and the templates are. None: the set's labels, our templates."""

    classes: Path | None = None
    templates: Path | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured of a set."""

    set: Set
    encoder: str
    width: int
    clips: Clips
    directions: tuple[Direction, ...]
    classifications: tuple[Classification, ...]


def evaluate(
    captioned: Set,
    encoder: Encoder,
    name: str,
    zeroshot: Zeroshot | None = None,
    report: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Measures an encoder on a set. name: of the encoder. report: told how many clips are done.

    Raises SetError for a set of which nothing can be measured, and for its classes and templates before
    anything is decoded.
    """
    zeroshot = zeroshot or Zeroshot()
    items = captioned.items
    classes = classes_of(items, zeroshot.classes)
    templates_of("audio", zeroshot.templates)
    encoder.eval()
    clips = embed_clips(items, encoder, report)
    if not clips.embedded:
        first = clips.problems[0]
        raise SetError(
            f"{captioned.name}: none of its {len(items)} clips could be embedded; the first, "
            f"{first.name}: {first.message}"
        )
    ranked = directions(items, clips, encoder)
    classified = classifications(items, clips, encoder, classes, zeroshot.templates)
    if not ranked and not classified:
        raise SetError(
            f"{captioned.name}: nothing to compare: no clip has a caption, a label, or both sound and "
            "picture"
        )
    return Evaluation(captioned, name, encoder.width, clips, tuple(ranked), tuple(classified))
