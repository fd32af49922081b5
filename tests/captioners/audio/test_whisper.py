import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from captioners.audio.whisper import Whisper
from captioners.weights.cache import Cache
from manifests.media import Audio
from tests.captioners.sounds import HZ, animal, cartoon, clip, silence, speech

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    Cache().fetch("whisper-base")
    captioner = Whisper("whisper", Cache())
    captioner.load()
    return captioner


@dataclass
class Written:
    """A segment of faster-whisper's with ordinary scores."""

    text: str
    start: float
    end: float
    avg_logprob: float = -0.3
    compression_ratio: float = 1.1
    no_speech_prob: float = 0.1


class Stub:
    """A model that writes what it is told, pass by pass, and notes what it is asked."""

    supported_languages = ("de", "en", "fr")

    def __init__(self, *passes: list[Written]) -> None:
        self.passes = list(passes)
        self.asked: list[dict[str, Any]] = []
        self.sounds: list[Audio] = []
        self.told: Audio | None = None

    def detect_language(self, audio: Audio) -> tuple[str, float, list[tuple[str, float]]]:
        self.told = audio
        return "de", 0.5, [("de", 0.5), ("en", 0.3), ("fr", 0.2)]

    def transcribe(self, samples: Audio, **asked: Any) -> tuple[list[Written], None]:
        self.asked.append(asked)
        self.sounds.append(samples)
        return (self.passes.pop(0) if len(self.passes) > 1 else self.passes[0]), None


def stubbed(*passes: list[Written], **options: Any) -> tuple[Whisper, Stub]:
    captioner, stub = Whisper("whisper", Cache(), options), Stub(*passes)
    captioner._model = stub
    return captioner, stub


def test_words_are_heard(whisper: Whisper) -> None:
    (weak,) = whisper.caption([speech()])
    assert weak.language == "en" and 0.5 < (weak.language_probability or 0) <= 1
    words = set(re.findall(r"[a-z]+", (weak.transcript or "").lower()))
    assert {"good", "morning", "everyone", "train", "london", "leaves"} <= words
    (claim,) = weak.claims
    assert (claim.label, claim.kind, claim.text) == ("Speech", "speech", "a person speaks")
    assert 0.5 < claim.score < 1.0
    assert 3_000 < sum(end - start for start, end in claim.spans) <= 5_034


def test_speech_is_encoded_once_for_its_language_and_its_words(
    whisper: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faster_whisper import WhisperModel

    encode, sounds = WhisperModel.encode, []

    def counted(model: WhisperModel, features: Any) -> Any:
        sounds.append(features)
        return encode(model, features)

    monkeypatch.setattr(WhisperModel, "encode", counted)
    fainter = speech().audio[HZ] * np.float32(0.9)  # not the sound that another test read last
    (weak,) = whisper.caption([clip(fainter)])
    assert weak.transcript and weak.language == "en"
    assert len(sounds) == 1


def test_no_words_are_invented(whisper: Whisper) -> None:
    sounds = [animal("dog"), animal("pig"), cartoon(), silence(2), silence(0)]
    for weak in whisper.caption(sounds):
        assert (weak.transcript, weak.language, weak.claims, weak.text) == (None, None, (), "")
        assert weak.language_probability is None


def test_speech_of_a_whole_window_is_heard(whisper: Whisper) -> None:
    said = speech()
    sound = said.audio[16_000]
    long = replace(said, audio={16_000: np.resize(sound, 30 * 16_000)}, duration_ms=30_000)
    (weak,) = whisper.caption([long])
    assert "train" in (weak.transcript or "").lower()


@pytest.mark.parametrize(
    "phrase",
    [
        "Thanks for watching!",
        "Untertitel der Amara.org-Community",
        "Sous-titrage ST' 501",
        "Thank you.",
    ],
)
def test_no_invention_is_quoted_where_nobody_speaks(phrase: str) -> None:
    rng = np.random.default_rng(3)
    time = np.arange(10 * HZ) / HZ
    hum = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 6))
    noises = [
        hum * 0.1 + rng.standard_normal(len(time)) * 0.01,
        rng.standard_normal(len(time)) * 0.2,
    ]
    captioner, _ = stubbed([Written(phrase, 0, 2), Written(phrase, 4, 7), Written(phrase, 0, 10)])
    sounds = [clip(noise) for noise in noises]
    assert [w.transcript for w in captioner.caption([*sounds, cartoon(), animal("pig")])] == [
        None
    ] * 4


def test_an_end_of_a_video_is_not_quoted_even_over_speech() -> None:
    captioner, _ = stubbed(
        [Written(" The train leaves.", 0, 2), Written(" Thanks for watching!", 2, 4)]
    )
    assert captioner.caption([speech()])[0].transcript == "The train leaves."


def test_text_beside_the_speech_is_dropped() -> None:
    sound = np.concatenate([np.zeros(6 * HZ, np.float32), speech().audio[HZ]])
    captioner, _ = stubbed([Written(" Rain falls.", 0, 4), Written(" The train leaves.", 6, 9)])
    assert captioner.caption([clip(sound)])[0].transcript == "The train leaves."


@pytest.mark.parametrize(("again", "kept"), [("Thank you.", "Thank you."), ("Birds sing.", None)])
def test_what_is_doubtful_is_heard_again_from_another_start(again: str, kept: str | None) -> None:
    captioner, stub = stubbed([Written(" Thank you.", 1, 3, -0.9)], [Written(again, 0, 2)])
    (weak,) = captioner.caption([speech()])
    assert weak.transcript == kept
    assert [len(sound) for sound in stub.sounds] == [len(speech().audio[HZ]), round(2.8 * HZ)]
    assert [asked["vad_filter"] for asked in stub.asked] == [True, False]


def test_an_end_of_a_video_behind_speech_is_quoted_only_where_it_is_heard_again() -> None:
    both = " The train leaves. Danke fürs Zuschauen."
    for again, kept in ((" The train leaves.", "The train leaves."), (both, both.strip())):
        captioner, _ = stubbed([Written(both, 0, 4)], [Written(again, 0, 4)])
        assert captioner.caption([speech()])[0].transcript == kept


def test_what_is_sure_is_heard_once() -> None:
    captioner, stub = stubbed([Written(" The train leaves.", 0, 3)])
    captioner.caption([speech()])
    assert len(stub.sounds) == 1


def test_the_language_is_decided_on_the_speech_and_one_of_those_asked_for() -> None:
    captioner, stub = stubbed([Written(" The train leaves.", 10, 12)])
    captioner._languages = frozenset({"en", "fr"})
    (weak,) = captioner.caption([clip(np.concatenate([cartoon().audio[HZ], speech().audio[HZ]]))])
    assert stub.told is not None and len(stub.told) < 6 * HZ
    assert stub.asked[0]["language"] == "en"
    first = len(cartoon().audio[HZ])
    assert not stub.sounds[0][: first - HZ].any(), "music that passes for speech is not read"
    assert weak.transcript is None or (weak.language, weak.language_probability) == ("en", 0.3)


def test_an_unknown_language_is_told() -> None:
    captioner = Whisper("whisper", Cache(), {"languages": ["en", "klingon"]})
    with pytest.raises(ValueError, match="languages names klingon"):
        captioner.load()
