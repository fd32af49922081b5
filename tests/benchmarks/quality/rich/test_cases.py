"""The hand-written cases are whole, and the bench judges them."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality.rich.bench import CASES, files, rows, tables
from benchmarks.quality.rich.cases import load
from benchmarks.quality.rich.sides import judge, likeness
from benchmarks.quality.rich.swaps import FAULTS
from manifests.captions import CAPTIONS
from prompts.lints import lint
from prompts.meaning.likeness import Likeness

_SAYS = {"text", "tags", "transcript"}
_DOG: dict[str, Any] = {
    "id": "dog",
    "evidence": [
        {"captioner": "ast", "modality": "audio", "tags": [["Bark", 0.9]]},
        {"captioner": "whisper", "modality": "audio", "transcript": "Come here, boy."},
        {"captioner": "qwen2-audio", "modality": "audio", "text": "A dog barks loudly."},
        {"captioner": "qwen2.5-vl", "modality": "video", "text": "A black dog runs to the left."},
    ],
    "good": [{"caption": "audio_caption", "style": "copy", "text": "A dog barks loudly."}],
    "bad": [
        {
            "caption": "visual_caption",
            "fault": "direction",
            "text": "A black dog runs to the right.",
        }
    ],
}


@pytest.fixture(scope="module")
def like() -> Likeness:
    return likeness()


def _number(name: str) -> Counter[str]:
    items = load(CASES / f"{name}.jsonl")
    kinds = [made.get("style") or "bad" for item in items for made in item["good"] + item["bad"]]
    return Counter(clips=len(items)) + Counter(kinds)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_every_item_is_of_the_form_that_the_bench_reads(path: Path) -> None:
    items = load(path)
    assert len({item["id"] for item in items}) == len(items)
    for item in items:
        for told in item["evidence"]:
            assert told["captioner"] and told["modality"] in ("audio", "video")
            assert len(_SAYS & told.keys()) == 1
        for made in [*item["good"], *item["bad"]]:
            assert made["caption"] in CAPTIONS and made["text"].strip() == made["text"]
        assert {made["style"] for made in item["good"]} <= {"copy", "natural"}
        assert {made["fault"] for made in item["bad"]} <= set(FAULTS)


def test_as_many_are_there_as_the_docs_say() -> None:
    assert _number("given") == {"clips": 6, "copy": 18, "natural": 18, "bad": 36}
    assert _number("given-own") == {"clips": 41, "natural": 123}
    assert _number("hand-1") == {"clips": 30, "copy": 60, "natural": 90, "bad": 120}
    assert _number("hand-2") == {"clips": 35, "copy": 70, "natural": 105, "bad": 140}
    assert _number("hand-3") == {"clips": 35, "copy": 70, "natural": 105, "bad": 140}
    assert _number("natural") == {"clips": 100, "natural": 280}


def test_of_500_honest_sentences_lints_refuse_at_most_two() -> None:
    sentences = load(CASES / "honest.jsonl")
    refused = []
    for told in sentences:
        captions = dict.fromkeys(CAPTIONS) | {told["caption"]: f"{told['text']}."}
        refused += [told["text"]] if lint(told["caption"], captions, (), 450) else []
    assert len(sentences) == 500
    assert len(refused) <= 2, refused


@pytest.mark.models
def test_a_row_has_the_outcome_of_its_caption(like: Likeness) -> None:
    good, bad = rows(_DOG, "by hand", like)
    assert (good.scene, good.source, good.style, good.fault) == ("dog", "by hand", "copy", None)
    assert (good.outcome, bad.outcome, bad.fault) == ("accepted", "refused", "direction")


@pytest.mark.models
@pytest.mark.parametrize("marks", ['""', "“”", "''", "‘’"])
def test_words_that_nobody_said_are_refused_in_any_marks(like: Likeness, marks: str) -> None:
    judged = judge(_DOG["evidence"], like)
    spoken, changed = (f"A person says {marks[0]}{w}{marks[1]}." for w in ("Come here", "Go there"))
    assert judged("audio_caption", spoken) == "accepted"
    assert judged("audio_caption", changed) == "refused"


@pytest.mark.models
def test_a_section_has_the_aims_and_the_time(like: Likeness) -> None:
    section = tables("dog", [_DOG], like)
    assert section.startswith("## dog\n")
    assert "| good, close to the wording, refused | at most 3 % | 0.0 % |" in section
    assert "1 clips, " in section
