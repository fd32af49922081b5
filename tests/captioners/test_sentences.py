import pytest

from captioners.sentences import clauses, sentence
from manifests.evidence import Claim, Kind, Modality
from manifests.sentences import finished, joined


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


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("A dog barks.", ["A dog barks"]),
        ("A dog barks. A man speaks!", ["A dog barks", "A man speaks"]),
        ("a dog barks . a man speaks", ["a dog barks", "a man speaks"]),
        ("A dog barks. a man speaks", ["A dog barks", "a man speaks"]),
        ("A dog barks; rain falls.", ["A dog barks", "rain falls"]),
        ("A dog barks\nRain falls", ["A dog barks", "Rain falls"]),
        ("A dog barks while a man speaks.", ["A dog barks", "a man speaks"]),
        ("A dog barks, while music plays softly.", ["A dog barks", "music plays softly"]),
        ("A bell rings followed by silence.", ["A bell rings", "silence"]),
        (
            "An engine idles and then a horn honks, followed by a siren.",
            ["An engine idles", "a horn honks", "a siren"],
        ),
        ("Birds sing, then the wind blows.", ["Birds sing", "the wind blows"]),
        ("A crowd cheers as a man speaks.", ["A crowd cheers", "a man speaks"]),
        ("Rain falls as there is thunder.", ["Rain falls", "there is thunder"]),
        (
            "A cat sleeps. Two men walk as the sun sets while a dog runs.",
            ["A cat sleeps", "Two men walk", "the sun sets", "a dog runs"],
        ),
    ],
)
def test_a_caption_is_split_to_its_statements(text: str, parts: list[str]) -> None:
    assert clauses(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "A man laughs and then walks away",
        "A man sings while playing guitar",
        "A woman is followed by a dog",
        "A man dressed as a clown dances",
        "Instruments such as a piano and drums play",
        "A piano as well as a violin plays",
        "A vehicle, e.g. a car, passes",
        "A man in a U.S. Army uniform stands",
        "Mr. Smith waits at 3.5 metres",
        "A sign says «Stop. Look while a train passes. Go» on a wall",
        'A man says "Wait. The bell rings; then a door opens."',
        "A man and a woman talk, and a dog barks",
    ],
)
def test_what_may_be_one_statement_stays_one(text: str) -> None:
    assert clauses(text) == [text.rstrip(".")]


def test_a_statement_is_made_once_and_needs_a_letter() -> None:
    assert clauses("A dog barks. A dog barks. a dog barks. ... 12. !") == ["A dog barks"]
    assert clauses("") == clauses("  \n. ") == []


def test_statements_lose_no_word() -> None:
    text = "A horn honks; people shout. As a train passes, it whistles, followed by applause."
    kept = " ".join(clauses(text)).lower().replace(",", "").split()
    said = "a horn honks people shout as a train passes it whistles applause"
    assert " ".join(kept) == said


@pytest.mark.parametrize(
    ("text", "whole"),
    [("a dog", "A dog."), ("A dog?", "A dog?"), (' he says "Go!"', 'He says "Go!"'), (" ", "")],
)
def test_a_sentence_ends_with_one_stop(text: str, whole: str) -> None:
    assert finished(text) == whole
