"""Deterministic stand-ins of captioners and of an encoder, for tests and for measuring the engine itself.

What they say depends on the clip's id alone. They take the wall time of a model and fail in its ways:
options (all optional) are

- `batch_ms`: wall time of a batch of up to 16 clips in ms, 100 by default;
- `fail_on`, `crash_on`, `hang_on`: lists of prefixes of a clip id or content hash; a batch that
  holds such a clip raises RuntimeError, ends the process with status 13, or never returns.
"""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from captioners.contract import Captioner, Packs
from captioners.encoder.model import MEDIA, READ_BY, Embedded, EmbeddingModel, Vector
from captioners.sentences import sentence
from manifests.evidence import Claim, Kind, WeakCaption
from manifests.media import Media, Needs

_BATCH = 16
_CRASH_STATUS = 13
_Phrase = tuple[str, str, Kind]
_SOUNDS: tuple[_Phrase, ...] = (
    ("Dog", "a dog barks", "sound"),
    ("Rain", "rain falls", "sound"),
    ("Engine", "an engine runs", "sound"),
    ("Bird", "a bird sings", "sound"),
    ("Bell", "a bell rings", "sound"),
    ("Piano", "a piano plays", "music"),
    ("Guitar", "a guitar plays", "music"),
    ("Speech", "a person speaks", "speech"),
)
_SIGHTS: tuple[_Phrase, ...] = (
    ("dog", "a dog", "object"),
    ("car", "a car", "object"),
    ("person", "two people", "object"),
    ("tree", "a tree", "object"),
    ("boat", "a boat", "object"),
    ("street", "a street", "scene"),
    ("beach", "a beach", "scene"),
    ("kitchen", "a kitchen", "scene"),
)


class _Dummy(Captioner):
    """What both have in common."""

    vocabulary: tuple[_Phrase, ...]

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._batch_s = float(self.options.get("batch_ms", 100)) / 1000
        self._marks = {
            option: tuple(self.options.get(option, ()))
            for option in ("fail_on", "crash_on", "hang_on")
        }

    def load(self) -> None:
        """Nothing to load."""

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """Takes its time, does its mischief, and says what the clip ids say."""
        if any(self._marked(media, "crash_on") for media in batch):
            os._exit(_CRASH_STATUS)
        while any(self._marked(media, "hang_on") for media in batch):
            time.sleep(60)
        time.sleep(self._batch_s * -(-len(batch) // _BATCH))
        failed = [media.clip_id for media in batch if self._marked(media, "fail_on")]
        if failed:
            raise RuntimeError(f"{self.name} was told to fail on clip {failed[0]}")
        return [self._weak(media) for media in batch]

    def _marked(self, media: Media, option: str) -> bool:
        marks = self._marks[option]
        return media.clip_id.startswith(marks) or media.content_hash.startswith(marks)

    def _weak(self, media: Media) -> WeakCaption:
        """One to three claims of the vocabulary with scores in [0.5, 1)."""
        seed = hashlib.sha256(f"{self.modality}:{media.clip_id}".encode()).digest()
        picks = sorted(range(len(self.vocabulary)), key=lambda i: seed[i])[: 1 + seed[16] % 3]
        claims = tuple(
            Claim(*self.vocabulary[i], modality=self.modality, score=0.5 + seed[17 + n] / 512)
            for n, i in enumerate(picks)
        )
        return self.weak(media, text=sentence(claims, self.modality), claims=claims)


class DummyAudio(_Dummy):
    """Says one to three sounds, wants 16 kHz audio."""

    modality = "audio"
    needs = Needs(audio_hz=16_000)
    vocabulary = _SOUNDS


class DummyVideo(_Dummy):
    """Says one to three things seen, wants 4 small frames."""

    modality = "video"
    needs = Needs(frames=4, frame_px=64)
    vocabulary = _SIGHTS


class DummyEmbedder(EmbeddingModel):
    """Embeds hashes: of the samples and frames that it was shown, and of the words of captions.

    Option: `batch_ms`, as above.
    """

    needs = Needs(audio_hz=16_000, frames=2, frame_px=64)

    @classmethod
    def width_of(cls, options: Mapping[str, Any], packs: Packs) -> int:
        """Eight."""
        return 8

    def load(self) -> None:
        """Nothing to load."""

    def answer(self, batch: Sequence[Media]) -> list[Embedded]:
        """Takes its time, and embeds."""
        time.sleep(float(self.options.get("batch_ms", 100)) / 1000 * -(-len(batch) // _BATCH))
        return [self._embedded(media) for media in batch]

    def _embedded(self, media: Media) -> Embedded:
        samples = media.audio.get(16_000, np.zeros(0, np.float32))
        heard = samples.tobytes()
        seen = b"" if media.frames is None else media.frames.tobytes()
        content = {"audio": heard, "video": seen, "audio_video": heard and seen and heard + seen}
        return Embedded(
            media.clip_id,
            media.content_hash,
            {name: _hashed(content[name]) if content[name] else None for name in MEDIA},
            {k: _hashed(media.said[k].text.encode()) for k in READ_BY if k in media.said},
            len(samples) // 16,
            0 if media.frames is None else len(media.frames),
        )


def _hashed(content: bytes) -> Vector:
    """Eight numbers of a hash, at unit length."""
    numbers = (
        np.frombuffer(hashlib.sha256(content).digest()[:8], np.uint8).astype(np.float32) - 127.5
    )
    return numbers / np.float32(np.linalg.norm(numbers))
