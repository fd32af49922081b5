"""Two caption sets, compared in plain Python too."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from manifests.captions import CAPTIONS
from pipelines.calibrate.reliability import wilson
from pipelines.report.compare import STEP, WORST, apart
from pipelines.report.report import Made as MadeReport
from pipelines.report.report import make
from pipelines.report.scalars import SCALARS
from pipelines.report.sources import CaptionedSet
from tests.manifests.made import Made
from tests.pipelines.report.made import Row, made, rows


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same clips with other captions."""
    return made(tmp_path_factory.mktemp("other") / "other", seed=2, similar=False)


@pytest.fixture(scope="module")
def compared(place: Made, other: Made) -> MadeReport:
    """The report of one against the other."""
    return make(Path(place.root), Path(other.root), [])


def _score(row: Row) -> tuple[float, float | None]:
    """Support and confidence of a clip with claims."""
    claims = row["claims"]
    known = [
        claim["confidence"]["probability"]
        for claim in claims
        if claim["supported"] and claim["confidence"]["probability"] is not None
    ]
    support = sum(claim["supported"] for claim in claims) / len(claims)
    return support, sum(known) / len(known) if known else None


def _way(now: Row, before: Row) -> int:
    (support, sure), (support_before, sure_before) = _score(now), _score(before)
    if abs(support - support_before) > 1e-9:
        return 1 if support > support_before else -1
    alike = all((now[name] is None) == (before[name] is None) for name in CAPTIONS)
    if not alike or len(now["claims"]) != len(before["claims"]):
        return 0
    gain = 0.0 if sure is None or sure_before is None else sure - sure_before
    return (gain > STEP) - (gain < -STEP)


def _pairs(place: Made, other: Made) -> list[tuple[Row, Row]]:
    before = {row["clip_id"]: row for row in rows(other)}
    return [(row, before[row["clip_id"]]) for row in rows(place)]


def test_better_and_worse_clips_are_counted_with_intervals(
    compared: MadeReport, place: Made, other: Made
) -> None:
    of = compared.report.comparison
    assert of is not None
    ways = [_way(a, b) for a, b in _pairs(place, other) if a["claims"] and b["claims"]]
    assert (of.judged, of.better.count, of.worse.count, of.tied.count) == (
        len(ways),
        ways.count(1),
        ways.count(-1),
        ways.count(0),
    )
    low, high = wilson(ways.count(1), len(ways))
    assert (of.better.low, of.better.high) == pytest.approx((low, high))


def test_a_new_claim_makes_no_clip_worse(tmp_path: Path) -> None:
    """The mean probability falls, though nothing that was said became less sure."""

    def said(*probabilities: float) -> Callable[[Row], Row]:
        claims = [
            {
                "caption": "audio_caption",
                "text": f"sound {at}",
                "captioners": ["ears"],
                "confidence": {"probability": sure, "tier": "high", "by": "rule"},
                "spans": [],
                "supported": True,
            }
            for at, sure in enumerate(probabilities)
        ]
        return lambda row: row | {"claims": claims}

    fewer = made(tmp_path / "fewer", change=said(0.9), similar=False)
    more = made(tmp_path / "more", change=said(0.9, 0.8), similar=False)
    less = made(tmp_path / "less", change=said(0.8), similar=False)
    for now, worse in ((more, False), (less, True)):
        of = make(Path(now.root), Path(fewer.root), []).report.comparison
        assert of is not None and of.judged > 0
        assert of.worse.count == (of.judged if worse else 0)


def test_two_sets_of_one_name_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = tmp_path / "a" / "out", tmp_path / "b" / "out"
    for seed, root in enumerate((ours, theirs)):
        root.parent.mkdir()
        made(root, seed=seed, similar=False)
    monkeypatch.chdir(tmp_path)
    report = make(Path("a/out"), theirs, []).report
    assert report.comparison is not None
    assert (report.figures.name, report.comparison.other) == ("a/out", "b/out")
    note = next(each.note for each in report.galleries if each.key == "changes")
    assert "worse than in b/out" in note
    first, second = CaptionedSet.open(ours), CaptionedSet.open(theirs)
    assert apart(first, first) == ("out", "out")
    again = replace(second, job=replace(second.job, digest="f" * 16))
    assert apart(first, again) == (f"out ({first.digest})", f"out ({'f' * 16})")


def test_captions_gained_and_lost_are_counted(
    compared: MadeReport, place: Made, other: Made
) -> None:
    of = compared.report.comparison
    assert of is not None
    pairs = _pairs(place, other)
    texts = [(a[name], b[name]) for a, b in pairs for name in CAPTIONS]
    assert of.gained == sum(a is not None and b is None for a, b in texts) > 0
    assert of.lost == sum(a is None and b is not None for a, b in texts) > 0
    assert of.same == sum(all(a[n] == b[n] for n in CAPTIONS) for a, b in pairs)
    assert (of.both, of.only_here, of.only_there) == (len(pairs), 0, 0)


def test_the_worst_changes_come_first_with_the_captions_of_both(
    compared: MadeReport, place: Made, other: Made
) -> None:
    of = compared.report.comparison
    assert of is not None
    falls = [change.support - change.support_before for change in of.worst]
    assert falls == sorted(falls) and len(falls) <= WORST
    lost = {a["clip_id"] for a, b in _pairs(place, other) if a["claims"] and b["claims"]}
    assert {change.clip_id for change in of.worst} <= lost
    gallery = next(each for each in compared.report.galleries if each.key == "changes")
    before = {row["clip_id"]: row for row in rows(other)}
    for shown in gallery.clips:
        assert shown.before is not None
        assert shown.before["caption_digest"] == before[shown.row["clip_id"]]["caption_digest"]


def test_every_figure_is_told_of_both(compared: MadeReport) -> None:
    of = compared.report.comparison
    assert of is not None
    assert [difference.name for difference in of.differences] == list(SCALARS)
    similar = next(each for each in of.differences if each.name == "similarity_audio")
    assert similar.now is not None and similar.before is None
