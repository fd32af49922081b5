"""The books close when every clip is accounted for once, and only then."""

from dataclasses import replace
from typing import Any

import pytest

from manifests.books import Books, books
from manifests.commits import Record, State


def _listed(shard: int | None, clips: int, **more: Any) -> Record:
    return Record(stage="ingest", epoch=1, cut="c", shard=shard, counts={"clips": clips}, **more)


def _done(shard: int, generation: int = 0, retried: str = "", **counts: int) -> Record:
    return Record(
        stage="caption",
        epoch=1,
        cut="c",
        job="j",
        shard=shard,
        generation=generation,
        counts=counts,
        retried=tuple(retried),
    )


def _books(*records: Record) -> Books:
    return books(State(1, records), "c", "j")


def _numbers(told: Books) -> tuple[int, int, int, int, int]:
    return told.input, told.captioned, told.filtered, told.quarantined, told.pending


def test_nothing_is_closed_and_finished() -> None:
    told = _books()
    assert _numbers(told) == (0, 0, 0, 0, 0)
    assert told.close and told.finished and told.llm_share is None


def test_what_is_listed_is_pending() -> None:
    told = _books(_listed(0, 5), _listed(1, 3))
    assert _numbers(told) == (8, 0, 0, 0, 8)
    assert told.close and not told.finished


def test_every_outcome_is_counted() -> None:
    told = _books(_listed(0, 9), _done(0, captioned=4, filtered=3, quarantined=2))
    assert _numbers(told) == (9, 4, 3, 2, 0)
    assert told.close and told.finished


def test_a_shard_that_waits_is_pending() -> None:
    told = _books(_listed(0, 4), _listed(1, 3), _done(1, captioned=3))
    assert _numbers(told) == (7, 3, 0, 0, 4)
    assert told.close and not told.finished


def test_a_part_of_the_listing_without_clips_adds_none() -> None:
    told = _books(_listed(0, 2), _listed(None, 0), _done(0, captioned=2))
    assert _numbers(told) == (2, 2, 0, 0, 0)
    assert told.close


def test_a_retried_clip_leaves_quarantine() -> None:
    told = _books(
        _listed(0, 4),
        _done(0, captioned=1, quarantined=3),
        _done(0, 1, retried="xyz", captioned=1, filtered=1, quarantined=1),
    )
    assert _numbers(told) == (4, 2, 1, 1, 0)
    assert told.close


def test_a_clip_retried_twice_is_counted_once() -> None:
    told = _books(
        _listed(0, 2),
        _done(0, captioned=1, quarantined=1),
        _done(0, 1, retried="x", quarantined=1),
        _done(0, 2, retried="x", captioned=1),
    )
    assert _numbers(told) == (2, 2, 0, 0, 0)
    assert told.close


def test_the_clip_of_a_replaced_source_is_no_input_any_more() -> None:
    told = _books(
        _listed(0, 3),
        _done(0, captioned=2, quarantined=1),
        _listed(1, 2, replaced={"x": 0}),
        _done(1, captioned=2),
    )
    assert _numbers(told) == (4, 4, 0, 0, 0)
    assert told.close and told.finished


def test_the_clip_of_a_source_that_was_replaced_before_its_shard_was_worked() -> None:
    listed = (_listed(0, 3), _listed(1, 2, replaced={"x": 0}))
    assert _numbers(_books(*listed)) == (4, 0, 0, 0, 4)
    assert _books(*listed).close
    told = _books(*listed, _done(0, captioned=2, quarantined=1), _done(1, captioned=2))
    assert _numbers(told) == (4, 4, 0, 0, 0)
    assert told.close


def test_a_clip_replaced_twice_is_gone_once() -> None:
    told = _books(
        _listed(0, 1),
        _done(0, quarantined=1),
        _listed(1, 1, replaced={"x": 0}),
        _listed(None, 0, replaced={"x": 0}),
    )
    assert _numbers(told) == (1, 0, 0, 0, 1)
    assert told.close


def test_other_jobs_and_cuts_do_not_count() -> None:
    other_job = replace(_done(0, captioned=7), job="k")
    other_cut = replace(_listed(0, 7), cut="d")
    told = _books(_listed(0, 1), other_job, other_cut)
    assert _numbers(told) == (1, 0, 0, 0, 1)


@pytest.mark.parametrize(
    "lie",
    [
        _done(0, captioned=4),
        _done(0, captioned=2),
        _done(0),
        _done(0, captioned=3, filtered=1),
        _done(0, captioned=3, quarantined=-1),
        _done(0, captioned=3, retried="x"),
        _done(7, captioned=3),
    ],
)
def test_they_do_not_close_when_a_record_lies(lie: Record) -> None:
    told = _books(_listed(0, 3), lie)
    assert not told.close
    assert told.to_json()["close"] is False


def test_they_do_not_close_when_a_shard_is_committed_twice() -> None:
    assert not _books(_listed(0, 3), _done(0, captioned=3), _done(0, captioned=3)).close


def test_they_do_not_close_when_the_listing_lies() -> None:
    assert not _books(_listed(0, 3), _done(0, captioned=3), _listed(0, 2)).close


def test_who_wrote_is_a_share_of_all_captions() -> None:
    told = _books(
        _listed(0, 2),
        _listed(1, 2),
        _done(0, captioned=2, llm=1, template=3),
        _done(1, captioned=1, filtered=1, llm=2, **{"filtered: too short": 1}),
    )
    assert told.llm_share == 0.5
    assert told.detail == {"filtered: too short": 1, "llm": 3, "template": 3}
    assert told.to_json()["llm_share"] == 0.5
