"""Streams without content: the reason why there is no caption."""

from typing import Any

import pytest

from prompts.selection import select
from tests.prompts.clips import claim, evidence, heard, seen

BLACK = seen("a black picture", kind="signal")
STILL = seen("a still picture", "medium", kind="signal")
SILENCE = claim("there is silence", kind="signal")


def test_a_signal_is_a_reason_and_no_fact() -> None:
    facts = select(evidence([SILENCE], [BLACK]))
    assert facts.empty
    assert facts.absent == {
        "audio_caption": "silence",
        "visual_caption": "a black picture",
        "audio_visual_caption": "silence; a black picture",
    }
    assert select(evidence([STILL])).absent["visual_caption"] == "a still picture"


def test_a_signal_on_one_side_leaves_the_other_its_caption() -> None:
    facts = select(evidence([SILENCE], [seen("a car")]))
    assert facts.absent == {"audio_caption": "silence", "audio_visual_caption": "silence"}
    facts = select(evidence([BLACK], [claim("a dog barks")]))
    assert set(facts.absent.values()) == {"a black picture"}
    assert select(evidence([BLACK], has_audio=False)).absent["audio_visual_caption"] == (
        "no audio stream; a black picture"
    )


def test_a_signal_counts_only_alone_and_when_it_is_sure() -> None:
    assert heard([SILENCE, claim("a clock ticks", "medium")]) == ["a clock ticks"]
    unsure = claim("there is silence", "low", kind="signal")
    assert select(evidence([unsure])).absent["audio_caption"] == "nothing confident was heard"


@pytest.mark.parametrize(
    ("text", "side", "why"),
    [
        ("There is no sound.", "audio", "silence"),
        ("The audio is completely silent", "audio", "silence"),
        ("Nothing can be heard in the clip", "audio", "silence"),
        ("The screen is completely black", "video", "a black picture"),
        ("A still image", "video", "a still picture"),
        ("The video shows a blank screen", "video", "a blank picture"),
    ],
)
def test_a_sentence_that_there_is_nothing_is_a_signal(text: str, side: Any, why: str) -> None:
    absent = select(evidence([claim(text, "high", "caption", side)])).absent
    assert absent["audio_caption" if side == "audio" else "visual_caption"] == why


@pytest.mark.parametrize(
    "text",
    ["The room is quiet", "A woman whispers in the silence", "There is no speech", "No one speaks"],
)
def test_a_sentence_that_tells_more_than_silence_is_a_fact(text: str) -> None:
    assert heard([claim(text, kind="caption")]) == [text]
