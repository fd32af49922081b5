"""The contract of a localizer: a model that says when in a clip texts are heard.

It is asked as every model is. The texts come with the media, as claims of one weak caption (`asked`): a
claim for each text and each label that captioners gave it. A localizer goes by texts or by labels.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from captioners.audio._sound import merged
from captioners.contract import Model
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media

THRESHOLD = 0.3
"""A text is heard where its probability is above this; of PE-A-Frame's publication."""

ASKED = "captions"
"""The name under which a localizer is shown what to look for (`Media.said`)."""

Texts = Mapping[str, tuple[str, ...]]
"""Texts to look for, each with the labels that captioners gave it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """When a text is heard.

    spans: (start, end) in ms from the start of the clip, sorted and apart from each other; empty where it
    is heard nowhere. inside, outside: mean probability of the steps above the threshold, and of the
    others; None where there are none.
    """

    spans: tuple[tuple[int, int], ...]
    inside: float | None
    outside: float | None


@dataclass(frozen=True, slots=True)
class Localized:
    """What a localizer answers of one clip. by: who measured. heard: by text; a text of which it can't
    tell is absent."""

    clip_id: str
    content_hash: str
    by: str
    heard: Mapping[str, Heard] = field(default_factory=dict)
    threshold: float = THRESHOLD


class Localizer(Model):
    """Says when texts are heard. by: who measures, in the table of spans."""

    by: ClassVar[str]

    def answer(self, batch: Sequence[Media]) -> Sequence[Localized]:
        """When the texts of each clip are heard."""
        return [
            Localized(
                media.clip_id, media.content_hash, self.by, self.heard(media, texts_of(media))
            )
            for media in batch
        ]

    @abstractmethod
    def heard(self, media: Media, texts: Texts) -> dict[str, Heard]:
        """When these texts are heard; without those of which it can't tell. Raises ValueError for a clip
        without sound."""


def asked(clip_id: str, content_hash: str, texts: Texts) -> dict[str, WeakCaption]:
    """Texts to look for, as `Media.said` hands them to a localizer."""
    claims = tuple(
        Claim(label, text, "caption", "audio", 0.0)
        for text, labels in texts.items()
        for label in labels or ("",)
    )
    return {ASKED: WeakCaption(clip_id, content_hash, ASKED, claims=claims)}


def texts_of(media: Media) -> Texts:
    """The texts that came with a clip, in order."""
    if ASKED not in media.said:
        return {}
    texts: dict[str, tuple[str, ...]] = {}
    for claim in media.said[ASKED].claims:
        texts[claim.text] = texts.get(claim.text, ()) + ((claim.label,) if claim.label else ())
    return texts


def heard_at(
    probabilities: npt.NDArray[np.floating], step_ms: int, length_ms: int, duration_ms: int
) -> Heard:
    """When a text is heard, by its probability in each step, (steps,).

    Step i is from i * step_ms on and length_ms long. Spans end where the clip does.
    """
    above = probabilities > THRESHOLD
    starts = np.nonzero(above)[0] * step_ms
    spans = merged(((start, start + length_ms) for start in starts.tolist()), duration_ms)
    return Heard(spans, _mean(probabilities[above]), _mean(probabilities[~above]))


def _mean(values: npt.NDArray[np.floating]) -> float | None:
    return float(values.mean(dtype=np.float64)) if len(values) else None
