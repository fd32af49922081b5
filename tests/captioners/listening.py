"""Sound for models that hear, and what is asked of each of them: shared by their tests."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captioners.contract import Captioner
from captioners.weights.models import Models
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media

LABELS = ["a dog barks", "rain falls", "a man speaks", "music plays"]


def noise(hz: int, seconds: float, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Seeded noise whose colour hangs on the seed."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=int(hz * seconds))
    width = 1 + seed % 7
    return (np.convolve(samples, np.ones(width) / width, "same") * 0.2).astype(np.float32)


def clip(hz: int, seconds: float, seed: int = 0) -> Media:
    audio = {hz: noise(hz, seconds, seed)}
    return Media(f"{seed:032x}", "h" * 64, int(seconds * 1000), audio=audio)


def told(media: Media) -> Media:
    """The clip with some statements of another captioner, fewer or more by its number."""
    texts = LABELS[: 1 + int(media.clip_id, 16) % len(LABELS)]
    claims = tuple(Claim(text, text, "caption", "audio", 1.0) for text in texts)
    said = {"ears": WeakCaption(media.clip_id, media.content_hash, "ears", claims=claims)}
    return replace(media, said=said)


def ready(kind: type[Captioner], checkpoint: Path, **options: Any) -> Any:
    captioner = kind("it", Models(), {"model": str(checkpoint), **options})
    captioner.load()
    return captioner


def alone_and_together(
    captioner: Captioner, hz: int
) -> tuple[list[WeakCaption], list[WeakCaption]]:
    """The same eight clips of different lengths one by one, and in one batch."""
    clips = [told(clip(hz, 0.5 + seed, seed)) for seed in range(8)]
    return [captioner.caption([one])[0] for one in clips], captioner.caption(clips)


def same(one: WeakCaption, other: WeakCaption) -> bool:
    """Whether two weak captions say the same, scores to 1e-5."""
    plain = (one.clip_id, one.text, one.transcript, one.language)
    if plain != (other.clip_id, other.text, other.transcript, other.language):
        return False
    pairs = list(zip(one.claims, other.claims, strict=True))
    return all(
        a.label == b.label and a.spans == b.spans and abs(a.score - b.score) < 1e-5
        for a, b in pairs
    )


def refuses_what_it_must(kind: type[Captioner], captioner: Captioner) -> None:
    """Wrong options are told, and a clip without sound is refused."""
    with pytest.raises(ValueError, match=r"options of it: wrong: .*allowed: model"):
        kind("it", Models(), {"wrong": 1})
    (hz,) = [captioner.needs.audio_hz]
    assert hz is not None
    silent = Media("c" * 32, "h" * 64, 0, audio={hz: np.zeros(0, np.float32)})
    with pytest.raises(ValueError, match="has no sound"):
        captioner.caption([silent])
