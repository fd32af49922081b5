import pytest

from captioners.sentences import joined, sentence
from manifests.evidence import Claim, Kind, Modality


def heard(*texts: str, kind: Kind = "sound") -> list[Claim]:
    return [Claim(text, text, kind, "audio", 0.5) for text in texts]


def seen(*texts: str, kind: Kind = "object") -> list[Claim]:
    return [Claim(text, text, kind, "video", 0.5) for text in texts]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["a dog barks"], "A dog barks."),
        (["a dog barks", "rain falls"], "A dog barks and rain falls."),
        (
            ["a dog barks", "rain falls", "a bell rings"],
            "A dog barks, rain falls and a bell rings.",
        ),
    ],
)
def test_what_is_heard_is_joined_clauses(texts: list[str], said: str) -> None:
    assert sentence(heard(*texts), "audio") == said


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["a person"], "A person is seen."),
        (["two cars"], "Two cars are seen."),
        (["people"], "People are seen."),
        (["a person", "two cars", "a dog"], "A person, two cars and a dog are seen."),
    ],
)
def test_what_is_seen_agrees_in_number(texts: list[str], said: str) -> None:
    assert sentence(seen(*texts), "video") == said


def test_order_is_the_callers_and_nothing_is_said_twice() -> None:
    claims = heard("rain falls", "a dog barks", "Rain falls")
    assert sentence(claims, "audio") == "Rain falls and a dog barks."


def test_an_and_inside_a_part_keeps_its_comma() -> None:
    assert joined(["a", "pots and pans clatter", "c"]) == "a, pots and pans clatter, and c"


def test_a_scene_follows_the_objects() -> None:
    claims = seen("a valley", kind="scene") + seen("a person")
    assert sentence(claims, "video") == "A person is seen; the scene is a valley."
    assert sentence(seen("a valley", kind="scene"), "video") == "The scene is a valley."


def test_signals_are_said_only_alone() -> None:
    signal = heard("there is silence", kind="signal")
    assert sentence(signal, "audio") == "There is silence."
    assert sentence(signal + heard("a dog barks"), "audio") == "A dog barks."


def test_a_caption_stays_a_sentence_of_its_own() -> None:
    claims = seen("a man walks home", kind="caption") + seen("a dog")
    assert sentence(claims, "video") == "A man walks home. A dog is seen."


@pytest.mark.parametrize(
    ("modality", "said"),
    [("audio", "Nothing distinct is heard."), ("video", "Nothing distinct is seen.")],
)
def test_no_claim_is_said_too(modality: Modality, said: str) -> None:
    assert sentence([], modality) == said


def test_the_other_modality_is_not_mixed_in() -> None:
    assert sentence(heard("a dog barks") + seen("a cat"), "video") == "A cat is seen."
