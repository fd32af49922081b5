"""What the captioners of sound share: how scores pool over time, and when something was heard."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from manifests.media import Audio

HZ = 16000

Floats = npt.NDArray[np.floating]


def best_mean(scores: Floats, steps: int) -> Floats:
    """Mean over the best `steps` time steps (all, when there are fewer): (steps, ...) -> (...).

    A mean over the whole clip loses short events, a maximum believes a single slip; a fixed stretch
    of time means the same in a short and in a long clip.
    """
    pooled: Floats = np.sort(scores, axis=0)[-steps:].mean(axis=0)
    return pooled


def windows(samples: Audio, size: int) -> list[tuple[int, Audio]]:
    """(number of its first sample, samples) of windows of `size` that cover a sound one after the other.

    The last one is moved back to be whole: what is heard in a few samples and padding is the padding.
    Only of a sound shorter than a window it is shorter.
    """
    last = max(0, len(samples) - size)
    starts = [*range(0, last, size), last]
    return [(start, samples[start : start + size]) for start in starts]


def merged(spans: Iterable[tuple[float, float]], duration_ms: int) -> tuple[tuple[int, int], ...]:
    """Spans in ms, sorted, joined where they touch or overlap, cut at the ends of the clip."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((max(0, round(a)), min(duration_ms, round(b))) for a, b in spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
