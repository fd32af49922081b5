import numpy as np
import pytest

from captioners.audio.omnivad import OmniVad
from captioners.weights.cache import Cache
from tests.captioners.sounds import HZ, animal, cartoon, clip, silence, speech

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def omnivad() -> OmniVad:
    captioner = OmniVad("omnivad", Cache())
    captioner.load()
    return captioner


def test_music_is_claimed_with_its_times(omnivad: OmniVad) -> None:
    quiet = np.zeros(3 * HZ, np.float32)
    (weak,) = omnivad.caption([clip(np.concatenate([quiet, cartoon().audio[HZ]]))])
    (claim,) = weak.claims
    assert (claim.label, claim.text, claim.kind) == ("Music", "music plays", "music")
    assert claim.score > 0.9
    assert 2_500 < claim.spans[0][0] < 3_600
    assert weak.text == "Music plays."


@pytest.mark.parametrize("name", ["dog", "frog", "rooster"])
def test_an_animal_is_neither_music_nor_speech(omnivad: OmniVad, name: str) -> None:
    (weak,) = omnivad.caption([animal(name)])
    assert (weak.claims, weak.text) == ((), "")


def test_where_nothing_is_found_no_probabilities_are_worked_out(
    omnivad: OmniVad, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(omnivad._model, "detect_probs", asked.append)
    (weak,) = omnivad.caption([animal("dog")])
    assert (weak.claims, asked) == ((), [])


def test_speech_is_not_its_matter(omnivad: OmniVad) -> None:
    (weak,) = omnivad.caption([speech()])
    assert weak.claims == ()


@pytest.mark.parametrize("count", [0, 1, 400, 1600])
def test_the_shortest_sounds_are_worked(omnivad: OmniVad, count: int) -> None:
    (weak,) = omnivad.caption([clip(np.zeros(count, np.float32))])
    assert weak.claims == ()


def test_a_clip_never_depends_on_its_neighbours(omnivad: OmniVad) -> None:
    among = omnivad.caption([silence(1), cartoon(), animal("cow")])
    assert among[1] == omnivad.caption([cartoon()])[0]
