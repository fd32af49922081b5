"""The reply's schema and its reader."""

import json
from typing import Any

import pytest

from captioners.weights.models import Models
from manifests.captions import CaptionSet
from prompts.schema import CAPTION_CHARS, json_schema, parse
from prompts.violations import Violation

KEYS = {"audio_caption": "heard", "visual_caption": "seen"}


@pytest.mark.parametrize("at_most", [80, 240, 450])
def test_every_string_is_bounded_and_no_other_key_allowed(at_most: int) -> None:
    schema = json_schema(["heard", "seen"], at_most)
    assert schema["required"] == ["heard", "seen"] and schema["additionalProperties"] is False
    assert all(part["maxLength"] == at_most for part in schema["properties"].values())


def test_a_good_reply_becomes_captions() -> None:
    assert parse('{"heard": "A", "seen": "B"}', KEYS, 80) == CaptionSet("A", "B", None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("", "not_json"),
        ("A dog barks.", "not_json"),
        ('{"heard": "A", "seen": "B"', "not_json"),
        ("[" * 100_000, "not_json"),
        ('["A", "B"]', "not_json"),
        ('{"heard": "A"}', "wrong_keys"),
        ('{"heard": "A", "seen": "B", "more": "C"}', "wrong_keys"),
        ('{"heard": "A", "seen": 3}', "wrong_type"),
        ('{"heard": "A", "seen": null}', "wrong_type"),
        (json.dumps({"heard": "A", "seen": "B" * (CAPTION_CHARS + 1)}), "too_long"),
    ],
)
def test_a_bad_reply_is_a_fault(reply: str, fault: str) -> None:
    found = parse(reply, KEYS, CAPTION_CHARS)  # type: ignore[arg-type]
    assert isinstance(found, Violation) and found.name == fault


def test_a_reply_may_be_as_long_as_it_was_asked_for() -> None:
    reply = json.dumps({"heard": "A", "seen": "B" * 400})
    assert isinstance(parse(reply, KEYS, 450), CaptionSet)  # type: ignore[arg-type]
    assert isinstance(parse(reply, KEYS, 399), Violation)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def grammar() -> Any:
    """What a server compiles of the schema."""
    import xgrammar  # comes with vLLM
    from transformers import AutoTokenizer

    words = AutoTokenizer.from_pretrained(Models().fetch("smollm2-135m-instruct"))
    compiler = xgrammar.GrammarCompiler(xgrammar.TokenizerInfo.from_huggingface(words))
    # As vLLM asks for it where a server is told disable_any_whitespace, as ours are.
    return compiler.compile_json_schema(
        json.dumps(json_schema(["heard", "seen"], CAPTION_CHARS)),
        any_whitespace=False,
        separators=(",", ":"),
    )


@pytest.mark.models
@pytest.mark.parametrize(
    ("said", "taken"),
    [("says “hi there”.", True), ("barks.", True), ('says \\"hi there\\".', False)],
)
def test_the_grammar_of_a_server_has_no_spaces_and_quotations_that_need_no_escape(
    said: str, taken: bool, grammar: Any
) -> None:
    import xgrammar

    matcher = xgrammar.GrammarMatcher(grammar)
    assert matcher.accept_string(f'{{"heard":"A dog {said}","seen":"A dog."}}') == taken
    assert not xgrammar.GrammarMatcher(grammar).accept_string('{"heard": "A dog')
