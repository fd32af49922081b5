"""Cutting one span of sound out of an audio stream while it is demuxed."""

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from av import AudioFrame, AudioResampler
from av.error import EOFError as FFmpegEOF
from av.error import FFmpegError

from engine.media.levels import Block, Levels
from engine.media.mixing import block_of, choose
from engine.media.turning import LOOKS_AHEAD_S, Turning
from manifests.media import Audio

# Packets that end longer before the span are not decoded. Lossy codecs need earlier ones to come
# right (Opus asks for 80 ms, an MP3 bit reservoir reaches back some 100 ms).
_WARM_UP_S = 2.0
# Timestamps that are off by less than this follow on: containers round them, some to 1 ms or 10.
_JITTER_S = 0.04
# Frames are mixed and resampled in blocks of this size: seconds of sound, still in the cache.
_BLOCK_BYTES = 1 << 18
# So much is held before it is decided how channels are mixed: 30 s of 8 channels at 192 kHz, eight
# minutes of stereo at 48 kHz. What comes later is mixed in the same way.
_HELD_BYTES = 192 << 20


class SoundReader:
    """Takes the packets of `stream` in order and keeps the samples of [start, end) seconds.

    origin: seconds on the stream's clock that are time 0 of the source. rates: in Hz, those at
    which the span is wanted, as mono: `engine.media.mixing` says which channels are in it. That is
    decided once, for the whole span and all rates, or from the first `held_bytes` of it, and again
    for moments in which it does not hold (`engine.media.turning`).
    """

    def __init__(
        self,
        stream: Any,
        origin: Fraction,
        start: Fraction,
        end: Fraction,
        rates: Iterable[int],
        held_bytes: int | None = None,
    ) -> None:
        base = self._base = Fraction(stream.time_base)
        self._context = stream.codec_context
        self._origin, self._start, self._end = float(origin), float(start), float(end)
        self._first_stamp = int((origin + start - Fraction(_WARM_UP_S)) / base)
        self._end_stamp = -int(-(origin + end) // base)
        self._spans = {hz: np.zeros(round((end - start) * hz), dtype=np.float32) for hz in rates}
        self._run: _Run | None = None
        self._runs: list[_Run] = []
        self._held, self._held_bytes = 0, held_bytes or _HELD_BYTES
        self._levels: dict[tuple[str, ...], Levels] = {}
        self._mixes: dict[tuple[str, ...], Turning] = {}
        self._clock: float | None = None
        self._skipped: float | None = None
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
                # Packets without a stamp of their own may follow: they go on from here.
                self._skipped = float((stamp + (packet.duration or 0)) * self._base) - self._origin
                return
        elif self._clock is None:
            self._clock = self._skipped
        elif self._clock >= self._end:
            self.finish()
            return
        self.packets += 1
        self._decode(packet)

    def finish(self) -> None:
        """Takes what the decoder still holds."""
        if not self.done:
            self._decode(None)
            self._end_run()
            self._settle()
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
            except (FFmpegError, ValueError):  # sound in a form that can't be made mono
                self.errors += 1
                self._end_run()

    def _add(self, frame: Any) -> None:
        begins, follows = self._place(frame)
        self._clock = ends = begins + frame.samples / frame.sample_rate
        if ends <= self._start or begins >= self._end:
            return
        if self._run is None or not follows or not self._run.takes(frame):
            self._end_run()
            self._run = _Run(begins - self._start, frame, self._levels)
            self._runs.append(self._run)
        self._held += self._run.add(frame)
        self._heard = True
        if self._held > self._held_bytes:
            self._settle(ends=False)

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
            self._run.gather()
            self._run.ended = True
            self._run = None

    def _settle(self, ends: bool = True) -> None:
        """Mixes and writes what is held. What runs of the same channels have decides once for all.

        ends: nothing is to come; else the last moments are held until it is known what follows them.
        """
        for names in dict.fromkeys(run.names for run in self._runs):
            measured = any(run.blocks for run in self._runs if run.names == names)
            if measured and names not in self._mixes:
                levels = self._levels[names]
                self._mixes[names] = Turning(choose(names, levels), levels)
        runs = [run for run in self._runs if run.names in self._mixes]
        for mix in self._mixes.values():
            mix.decide()
        until = math.inf if ends else max((run.ends for run in runs), default=0) - LOOKS_AHEAD_S
        for run in runs:
            run.write(self._spans, self._mixes[run.names], until)
        self._runs = [run for run in self._runs if run.blocks or not run.ended]
        self._held = sum(block.nbytes for run in self._runs for block in run.blocks)


class _Run:
    """Frames of one form that follow each other without a gap, on their way into the spans.

    They are held as they were decoded until it is known how their channels are mixed. begins: seconds
    from the start of the span at which the first frame begins, may be negative. levels: of all runs,
    by the names of their channels.
    """

    def __init__(self, begins: float, frame: Any, levels: dict[tuple[str, ...], Levels]) -> None:
        self.names = tuple(channel.name for channel in frame.layout.channels)
        self._levels = levels.setdefault(self.names, Levels(len(self.names)))
        self.blocks: list[Block] = []
        self.ended = False
        self._form = _form(frame)
        self._rate = frame.sample_rate
        self._begins = begins
        self._pieces: list[Any] = []
        self._pieces_bytes = 0
        self._first = round(begins * frame.sample_rate)
        self._ends = self._first
        self._at: dict[int, int] = {}
        self._resamplers: dict[int, AudioResampler] = {}

    def takes(self, frame: Any) -> bool:
        """Whether a frame has the form of the others."""
        return _form(frame) == self._form

    def add(self, frame: Any) -> int:
        """Holds a frame; the bytes that it takes. Raises ValueError for a format without an array."""
        piece = frame.to_ndarray()
        self._pieces.append(piece)
        self._pieces_bytes += piece.nbytes
        if self._pieces_bytes >= _BLOCK_BYTES:
            self.gather()
        return int(piece.size) * 4

    def gather(self) -> None:
        """Makes a block of the last frames."""
        if self._pieces:
            block = block_of(self._pieces, len(self.names))
            self.blocks.append(block)
            if len(self.names) > 1:
                self._levels.add(block, self._ends, self._rate)
            self._ends += block.shape[1]
            self._pieces, self._pieces_bytes = [], 0

    @property
    def ends(self) -> float:
        """Where the last block ends, in seconds of the span."""
        return float(self._ends / self._rate)

    def write(self, spans: dict[int, Audio], mix: Turning, until: float) -> None:
        """Mixes what is held, up to this second, frees it, and writes it at every rate into the spans."""
        blocks, at = self.blocks, 0
        while at < len(blocks) and self._first + blocks[at].shape[1] <= until * self._rate:
            mixed = mix.mixed(blocks[at], self._first, self._rate)
            self._first += len(mixed)
            at += 1
            for hz, span in spans.items():
                self._write(hz, span, mixed)
        del blocks[:at]
        if self.ended and not blocks:
            for hz, resampler in self._resamplers.items():
                self._resample(hz, spans[hz], resampler, None)

    def _write(self, hz: int, span: Audio, samples: Audio) -> None:
        if hz == self._rate:
            self._put(hz, span, samples)
            return
        # Planar and packed are one for mono. The one that differs from the frame's keeps PyAV from
        # handing frames through, which it then does with frames of any form.
        resampler = self._resamplers.get(hz)
        if resampler is None:
            resampler = AudioResampler(format="fltp", layout="mono", rate=hz)
            self._resamplers[hz] = resampler
        frame = AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = self._rate
        self._resample(hz, span, resampler, frame)

    def _resample(self, hz: int, span: Audio, resampler: AudioResampler, frame: Any) -> None:
        for piece in resampler.resample(frame):
            plane: Any = piece.planes[0]  # its stub does not say that it is a buffer
            self._put(hz, span, np.frombuffer(plane, np.float32, piece.samples))

    def _put(self, hz: int, span: Audio, samples: Audio) -> None:
        at = self._at.setdefault(hz, round(self._begins * hz))
        self._at[hz] = at + len(samples)
        first = max(0, at)
        last = min(len(span), at + len(samples))
        if first < last:
            span[first:last] = samples[first - at : last - at]


def _form(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
