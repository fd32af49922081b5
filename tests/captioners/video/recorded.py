"""What NanoDet and EfficientNet said before onnxruntime ran them.

Recorded at commit 21ea1da, where torch ran both, of the frames of `frames`: by frame the inputs (`nd_in`,
`ef_in`: every 29th and 19th pixel), NanoDet's best score of each class (`nd_best`), scores and side bins
of every 211th cell, EfficientNet's logits and features; and `boxes`: frame, class, score, four corners.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.captioners.pictures import film, noise

STEPS = {"nd_in": 29, "ef_in": 19, "cells": 211}


@cache
def recorded() -> Mapping[str, npt.NDArray[Any]]:
    with np.load(Path(__file__).with_suffix(".npz")) as file:
        return dict(file)


@cache
def frames() -> list[npt.NDArray[np.uint8]]:
    """Seven RGB frames: of three films, and noise that is wide and that is tall."""
    result: list[npt.NDArray[np.uint8]] = []
    for name, count in (("carphone_pristine.mp4", 1), ("bikes.mp4", 2), ("bigbuckbunny.mp4", 2)):
        shown = film(name, count).frames
        assert shown is not None
        result += list(shown)
    return [*result, noise(90, 160)[0], noise(300, 101)[0]]
