"""Answers of an index are those of the raw tables, computed another way."""

import re
from collections import Counter
from typing import Any

import pytest

from manifests.captions import CAPTIONS
from pipelines.inspect.columns import TEXTS
from pipelines.inspect.lookup import EACH, Lookup
from pipelines.inspect.sets import WorkspaceSet
from pipelines.inspect.sorting import Order
from pipelines.inspect.terms import parse
from pipelines.reviews.review import Review
from tests.manifests.made import SHARDS, Made
from tests.pipelines.inspect.made import lookup
from tests.pipelines.report.made import Row, rows
from tests.pipelines.reviews.made import review

_SHORT = {"heard": "audio_caption", "seen": "visual_caption", "together": "audio_visual_caption"}


def _found(index: Lookup, text: str, order: str = "") -> list[str]:
    """Ids of the clips that a query finds, in order."""
    query = parse(text, index.columns)
    page = index.page(query, index.order(order))
    assert index.count(query) == index.overview(query)[0] == len(page.rows)
    return [row["clip_id"] for row in page.rows]


def _texts(row: Row, names: tuple[str, ...]) -> list[set[str]]:
    return [set(re.findall(r"\w+", (row[name] or "").lower())) for name in names]


def test_every_clip_of_the_listing_with_an_outcome_is_there(place: Made, index: Lookup) -> None:
    every = [r["clip_id"] for t in ("captions", "filtered", "quarantine") for r in rows(place, t)]
    assert sorted(_found(index, "")) == sorted(every)
    assert len(_found(index, "outcome:captioned")) == len(rows(place))
    assert _found(index, 'reason:"too short"') == [r["clip_id"] for r in rows(place, "filtered")]
    assert len(_found(index, 'outcome:quarantined reason:"decode: corrupt"')) == 2


@pytest.mark.parametrize("word", ["dog", "music", "man", "while", "nothing"])
def test_words_are_found_in_captions_and_transcripts(word: str, place: Made, index: Lookup) -> None:
    names = (*CAPTIONS, "transcript")
    expected = {r["clip_id"] for r in rows(place) if word in set().union(*_texts(r, names))}
    assert set(_found(index, word)) == expected
    others = {r["clip_id"] for r in index.page(parse("", ()), Order()).rows} - expected
    assert set(_found(index, f"-{word}")) == others


@pytest.mark.parametrize("side", list(_SHORT))
def test_words_are_found_in_one_text(side: str, place: Made, index: Lookup) -> None:
    expected = {r["clip_id"] for r in rows(place) if "dog" in _texts(r, (_SHORT[side],))[0]}
    assert set(_found(index, f"{side}:dog")) == expected
    assert set(_found(index, f"{side}:DOG")) == expected


def test_phrases_and_beginnings_of_words(place: Made, index: Lookup) -> None:
    phrase = {
        r["clip_id"]
        for r in rows(place)
        if any("music plays while rain" in (r[name] or "").lower() for name in CAPTIONS)
    }
    assert phrase
    assert set(_found(index, '"music plays while rain"')) == phrase
    begins = {
        r["clip_id"]
        for r in rows(place)
        if any(re.search(r"\bspeak", (r[n] or "")) for n in CAPTIONS)
    }
    assert set(_found(index, "speak*")) == begins
    assert _found(index, "speak") == []


def test_a_clip_is_found_by_its_id(place: Made, index: Lookup) -> None:
    clip = rows(place)[3]["clip_id"]
    assert _found(index, clip) == [clip]
    assert len(_found(index, f"-{clip}")) == index.count(parse("", ())) - 1
    assert _found(index, "a" * 32) == []


def test_files_are_found_by_their_names(place: Made, index: Lookup) -> None:
    expected = {r["clip_id"] for r in rows(place) if "/clips/1%20" in r["uri"]}
    assert {*_found(index, "path:1 outcome:captioned")} == expected


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("kind:audio", lambda r: r["kind"] == "audio"),
        ("kind:audio kind:image", lambda r: r["kind"] in ("audio", "image")),
        ("-kind:audio outcome:captioned", lambda r: r["kind"] != "audio"),
        ("language:none outcome:captioned", lambda r: r["language"] is None),
        ("seconds>=2 seconds<10", lambda r: 2_000 <= r["duration_ms"] < 10_000),
        ("refused>1", lambda r: len(r["lints"]) > 1),
        ("unsupported=1", lambda r: sum(not c["supported"] for c in r["claims"]) == 1),
        ("trains:no", lambda r: r["outputs_train"] is False),
        (
            'doubt:"was asked"',
            lambda r: any(
                r[f"{s}_judged"] is not None for s in ("audio", "visual", "audio_visual")
            ),
        ),
        ("captions:0 outcome:captioned", lambda r: all(r[name] is None for name in CAPTIONS)),
    ],
)
def test_conditions(text: str, holds: Any, place: Made, index: Lookup) -> None:
    expected = {row["clip_id"] for row in rows(place) if holds(row)}
    assert set(_found(index, text)) & {r["clip_id"] for r in rows(place)} == expected


def test_support_and_confidence_are_those_of_the_claims(place: Made, index: Lookup) -> None:
    for row in rows(place):
        entry = index.clip(row["clip_id"])
        assert entry is not None
        claims = row["claims"]
        sure = [c["confidence"]["probability"] for c in claims if c["supported"]]
        known = [p for p in sure if p is not None]
        support = sum(c["supported"] for c in claims) / len(claims) if claims else None
        confidence = sum(known) / len(known) if known else None
        assert entry["support"] == pytest.approx(support, abs=1e-6)
        assert entry["confidence"] == pytest.approx(confidence, abs=1e-6)


def test_each_clip_leads_to_its_own_row(place: Made, shown: WorkspaceSet, index: Lookup) -> None:
    for row in rows(place):
        entry = index.clip(row["clip_id"])
        assert entry is not None
        assert shown.whole(index.place(entry)) == row
    for table in ("filtered", "quarantine"):
        for row in rows(place, table):
            entry = index.clip(row["clip_id"])
            assert entry is not None
            assert shown.whole(index.place(entry)) == row


def _sorted(entries: list[dict[str, Any]], order: Order) -> list[str]:
    """Clips by an order, as Python sorts them: those without a value last."""
    key = "clip_id" if order.name == "random" else order.name
    with_value = [e for e in entries if e[key] is not None]
    by_number = sorted(with_value, key=lambda e: e["number"])
    ordered = sorted(by_number, key=lambda e: e[key], reverse=order.descending)
    # Of equal ones the order is that of the listing, either way.
    stable = sorted(by_number, key=lambda e: e[key]) if not order.descending else ordered
    without = sorted((e for e in entries if e[key] is None), key=lambda e: e["number"])
    return [e["clip_id"] for e in (*stable, *without)]


@pytest.mark.parametrize("descending", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_every_order_can_be_paged_both_ways(
    descending: bool, index: Lookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = parse("", ())
    every = list(index.page(query, Order()).rows)
    assert len(every) < EACH
    monkeypatch.setattr("pipelines.inspect.lookup.EACH", 3)
    for name in ("number", "random", *(column.name for column in index.columns)):
        order = Order(name, descending)
        expected = _sorted(every, order)
        page, seen = index.page(query, order), []
        pages = [page]
        while True:
            seen += [row["clip_id"] for row in page.rows]
            if not page.after:
                break
            page = index.page(query, order, after=page.rows[-1]["number"])
            pages.append(page)
        assert seen == expected, name
        for earlier, later in zip(pages[-2::-1], pages[:0:-1], strict=True):
            back = index.page(query, order, before=later.rows[0]["number"])
            assert back.rows == earlier.rows, name
        numbers = {row["clip_id"]: row["number"] for row in every}
        for place, clip in enumerate(expected):
            before, after = index.neighbours(query, order, numbers[clip])
            assert (before and before["clip_id"]) == (expected[place - 1] if place else None)
            assert (after and after["clip_id"]) == (
                expected[place + 1] if place + 1 < len(expected) else None
            )


@pytest.mark.parametrize("text", ["", "dog", "kind:audio", "kind:audio -licence:MIT support>0.2"])
def test_facets_count_as_if_nothing_was_chosen_of_them(text: str, index: Lookup) -> None:
    query = parse(text, index.columns)
    for facet in index.overview(query)[1]:
        if facet.column.sql:
            within = index.page(query.without(facet.column.name), Order()).rows
            counts = Counter(row[facet.column.name] for row in within)
            assert dict(facet.values) == counts


def test_reviews_are_seen_at_once(shown: WorkspaceSet) -> None:
    with lookup(shown) as index:
        entry, other = index.page(parse("outcome:captioned", index.columns), Order()).rows[:2]

        def say(of: Row, **changes: Any) -> Review:
            made = review(**{"clip_id": of["clip_id"], **changes})
            index.said.take(of["number"], made)
            return made

        say(entry, verdict="bad", reasons=("wrong modality",))
        say(entry, reviewer="bob")
        say(other, verdict=None, audio_caption="Rain falls.")
        for text, expected in {
            "review:bad": [entry],
            "review:good": [entry],
            "review:edited": [other],
            "review:any": [entry, other],
            'why:"wrong modality" reviewer:ada': [entry],
            "reviewer:bob": [entry],
        }.items():
            assert _found(index, text) == [row["clip_id"] for row in expected], text
        assert len(_found(index, "review:none")) == index.count(parse("", ())) - 2
        facets = {
            facet.column.name: dict(facet.values) for facet in index.overview(parse("", ()))[1]
        }
        assert facets["review"] == {"good": 1, "bad": 1, "edited": 1, "none": 14}
        say(entry, verdict=None)
        assert _found(index, "review:bad") == []
        assert [r["reviewer"] for r in index.said.of([entry["number"]])[entry["number"]]] == ["bob"]


def test_the_bits_of_texts_are_different() -> None:
    assert sorted(TEXTS.values()) == [1 << place for place in range(len(TEXTS))]


def test_similarities_of_captions_that_were_written_again_do_not_count(
    place: Made, index: Lookup
) -> None:
    for shard in range(SHARDS):
        first, *others = (row["clip_id"] for row in place.rows("captions", shard))
        known = [index.clip(clip) or {} for clip in others]
        near = ("near_heard", "near_seen", "near_together", "near_media")
        assert all((index.clip(first) or {})[name] is None for name in near)
        assert any(row[name] is not None for row in known for name in near)
