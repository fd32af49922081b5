"""Which clips are shown, chosen again in plain Python."""

from pathlib import Path

import pytest

from pipelines.report.galleries import Gallery
from pipelines.report.report import Made as MadeReport
from pipelines.report.report import make
from tests.manifests.made import SHARDS, Made
from tests.pipelines.report.made import Row


@pytest.fixture(scope="module")
def report(place: Made) -> MadeReport:
    """The report of the workspace."""
    return make(Path(place.root), None, [])


def _gallery(report: MadeReport, key: str) -> Gallery:
    return next(each for each in report.report.galleries if each.key == key)


def _ids(gallery: Gallery) -> list[str]:
    return [shown.row["clip_id"] for shown in gallery.clips]


def test_the_worst_are_those_with_most_unsupported_claims(
    report: MadeReport, captions: list[Row]
) -> None:
    gallery = _gallery(report, "worst")
    shares = {
        row["clip_id"]: sum(not claim["supported"] for claim in row["claims"]) / len(row["claims"])
        for row in captions
        if row["claims"]
    }
    listed = [shares[clip] for clip in _ids(gallery)]
    assert listed == sorted(shares.values(), reverse=True)
    assert "not supported" in gallery.clips[0].why


def test_the_most_refused_come_first(report: MadeReport, captions: list[Row]) -> None:
    refused = {row["clip_id"]: len(row["lints"]) for row in captions if row["lints"]}
    listed = [refused[clip] for clip in _ids(_gallery(report, "refused"))]
    assert listed == sorted(refused.values(), reverse=True)


def test_the_most_disputed_have_the_largest_fall_of_a_probability(
    report: MadeReport, captions: list[Row]
) -> None:
    falls = {
        row["clip_id"]: max(
            (
                claim["confidence"]["probability"] - claim["fused"]["probability"]
                for weak in row["evidence"]
                for claim in weak["claims"]
            ),
            default=0.0,
        )
        for row in captions
    }
    expected = sorted((fall for fall in falls.values() if fall >= 0.1), reverse=True)
    assert [falls[clip] for clip in _ids(_gallery(report, "disputed"))] == expected


def test_random_clips_have_captions_and_are_the_same_each_time(
    report: MadeReport, place: Made
) -> None:
    again = make(Path(place.root), None, [])
    assert _ids(_gallery(report, "random")) == _ids(_gallery(again, "random")) != []


def test_the_quarantine_is_shown_by_reason(report: MadeReport) -> None:
    gallery = _gallery(report, "quarantined")
    assert [shown.why for shown in gallery.clips] == [f"decode: corrupt ({SHARDS} in all)"] * SHARDS


def test_rows_of_the_listing_are_those_of_the_clips_that_have_players(report: MadeReport) -> None:
    shown = {
        row.row["clip_id"]
        for each in report.report.galleries
        if not each.quarantined
        for row in each.clips
    }
    assert {row["clip_id"] for row in report.clips} == shown
    assert len(report.clips) == len(shown)
