"""Pictures of a clip by its own clock: frame strip, waveform and spectrogram.

Each is as wide as the shown part of the clip is long: what happens after a third of it is drawn at a
third of the width.
"""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from manifests.media import Audio
from pipelines.preview.source import Picture

# 25 ms a pixel, up to 30 s; a shorter clip is drawn larger.
_PX_PER_S, _NARROWEST, _WIDEST = 40, 240, 1200
_STRIP_HEIGHT, _STRIP_WIDTH, _MOST_TILES = 64, 900, 16
_WAVE_HEIGHT, _WAVE_COLOUR, _LEAST_PEAK = 48, (76, 139, 203), 0.01
_SPECTRUM_HEIGHT, _LOWEST_HZ, _RANGE_DB, _FLOOR_DB = 128, 50.0, 75.0, -100.0
# Samples of a window: 32 ms at 32 kHz.
_WINDOW, _COLUMNS_AT_ONCE = 1024, 256


def width_of(ms: int) -> int:
    """Width in pixels of waveform and spectrogram of so many ms."""
    return min(_WIDEST, max(_NARROWEST, round(ms * _PX_PER_S / 1000)))


def tiles_of(size: tuple[int, int], count: int) -> list[int]:
    """Which of `count` pictures of a size (width, height) the strip shows: the middles of equal parts."""
    tile = max(1.0, size[0] * _STRIP_HEIGHT / size[1])
    tiles = min(count, _MOST_TILES, max(1, round(_STRIP_WIDTH / tile)))
    return [int((2 * n + 1) * count / (2 * tiles)) for n in range(tiles)]


def strip(pictures: Sequence[Picture]) -> bytes:
    """Pictures of one size beside each other, as WebP."""
    height, width = pictures[0].shape[:2]
    tile = max(1, min(_STRIP_WIDTH, round(width * _STRIP_HEIGHT / height)))
    whole = Image.new("RGB", (tile * len(pictures), _STRIP_HEIGHT))
    for number, picture in enumerate(pictures):
        small = Image.fromarray(picture).resize((tile, _STRIP_HEIGHT), Image.Resampling.BILINEAR)
        whole.paste(small, (number * tile, 0))
    return _webp(whole, quality=45)


def still(picture: Picture) -> bytes:
    """One picture as JPEG."""
    out = BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=72, optimize=True, progressive=True)
    return out.getvalue()


def waveform(samples: Audio, ms: int) -> bytes:
    """Lowest and highest sample of each moment, as PNG with a transparent ground.

    The highest of all fills the height, unless it is below -40 dBFS.
    """
    width = width_of(ms)
    edges = np.linspace(0, len(samples), width + 1).astype(int)
    starts = np.minimum(edges[:-1], len(samples) - 1)
    highest, lowest = np.maximum.reduceat(samples, starts), np.minimum.reduceat(samples, starts)
    scale = (_WAVE_HEIGHT - 1) / 2 / max(_LEAST_PEAK, float(np.abs(samples).max()))
    middle = (_WAVE_HEIGHT - 1) / 2
    rows = np.arange(_WAVE_HEIGHT)[:, None]
    top, bottom = np.floor(middle - highest * scale), np.ceil(middle - lowest * scale)
    drawn = (rows >= top) & (rows <= bottom)
    image = Image.fromarray(drawn.astype(np.uint8), "P")
    image.putpalette([0, 0, 0, *_WAVE_COLOUR])
    out = BytesIO()
    image.save(out, "PNG", optimize=True, transparency=0, bits=1)
    return out.getvalue()


def spectrogram(samples: Audio, hz: int, ms: int) -> bytes:
    """Level by moment and pitch, as WebP: the loudest light, pitch on the mel scale from 50 Hz to
    half of `hz`.

    A column is drawn by windows of 32 ms around its middle.
    """
    from matplotlib import colormaps

    levels = levels_of(samples, hz, width_of(ms))
    top = max(float(levels.max()), _FLOOR_DB + _RANGE_DB)
    shades = np.clip((levels - top) / _RANGE_DB + 1, 0, 1)
    colours = colormaps["magma"](shades[::-1], bytes=True)[..., :3]
    return _webp(Image.fromarray(np.ascontiguousarray(colours)), quality=35)


def levels_of(samples: Audio, hz: int, width: int) -> npt.NDArray[np.float32]:
    """Level in dB by pitch (rows, lowest first) and moment (columns)."""
    per_column = len(samples) / width
    looks = max(1, int(np.ceil(2 * per_column / _WINDOW)))
    window = np.hanning(_WINDOW).astype(np.float32)
    bands = _bands(hz) / float(window.sum()) ** 2 * 4
    padded = np.pad(samples, _WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)
    levels = np.empty((_SPECTRUM_HEIGHT, width), np.float32)
    for first in range(0, width, _COLUMNS_AT_ONCE):
        end = min(width, first + _COLUMNS_AT_ONCE)
        middles = (np.arange(first * looks, end * looks) + 0.5) * per_column / looks
        spectra = np.fft.rfft(windows[middles.astype(int)] * window)
        power = (spectra.real**2 + spectra.imag**2) @ bands.T
        levels[:, first:end] = power.reshape(end - first, looks, -1).max(axis=1).T
    decibels: npt.NDArray[np.float32] = 10 * np.log10(levels + np.float32(10 ** (_FLOOR_DB / 10)))
    return decibels


def _bands(hz: int) -> npt.NDArray[np.float64]:
    """Weights of frequencies (columns) in pitches (rows): triangles that overlap by half."""
    highest = 2595 * np.log10(1 + hz / 2 / 700)
    lowest = 2595 * np.log10(1 + _LOWEST_HZ / 700)
    mels = np.linspace(lowest, highest, _SPECTRUM_HEIGHT + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.arange(_WINDOW // 2 + 1) * hz / _WINDOW
    step = hz / _WINDOW
    rows = [
        np.interp(bins, [min(low, mid - step), mid, max(high, mid + step)], [0, 1, 0])
        for low, mid, high in zip(edges[:-2], edges[1:-1], edges[2:], strict=True)
    ]
    return np.array(rows)


def _webp(image: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()
