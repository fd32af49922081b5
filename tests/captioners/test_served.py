"""Captions by served models: what is asked, and what becomes of the answers; a real HTTP server answers
with a script."""

import base64
import io
import wave
from collections.abc import Sequence
from math import exp
from typing import Any

import numpy as np
import pytest
from PIL import Image

from captioners.contract import Captioner
from captioners.replies import cleaned
from captioners.served import AudioChat, VideoChat
from captioners.weights.models import Models
from engine.profile.profile import load
from manifests.evidence import WeakCaption
from manifests.media import Media
from tests.captioners.vllm_server import asking
from tests.engine.fake_openai import FakeOpenAI, Request


def sound(seed: int = 0, seconds: float = 1.0) -> Media:
    samples = np.random.default_rng(seed).normal(size=int(16_000 * seconds)) * 0.1
    audio = {16_000: samples.astype(np.float32)}
    return Media(f"{seed + 1:032x}", "h" * 64, int(seconds * 1000), audio=audio)


def film(seed: int = 0, count: int = 8) -> Media:
    frames = np.random.default_rng(seed).integers(0, 256, (count, 60, 80, 3), dtype=np.uint8)
    times = tuple(range(0, 100 * count, 100))
    return Media(f"{seed + 1:032x}", "h" * 64, 100 * count, frames=frames, frame_times_ms=times)


def reply(text: str, logprobs: Sequence[float] = (-0.1, -0.3)) -> dict[str, Any]:
    """A whole reply of an OpenAI-compatible server, as vLLM gives it."""
    content = [{"token": "x", "logprob": value, "bytes": None} for value in logprobs]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
        "logprobs": {"content": content},
    }
    return {"id": "1", "object": "chat.completion", "choices": [choice]}


def said(captioner: Captioner, batch: Sequence[Media], fake: FakeOpenAI) -> list[WeakCaption]:
    with asking(fake.url, "big") as server:
        captioner.server = server
        captioner.load()
        return captioner.caption(batch)


def audio(**options: Any) -> AudioChat:
    return AudioChat("ears", Models(), options)


@pytest.mark.run
def test_the_sound_goes_into_the_request_as_it_is() -> None:
    with FakeOpenAI(lambda r, n: reply("A dog barks.")) as fake:
        said(audio(), [sound(seconds=0.5)], fake)
    (request,) = fake.requests
    part, question = request["messages"][0]["content"]
    assert part["type"] == "input_audio" and part["input_audio"]["format"] == "wav"
    with wave.open(io.BytesIO(base64.b64decode(part["input_audio"]["data"]))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16_000, 1, 8_000)
        heard = np.frombuffer(file.readframes(8_000), "<i2") / 32767
    np.testing.assert_allclose(heard, sound(seconds=0.5).audio[16_000], atol=1e-4)
    assert "what is heard" in question["text"]
    assert (request["model"], request["temperature"], request["logprobs"]) == ("big", 0, True)


@pytest.mark.run
def test_the_frames_go_into_the_request_in_order() -> None:
    with FakeOpenAI(lambda r, n: reply("A street.")) as fake:
        captioner = VideoChat("eyes", Models(), {"frames": 4, "frame_px": 40})
        said(captioner, [film(count=8)], fake)
    parts = fake.requests[0]["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["image_url"] * 4 + ["text"]
    sizes = set()
    for part in parts[:4]:
        data = part["image_url"]["url"].removeprefix("data:image/jpeg;base64,")
        sizes.add(Image.open(io.BytesIO(base64.b64decode(data))).size)
    assert sizes == {(40, 30)}


@pytest.mark.run
def test_an_answer_becomes_claims_with_the_mean_log_probability() -> None:
    text = "A dog barks while a man speaks."
    with FakeOpenAI(lambda r, n: reply(text, [-0.5, -1.5])) as fake:
        (weak,) = said(audio(), [sound()], fake)
    assert weak.text == text
    assert [claim.text for claim in weak.claims] == ["A dog barks", "a man speaks"]
    assert {claim.kind for claim in weak.claims} == {"caption"}
    assert [claim.score for claim in weak.claims] == pytest.approx([exp(-1.0)] * 2)


@pytest.mark.run
def test_each_answer_stays_with_the_clip_of_its_request() -> None:
    def script(request: Request, number: int) -> dict[str, Any]:
        return reply(f"Seed {request['seed']}.")

    with FakeOpenAI(script) as fake:
        weak = said(audio(), [sound(seed) for seed in range(8)], fake)
    assert [w.clip_id for w in weak] == [sound(seed).clip_id for seed in range(8)]
    assert [w.text for w in weak] == [f"Seed {int(w.clip_id[:8], 16)}." for w in weak]


def test_the_music_prompt_asks_for_genre_and_tempo() -> None:
    body = audio(prompt="music").request(sound())
    assert "tempo" in body["messages"][0]["content"][-1]["text"]
    own = audio(prompt="Is there a dog?").request(sound())
    assert own["messages"][0]["content"][-1]["text"] == "Is there a dog?"


@pytest.mark.run
@pytest.mark.parametrize(
    "text",
    [
        "",
        "I'm sorry, I can't listen. It is a file.",
        "As an AI, I see nothing.",
        "Sorry, no.",
        "**",
    ],
)
def test_no_answer_and_a_refusal_claim_nothing(text: str) -> None:
    with FakeOpenAI(lambda r, n: reply(text, [])) as fake:
        (weak,) = said(audio(), [sound()], fake)
    assert (weak.text, weak.claims) == ("", ())
    assert weak.skipped == "the model said nothing"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("The video shows a man walking.", "A man walking."),
        ("**The audio contains** a dog barking.", "A dog barking."),
        ('"A cat sits."', "A cat sits."),
        ("A shop shows a sign.", "A shop shows a sign."),
        ("In this video, we see a dog. The video also shows a cat", "A dog. A cat."),
        ("Sure! Here is a caption: A dog barks.", "A dog barks."),
        ("- A **dog**, barking\n- A cat.\n", "A dog, barking. A cat."),
        ("# Description\n1. A `red` car\nof my_name", "A red car. of my_name."),
        ('A man says "Stop."', 'A man says "Stop."'),
        ('"Stop" is heard and then "Go"', '"Stop" is heard and then "Go".'),
        ("A woman says I'm sorry.", "A woman says I'm sorry."),
        ("A dog barks. I can’t tell more.", "A dog barks."),
        ("Mr. Smith waits, e.g. a man.", "Mr. Smith waits, e.g. a man."),
    ],
)
def test_answers_are_cleaned_of_what_says_nothing(text: str, clean: str) -> None:
    assert cleaned(text) == clean


def test_a_sentence_that_was_cut_off_is_left_out() -> None:
    assert cleaned("A dog barks. A man wal", unfinished=True) == "A dog barks."
    assert cleaned("A dog bar", unfinished=True) == "A dog bar."


def test_without_a_server_or_its_side_it_says_so() -> None:
    with pytest.raises(ValueError, match="name one in its `server`"):
        audio().load()
    empty = Media("c" * 32, "h" * 64, 0, audio={16_000: np.zeros(0, np.float32)})
    with pytest.raises(ValueError, match="has no sound"):
        audio().request(empty)
    with pytest.raises(ValueError, match="options of ears: max_tokens"):
        audio(max_tokens=0)
    with pytest.raises(ValueError, match="options of ears: model"):
        audio(model="hub:Qwen/Qwen2-Audio-7B-Instruct")
    with pytest.raises(ValueError, match="'musik' is no question and none of general, music"):
        audio(prompt="musik")


@pytest.mark.parametrize(
    ("captioner", "prompt", "wanted"),
    [
        (
            AudioChat,
            "general",
            ("in which they happen", "man, a woman", "old", "emotion", "language"),
        ),
        (AudioChat, "general", ("genre, instruments, tempo and mood", "acoustic environment")),
        (AudioChat, "music", ("genre", "instruments", "tempo", "mood", "language they sing")),
        (
            VideoChat,
            "general",
            ("in order", "how many", "attributes", "left, right", "camera moves"),
        ),
        (VideoChat, "general", ("who does what to whom", "Quote exactly", "screen")),
    ],
)
def test_a_question_asks_for_what_training_needs(
    captioner: type[Captioner], prompt: str, wanted: tuple[str, ...]
) -> None:
    question = captioner.state_of({"prompt": prompt})
    assert all(words in question for words in wanted) and "\n" not in question


def test_an_answer_has_room_for_what_is_asked() -> None:
    given = {c.name: c.options for c in load("gpu").captioners}
    heard = AudioChat("ears", Models(), given["qwen2.5-omni"]).request(sound())
    seen = VideoChat("eyes", Models(), given["qwen2.5-vl"]).request(film())
    assert (heard["max_tokens"], seen["max_tokens"]) == (192, 256)


def test_another_question_is_another_state() -> None:
    states = {AudioChat.state_of({"prompt": p}) for p in ("general", "music", "Is there a dog?")}
    assert len(states) == 3
    assert AudioChat.state_of({}) == AudioChat.state_of({"prompt": "general"})


@pytest.mark.run
def test_a_server_that_tells_no_probabilities_is_not_believed() -> None:
    told = reply("A dog barks.")
    del told["choices"][0]["logprobs"]
    with FakeOpenAI(lambda r, n: told) as fake:
        (weak,) = said(audio(), [sound()], fake)
    assert [claim.score for claim in weak.claims] == [0.0]
