import numpy as np
import pytest

from captioners.audio._level import raised

pytestmark = pytest.mark.unit

_TONE = np.sin(np.arange(16_000) / 5).astype(np.float32)


@pytest.mark.parametrize("peak", [1.0, 0.1, 0.04])
def test_ordinary_sound_stays_as_it_is(peak):
    samples = _TONE * np.float32(peak)
    assert raised(samples) is samples


@pytest.mark.parametrize("peak", [0.03, 0.002])
def test_quiet_sound_is_made_louder(peak):
    assert np.abs(raised(_TONE * np.float32(peak))).max() == pytest.approx(
        peak * min(100, 0.316 / peak), rel=0.01
    )


def test_no_sound_is_raised_by_more_than_40_db():
    assert np.abs(raised(_TONE * np.float32(1e-4))).max() == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("samples", [np.zeros(8, np.float32), np.zeros(0, np.float32)])
def test_nothing_stays_nothing(samples):
    assert raised(samples) is samples
