"""Guards of a profile: what selects facts and checks captions together."""

import numpy as np
import pytest

from captioners.weights.models import Models
from prompts.guards import Guards
from prompts.meaning.likeness import Likeness
from prompts.meaning.wordnet import WordNet
from prompts.nearness import Nearness
from tests.prompts.clips import claim, evidence

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def all_near() -> Guards:
    """Guards with an embedder to which all texts are the same."""
    like = Likeness(WordNet(Models().fetch("wordnet") / "wordnet.sqlite"))
    near = Nearness(lambda texts: np.ones((len(texts), 1), np.float32))
    return Guards(450, near, like)


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("A man is talking in English", "A woman is talking in English"),
        ("A man speaks in a calm tone", "A man speaks in an angry tone"),
        ("A woman is talking in German", "A woman is talking in Spanish"),
        ("A saxophone plays a slow tune", "A saxophone plays a fast tune"),
    ],
)
def test_sentences_that_contradict_each_other_stay_two_however_near(
    all_near: Guards, first: str, other: str
) -> None:
    clip = evidence([claim(first, kind="caption")], [claim(other, kind="caption")])
    assert [len(fact.captioners) for fact in all_near.select(clip).heard] == [1, 1]


def test_names_of_classes_that_are_near_are_one(all_near: Guards) -> None:
    told = claim("Rain falls on a roof", kind="caption")
    clip = evidence([claim("a motorbike revs"), told], [claim("a hum is heard", "medium")])
    assert ["captioner0", "captioner1"] in [
        sorted(fact.captioners) for fact in all_near.select(clip).heard
    ]
