"""Decoded media: what captioners want of a clip, and the form in which they get it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from manifests.evidence import WeakCaption

Audio = npt.NDArray[np.float32]
Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a captioner wants decoded.

    audio_hz: sampling rate of mono audio, None for no audio. frames: how many evenly spaced frames,
    0 for none. frame_px: longest side of a frame in pixels; frames may be larger, and smaller
    only where the source is.
    """

    audio_hz: int | None = None
    frames: int = 0
    frame_px: int = 0


@dataclass(frozen=True, slots=True)
class Media:
    """One decoded clip.

    audio: by rate in Hz, float32 mono in [-1, 1], shape (samples,); empty without sound. frames:
    uint8 RGB, shape (n, height, width, 3), None without a picture; frame_times_ms: one for each
    frame, from the start of the clip. uri, start_ms: where in which source the clip lies; whole: it is
    that source's only clip. said: weak captions of the captioners that the profile lets this one read
    (`reads`), by name; of those that ran on the clip.
    """

    clip_id: str
    content_hash: str
    duration_ms: int
    uri: str = ""
    start_ms: int = 0
    whole: bool = False
    audio: Mapping[int, Audio] = field(default_factory=dict)
    frames: Frames | None = None
    frame_times_ms: tuple[int, ...] = ()
    said: Mapping[str, WeakCaption] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes of samples and pixels."""
        frames = 0 if self.frames is None else self.frames.nbytes
        return frames + sum(samples.nbytes for samples in self.audio.values())


def evenly(frames: int, wanted: int) -> list[int]:
    """Indices of `wanted` evenly spaced ones of `frames` frames: the middles of equal parts."""
    wanted = min(frames, wanted)
    return [int((2 * i + 1) * frames / (2 * wanted)) for i in range(wanted)]
