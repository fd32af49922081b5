import re
from dataclasses import replace

import numpy as np
import pytest

from captioners.audio.whisper import Whisper
from captioners.weights.cache import Cache
from tests.captioners.sounds import animal, cartoon, silence, speech

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    Cache().fetch("whisper-base")
    captioner = Whisper("whisper", Cache())
    captioner.load()
    return captioner


def test_words_are_heard(whisper: Whisper) -> None:
    (weak,) = whisper.caption([speech()])
    assert weak.language == "en"
    words = set(re.findall(r"[a-z]+", (weak.transcript or "").lower()))
    assert {"good", "morning", "everyone", "train", "london", "leaves"} <= words
    (claim,) = weak.claims
    assert (claim.label, claim.kind, claim.text) == ("Speech", "speech", "a person speaks")
    assert 0.5 < claim.score < 1.0
    assert 3_000 < sum(end - start for start, end in claim.spans) <= 5_034


def test_no_words_are_invented(whisper: Whisper) -> None:
    sounds = [animal("dog"), animal("pig"), cartoon(), silence(2), silence(0)]
    for weak in whisper.caption(sounds):
        assert (weak.transcript, weak.language, weak.claims, weak.text) == (None, None, (), "")


def test_speech_of_a_whole_window_is_heard(whisper: Whisper) -> None:
    said = speech()
    sound = said.audio[16_000]
    long = replace(said, audio={16_000: np.resize(sound, 30 * 16_000)}, duration_ms=30_000)
    (weak,) = whisper.caption([long])
    assert "train" in (weak.transcript or "").lower()
