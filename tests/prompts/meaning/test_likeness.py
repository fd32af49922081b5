"""What an embedder is asked."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from prompts.meaning.evidence import Caption, Side, Sides
from prompts.meaning.likeness import Likeness
from prompts.meaning.support import unsupported
from prompts.meaning.wordnet import WordNet

pytestmark = pytest.mark.models


def test_the_words_of_a_clip_are_embedded_in_one_call(wordnet: WordNet) -> None:
    calls: list[list[str]] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        calls.append(list(texts))
        return np.eye(len(texts), 64, dtype=np.float32)

    like = Likeness(wordnet, embed)
    sides = Sides(Side(), Side.of(wordnet, ["A dog barks by a lake."]))
    told = ("A dog barks by a lake.", "A dog near a piano and a fountain.", "A piano by a lake.")
    findings = [
        unsupported(like, caption, sides)
        for caption in Caption.read([("visual_caption", text) for text in told], wordnet)
    ]
    assert [finding is None for finding in findings] == [True, False, False]
    assert len(calls) == 1
    assert {"dog", "piano", "fountain"} <= set(calls[0])
