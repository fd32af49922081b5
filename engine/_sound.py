"""Cutting one span of sound out of an audio stream while it is demuxed."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av import AudioFrame, AudioResampler
from av.error import EOFError as FFmpegEOF
from av.error import FFmpegError

from captioners.contract import Audio
from engine.media import MediaError

# Packets that end longer before the span are not decoded. Lossy codecs need earlier ones to come
# right (Opus asks for 80 ms, an MP3 bit reservoir reaches back some 100 ms).
_WARM_UP = Fraction(2)
# Timestamps that are off by less than this follow on: containers round them, some to 1 ms or 10.
_JITTER = Fraction(1, 25)
# Native samples of one span at most: 30 s of 192 kHz in eight channels of doubles are 369 MB.
_MAX_BYTES = 1 << 30


class _Run:
    """Samples that follow each other without a gap, as the decoder gave them."""

    def __init__(self, begins: Fraction, frame: Any) -> None:
        self.begins = begins
        self.form = _form(frame)
        self.format, self.layout, self.rate = frame.format.name, frame.layout, frame.sample_rate
        self.parts: list[npt.NDArray[Any]] = []

    def add(self, samples: npt.NDArray[Any]) -> None:
        self.parts.append(samples)

    def mono(self, hz: int) -> Audio:
        """Its samples as mono float32 at `hz`. libswresample's downmix: stereo is (L + R) / 2."""
        whole = np.concatenate(self.parts, axis=1)
        frame = AudioFrame.from_ndarray(whole, format=self.format, layout=self.layout)
        frame.sample_rate = self.rate
        resampler = AudioResampler(format="flt", layout="mono", rate=hz)
        pieces = [*resampler.resample(frame), *resampler.resample(None)]
        if not pieces:
            return np.zeros(0, dtype=np.float32)
        samples: Audio = np.concatenate([piece.to_ndarray()[0] for piece in pieces])
        return samples


class SoundReader:
    """Takes the packets of `stream` in order and keeps the samples of [start, end) seconds.

    origin: seconds on the stream's clock that are time 0 of the source.
    """

    def __init__(self, stream: Any, origin: Fraction, start: Fraction, end: Fraction) -> None:
        self._context = stream.codec_context
        self._origin = origin
        self._start = start
        self._end = end
        self._runs: list[_Run] = []
        self._clock: Fraction | None = None
        self._bytes = 0
        self.packets = 0
        self.errors = 0
        self.done = False

    def feed(self, packet: Any) -> None:
        """The next packet of the stream. Nothing more is taken once `done`."""
        if self.done or not packet.size:
            return
        if packet.pts is not None:
            begins = packet.pts * packet.time_base - self._origin
            if begins >= self._end:
                self.finish()
                return
            if begins + (packet.duration or 0) * packet.time_base < self._start - _WARM_UP:
                return
        self.packets += 1
        self._decode(packet)

    def finish(self) -> None:
        """Takes what the decoder still holds."""
        if not self.done:
            self._decode(None)
            self.done = True

    def audio(self, rates: Iterable[int]) -> dict[int, Audio]:
        """The span as mono float32 at each rate, round(seconds * rate) samples of it.

        Zeros stand where the source has no sound. Empty when it has none in the whole span.
        """
        if not self._runs:
            return {}
        return {hz: self._at(hz) for hz in rates}

    def _at(self, hz: int) -> Audio:
        out = np.zeros(round((self._end - self._start) * hz), dtype=np.float32)
        for run in self._runs:
            begins = round((run.begins - self._start) * hz)
            samples = run.mono(hz)[: max(0, len(out) - begins)]
            out[begins : begins + len(samples)] = samples
        np.nan_to_num(out, copy=False)
        return np.clip(out, -1.0, 1.0, out=out)

    def _decode(self, packet: Any) -> None:
        try:
            frames = self._context.decode(packet)
        except FFmpegEOF:
            return
        except FFmpegError:
            self.errors += 1
            return
        for frame in frames:
            self._add(frame)

    def _add(self, frame: Any) -> None:
        begins, follows = self._place(frame)
        rate = frame.sample_rate
        self._clock = begins + Fraction(frame.samples, rate)
        first = max(0, round((self._start - begins) * rate))
        last = min(frame.samples, round((self._end - begins) * rate))
        if first >= last:
            return
        samples = frame.to_ndarray()
        width = 1 if frame.format.is_planar else frame.layout.nb_channels
        samples = samples[:, first * width : last * width]
        self._bytes += samples.nbytes
        if self._bytes > _MAX_BYTES:
            raise MediaError("too_large", f"its sound decodes to over {_MAX_BYTES} bytes")
        if not (follows and self._runs and self._runs[-1].form == _form(frame)):
            self._runs.append(_Run(max(begins + Fraction(first, rate), self._start), frame))
        self._runs[-1].add(samples)

    def _place(self, frame: Any) -> tuple[Fraction, bool]:
        """When the frame begins, and whether that is where the one before ended."""
        stamp = None if frame.pts is None else frame.pts * frame.time_base - self._origin
        if self._clock is None:
            return (self._start if stamp is None else stamp), False
        if stamp is None or abs(stamp - self._clock) <= _JITTER:
            return self._clock, True
        return stamp, False


def _form(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
