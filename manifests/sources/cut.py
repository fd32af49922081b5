"""Where a source is cut into clips."""

from collections.abc import Iterable
from itertools import pairwise


def cut(
    duration_ms: int,
    max_ms: int = 30_000,
    min_tail_ms: int = 1_000,
    scene_cuts_ms: Iterable[int] = (),
) -> list[tuple[int, int]]:
    """Spans [start, end) in ms that tile [0, duration_ms) in order.

    A scene longer than `max_ms` is cut every `max_ms`; what is then left under `min_tail_ms` joins
    the span before it, which may so exceed `max_ms` by less than `min_tail_ms`. Scenes shorter
    than `min_tail_ms` join their neighbour, so only a source shorter than that gives a shorter
    span. A source of no length (a still) is the one span (0, 0).

    Raises ValueError for a negative duration or limits that can't hold.
    """
    if duration_ms < 0 or not 0 < min_tail_ms <= max_ms:
        raise ValueError(f"can't cut {duration_ms} ms at {max_ms} ms with tails of {min_tail_ms}")
    if duration_ms == 0:
        return [(0, 0)]
    spans: list[tuple[int, int]] = []
    for start, end in pairwise(
        [*_scene_starts(duration_ms, min_tail_ms, scene_cuts_ms), duration_ms]
    ):
        spans.extend(_pieces(start, end, max_ms, min_tail_ms))
    return spans


def _scene_starts(duration_ms: int, min_ms: int, cuts_ms: Iterable[int]) -> list[int]:
    """Starts of the scenes, each at least `min_ms` after the one before and before the end."""
    starts = [0]
    for cut_ms in sorted(cuts_ms):
        if cut_ms - starts[-1] >= min_ms and duration_ms - cut_ms >= min_ms:
            starts.append(cut_ms)
    return starts


def _pieces(start: int, end: int, max_ms: int, min_ms: int) -> list[tuple[int, int]]:
    edges = [*range(start, end, max_ms), end]
    if len(edges) > 2 and edges[-1] - edges[-2] < min_ms:
        del edges[-2]
    return list(pairwise(edges))
