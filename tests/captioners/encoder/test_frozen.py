"""The frozen features of the small encoder: silence around a sound changes nothing."""

import numpy as np
import pytest

from captioners.encoder.frozen import Frozen
from captioners.weights.models import Models
from manifests.media import Audio

pytestmark = pytest.mark.models

HZ = 16_000


@pytest.fixture(scope="module")
def frozen() -> Frozen:
    return Frozen(Models())


def _sound(seconds: float, seed: int = 0) -> Audio:
    noise = np.random.default_rng(seed).normal(0, 0.1, round(seconds * HZ)).astype(np.float32)
    return noise * np.hanning(len(noise)).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.3, 1.4, 2.0])
def test_silence_behind_a_sound_adds_no_patch(frozen: Frozen, seconds: float) -> None:
    sound = _sound(seconds)
    padded = np.concatenate([sound, np.zeros(3 * HZ, np.float32)])
    np.testing.assert_allclose(frozen.audio(padded), frozen.audio(sound), atol=1e-5)


def test_a_pause_between_two_sounds_is_left_out(frozen: Frozen) -> None:
    pause = np.zeros(6 * HZ, np.float32)
    whole = frozen.audio(np.concatenate([_sound(2), pause, _sound(2, seed=1)]))
    # Patches of 0.96 s, one every 0.48 s: 16 of 10 s, of which 11 lie within the pause.
    assert 6 <= len(whole) <= 10


def test_silence_alone_has_all_its_patches(frozen: Frozen) -> None:
    assert len(frozen.audio(np.zeros(3 * HZ, np.float32))) == 6
