import numpy as np
import pytest

from captioners.audio.silero import Silero
from captioners.weights.cache import Cache
from tests.captioners.sounds import HZ, animal, clip, silence, speech

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def silero() -> Silero:
    captioner = Silero("silero", Cache())
    captioner.load()
    return captioner


def test_speech_is_claimed_with_its_times(silero: Silero) -> None:
    (weak,) = silero.caption([speech()])
    (claim,) = weak.claims
    assert (claim.label, claim.kind, claim.modality) == ("Speech", "speech", "audio")
    assert claim.score > 0.9
    assert weak.text == "A person speaks."
    assert 3_000 < sum(end - start for start, end in claim.spans) <= 5_034


def test_spans_are_where_the_voice_is(silero: Silero) -> None:
    quiet = np.zeros(4 * HZ, np.float32)
    (weak,) = silero.caption([clip(np.concatenate([quiet, speech().audio[HZ], quiet]))])
    spans = weak.claims[0].spans
    assert 3_500 < spans[0][0] < 4_500
    assert 8_000 < spans[-1][1] < 9_300


@pytest.mark.parametrize("name", ["dog", "cow", "frog", "rooster"])
def test_an_animal_is_no_speech(silero: Silero, name: str) -> None:
    (weak,) = silero.caption([animal(name)])
    assert (weak.claims, weak.text) == ((), "")


@pytest.mark.parametrize("seconds", [0.0, 0.01, 2.0])
def test_silence_is_no_speech(silero: Silero, seconds: float) -> None:
    (weak,) = silero.caption([silence(seconds)])
    assert weak.claims == ()


def test_a_clip_never_depends_on_its_neighbours(silero: Silero) -> None:
    assert silero.caption([animal("dog"), speech()])[1] == silero.caption([speech()])[0]
