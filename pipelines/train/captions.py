"""Which text of a clip a step reads: a function of seed, step and clip."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from captioners.encoder.pairs import CaptionKind
from captioners.sentences import clauses
from manifests.sentences import finished
from pipelines.train.recipe import Captions
from prompts.quotes import excerpt, is_spoken, quotations

_WORDS = 120
"""The most characters of a transcript in a caption."""

_HEARD: tuple[CaptionKind, ...] = ("audio_caption", "audio_visual_caption")


@dataclass(frozen=True, slots=True)
class Texts:
    """The captions of a clip, by kind.

    synthetic: the caption, then its variants. real: by people. transcript: words to quote in captions of
    sound. sung: they are lyrics.
    """

    synthetic: Mapping[CaptionKind, tuple[str, ...]]
    real: Mapping[CaptionKind, tuple[str, ...]]
    transcript: str | None = None
    sung: bool = False

    def plain(self, kind: CaptionKind) -> str | None:
        """The caption by which a held-out clip is found: a real one, else the synthetic one."""
        captions = self.real.get(kind) or self.synthetic.get(kind)
        return captions[0] if captions else None

    def sampled(
        self, rules: Captions, real: float, random: np.random.Generator
    ) -> dict[CaptionKind, str]:
        """One text of each kind that the clip has. real: how often a real caption, where it has one."""
        reads_real = bool(self.real) and random.random() < real
        texts = {}
        for kind in sorted({*self.synthetic, *self.real}):
            own = self.real.get(kind) if reads_real else None
            pool = own or self.synthetic.get(kind) or self.real[kind]
            text = pool[random.integers(len(pool))]
            draws = random.random(3)
            # A real caption is used as it stands: it is as people write.
            if not own and draws[0] < rules.clause and len(parts := clauses(text)) > 1:
                text = finished(parts[int(draws[1] * len(parts))])
            if not own and kind in _HEARD and draws[2] < rules.transcript:
                text = self._with_words(text)
            texts[kind] = text
        return texts

    def _with_words(self, text: str) -> str:
        """The text with the transcript behind it, unless it quotes that already."""
        words = excerpt(self.transcript, _WORDS) if self.transcript else ""
        if not words or any(is_spoken(quoted, self.transcript) for quoted in quotations(text)):
            return text
        return f"{text} A voice {'sings' if self.sung else 'says'}: “{words}”"


def random_of(seed: int, step: int, clip_id: str) -> np.random.Generator:
    """The random numbers of a clip in a step."""
    return np.random.default_rng([seed, step, int(clip_id[:16], 16)])
