"""The words of a clip: who opens them, their language, and what the sound is about."""

from dataclasses import replace

import pytest

from manifests.evidence import Evidence
from prompts.selection import select
from tests.prompts.clips import claim, evidence, seen


def test_a_transcript_needs_speech_that_was_believed() -> None:
    assert select(evidence([claim("rain falls")], transcript="thank you")).transcript is None
    spoken = [claim("a person speaks", kind="speech", label="Speech")]
    assert select(evidence(spoken, transcript=" good\n day ")).transcript == "good day"


def test_the_domain_is_what_the_sound_is_about() -> None:
    talk = claim("a person speaks", kind="speech")
    music, rain = claim("music plays", kind="music"), claim("rain falls")
    assert select(evidence([talk, music], transcript="hello")).domain == "speech"
    assert select(evidence([talk])).domain == "general"
    assert select(evidence([music])).domain == "music"
    assert select(evidence([music, rain])).domain == "general"
    assert select(evidence([], [seen("a car")])).domain == "general"


def test_free_text_that_says_more_opens_the_transcript() -> None:
    tag = claim("a person speaks", kind="speech", label="Speech")
    free = [
        claim("A woman speaks in a calm tone", "medium", "caption"),
        *(
            claim(f"A {word} is heard", "high", "caption")
            for word in ("bell", "drum", "dog", "car")
        ),
    ]
    clip = select(evidence(free, [tag], transcript="add the garlic"))
    assert clip.transcript == "add the garlic" and clip.domain == "speech"


@pytest.mark.parametrize(
    "text",
    [
        "A woman is announcing something over the speakers",
        "A commentator shouts excitedly",
        'He yells "what a goal"',
        "A man raps over a beat",
        "A professor gives a lecture",
    ],
)
def test_free_text_alone_opens_the_transcript(text: str) -> None:
    clip = select(evidence([claim(text, "medium", "caption")], transcript="what a goal"))
    assert "what a goal" in (clip.transcript, clip.lyrics)


@pytest.mark.parametrize("text", ["No one is speaking", "A dog barks", "A crowd claps"])
def test_who_hears_no_speech_opens_no_transcript(text: str) -> None:
    assert (
        select(evidence([claim(text, "medium", "caption")], transcript="thanks")).transcript is None
    )
    low = claim("A man is talking", "low", "caption")
    assert select(evidence([low], transcript="thanks")).transcript is None


def test_a_song_behind_a_speaker_makes_no_lyrics_of_his_words() -> None:
    free = [claim("A man talks while a woman sings in the background", "medium", "caption")]
    other = [claim("Someone is talking", "medium", "caption")]
    clip = select(evidence(free, other, transcript="welcome back"))
    assert (clip.transcript, clip.lyrics) == ("welcome back", None)


RICH = {
    "kitchen": (
        "speech",
        ["A woman speaking in English in a calm tone", "food sizzles loudly in a pan"],
        ["A woman is talking", "something is frying", "It sounds like a cooking show"],
        "Now we're gonna add the garlic.",
    ),
    "dog park": (
        "general",
        ["A large dog barks aggressively several times", "Wind blows into the microphone"],
        ["Two dogs are barking at each other outdoors", "You can hear the wind too"],
        None,
    ),
    "soccer": (
        "speech",
        ["A crowd roars and cheers loudly", "a commentator shouts excitedly in English"],
        ["It sounds like a soccer match", 'A commentator is yelling "Oh what a goal"'],
        "Oh what a goal! Unbelievable!",
    ),
    "piano": (
        "music",
        [
            "A solo piano plays a fast classical piece in a minor key, with dramatic dynamics",
            "The performance was recorded in a large hall, and the audience applauds at the end",
        ],
        ["Someone is playing a classical piece on the piano", "people clap"],
        None,
    ),
    "workshop": (
        "general",
        ["A power drill runs in short bursts", "hammering on wood"],
        ["Someone is drilling", "It's probably a workshop"],
        None,
    ),
    "vlog": (
        "speech",
        [
            "A young man speaks enthusiastically with electronic music playing softly in the background"
        ],
        ["A guy is talking to his viewers in an excited voice and there's some background music"],
        "Hey guys, welcome back to my channel.",
    ),
}


@pytest.mark.parametrize("clip", RICH)
def test_rich_evidence_keeps_its_words_and_its_domain(clip: str) -> None:
    domain, first, second, words = RICH[clip]
    chat = [[claim(text, "medium", "caption") for text in texts] for texts in (first, second)]
    facts = select(evidence(*chat, transcript=words))
    assert (facts.domain, facts.transcript) == (domain, words)


def in_language(code: str | None, sure: float | None) -> Evidence:
    spoken = evidence([claim("A man speaks", "medium", "caption")], transcript="hola")
    words = replace(spoken.captions[-1], language=code, language_probability=sure)
    return replace(spoken, captions=(*spoken.captions[:-1], words))


def test_the_language_of_the_words_is_told_where_it_is_sure() -> None:
    facts = select(in_language("es", 0.98))
    assert facts.language == "Spanish" and facts.heard[0].language == "Spanish"
    assert select(in_language("es", 0.4)).language is None
    assert select(in_language("xx", 0.9)).language is None
