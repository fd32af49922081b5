"""Duplicates, reliability and effort."""

import json
from collections import Counter
from pathlib import Path

import pytest

from manifests.evidence import evidence_from_row
from pipelines.calibrate.reliability import wilson
from pipelines.report.figures import Figures
from pipelines.report.measured import domains, duplicates, effort, reliability
from pipelines.report.query import ReportError, connected
from pipelines.report.report import make as make_report
from pipelines.report.sections.models import effort as effort_section
from pipelines.report.sources import CaptionedSet
from pipelines.report.verdict import FEW
from prompts.selection import select
from tests.manifests.made import JOB, Made, make
from tests.manifests.release.made import small
from tests.pipelines.report.made import Row
from tests.pipelines.search.embedded import embedded, settings, unit


def test_near_duplicates_are_clips_beyond_the_first_of_a_group(tmp_path: Path) -> None:
    vectors = [{"video": unit(1, number)} for number in range(14)] + [{"video": unit(1, 0)}, {}]
    place = embedded(tmp_path / "set", vectors)
    alike = duplicates(CaptionedSet.open(place.made.root))
    cosines = [[float(a["video"] @ b["video"]) for b in vectors[:15]] for a in vectors[:15]]
    copies = sum(any(c >= 0.949 for c in line[:at]) for at, line in enumerate(cosines))
    assert (alike.clips, alike.why) == (15, None)
    assert alike.extra == copies > 0


def test_without_embeddings_it_says_why_there_are_no_duplicates(tmp_path: Path) -> None:
    place = make(tmp_path / "set")
    settings(place, "0123456789abcdef", "caption", {})
    assert duplicates(CaptionedSet.open(place.root)).why == "these captions are not embedded"


def test_effort_is_summed_over_runs_each_by_its_last_line(
    told: Figures, captions: list[Row]
) -> None:
    of = told.effort
    assert of is not None
    assert (of.runs, of.clips, of.captioned, of.seconds, of.startup_s) == (2, 16, 12, 100.0, 10.0)
    assert (of.tokens_in, of.tokens_out, of.worker_deaths) == (900, 100, 2)
    assert [(unit.name, unit.busy_s) for unit in of.units] == [("writer", 30.25), ("ears", 12.5)]
    assert of.clips_per_second == pytest.approx(0.12)
    assert of.hours_per_million == pytest.approx(100 / 3600 / 12 * 1e6)
    assert of.media_s == sum(row["duration_ms"] for row in captions) / 1000


def test_a_few_clips_do_not_say_what_a_million_would_take(told: Figures) -> None:
    assert told.effort is not None
    few, many = (
        effort_section(told.model_copy(update={"effort": told.effort.model_copy(update=update)}))
        for update in ({"captioned": FEW - 1}, {"captioned": FEW})
    )
    assert few is not None and many is not None
    assert "mostly start-up" in few.lead and "million" not in few.lead
    hours = round(told.effort.seconds / 3600 / FEW * 1e6)
    assert f"a million would take this machine {hours:,} hours" in many.lead


def _hours_of_gpus(root: Path) -> float:
    """GPU-hours of the runs of the captions, from the raw lines of the run log."""
    hours = 0.0
    for path in (root / "runlog").iterdir():
        (*_, last) = (
            line
            for text in path.read_text().splitlines()
            if text.startswith('{"') and (line := json.loads(text))["job"] == JOB
        )
        hours += last["gpus"] * (last["startup_s"] + last["elapsed_s"]) / 3600
    return hours


def test_gpus_are_paid_for_from_start_to_end_of_each_run(place: Made, told: Figures) -> None:
    assert told.effort is not None
    hours = _hours_of_gpus(place.root)
    assert told.effort.gpu_hours == pytest.approx(hours) and hours > 0
    assert told.effort.cost is None
    section = effort_section(told)
    assert section is not None and "--gpu-price tells what these cost" in section.lead
    made = make_report(place.root, None, [], gpu_price=3600.0).report
    assert made.figures.effort is not None
    assert made.figures.effort.cost == pytest.approx(3600 * hours)
    priced = effort_section(made.figures)
    assert (
        priced is not None
        and f"which at 3,600 each cost {3600 * hours:,.2f}. They are" in priced.lead
    )


def test_the_cost_of_a_million_is_told_from_enough_clips_on(told: Figures) -> None:
    assert told.effort is not None
    of = told.effort.model_copy(update={"captioned": FEW, "gpu_hours": 1234.56, "gpu_price": 1.5})
    section = effort_section(told.model_copy(update={"effort": of}))
    assert section is not None
    assert "It took 1,235 GPU-hours, which at 1.5 each cost 1,851.84, or " in section.lead
    assert f"or {1851.84 / FEW * 1e6:,.0f} for a million captioned clips" in section.lead


@pytest.mark.parametrize(
    "gpus", [{}, {"gpus": -1.0}, {"gpus": "2"}, {"gpus": True}, {"gpus": None}]
)
def test_runs_that_do_not_say_their_gpus_have_no_cost(gpus: Row, told: Figures) -> None:
    lines = [{"gpus": 1.0, "elapsed_s": 5.0}, {"elapsed_s": 5.0} | gpus]
    of = effort(lines, 1.0)
    assert of is not None and of.gpu_hours is None
    priced = of.model_copy(update={"gpu_price": 2.0})
    section = effort_section(told.model_copy(update={"effort": priced}))
    assert priced.cost is None
    assert section is not None and "What its GPUs cost is not known" in section.lead


def test_runs_without_a_gpu_have_no_cost(told: Figures) -> None:
    of = effort([{"gpus": 0.0, "elapsed_s": 5.0}], 1.0)
    assert of is not None and of.gpu_hours == 0
    priced = of.model_copy(update={"gpu_price": 2.0})
    section = effort_section(told.model_copy(update={"effort": priced}))
    assert priced.cost is None
    assert section is not None and "No GPU took part" in section.lead


def test_a_price_without_a_run_log_is_refused(tmp_path: Path) -> None:
    small(tmp_path / "release", 4)
    with pytest.raises(ReportError, match="leave out --gpu-price, or name it for its workspaces"):
        make_report(tmp_path / "release", None, [], gpu_price=2.0)


@pytest.mark.parametrize(
    "line",
    [
        {"units": 3, "done": [], "elapsed_s": "x"},
        {"units": {"a": None, "b": {"busy_s": -1, "clips": True}}, "worker_deaths": 1e300},
        {"elapsed_s": float("nan"), "tallies": {"a": "b"}},
    ],
)
def test_a_damaged_line_of_the_run_log_counts_for_nothing(line: Row) -> None:
    of = effort([line], 1.0)
    assert of is not None
    assert (of.seconds, of.clips, of.captioned, of.worker_deaths) == (0.0, 0, 0, 0)


def test_reliability_is_what_calibrate_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "calibration"
    folder.mkdir()
    quality = {"brier": 0.1, "ece": 0.2, "interval": None}
    curve = [{"probability": 0.8, "true": 0.6, "claims": 10}]
    row = {"captioner": "ears", "claims": 10, "true": 6, "before": quality, "after": quality}
    row |= {"curve_before": [], "curve": curve}
    tiers = {"high": {"claims": 5, "true": 4}}
    report = {"folds": 5, "rows": [row], "tiers": tiers, "left_out": 0}
    (folder / "report.json").write_text(json.dumps(report))
    of = reliability(tmp_path)
    assert of is not None
    assert (of.rows[0].captioner, of.rows[0].after) == ("ears", 0.2)
    [point] = of.rows[0].curve
    assert (point.probability, point.true, point.claims) == (0.8, 0.6, 10)
    assert (point.low, point.high) == pytest.approx(wilson(6, 10))
    assert (of.tiers[0].tier, of.tiers[0].claims, of.tiers[0].true) == ("high", 5, 4)


@pytest.mark.parametrize("content", ["", "[]", '{"rows": 3}', '{"rows": [{}]}', "[" * 100_000])
def test_another_file_in_its_place_is_no_reliability(tmp_path: Path, content: str) -> None:
    (tmp_path / "calibration").mkdir()
    (tmp_path / "calibration" / "report.json").write_text(content)
    assert reliability(tmp_path) is None


def test_domains_are_told_from_the_evidence(told: Figures, captions: list[Row]) -> None:
    expected = Counter(select(evidence_from_row(row)).domain for row in captions)
    assert {count.name: count.count for count in told.media.domains} == expected


def test_domains_are_those_of_the_column_where_there_is_one() -> None:
    with connected() as query:
        query.rows("CREATE VIEW captions AS SELECT unnest(['music', 'speech', 'music']) AS domain")
        counts, clips = domains(query)
    assert {count.name: count.count for count in counts} == {"music": 2, "speech": 1}
    assert clips == 3
