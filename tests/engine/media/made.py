"""Sources whose every frame and sample is known: frames carry their number, the sound a melody."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.media.ffmpeg import run

WIDTH, HEIGHT, BITS = 160, 96, 10
RATE = 48_000


def numbered(count: int) -> npt.NDArray[np.uint8]:
    """`count` RGB frames; ten upright bars, white for 1, write the frame's number, high bit left."""
    numbers = np.arange(count)[:, None] >> np.arange(BITS - 1, -1, -1)[None]
    bars = np.repeat((numbers & 1).astype(np.uint8) * 200 + 20, WIDTH // BITS, axis=1)
    return np.broadcast_to(bars[:, None, :, None], (count, HEIGHT, WIDTH, 3)).copy()


def number_of(frame: npt.NDArray[np.uint8]) -> int:
    """The number that a frame of `numbered` carries, at any size."""
    height, width = frame.shape[:2]
    centres = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    bits = frame[height // 3 : 2 * height // 3, centres].mean(axis=(0, 2)) > 120
    return int(bits @ (1 << np.arange(BITS - 1, -1, -1)))


def melody(seconds: float, rate: int = RATE) -> npt.NDArray[np.float32]:
    """Tones of 50 ms, 300 to 3000 Hz in a fixed random order: it resembles itself only at lag 0."""
    pitches = np.random.default_rng(7).uniform(300, 3000, size=int(seconds * 20) + 1)
    hertz = np.repeat(pitches, rate // 20)[: int(seconds * rate)]
    return (0.5 * np.sin(2 * np.pi * np.cumsum(hertz) / rate)).astype(np.float32)


def lag_ms(heard: npt.NDArray[np.float32], original: npt.NDArray[np.float32], rate: int) -> float:
    """By how much `heard` comes after `original`, in ms."""
    size = 1 << (len(heard) + len(original)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(original, size))
    lag = int(np.argmax(np.fft.irfft(product, size)))
    return 1000 * (lag if lag < size // 2 else lag - size) / rate


def likeness(heard: npt.NDArray[np.float32], original: npt.NDArray[np.float32]) -> float:
    """Correlation of two spans of sound, at lag 0."""
    return float(np.corrcoef(heard, original)[0, 1])


def make(
    out: Path, options: list[str], seconds: float = 6.0, fps: int = 25, rate: int = RATE
) -> Path:
    """Numbered frames and the melody in `out`, encoded as ffmpeg's `options` say (-an, -vn too)."""
    raw, pcm = out.with_name(out.name + ".rgb"), out.with_name(out.name + ".f32")
    raw.write_bytes(numbered(int(seconds * fps)).tobytes())
    pcm.write_bytes(melody(seconds, rate).tobytes())
    picture = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(fps)]
    sound = ["-f", "f32le", "-ar", str(rate), "-ac", "1"]
    run([*picture, "-i", f"file:{raw}", *sound, "-i", f"file:{pcm}", *options, f"file:{out}"])
    raw.unlink()
    pcm.unlink()
    return out
