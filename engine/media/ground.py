"""Pictures with transparency, laid over the light ground on which people mostly see them."""

import numpy as np
import numpy.typing as npt

# Over this the visible part is taken for white: it would not be seen on white.
_WHITE = 235
_GROUND, _GROUND_OF_WHITE = 255, 192


class Ground:
    """What lies under the transparent pictures of one clip: white, or light grey where the first picture
    that shows anything is itself white."""

    def __init__(self) -> None:
        self._level: int | None = None

    def under(self, rgba: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """A picture (height, width, 4), alpha not premultiplied, as (height, width, 3)."""
        colours, alpha = rgba[..., :3], rgba[..., 3:]
        lowest = alpha.min()
        if lowest == 255:
            return np.ascontiguousarray(colours)
        if not alpha.any() and colours.min() != colours.max():
            # Screen recorders leave the fourth byte 0: nobody makes a picture to hide all of it.
            return np.ascontiguousarray(colours)
        weight = alpha.astype(np.uint16)
        if self._level is None and weight.any():
            self._level = _GROUND_OF_WHITE if _shade(colours, weight) > _WHITE else _GROUND
        level = _GROUND if self._level is None else self._level
        mixed = colours * weight + (255 - weight) * np.uint16(level)
        return ((mixed + 127) // 255).astype(np.uint8)


def _shade(colours: npt.NDArray[np.uint8], weight: npt.NDArray[np.uint16]) -> float:
    """How light most of the visible part is, 0 to 255: its mean less its spread."""
    shades = colours.mean(axis=2)
    weights = weight[..., 0].astype(np.float64)
    mean = np.average(shades, weights=weights)
    return float(mean - np.sqrt(np.average((shades - mean) ** 2, weights=weights)))
