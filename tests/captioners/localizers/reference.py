"""The published rule of PE-A-Frame, written again from its description, without a line of ours."""

import math
from collections.abc import Sequence

import torch

HZ, HOP = 48_000, 1920


def published_spans(
    sound: torch.Tensor, text: torch.Tensor, scale: float, bias: float
) -> list[tuple[float, float]]:
    """(start, end) in seconds of one text, from the vectors of a sound (steps, width) and its own
    (width,): the transitions of sigmoid(scale * <sound, text> + bias) > 0.3, each at its step times
    1920 / 48000."""
    spans: list[tuple[float, float]] = []
    begun = None
    for step, vector in enumerate(sound.tolist()):
        product = math.fsum(a * b for a, b in zip(vector, text.tolist(), strict=True))
        heard = 1 / (1 + math.exp(-(scale * product + bias))) > 0.3
        if heard and begun is None:
            begun = step
        if not heard and begun is not None:
            spans.append((begun * HOP / HZ, step * HOP / HZ))
            begun = None
    if begun is not None:
        spans.append((begun * HOP / HZ, len(sound) * HOP / HZ))
    return spans


def in_ms(spans: Sequence[tuple[float, float]]) -> tuple[tuple[int, int], ...]:
    """The same in ms."""
    return tuple((round(1000 * start), round(1000 * end)) for start, end in spans)
