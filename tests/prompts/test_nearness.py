"""Words that mean the same, by an embedder; a fake one of chosen angles, and the real one."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from captioners.minilm import MiniLM
from captioners.weights.models import Models
from prompts.grounding import ground
from prompts.nearness import Nearness
from prompts.provenance import claims
from tests.prompts.clips import facts

ANGLES = {
    "23": 0.0,
    "24": 0.1,
    "canines": 0.1,
    "dogs": 0.0,
    "canine": 0.1,
    "wug": 0.2,
    "dog": 0.0,
    "wolverine": 1.2,
}
KNOWN = facts(["a dog barks", "a person speaks"], ["two dogs", "a red car"], "wug that")


def fake_embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Each word at its angle; any other stands upright on all of them."""
    found = [(np.cos(ANGLES[t]), np.sin(ANGLES[t]), 0) if t in ANGLES else (0, 0, 1) for t in texts]
    return np.array(found, np.float32)


NEAR = Nearness(fake_embed)


def test_a_near_word_is_read_as_the_fact_s() -> None:
    assert NEAR.read("audio_caption", "A canine barks.", KNOWN) == "A dog barks."
    assert NEAR.read("audio_caption", "A wolverine barks.", KNOWN) == "A wolverine barks."


def test_what_is_read_is_grounded_and_has_its_source() -> None:
    read = NEAR.read("audio_caption", "A canine barks as a person speaks.", KNOWN)
    assert ground("audio_caption", read, KNOWN) == []
    assert [claim.text for claim in claims("audio_caption", read, KNOWN)] == [
        "a dog barks",
        "a person speaks",
    ]


def test_quotations_stay_as_they_are() -> None:
    caption = 'A canine barks and a person says "wug that".'
    assert NEAR.read("audio_caption", caption, KNOWN) == caption.replace("canine", "dog")


def test_one_of_what_is_seen_never_stands_for_several() -> None:
    assert NEAR.read("visual_caption", "Two canines.", KNOWN) == "Two dogs."
    assert NEAR.read("visual_caption", "A canine.", KNOWN) == "A canine."


def test_a_digit_stands_for_itself() -> None:
    known = facts([], ["a player with number 23"])
    assert NEAR.read("visual_caption", "A player with number 24.", known).endswith("24.")


@pytest.fixture(scope="module")
def real() -> Nearness:
    return Nearness(MiniLM(Models().fetch("all-minilm-l6-v2")))


@pytest.mark.models
def test_vectors_are_of_unit_length_and_batches_change_nothing(real: Nearness) -> None:
    together = real.embed(["a dog barks", "rain", "two cars on a long road"])
    assert together.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(real.embed(["rain"])[0], together[1], atol=1e-5)


@pytest.mark.models
@pytest.mark.parametrize(("word", "fact"), [("canine", "a dog barks"), ("infant's", "rain falls")])
def test_the_real_embedder_knows_a_synonym_from_another_thing(
    real: Nearness, word: str, fact: str
) -> None:
    known = facts([fact], [])
    read = real.read("audio_caption", f"A {word} barks.", known)
    assert (read == "A dog barks.") == (word == "canine")


@pytest.mark.models
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a motorbike is revving", "a motorcycle revs its engine", True),
        ("a female voice is talking", "a woman says something", True),
        ("a dog barks", "a church bell rings", False),
        ("a red car", "a blue car", False),
    ],
)
def test_clauses_are_alike_or_not(one: str, other: str, same: bool, real: Nearness) -> None:
    assert real.alike(one, other) is same


@pytest.mark.models
@pytest.mark.parametrize("caption", ["A blue car.", "Three dogs.", "A cat.", "A truck."])
def test_colours_numbers_and_known_words_are_never_read_as_others(
    real: Nearness, caption: str
) -> None:
    assert real.read("visual_caption", caption, KNOWN) == caption


def test_what_was_embedded_is_forgotten_beyond_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prompts.nearness._REMEMBERED", 4)
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.extend(texts)
        return np.ones((len(texts), 1), np.float32)

    near = Nearness(embed)
    for number in range(20):
        near.alike(f"a dog barks {number}", "a dog barks 0")
    assert len(near._cache) <= 6
    assert asked.count("a dog barks 0") > 1
