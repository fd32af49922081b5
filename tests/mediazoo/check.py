"""Whether a decoded clip shows and sounds as its case says."""

import numpy as np

from manifests.media import Media
from tests.mediazoo.case import COLOURS, Clip

HZ = 16_000
TONES = (300, 400, 500, 700, 900)
"""All that the zoo plays, in Hz."""
_NEAR = 45
"""Codecs and colour ranges move a colour by so much."""
_SHARE = 0.05
"""A tone is heard from this share of the power on, anything else than the tones below three of it."""
_DB = 1.0
_EDGE_MS = 60
"""Of sound at either end of a clip, where codecs fade and packets of the neighbour may reach in."""


def faults(clip: Clip, media: Media) -> list[str]:
    """What is wrong, in words."""
    wrong = []
    frames, sound = media.frames, media.audio.get(HZ)
    if clip.colours is not None:
        seen = () if frames is None else _seen(frames)
        if seen != clip.colours:
            wrong.append(f"seen {seen or 'nothing'}, not {clip.colours or 'nothing'}")
    if (clip.spots or clip.light) and frames is None:
        wrong.append("no picture")
    elif frames is not None:
        for x, y, colour in clip.spots:
            if (name := _name(_at(frames[0], x, y))) != colour:
                wrong.append(f"{name} at {x}, {y}, not {colour}")
        for x, y, least, most in clip.light:
            if not least <= (mean := float(np.mean(_at(frames[0], x, y)))) <= most:
                wrong.append(f"light {mean:.0f} at {x}, {y}, not {least} to {most}")
    silent = sound is None or not sound.size
    if clip.tones is not None:
        heard = () if sound is None or silent else _heard(sound)
        if heard != clip.tones:
            wrong.append(f"heard {heard or 'nothing'}, not {clip.tones or 'nothing'}")
    if clip.dbfs is not None:
        level = -np.inf if sound is None or silent else _level(sound)
        if abs(level - clip.dbfs) > _DB:
            wrong.append(f"level {level:.1f} dBFS, not {clip.dbfs:.1f}")
    return wrong


def _at(frame: np.ndarray, x: float, y: float) -> np.ndarray:
    """Mean colour about a place."""
    row, column = int(y * frame.shape[0]), int(x * frame.shape[1])
    near = frame[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
    return np.asarray(near.reshape(-1, 3).mean(axis=0))


def _name(colour: np.ndarray) -> str:
    names = [name for name, of in COLOURS.items() if np.max(np.abs(colour - of)) <= _NEAR]
    return names[0] if names else str(colour.round().astype(int).tolist())


def _seen(frames: np.ndarray) -> tuple[str, ...]:
    """Colours of whole frames in order, each once until another comes."""
    names = [_name(np.median(frame.reshape(-1, 3), axis=0)) for frame in frames]
    return tuple(name for i, name in enumerate(names) if not i or name != names[i - 1])


def _heard(sound: np.ndarray) -> tuple[int | str, ...]:
    """Tones that are heard, and "more" where there is much else."""
    edge = _EDGE_MS * HZ // 1000
    part = sound[edge:-edge] if sound.size > 4 * edge else sound
    power = np.abs(np.fft.rfft(part * np.hanning(part.size))) ** 2
    hertz = np.fft.rfftfreq(part.size, 1 / HZ)
    total = power.sum()
    if total / part.size**2 < 1e-12:
        return ()
    shares = {tone: power[np.abs(hertz - tone) < 15].sum() / total for tone in TONES}
    heard: tuple[int | str, ...] = tuple(tone for tone, share in shares.items() if share > _SHARE)
    return heard if 1 - sum(shares.values()) < 3 * _SHARE else (*heard, "more")


def _level(sound: np.ndarray) -> float:
    edge = _EDGE_MS * HZ // 1000
    return float(10 * np.log10(max(np.mean(np.square(sound[edge:-edge], dtype=float)), 1e-20)))
