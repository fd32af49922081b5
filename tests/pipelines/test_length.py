"""Embedding, training and evaluation are given the same of a file."""

import os
from pathlib import Path

import numpy as np
import pytest

from engine.media.decode import DecodePlan
from engine.media.examine import examine_one
from engine.media.ffmpeg import run
from engine.profile.profile import Cutting
from engine.stages.actors import Decoder
from manifests.media import Needs
from manifests.sources.examined import clip_rows
from pipelines.evaluate.items import Item
from pipelines.evaluate.media import excerpt
from pipelines.length import LONGEST_MS, beginning, is_longer
from tests.mediazoo.kitchen import tone

pytestmark = pytest.mark.run

_HZ = 8_000


@pytest.mark.parametrize(("seconds", "cutting"), [(30.5, {}), (40, {"max_seconds": 60})])
def test_a_file_gives_the_same_sound_in_all(
    seconds: float, cutting: dict[str, float], tmp_path: Path
) -> None:
    run([*tone(200, seconds), f"file:{tmp_path / 'a.wav'}"])
    path = os.fsencode(tmp_path / "a.wav")
    (clip,) = clip_rows(examine_one(path, Cutting.model_validate(cutting)))
    _, embedded = Decoder(DecodePlan((_HZ,))).decode(beginning(clip))
    evaluated = excerpt(Item("a", path), Needs(audio_hz=_HZ))
    assert embedded is not None and evaluated.media is not None
    assert np.array_equal(embedded.audio[_HZ], evaluated.media.audio[_HZ])
    assert embedded.duration_ms == min(1000 * seconds, LONGEST_MS)
    assert is_longer(clip) == evaluated.longer == (1000 * seconds > LONGEST_MS)
