"""Texts and agreement, counted again in plain Python from the raw tables."""

import re
from collections import Counter, defaultdict
from statistics import fmean

import pytest

from manifests.captions import CAPTIONS
from pipelines.report.figures import Figures
from tests.pipelines.report.made import Row


def _texts(captions: list[Row]) -> list[tuple[str, str, str]]:
    """Clip, caption and text in the order in which they are read."""
    return sorted(
        (row["clip_id"], name, row[name])
        for row in captions
        for name in CAPTIONS
        if row[name] is not None
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def test_repeated_captions_are_counted_among_those_of_their_kind(
    told: Figures, captions: list[Row]
) -> None:
    texts = _texts(captions)
    counts = Counter((name, text) for _, name, text in texts)
    assert told.texts.captions == len(texts)
    assert told.texts.distinct == len({text for _, _, text in texts})
    assert told.texts.repeated == sum(count for count in counts.values() if count > 1) > 0
    first = told.texts.most_repeated[0]
    assert first.count == max(counts.values())
    assert first.example in {clip for clip, _, text in texts if text == first.name}


def test_phrases_are_counted_by_the_captions_that_have_them(
    told: Figures, captions: list[Row]
) -> None:
    counts: Counter[str] = Counter()
    for _, _, text in _texts(captions):
        words = _words(text)
        counts.update({" ".join(words[at : at + 3]) for at in range(len(words) - 2)})
    expected = {phrase: count for phrase, count in counts.items() if count > 1}
    assert {c.name: c.count for c in told.texts.phrases}.items() <= expected.items()
    assert told.texts.phrases[0].count == max(expected.values())


def test_the_vocabulary_grows_with_the_captions(told: Figures, captions: list[Row]) -> None:
    texts = [_words(text) for _, _, text in _texts(captions)]
    assert told.texts.words == pytest.approx(fmean(map(len, texts)))
    assert told.texts.vocabulary == len({word for words in texts for word in words})
    for point in told.texts.growth:
        assert point.words == len({w for words in texts[: point.captions] for w in words})
    assert told.texts.growth[-1].captions == len(texts)


def test_captioners_agree_where_they_support_the_same_claim(
    told: Figures, captions: list[Row]
) -> None:
    sets = {
        (row["clip_id"], claim["text"], tuple(claim["captioners"]))
        for row in captions
        for claim in row["claims"]
        if claim["captioners"]
    }
    alone: Counter[str] = Counter()
    both: dict[tuple[str, str], int] = defaultdict(int)
    for _, _, captioners in sets:
        for first in captioners:
            alone[first] += 1
            for second in captioners:
                both[first, second] += 1
    assert told.agreement.captioners == tuple(sorted(alone))
    for pair in told.agreement.pairs:
        assert pair.claims == alone[pair.first]
        assert pair.both == both[pair.first, pair.second]
    assert len(told.agreement.pairs) == 6
