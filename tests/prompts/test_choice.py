"""Best of N: most of what is known, by what it is believed."""

from prompts.choice import best, expected_facts
from prompts.selection import select
from tests.prompts.clips import claim, evidence, facts, seen


def test_the_caption_that_tells_more_is_kept() -> None:
    known = select(
        evidence([claim("a dog barks"), claim("a bell rings", "medium")], [seen("a car")])
    )
    captions = ["A dog barks.", "A bell rings as a dog barks.", "A bell rings."]
    assert best("audio_caption", captions, known) == captions[1]
    assert expected_facts("audio_caption", captions[0], known) > expected_facts(
        "audio_caption", captions[2], known
    )


def test_of_equals_the_first_is_kept() -> None:
    known = facts(["a dog barks"], [])
    captions = ["The barking of a dog.", "A dog barks."]
    assert best("audio_caption", captions, known) == captions[0]


def test_quoted_speech_is_one_more() -> None:
    known = facts(["a person speaks"], [], "turn left")
    captions = ["A person speaks.", 'A person says "turn left".']
    assert best("audio_caption", captions, known) == captions[1]
