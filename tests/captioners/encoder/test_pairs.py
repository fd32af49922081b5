"""The pairs, and the table of them in the docs."""

from pathlib import Path
from typing import get_args

import pytest

from captioners.encoder.pairs import (
    FINE_TUNING,
    HEADS,
    LOGITS,
    PRE_TRAINING,
    SAVED_FROM,
    Embedding,
    Pair,
)

DOCS = Path(__file__).parents[3] / "docs" / "encoder.md"
CAPTIONS = {"audio_caption": "Ac", "visual_caption": "Vc", "audio_visual_caption": "AVc", None: ""}
MEDIA = {"audio": "A", "video": "V", "audio_video": "AV"}


def row(pair: Pair) -> str:
    """The row of a pair in the table of the docs."""
    saved = [name for name, of in SAVED_FROM.items() if of == pair.name]
    cells = [
        pair.name,
        f"`{HEADS[pair.left]}`",
        f"`{HEADS[pair.right]}`",
        f"`{LOGITS[pair.scale]}`",
        f"`{LOGITS[saved[0]]}`" if saved else "",
    ]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def test_the_docs_have_every_pair_in_order() -> None:
    pairs = DOCS.read_text("utf-8").partition("\n## Pairs\n")[2].partition("\n## ")[0]
    rows = [line for line in pairs.splitlines() if line.startswith("| ")]
    assert rows[1:] == [row(pair) for pair in FINE_TUNING]


def test_each_public_scale_is_saved_from_one_pair_that_begins_with_it() -> None:
    pairs = {pair.name: pair for pair in FINE_TUNING}
    assert SAVED_FROM.keys() == LOGITS.keys() == {pair.scale for pair in FINE_TUNING}
    assert all(pairs[name].scale == scale for scale, name in SAVED_FROM.items())


def test_every_embedding_has_a_head() -> None:
    assert HEADS.keys() == set(get_args(Embedding))


@pytest.mark.parametrize("pair", FINE_TUNING, ids=lambda pair: pair.name)
def test_a_pair_is_what_its_name_says(pair: Pair) -> None:
    caption = CAPTIONS[pair.caption]
    if pair.left in MEDIA:
        assert pair.name == f"{MEDIA[pair.left]}-{caption or MEDIA[pair.right]}"
        assert not caption or pair.right == f"text_{pair.left}"
    else:
        assert pair.name == f"({MEDIA[pair.left.split('_')[0]]}+{caption})-{MEDIA[pair.right]}"


def test_pairs_are_those_of_the_paper() -> None:
    assert [pair.name for pair in PRE_TRAINING] == (
        ["A-Ac", "A-V", "A-AVc", "AV-Ac", "AV-AVc", "V-Ac", "V-Vc", "V-AVc"]
    )
    assert FINE_TUNING[:8] == PRE_TRAINING and len(FINE_TUNING) == 10
