"""Quiet recordings, made and labelled: what is sound, and what a recorder leaves of silence."""

import io
from collections.abc import Callable, Iterator
from functools import partial

import av
import numpy as np

HZ = 16_000
_SECONDS = 8

Floats = np.ndarray


def _at(rate: int) -> Floats:
    return np.arange(_SECONDS * rate) / rate


def _noise(rate: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=_SECONDS * rate)


def _filtered(rate: int, gain: Callable[[Floats], Floats]) -> Floats:
    spectrum = np.fft.rfft(_noise(rate))
    hertz = np.maximum(50, np.fft.rfftfreq(_SECONDS * rate, 1 / rate))
    return np.fft.irfft(spectrum * gain(hertz), _SECONDS * rate)


def _sines(rate: int, *hertz: float) -> Floats:
    return np.sum([np.sin(2 * np.pi * f * _at(rate) + f) for f in hertz], axis=0)


def _pulses(rate: int, a_second: float, hertz: float) -> Floats:
    phase = (_at(rate) * a_second) % 1
    loud = np.where(phase < 0.6, np.sin(np.pi * phase / 0.6) ** 2, 0)
    return loud * np.sin(2 * np.pi * hertz * _at(rate))


def crickets(rate: int) -> Floats:
    """A trill without pauses."""
    return _pulses(rate, 45, 3_200)


def insects(rate: int) -> Floats:
    """A chorus of eight."""
    rng = np.random.default_rng(1)
    voices = rng.uniform((25, 2_500), (60, 5_500), (8, 2))
    return np.sum([_pulses(rate, speed, hertz) for speed, hertz in voices], axis=0)


def cicadas(rate: int) -> Floats:
    """Three tones with a rough edge."""
    bend = 2 * np.sin(2 * np.pi * 90 * _at(rate))
    tones = (5_000, 5_200, 5_600)
    return np.sum([np.sin(2 * np.pi * f * _at(rate) + bend) for f in tones], axis=0)


def organ(rate: int) -> Floats:
    """One key of an organ that is held."""
    return np.sum([_sines(rate, 220 * k) / k for k in range(1, 10)], axis=0)


def chord(rate: int) -> Floats:
    """Three tones."""
    return _sines(rate, 262, 330, 392)


def whistle(rate: int) -> Floats:
    """A tone of 997 Hz."""
    return _sines(rate, 997)


def rain(rate: int) -> Floats:
    """Noise with a hump at 2 kHz."""
    return _filtered(rate, lambda f: 1 / (1 + (np.log2(f / 2_000) / 0.9) ** 2))


def stream(rate: int) -> Floats:
    """Noise with a hump at 900 Hz, 6 to 12 dB an octave down from it."""
    return _filtered(rate, lambda f: np.minimum(f / 900, (900 / f) ** 1.2))


def zeros(rate: int) -> Floats:
    """Nothing."""
    return np.zeros(_SECONDS * rate)


def hiss(rate: int) -> Floats:
    """Of a preamplifier."""
    return _noise(rate)


def tilted(rate: int) -> Floats:
    """Hiss that rises below 300 Hz, as transistors have it."""
    return _filtered(rate, lambda f: np.sqrt(1 + 300 / f))


def telephone(rate: int) -> Floats:
    """Hiss from 300 to 3,400 Hz."""
    return _filtered(rate, lambda f: 1.0 / (1 + (200 / f) ** 4) / (1 + (f / 3_400) ** 40))


def hum(rate: int) -> Floats:
    """Mains of 50 Hz."""
    return np.sum([_sines(rate, 50 * k) / k for k in range(1, 12)], axis=0)


def hum60(rate: int) -> Floats:
    """Rectified mains of 60 Hz, over hiss."""
    return np.sum([_sines(rate, 120 * k) / k**2 for k in range(1, 6)], axis=0) + _noise(rate)


def offset(rate: int) -> Floats:
    """A constant."""
    return np.ones(_SECONDS * rate)


_SOUNDS = (crickets, insects, cicadas, organ, chord, whistle, rain, stream)
_NOISES: tuple[tuple[Callable[[int], Floats], float], ...] = (
    (zeros, 0),
    (hiss, -62),
    (hiss, -75),
    (tilted, -65),
    (telephone, -66),
    (hum, -62),
    (hum, -80),
    (hum60, -64),
    (hum60, -80),
    (offset, -30),
)
_CODECS = {"mp3": "libmp3lame", "adts": "aac", "ogg": "libopus"}


def recordings() -> Iterator[tuple[str, bool, Callable[[], Floats]]]:
    """Name, whether it sounds, and what makes the samples at 16 kHz."""
    for sound in _SOUNDS:
        for rate, dbfs in ((16_000, -62), (44_100, -70), (48_000, -75)):
            yield f"{sound.__name__} {dbfs} at {rate}", True, partial(_plain, sound, rate, dbfs)
        for form in _CODECS:
            yield f"{sound.__name__} -62 in {form}", True, partial(_coded, sound, -62, form)
    for noise, dbfs in _NOISES:
        for rate in (16_000, 44_100):
            yield f"{noise.__name__} {dbfs} at {rate}", False, partial(_plain, noise, rate, dbfs)
        for form in _CODECS:
            yield f"{noise.__name__} {dbfs} in {form}", False, partial(_coded, noise, dbfs, form)
    yield "rounding", False, _rounding


def _plain(sound: Callable[[int], Floats], rate: int, dbfs: float) -> Floats:
    return resampled(made(sound, rate, dbfs), rate)


def _coded(sound: Callable[[int], Floats], dbfs: float, form: str) -> Floats:
    return coded(made(sound, 48_000, dbfs), 48_000, form)


def _rounding() -> Floats:
    rounded = np.round(_noise(HZ) * 10 ** (-95 / 20) * 2**15) / 2**15
    return np.asarray(rounded, dtype=np.float32)


def made(sound: Callable[[int], Floats], rate: int, dbfs: float) -> Floats:
    """At this level, over the hiss of a good recorder (-88 dBFS), with dither, in 16 bits."""
    samples = sound(rate)
    power = np.mean(np.square(samples))
    if power:
        samples = samples * 10 ** (dbfs / 20) / np.sqrt(power)
    dither = np.random.default_rng(9).uniform(-0.5, 0.5, (2, len(samples))).sum(axis=0)
    floor = 10 ** (-88 / 20) * _noise(rate, 8) if sound is not zeros else 0
    return np.asarray(np.round((samples + floor) * 2**15 + dither) / 2**15, dtype=np.float32)


def resampled(samples: Floats, rate: int) -> Floats:
    """At 16 kHz."""
    return _joined(av.AudioResampler("flt", "mono", HZ), [_frame(samples, rate)])


def coded(samples: Floats, rate: int, form: str) -> Floats:
    """Encoded in this container, at 64 kbit/s, and decoded, at 16 kHz."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream: av.AudioStream = container.add_stream(_CODECS[form], rate=rate, layout="mono")
        stream.bit_rate = 64_000
        for frame in [_frame(samples, rate), None]:
            container.mux(stream.encode(frame))
    file.seek(0)
    with av.open(file) as container:
        return _joined(av.AudioResampler("flt", "mono", HZ), container.decode(audio=0))


def _frame(samples: Floats, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
    frame.sample_rate = rate
    return frame


def _joined(resampler: av.AudioResampler, frames: object) -> Floats:
    parts = [p.to_ndarray()[0] for f in [*frames, None] for p in resampler.resample(f)]
    return np.concatenate(parts)
