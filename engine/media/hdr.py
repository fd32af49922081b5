"""HDR pictures as people see them on an ordinary screen.

Light is counted in parts of diffuse white, 203 cd/m2 (ITU-R BT.2408, table 1). PQ codes become light
by the EOTF of SMPTE ST 2084 (BT.2100, table 4), HLG codes by the inverse OETF and the OOTF of BT.2100,
table 5, for a screen of 1,000 cd/m2 (system gamma 1.2). Colours are taken from BT.2020 to BT.709 by the
matrix of BT.2087. What is darker than three quarters of white stays as it is. What is lighter is rolled
off by Reinhard's extended curve, so that 1,000 cd/m2 reach full white and colours keep their hue. The
result is encoded as sRGB (IEC 61966-2-1).
"""

from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Transfer = Literal["pq", "hlg"]
_Light = npt.NDArray[np.float32]

# By the numbers of ISO/IEC 23091-2 (H.273), as in bit streams, `colr` boxes and FFmpeg.
_TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}
_UNSPECIFIED = 2
_BT2020_MATRIX = 9

_WHITE_NITS, _PEAK_NITS = 203.0, 1000.0
_PEAK = _PEAK_NITS / _WHITE_NITS
_KNEE = 0.75
_HLG_GAMMA = 1.2
_HLG_LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)
_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
_CODES = 1 << 12


def transfer_of(code: int) -> Transfer | None:
    """The HDR transfer of this number in H.273; None for every other."""
    return _TRANSFERS.get(code)


def transfer(frame: Any) -> Transfer | None:
    """How the light in a decoded frame is coded when it is HDR, else None.

    Deep pictures whose matrix is BT.2020 and whose transfer nobody gives are taken for PQ: encoders of
    FFmpeg 8 and later drop the transfer that options give and keep the matrix.
    """
    code = int(frame.color_trc)
    if code in _TRANSFERS:
        return _TRANSFERS[code]
    untold = code in (0, _UNSPECIFIED) and int(frame.color_primaries) in (0, _UNSPECIFIED, 9)
    if untold and int(frame.colorspace) == _BT2020_MATRIX and frame.format.components[0].bits >= 10:
        return "pq"
    return None


def to_sdr(picture: npt.NDArray[Any], coded: Transfer) -> npt.NDArray[np.uint8]:
    """An RGB picture (height, width, 3), uint8 or uint16, full range, as sRGB of the same shape."""
    depth = 8 if picture.dtype == np.uint8 else 16
    light = _lights(coded, depth)[picture]
    if coded == "hlg":
        scene = np.maximum(light @ _HLG_LUMA, 1e-6)
        light = light * (_PEAK * scene ** np.float32(_HLG_GAMMA - 1))[..., None]
    light = np.maximum(light @ _TO_BT709.T, 0)
    brightest = np.maximum(light.max(axis=2, keepdims=True), 1e-6)
    light *= _rolled_off(brightest) / brightest
    steps = np.minimum(light * (_CODES - 1) + 0.5, _CODES - 1).astype(np.uint16)
    codes: npt.NDArray[np.uint8] = np.take(_srgb_codes(), steps)
    return codes


def _rolled_off(light: _Light) -> _Light:
    """The brightest channel on an ordinary screen, 0 to 1."""
    over = np.clip((light - _KNEE) / (1 - _KNEE), 0, None)
    limit = (_PEAK - _KNEE) / (1 - _KNEE)
    over = np.minimum(over * (1 + over / limit**2) / (1 + over), 1)
    return np.where(light > _KNEE, _KNEE + (1 - _KNEE) * over, light).astype(np.float32)


@cache
def _lights(coded: Transfer, depth: int) -> _Light:
    """The light of each code: for PQ in parts of diffuse white, for HLG of the scene, 0 to 1."""
    code = np.arange(1 << depth) / ((1 << depth) - 1)
    if coded == "pq":
        power = code ** (1 / 78.84375)
        ratio = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
        light = 10_000 / _WHITE_NITS * ratio ** (1 / 0.1593017578125)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    return light.astype(np.float32)


@cache
def _srgb_codes() -> npt.NDArray[np.uint8]:
    """The sRGB code of light in steps, 0 to 1."""
    light = np.arange(_CODES) / (_CODES - 1)
    codes = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(codes * 255).astype(np.uint8)
