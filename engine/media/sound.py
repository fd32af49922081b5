"""Cutting one span of sound out of an audio stream while it is demuxed."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from av import AudioResampler
from av.error import EOFError as FFmpegEOF
from av.error import FFmpegError

from manifests.media import Audio

# Packets that end longer before the span are not decoded. Lossy codecs need earlier ones to come
# right (Opus asks for 80 ms, an MP3 bit reservoir reaches back some 100 ms).
_WARM_UP_S = 2.0
# Timestamps that are off by less than this follow on: containers round them, some to 1 ms or 10.
_JITTER_S = 0.04
# Weights of the channels that sum to 1, as libswresample has them for integers: no mix can clip.
_MIX = {"rematrix_maxval": "1.0"}


class SoundReader:
    """Takes the packets of `stream` in order and keeps the samples of [start, end) seconds.

    origin: seconds on the stream's clock that are time 0 of the source. rates: in Hz, those at
    which the span is wanted, as mono. Stereo becomes (L + R) / 2; more channels as libswresample
    weighs them, the weights summing to 1.
    """

    def __init__(
        self,
        stream: Any,
        origin: Fraction,
        start: Fraction,
        end: Fraction,
        rates: Iterable[int],
    ) -> None:
        base = Fraction(stream.time_base)
        self._context = stream.codec_context
        self._origin, self._start, self._end = float(origin), float(start), float(end)
        self._first_stamp = int((origin + start - Fraction(_WARM_UP_S)) / base)
        self._end_stamp = -int(-(origin + end) // base)
        self._spans = {hz: np.zeros(round((end - start) * hz), dtype=np.float32) for hz in rates}
        self._run: _Run | None = None
        self._clock: float | None = None
        self._heard = False
        self.packets = 0
        self.errors = 0
        self.done = False

    def feed(self, packet: Any) -> None:
        """The next packet of the stream. Nothing more is taken once `done`."""
        if self.done or not packet.size:
            return
        stamp = packet.pts
        if stamp is not None:
            if stamp >= self._end_stamp:
                self.finish()
                return
            if stamp + (packet.duration or 0) < self._first_stamp:
                return
        self.packets += 1
        self._decode(packet)

    def finish(self) -> None:
        """Takes what the decoder still holds."""
        if not self.done:
            self._decode(None)
            self._end_run()
            self.done = True

    def audio(self) -> dict[int, Audio]:
        """The span as float32 at each rate, round(seconds * rate) samples of it, in [-1, 1].

        Zeros stand where the source has no sound. Empty when it has none in the whole span.
        """
        if not self._heard:
            return {}
        for samples in self._spans.values():
            np.clip(samples, -1.0, 1.0, out=samples)
            if np.isnan(samples.sum()):  # one pass; broken float sound has them
                np.nan_to_num(samples, copy=False)
        return self._spans

    def _decode(self, packet: Any) -> None:
        try:
            frames = self._context.decode(packet)
        except FFmpegEOF:
            return
        except FFmpegError:
            self.errors += 1
            return
        for frame in frames:
            try:
                self._add(frame)
            except FFmpegError:  # a layout of channels that can't be made mono
                self.errors += 1
                self._run = None

    def _add(self, frame: Any) -> None:
        begins, follows = self._place(frame)
        self._clock = ends = begins + frame.samples / frame.sample_rate
        if ends <= self._start or begins >= self._end:
            return
        self._heard = True
        if self._run is not None and follows:
            try:
                self._run.add(frame)
                return
            except ValueError:
                pass  # what a resampler says of a frame of another rate, format or layout
        self._end_run()
        self._run = _Run(begins - self._start, frame, self._spans)
        self._run.add(frame)

    def _place(self, frame: Any) -> tuple[float, bool]:
        """When the frame begins, in seconds of the source, and whether the last one ended there."""
        stamp = None if frame.pts is None else frame.time - self._origin
        if self._clock is None:
            return (self._start if stamp is None else stamp), False
        if stamp is None or abs(stamp - self._clock) <= _JITTER_S:
            return self._clock, True
        return stamp, False

    def _end_run(self) -> None:
        if self._run is not None:
            self._run.add(None)
            self._run = None


class _Run:
    """Frames of one form that follow each other without a gap, on their way into the spans.

    begins: seconds from the start of the span at which the first frame begins, may be negative.
    """

    def __init__(self, begins: float, frame: Any, spans: dict[int, Audio]) -> None:
        self._spans = spans
        self._at = {hz: round(begins * hz) for hz in spans}
        # Planar and packed are one for mono. The one that differs from the frame's keeps PyAV from
        # handing frames through, which it then does with frames of any form.
        form = "fltp" if frame.format.name == "flt" else "flt"
        self._resamplers = {
            hz: AudioResampler(format=form, layout="mono", rate=hz, options=_MIX) for hz in spans
        }

    def add(self, frame: Any) -> None:
        """Resamples a frame, or with None what the resamplers hold, into every span."""
        for hz, resampler in self._resamplers.items():
            for piece in resampler.resample(frame):
                plane: Any = piece.planes[0]  # its stub does not say that it is a buffer
                self._write(hz, np.frombuffer(plane, np.float32, piece.samples))

    def _write(self, hz: int, samples: Audio) -> None:
        span, at = self._spans[hz], self._at[hz]
        self._at[hz] = at + len(samples)
        first = max(0, at)
        last = min(len(span), at + len(samples))
        if first < last:
            span[first:last] = samples[first - at : last - at]
