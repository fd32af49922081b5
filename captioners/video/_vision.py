"""What the captioners of pictures share: which frames, how scores pool over them, when it was seen."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from manifests.media import Frames, Media, evenly

# An object of one shot of several is still an object of the clip, and a blip in one frame of eight
# is not: so the pool is the mean over the best quarter of the frames. Our choice.
_POOL = 4


def chosen(media: Media, wanted: int) -> tuple[Frames, tuple[int, ...]]:
    """`wanted` evenly spaced frames of the clip (fewer if it has fewer) and their times in ms.

    Raises ValueError for a clip without a picture, or whose times don't match its frames.
    """
    if media.frames is None or len(media.frames) == 0:
        raise ValueError(f"clip {media.clip_id} has no picture")
    if len(media.frame_times_ms) != len(media.frames):
        raise ValueError(f"clip {media.clip_id}: {len(media.frame_times_ms)} times of frames")
    picks = evenly(len(media.frames), wanted)
    return media.frames[picks], tuple(media.frame_times_ms[i] for i in picks)


def pooled(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean over the best quarter of the frames (at least one), (frames, n) -> (n,)."""
    best = max(1, len(scores) // _POOL)
    mean: npt.NDArray[np.float64] = np.sort(scores, axis=0)[-best:].mean(axis=0)
    return mean


def spans(
    seen: Sequence[bool], times_ms: Sequence[int], duration_ms: int
) -> tuple[tuple[int, int], ...]:
    """Spans in ms of the frames that are `seen`, each reaching half way to its neighbours.

    The first and last frame reach to the ends of the clip: frames lie in the middles of equal parts
    (`manifests.media.evenly`).
    """
    edges = [0, *((a + b) // 2 for a, b in pairwise(times_ms)), duration_ms]
    joined: list[tuple[int, int]] = []
    for index, hit in enumerate(seen):
        if not hit:
            continue
        if joined and joined[-1][1] == edges[index]:
            joined[-1] = (joined[-1][0], edges[index + 1])
        else:
            joined.append((edges[index], edges[index + 1]))
    return tuple(joined)
