"""Sounds in which nobody speaks, in windows of 30 s: recorded ones, looped where they are short, and made
ones (hum of the mains, white, pink and brown noise, hiss over hum), by a fixed seed."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.quality.real import sources
from captioners.weights.cache import Cache
from manifests.media import Audio
from recipes import media

HZ, SECONDS = media.HZ, 30
_HERE = Path(__file__).parent
_KNOWN = _HERE.parents[2] / "recipes" / "calibration" / "known_packages.toml"
_MADE_EACH = 5
# Of the loudest sample: looped sounds at several levels are not one window.
_LEVELS = (0.9, 0.3, 0.1, 0.03, 0.5, 0.2, 0.7)


@dataclass(frozen=True, slots=True)
class Window:
    """30 s of sound. kind: "music", "crowd"... name: of the file and its part. made: not recorded."""

    kind: str
    name: str
    sound: Audio
    made: bool = False


def recorded(cache: Cache) -> Iterator[Window]:
    """Windows of recordings, fetched where they are not yet there."""
    packages = {**media.packages(tomllib.loads(_KNOWN.read_text("utf-8"))), **sources.packages()}
    for kind, table in tomllib.loads((_HERE / "sounds.toml").read_text("utf-8")).items():
        windows = table.pop("windows")
        for package, files in table.items():
            folder = packages[package].unpacked(cache.root, files) / packages[package].root
            for file in files:
                whole = media.samples(folder / file, most_s=600)
                for number in range(windows):
                    cut = _cut(whole, number)
                    yield Window(kind, f"{file} {number}", cut)


def made() -> Iterator[Window]:
    """Windows that are made."""
    rng = np.random.default_rng(12)
    for number in range(_MADE_EACH):
        white = rng.standard_normal(HZ * SECONDS)
        spectrum = np.fft.rfft(white)
        hz = np.maximum(1.0, np.fft.rfftfreq(len(white), 1 / HZ))
        pink, brown = (np.fft.irfft(spectrum / hz**power, len(white)) for power in (0.5, 1.0))
        time = np.arange(HZ * SECONDS) / HZ
        mains = (50.0, 60.0)[number % 2]
        hums = (np.sin(2 * np.pi * mains * k * time) / k for k in range(1, 8))
        hum = sum(hums, np.zeros(len(time)))
        noises = {"white noise": white, "pink noise": pink, "brown noise": brown, "mains hum": hum}
        noises["hum and hiss"] = hum / 4 + white / 20
        for name, sound in noises.items():
            level = _LEVELS[number] / float(np.abs(sound).max())
            yield Window("made", f"{name} {number}", (sound * level).astype(np.float32), True)


def _cut(whole: Audio, number: int) -> Audio:
    """Window `number` of a sound: its own part of a long one, a short one's loop at another level."""
    size = HZ * SECONDS
    if len(whole) >= size * (number + 1):
        return whole[size * number : size * (number + 1)]
    looped = np.resize(np.roll(whole, -number * HZ), size)
    peak = float(np.abs(looped).max()) or 1.0
    return (looped * (_LEVELS[number % len(_LEVELS)] / peak)).astype(np.float32)
