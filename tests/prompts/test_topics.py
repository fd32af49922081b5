"""What a sentence about sound is about."""

import pytest

from manifests.evidence import Claim
from prompts.topics import is_music, speaks, topic
from tests.prompts.clips import claim


@pytest.mark.parametrize(
    "text",
    [
        "A man lectures in a slow, monotone voice",
        "A female voice makes an announcement in German",
        "A commentator is excited",
        "A little boy shouts",
        'A woman calls "Be careful" in the distance',
        "Someone raps and talks to the audience",
    ],
)
def test_somebody_speaks(text: str) -> None:
    assert speaks(text)


@pytest.mark.parametrize(
    "text",
    ["A man sings with a raspy voice", "There is no speech", "No one is talking", "A dog barks"],
)
def test_nobody_speaks(text: str) -> None:
    assert not speaks(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("A solo piano plays a fast classical piece", "music"),
        ("The tempo is 120 BPM", "music"),
        ("A choir sings a folk song", "music"),
        ("The audience applauds at the end", "neutral"),
        ("Soft music plays in the background", "other"),
        ("A metal utensil clinks", "other"),
        ("Waves crash against the rocks", "other"),
        ("Rain falls without any music", "other"),
    ],
)
def test_a_sentence_is_of_music_or_of_something_else(text: str, what: str) -> None:
    assert topic(text) == what


def told(*texts: str) -> list[Claim]:
    return [claim(text, "medium", "caption") for text in texts]


def test_music_above_all_is_music() -> None:
    assert is_music(told("A violin plays a melody", "The audience applauds"))
    assert is_music(told("A man sings and plays guitar", "Coins drop into a cup"))
    assert not is_music(told("A man plays guitar", "A teacher explains a riff"))
    assert not is_music(told("Music plays from a radio", "A car passes"))
    assert not is_music([claim("music plays", kind="music")])
