"""What the tests of the comparison share: the real WordNet, loaded once."""

from collections.abc import Callable

import pytest

from captioners.weights.models import Models
from prompts.meaning.compare import Comparison
from prompts.meaning.evidence import Side, Sides
from prompts.meaning.likeness import Likeness
from prompts.meaning.wordnet import WordNet

Compared = Callable[[str, str], Comparison]


@pytest.fixture(scope="package")
def wordnet() -> WordNet:
    return WordNet(Models().fetch("wordnet") / "wordnet.sqlite")


@pytest.fixture(scope="package")
def compared(wordnet: WordNet) -> Compared:
    """A comparison with one sentence heard and one seen; "" for none."""
    like = Likeness(wordnet)

    def build(heard: str, seen: str) -> Comparison:
        sides = [Side.of(wordnet, [text] if text else []) for text in (heard, seen)]
        return Comparison(like, Sides(*sides))

    return build
