"""The writer on clips of which a captioner speaks in sentences: by meaning, with and without a judge; a
real HTTP server answers with a script."""

import asyncio
import json
from collections.abc import Callable
from math import log
from typing import Any

import pytest

from captioners.weights.models import Models
from engine.profile.writer import Rung, WriterSpec
from engine.servers.client import Client, Endpoint
from manifests.captions import Written
from manifests.evidence import Claim, Confidence, Evidence, Modality, WeakCaption
from pipelines.caption.installed import Installed
from pipelines.caption.replay import replay
from pipelines.caption.writer import Writer
from tests.engine.fake_openai import FakeOpenAI, Request

pytestmark = pytest.mark.models

GOOD = {
    "audio_caption": "A man is speaking inside a hall.",
    "visual_caption": "A red car is driven past a house.",
    "audio_visual_caption": "A man is talking in a hall, and a red car passes a house.",
}
DOUBTED = {"audio_caption": "A man is speaking inside a hall beside a fountain."}
DENIED = {"audio_caption": "A man is not talking in a hall."}
SPEC = WriterSpec(
    ladder=(Rung(name="first", prompt="tiers", rich={"general": "rich"}),),
    thesaurus="wordnet",
    caption_chars=450,
)
JUDGED = SPEC.model_copy(update={"judge": True})
Script = Callable[[Request, int], str | dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def _wordnet() -> None:
    Models().fetch("wordnet")


def clip() -> Evidence:
    sure = Confidence(0.9, "high")

    def told(name: str, modality: Modality, text: str) -> WeakCaption:
        claim = Claim("", text, "caption", modality, 0.5, (), sure)
        return WeakCaption("c" * 32, "d" * 64, name, text, (claim,))

    heard = told("ears", "audio", "A man talks in a hall")
    seen = told("eyes", "video", "A red car drives past a house")
    return Evidence("c" * 32, True, True, 1000, (heard, seen))


def write(script: Script, spec: WriterSpec) -> tuple[Written, list[Request]]:
    async def one(url: str) -> Written:
        writer = Writer(spec, Client(lambda: [Endpoint(url)], patience_s=5))
        try:
            return await writer.write(clip())
        finally:
            await writer.close()

    with FakeOpenAI(script) as fake:
        return asyncio.run(one(fake.url)), fake.requests


def captions(told: dict[str, str], yes: float = 0.0) -> Script:
    """Answers requests for captions with these, and the judge's with a probability of "yes"."""

    def script(request: Request, number: int) -> str | dict[str, Any]:
        if request["max_tokens"] > 1:
            return json.dumps(told)
        top = [{"token": "yes", "logprob": log(yes or 1e-9)}, {"token": "no", "logprob": log(0.1)}]
        content = [{"token": "x", "logprob": -0.1, "top_logprobs": top}]
        choice = {"index": 0, "message": {"role": "assistant", "content": "x"}}
        return {
            "id": "1",
            "object": "chat.completion",
            "choices": [choice | {"logprobs": {"content": content}}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 1},
        }

    return script


def test_what_means_the_same_in_other_words_is_accepted() -> None:
    written, requests = write(captions(GOOD), JUDGED)
    assert {name: how.by for name, how in written.how.items()} == dict.fromkeys(GOOD, "llm")
    assert len(requests) == 1 and not any(how.judged for how in written.how.values())


def test_without_a_judge_what_is_in_doubt_is_the_templates() -> None:
    written, requests = write(captions(GOOD | DOUBTED, yes=0.9), SPEC)
    how = written.how["audio_caption"]
    assert (how.by, how.judged, how.faults) == ("template", None, ("first:unsupported",))
    assert len(requests) == 1


def test_what_the_judge_believes_is_accepted_with_its_probability() -> None:
    written, requests = write(captions(GOOD | DOUBTED, yes=0.9), JUDGED)
    how = written.how["audio_caption"]
    assert written.captions.audio_caption == DOUBTED["audio_caption"]
    assert (how.by, how.faults) == ("llm", ("first:unsupported",))
    assert how.judged == pytest.approx(0.9)
    assert written.requests == len(requests) == 2 and written.tokens_out >= 1


def test_what_the_judge_does_not_believe_is_the_templates() -> None:
    written, _ = write(captions(GOOD | DOUBTED, yes=0.01), JUDGED)
    assert (written.how["audio_caption"].by, written.how["audio_caption"].judged) == (
        "template",
        None,
    )


def test_every_sentence_must_be_believed() -> None:
    told = GOOD | {"audio_caption": f"{GOOD['audio_caption']} A trumpet and a piano play."}
    plain = captions(told, yes=0.9)

    def script(request: Request, number: int) -> str | dict[str, Any]:
        asked = request["messages"][-1]["content"]
        return (
            captions(told, yes=0.01)(request, number)
            if "trumpet" in asked
            else plain(request, number)
        )

    written, requests = write(script, JUDGED)
    assert written.how["audio_caption"].by == "template" and len(requests) == 3


def test_the_judge_is_not_asked_about_what_the_evidence_contradicts() -> None:
    written, requests = write(captions(GOOD | DENIED, yes=0.9), JUDGED)
    assert written.how["audio_caption"].by == "template" and len(requests) == 1


def test_the_judges_prompt_begins_with_the_writers() -> None:
    _, (first, asked) = write(captions(GOOD | DOUBTED, yes=0.9), JUDGED)
    assert asked["messages"][: len(first["messages"])] == first["messages"]


def test_who_judges_and_what_is_asked_enters_the_digest() -> None:
    assert SPEC.settings() != JUDGED.settings()
    assert SPEC.settings() != SPEC.model_copy(update={"thesaurus": None}).settings()


@pytest.mark.parametrize("yes", [0.01, 0.9])
def test_the_judges_answers_are_kept_and_given_again(yes: float) -> None:
    written, requests = write(captions(GOOD | DOUBTED, yes=yes), JUDGED)
    (reply,) = written.replies
    (answer,) = reply.judged
    assert (answer.caption, answer.text) == ("audio_caption", "x")
    assert answer.sentence == DOUBTED["audio_caption"]
    assert answer.probability == pytest.approx(yes / (yes + 0.1))
    assert ("audio_caption" in reply.taken) == (yes > 0.5)
    assert [refusal.doubt for refusal in reply.refusals] == [True]
    (made,), names = replay(Installed.of(JUDGED), clip(), written.replies)
    assert made.body == requests[0] and made.is_checked
    assert {"negation", "cross-modal"} <= set(names)
