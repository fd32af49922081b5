"""What a file of the zoo is, and what must become of it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.mediazoo.kitchen import Kitchen

CAPTIONED = "captioned"
FILTERED = "filtered"
SKIPPED = "skipped"

COLOURS = {
    "red": (255, 0, 0),
    "lime": (0, 255, 0),
    "blue": (0, 0, 255),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "grey": (128, 128, 128),
}
TONE_DBFS = -21.07
"""RMS level of the tones of `Kitchen`: a sine of amplitude 1/8."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What one clip shows and sounds like.

    colours: all that are seen, in this order; empty: none is; None: any may be. tones: all that
    are heard, in Hz, and no other of the zoo's; empty: no sound; None: any may be. dbfs: RMS level in dB.
    spots: (x, y, colour) of places in the picture, as fractions of its width and height. light:
    (x, y, least, most) of places, in mean 8-bit values.
    """

    colours: tuple[str, ...] | None = None
    tones: tuple[int, ...] | None = None
    dbfs: float | None = None
    spots: tuple[tuple[float, float, str], ...] = ()
    light: tuple[tuple[float, float, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One file. name: of the file. kind: row of the table of kinds (F1 to F10), or "control". make:
    gives its bytes.

    outcome: captioned, filtered, skipped (not listed at all), or the reason of the quarantine. clips: in
    order of time; empty where nothing is decoded. seconds: of content, with `give` on either side.
    size: width and height that `sources` must say. may_refuse: quarantine of the whole is as good.
    """

    name: str
    kind: str
    make: Callable[[Kitchen], bytes]
    clips: tuple[Clip, ...] = ()
    seconds: float = 0.0
    give: float = 0.25
    outcome: str = CAPTIONED
    size: tuple[int, int] | None = None
    may_refuse: bool = False
