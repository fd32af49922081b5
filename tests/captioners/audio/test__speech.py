"""Which recognised text is believed, and what it is worth."""

from typing import Any

import pytest

from captioners.audio._speech import (
    Voiced,
    are_alike,
    believed,
    heard_again,
    is_doubtful,
    languages_of,
    likeliest,
    speech_score,
    surest,
    voiced_of,
)
from manifests.evidence import Claim, WeakCaption

GOOD: dict[str, Any] = {"text": " Yes.", "logprob": -0.3, "compression": 1.0, "no_speech": 0.1}


@pytest.mark.parametrize(
    "odd",
    [
        {"compression": 2.5},
        {"logprob": -1.1},
        {"no_speech": 0.66},
        {"text": " ..."},
        {"text": " Mmmmmm"},
        {"text": " Thanks for watching!"},
        {"text": " Untertitel der Amara.org-Community"},
        {"text": " [Music]"},
        {"text": " Thank you. Thank you. Thank you. Thank you."},
        {"voice": (0.0, 0.0)},
        {"voice": (2.0, 0.68)},
        {"text": " Thank you.", "voice": (1.0, 0.85)},
        {"text": " Oh, well.", "voice": (12.0, 0.99)},
        {
            "text": " Nobody ever said so many words in half a second of his life.",
            "voice": (0.5, 0.99),
        },
    ],
)
def test_a_segment_that_looks_invented_is_dropped(odd: dict[str, Any]) -> None:
    assert believed(**GOOD)
    assert not believed(**(GOOD | odd))


def test_longer_segments_weigh_more() -> None:
    assert speech_score([(1.0, -1.0)]) == pytest.approx(0.3679, abs=1e-4)
    assert speech_score([(3.0, 0.0), (1.0, -1.0)]) == pytest.approx(0.7788, abs=1e-4)


def test_what_is_clearly_said_is_believed() -> None:
    assert believed(**GOOD, voice=(0.3, 0.9))
    assert believed(**(GOOD | {"text": " Thank you."}), voice=(0.6, 0.9))
    assert believed(**(GOOD | {"text": " Спасибо."}), voice=(0.4, 0.88))
    assert believed(**(GOOD | {"text": " Thank you."})), "nobody looked for speech"
    assert believed(**(GOOD | {"text": " 今天天气很好，我们去公园。"}), voice=(2.0, 0.95))


def test_what_is_doubtful_is_heard_again() -> None:
    sure = (2.0, 0.97)
    assert not is_doubtful(" The train leaves.", -0.3, 0.1, sure)
    assert not is_doubtful(" Thank you.", -0.3, 0.1, sure)
    assert is_doubtful(" Thank you.", -0.3, 0.1, (2.0, 0.92))
    assert is_doubtful(" Thank you.", -0.3, 0.1, None)
    assert is_doubtful(" The train leaves.", -0.9, 0.1, sure)
    assert is_doubtful(" The train leaves.", -0.3, 0.55, sure)
    assert is_doubtful(" The train leaves.", -0.3, 0.1, (2.0, 0.86))


def test_two_passes_agree_on_what_is_said() -> None:
    assert are_alike(" Thank you.", "Thank you very much.") and are_alike("谢谢大家", "谢谢大家！")
    assert not are_alike(" Thank you.", "The birds sing.") and not are_alike("Thank you.", "")


def test_the_end_of_a_video_beside_other_words_stays_only_where_it_is_heard_again() -> None:
    said = " The soup is ready. Danke fürs Zuschauen!"
    assert believed(**(GOOD | {"text": said}), voice=(3.0, 0.99))
    assert is_doubtful(said, -0.3, 0.1, (3.0, 0.99))
    assert heard_again(said, "The soup is ready. Danke fürs Zuschauen.") == said
    assert heard_again(said, "The soup is ready.") == "The soup is ready."
    assert heard_again(said, "Birds sing in the trees.") == ""
    assert heard_again("Thank you.", "Thank you very much.") == "Thank you."


def test_the_language_is_one_of_those_asked_for() -> None:
    guesses = [("ja", 0.6), ("fr", 0.3), ("en", 0.1)]
    assert likeliest(guesses, None) == ("ja", 0.6)
    assert likeliest(guesses, languages_of({"languages": ["fr", "en"]}, ["ja", "fr", "en"])) == (
        "fr",
        0.3,
    )
    assert languages_of({}, ["en"]) is None
    with pytest.raises(
        ValueError, match="names xx, which the model does not know; it knows en, fr"
    ):
        languages_of({"languages": ["fr", "xx"]}, ["fr", "en"])
    for wrong in ([], "fr"):
        with pytest.raises(ValueError, match="a list of ISO 639-1 codes"):
            languages_of({"languages": wrong}, ["fr", "en"])


def test_the_language_is_decided_where_speech_is_surest() -> None:
    voiced = Voiced(((1.0, 3.0, 0.6), (10.0, 11.0, 0.98), (11.1, 12.0, 0.96), (14.0, 15.0, 0.95)))
    together = [(0.8, 15.2)]
    phrases = [pytest.approx((9.8, 12.2)), pytest.approx((13.8, 15.2))]
    assert surest(together, voiced, 30) == phrases
    assert surest(together, voiced, 1.0) == [pytest.approx((9.8, 10.8))]
    assert surest([(9.8, 15.2)], Voiced(voiced.spans[1:]), 30) == [(9.8, 15.2)]


def test_speech_is_where_others_heard_a_voice() -> None:
    assert voiced_of({}) is None
    speech = Claim("Speech", "a person speaks", "speech", "audio", 0.5, ((1000, 1496),))
    song = Claim("Singing", "a person sings", "music", "audio", 0.9, ((4000, 6000),))
    music = Claim("Music", "music plays", "music", "audio", 0.9, ((0, 9000),))
    weak = WeakCaption("c" * 32, "d" * 64, "ears", claims=(speech, song, music))
    voiced = voiced_of({"ears": weak})
    assert voiced is not None
    assert voiced.within(0, 2) == pytest.approx((0.496, 1.0)), "half a second fills half the pool"
    assert voiced.within(5, 9) == pytest.approx((1.0, 0.9))
    assert voiced.within(7, 9) == (0.0, 0.0)
