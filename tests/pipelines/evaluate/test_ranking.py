"""Every direction's figures are those of an independent count over all pairs."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from captioners.encoder.encoder import TEXT_OF
from pipelines.evaluate import ranking
from pipelines.evaluate.embedding import Clips
from pipelines.evaluate.items import Item
from pipelines.evaluate.ranking import Direction, directions
from pipelines.evaluate.texts import key
from tests.pipelines.evaluate.fake import WORDS, FakeEncoder

_CAPTIONS = ("low", "LOW.", "middle  high", "red low", "blue", "green red")


def _made(seed: int) -> tuple[list[Item], Clips]:
    """Five clips with captions in common and vectors of few values, so that many scores are equal."""
    random = np.random.default_rng(seed)
    said = [random.choice(_CAPTIONS, size=random.integers(1, 4), replace=False) for _ in range(5)]
    items = [Item(str(n), b"", b"", tuple(map(str, texts))) for n, texts in enumerate(said)]
    clips = Clips(items={"audio": [0, 1, 3, 4], "video": [0, 2, 3, 4], "audio_video": [0, 3, 4]})
    clips.vectors = {
        medium: random.integers(2, size=(len(numbers), len(WORDS))).astype(np.float32)
        for medium, numbers in clips.items.items()
    }
    return items, clips


def _mean_over_orders(scores: list[float], right: list[bool], k: int) -> tuple[float, float]:
    """R@k and rank of the best answer, mean over all orders that keep higher scores first."""
    orders = [
        order
        for order in permutations(range(len(scores)))
        if all(scores[a] >= scores[b] for a, b in pairwise(order))
    ]
    ranks = [min(i for i, item in enumerate(order, 1) if right[item]) for order in orders]
    return float(np.mean([rank <= k for rank in ranks])), float(np.mean(ranks))


@pytest.mark.parametrize("seed", range(6))
def test_figures_are_those_of_all_pairs(seed: int) -> None:
    items, clips = _made(seed)
    encoder = FakeEncoder()
    wanted: dict[tuple[str, str], tuple[float, float]] = {}
    for medium in TEXT_OF:
        numbers = clips.items[medium]
        texts = [(n, text) for n in numbers for text in items[n].captions][:6]
        spoken = [text for _, text in texts]
        vectors = encoder.text(encoder.states(encoder.prepare(spoken)), TEXT_OF[medium]).numpy()
        for n in numbers:
            items[n] = Item(str(n), b"", b"", tuple(text for m, text in texts if m == n))
        right = [[key(t) in map(key, items[n].captions) for n in numbers] for t in spoken]
        scores = vectors @ clips.vectors[medium].T
        for names, table, answers in (
            (("text", medium), scores, np.array(right)),
            ((medium, "text"), scores.T, np.array(right).T),
        ):
            asked = [(list(s), list(r)) for s, r in zip(table, answers, strict=True) if any(r)]
            each = [_mean_over_orders(*pair, k=1) for pair in asked]
            recalls, ranks = zip(*each, strict=True)
            wanted[names] = float(np.mean(recalls)), float(np.median(ranks))
        measured = {(d.query, d.item): d for d in directions(items, clips, encoder)}
        for names in (("text", medium), (medium, "text")):
            plain = measured[names].plain
            assert (plain.recalls[1], plain.median_rank) == pytest.approx(wanted[names])
        items, clips = _made(seed)


def test_figures_do_not_depend_on_how_many_queries_are_scored_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items, clips = _made(7)
    whole = directions(items, clips, FakeEncoder())
    monkeypatch.setattr(ranking, "_CHUNK", 1)
    for one, other in zip(whole, directions(items, clips, FakeEncoder()), strict=True):
        assert one.plain == other.plain
        assert one.reweighted.recalls == pytest.approx(other.reweighted.recalls)


def _between(items: list[Item], clips: Clips) -> dict[tuple[str, str], Direction]:
    return {(d.query, d.item): d for d in directions(items, clips, FakeEncoder())}


def test_sound_and_picture_are_compared_where_a_clip_has_both() -> None:
    items, clips = _made(1)
    measured = _between(items, clips)["audio", "video"].plain
    assert (measured.queries, measured.items) == (3, 3)


def test_clips_without_captions_are_items_and_no_queries() -> None:
    items, clips = _made(2)
    items[0] = Item("0", b"", b"")
    measured = _between(items, clips)
    assert measured["text", "audio"].plain.items == 4
    assert measured["audio", "text"].plain.queries == 3


def test_captions_that_differ_in_case_breaks_and_a_full_stop_are_one_answer() -> None:
    items = [Item("a", captions=("A low  tone.",)), Item("b", captions=("a low\ntone",))]
    vectors = np.eye(2, len(WORDS), dtype=np.float32)
    clips = Clips(items={"audio": [0, 1], "video": [], "audio_video": []})
    clips.vectors = dict.fromkeys(TEXT_OF, vectors)
    measured = _between(items, clips)
    assert measured["text", "audio"].plain.recalls[1] == 1
    assert measured["audio", "text"].plain.recalls[1] == 1


def test_each_text_is_embedded_once() -> None:
    items = [Item("a", captions=("low", "red")), Item("b", captions=("low",))]
    clips = Clips(items={m: [0, 1] for m in TEXT_OF})
    clips.vectors = dict.fromkeys(TEXT_OF, np.zeros((2, len(WORDS)), np.float32))
    encoder = FakeEncoder()
    directions(items, clips, encoder)
    assert encoder.read == ["low", "red"]
