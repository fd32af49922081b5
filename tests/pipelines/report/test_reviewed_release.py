"""What people say of a release, counted again from its rows and from the reviews one by one."""

from pathlib import Path
from typing import Any

import pytest

from manifests.release import layout
from manifests.workspace import Workspace
from pipelines.calibrate.reliability import wilson
from pipelines.inspect.planned import make as planned
from pipelines.inspect.sets import ReleaseSet, WorkspaceSet
from pipelines.report.cards import WHOLE, captioned
from pipelines.report.figures import Figures, ReviewFigures
from pipelines.report.galleries import Shown
from pipelines.report.page import write
from pipelines.report.query import ReportError
from pipelines.report.released import opened
from pipelines.report.report import figures, make
from pipelines.report.scalars import scalars
from pipelines.reviews.comparison import Comparison
from pipelines.reviews.journal import Journal
from pipelines.reviews.plan import Plan
from pipelines.reviews.review import drawn_id
from tests.manifests.made import Made
from tests.pipelines.inspect.made import lookup
from tests.pipelines.rebuild.built import release, rules, table
from tests.pipelines.report.made import Row, as_input, made
from tests.pipelines.report.made import rows as captions_of
from tests.pipelines.reviews.made import review


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """A workspace."""
    monkeypatch.setenv("CAPTIONMILL_CACHE", str(tmp_path / "cache"))
    return made(tmp_path / "set")


def _built(place: Made, out: Path) -> list[Row]:
    """The rows of a release of a workspace, with its reviews."""
    output = {"part_rows": 4, "claims": True, "evidence": True}
    built = release(rules(out.parent, output=output), [as_input(place)], out)
    return table(out, built)


@pytest.fixture
def folder(place: Made, tmp_path: Path) -> Path:
    """A release that nobody reviewed yet."""
    _built(place, tmp_path / "release")
    return tmp_path / "release"


@pytest.fixture
def data(folder: Path) -> list[Row]:
    """Its rows."""
    return table(folder, layout.load(folder))


@pytest.fixture
def beside(tmp_path: Path) -> Workspace:
    """The folder of its reviews."""
    return Workspace.create(tmp_path / "reviews")


def _said(beside: Workspace, row: Row, verdict: str | None = "good", **changes: Any) -> None:
    journal = Journal(beside.open_reviews)
    of = {"clip_id": row["clip_id"], "caption_digest": row["caption_digest"]}
    journal.append(review(**of | {"verdict": verdict} | changes))
    journal.close()


def _plan(shown: ReleaseSet | WorkspaceSet, beside: Workspace) -> Plan:
    how: dict[str, Any] = {"name": None, "by": None, "worst": False, "interval": None}
    return planned(shown, beside, **how, count=6, seed=0, told=lambda line: None)


def _figures(folder: Path, beside: Workspace) -> tuple[Figures, ReviewFigures]:
    told = figures(opened(folder), beside.root)
    assert told.reviews is not None
    return told, told.reviews


def test_reviews_in_the_named_folder_are_counted(
    folder: Path, data: list[Row], beside: Workspace
) -> None:
    verdicts = ["bad", "good", "good", "bad", "good", "good", "good"]
    said = list(zip(data, verdicts, strict=False))
    for row, verdict in said:
        _said(beside, row, verdict, reasons=("wrong",) if verdict == "bad" else ())
    for row, verdict in said[:5]:
        other = "good" if row is data[0] else verdict
        _said(beside, row, other, reviewer="bob")
    _said(beside, data[8], caption_digest="f" * 16)
    told, of = _figures(folder, beside)
    assert (of.reviews, of.others, of.clips, of.judged) == (12, 1, 7, 7)
    # Who is called bad by one of two is bad.
    assert of.bad == verdicts.count("bad")
    assert {c.name: c.count for c in of.reasons} == {"wrong": 2}
    assert {c.name: c.count for c in of.reviewers} == {"ada": 7, "bob": 5}
    (pair,) = of.agreement
    assert (pair.clips, pair.same) == (5, 4)
    assert pair.kappa is None, "of five clips it would say nothing"
    assert scalars(told)["reviewed"] == pytest.approx(7 / len(data))
    assert scalars(told)["bad"] is None


def test_the_rate_of_a_release_is_that_of_a_plan_of_it(
    folder: Path, data: list[Row], beside: Workspace
) -> None:
    by_clip = {row["clip_id"]: row for row in data}
    plan = _plan(ReleaseSet(folder), beside)
    for at, clip in enumerate(plan.ids):
        _said(beside, by_clip[clip], "bad" if at < 2 else "good")
    told, of = _figures(folder, beside)
    assert of.plan is not None and of.plan.bad is not None
    assert scalars(told)["bad"] == pytest.approx(2 / 6)
    assert (of.plan.bad.low, of.plan.bad.high) == pytest.approx(wilson(2, 6))
    claims = table(folder, layout.load(folder), "claims")
    bad = [c["supported"] for c in claims if c["clip_id"] in plan.ids[:2]]
    said = {each.verdict: each.claims for each in of.said}
    assert (said["bad"].count, said["bad"].of) == (bad.count(False), len(bad))


def test_a_plan_of_the_workspace_is_no_sample_of_its_release(
    place: Made, tmp_path: Path, beside: Workspace
) -> None:
    by_clip = {row["clip_id"]: row for row in captions_of(place)}
    workspace = WorkspaceSet(place.root).workspace
    plan = _plan(WorkspaceSet(place.root), workspace)
    for at, clip in enumerate(plan.ids):
        edit = {"audio_caption": "Rain falls."} if at == 1 else {}
        _said(workspace, by_clip[clip], "bad" if at < 2 else "good", **edit)
    data = _built(place, tmp_path / "out")
    assert {row["clip_id"] for row in data} == set(by_clip) - {plan.ids[0]}
    told, of = _figures(tmp_path / "out", workspace)
    (only,) = of.plans
    # One clip has left, and one has other captions now.
    assert (only.astray, only.rewritten, only.bad, of.rate) == (1, 1, None, None)
    assert scalars(told)["bad"] is None
    assert scalars(figures(opened(place.root)))["bad"] == pytest.approx(2 / 6)


def test_reviews_that_a_release_was_built_with_are_told(place: Made, tmp_path: Path) -> None:
    first, second, third, *_ = captions_of(place)
    _said(place.workspace, first, "bad")
    _said(place.workspace, second, None, visual_caption="A wet dog.")
    _said(place.workspace, third, "bad", audio_caption="Rain falls.")
    out = tmp_path / "out"
    data = _built(place, out)
    of = figures(opened(out)).release
    assert of is not None
    by_people = [
        row for row in data if "human" in (row["audio_by"], row["visual_by"]) and not row["real"]
    ]
    assert (
        (of.rejected, of.edited) == (len(captions_of(place)) - len(data), len(by_people)) == (1, 2)
    )
    (listed,) = layout.load(out).lists
    assert [(each.name, each.digest) for each in of.reviews] == [(listed.name, listed.digest)]
    write(tmp_path / "page.html", make(out, None, []).report, {})
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Reviews of 1 workspace were used: 1 row left because of them, and in 2 clips a" in page
    assert listed.digest in page
    assert "People wrote 2 of " in page and "no person did" not in page


def test_why_a_clip_of_a_release_has_no_caption_follows_from_its_media(
    folder: Path, data: list[Row]
) -> None:
    shown = ReleaseSet(folder)
    with lookup(shown) as index:
        at = index.place_of(data[0]["clip_id"])
    assert at is not None
    silent = {"has_audio": False, "audio_caption": None, "audio_visual_caption": None}
    row = shown.whole(at) | silent
    (heard, _, together) = captioned(Shown("", row), limits=WHOLE).captions
    assert (heard.text, heard.why) == (None, "the clip lacks sound")
    assert (together.text, together.why) == (None, "the clip lacks both sound and a picture")


def test_people_prefer_one_of_two_releases(
    folder: Path, data: list[Row], beside: Workspace, tmp_path: Path
) -> None:
    other = made(tmp_path / "other", seed=2)
    theirs = {row["clip_id"]: row for row in captions_of(other)}
    names = ("audio_caption", "visual_caption", "audio_visual_caption")
    differ = [
        row
        for row in data
        if any(row[name] != theirs[row["clip_id"]][name] for name in names)
        and any(row[name] for name in names)
        and any(theirs[row["clip_id"]][name] for name in names)
    ]
    journal = Journal(beside.open_comparisons)
    for row, outcome in zip(differ, ("win", "win", "tie", "loss"), strict=False):
        journal.append(
            Comparison(
                comparison_id=drawn_id(),
                clip_id=row["clip_id"],
                reviewer="ada",
                compared_ms=1,
                caption_digest=row["caption_digest"],
                other_digest=theirs[row["clip_id"]]["caption_digest"],
                outcome=outcome,
            )
        )
    journal.close()
    comparison = make(folder, other.root, [], beside.root).report.comparison
    assert comparison is not None and comparison.people is not None
    of = comparison.people
    assert (of.judged, of.win.count, of.tie.count, of.loss.count) == (4, 2, 1, 1)
    assert of.clips == len(differ)
    assert of.score.share == pytest.approx(2.5 / 4)
    assert (of.win.low, of.win.high) == pytest.approx(wilson(2, 4))


def test_where_reviews_are_not_is_told(folder: Path, place: Made, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="captionmill inspect --reviews"):
        figures(opened(folder), tmp_path / "nowhere")
    with pytest.raises(ReportError, match="leave out --reviews"):
        figures(opened(place.root), tmp_path / "nowhere")
    assert figures(opened(folder)).reviews is None
