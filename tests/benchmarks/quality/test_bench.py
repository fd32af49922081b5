"""The truth bench's way from evidence to tables, in the little world, against a scripted server."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality import bench, captioned
from benchmarks.quality.fusion import baselines, fused
from benchmarks.quality.fusion.fusion import OURS, Clips, fusion
from benchmarks.quality.known import Case
from benchmarks.quality.measures import report, trained
from benchmarks.quality.measures.intervals import Figure
from benchmarks.quality.measures.measures import drawn
from benchmarks.quality.written import measured, unguarded, write
from engine.profile.writer import Rung, WriterSpec
from manifests.ids import path_of
from recipes.world.concepts import Side
from tests.benchmarks.quality import little
from tests.benchmarks.quality.test_baselines import cases
from tests.engine.fake_openai import FakeOpenAI, Request
from tests.manifests import made

RULER = little.ruler()
SPEC = WriterSpec(model="fake", ladder=(Rung(name="first", prompt="draft"),))


@pytest.fixture(scope="module")
def clips() -> Clips:
    """Forty clips of one sound each."""
    return Clips.fused(cases(2, 40), fused.calibrated(RULER, cases(1, 60)))


def invents(request: Request, _: int) -> str:
    """A reply that says of every clip what is in few, in each key that is asked for."""
    keys = request["response_format"]["json_schema"]["schema"]["required"]
    return json.dumps(dict.fromkeys(keys, "A dog barks and a zither twangs."))


@pytest.mark.run
def test_what_the_guards_refuse_is_the_templates(clips: Clips) -> None:
    of = bench.bundle(clips)
    with FakeOpenAI(invents) as server:
        written = write(SPEC, server.url, [evidence for _, evidence, _ in of.values()])
        alone = unguarded(SPEC, server.url, of)
    mine, template = measured(RULER, of, written)
    found = report.measured_figures(mine, template)["audio"]
    assert found["llm"]["unsupported"].value is None
    assert found["all"]["unsupported"].value == found["template"]["unsupported"].value == 0
    free = report.measured_figures([RULER.measure(one) for one in alone], [])["audio"]
    assert free["llm"]["unsupported"].value is not None
    assert free["llm"]["unsupported"].value > 0.5
    told = bench.as_written(RULER, clips.cases, mine)["both"]
    assert sum(one.told for one in told) > 0.8 * len(clips.cases)


@pytest.mark.run
def test_figures_are_split_by_what_training_saw(
    clips: Clips, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trained, "recipe", lambda: iter(()))
    of = bench.bundle(clips)
    with FakeOpenAI(invents) as server:
        written = write(SPEC, server.url, [evidence for _, evidence, _ in of.values()])
    told, mine = bench.written_part(RULER, of, written, 0)
    text = capsys.readouterr().out
    assert f"training saw 0 of {len(little.CONCEPTS)} concepts" in text
    assert f"| {trained.UNSEEN} | recall |" in text
    split = told["trained"]["split"]["all"]
    assert split[trained.UNSEEN]["recall"] == told["measures"]["all three"]["all"]["recall"]
    assert split[trained.UNSEEN]["by the LLM"]["of"] == len(mine)


@pytest.mark.run
def test_a_reply_that_is_no_json_is_an_empty_caption(clips: Clips) -> None:
    with FakeOpenAI(lambda *_: "A dog barks.") as server:
        alone = unguarded(SPEC, server.url, bench.bundle(clips))
    assert alone and {one.text for one in alone} == {""}


def test_the_lists_stand_beside_ours(clips: Clips) -> None:
    def posterior(case: Case, side: Side, _: bool) -> dict[str, float]:
        return {one.key: 0.9 for one in case.truth.heard if side == "heard"}

    split = cases(1, 60)
    found = fusion(RULER, clips, split, posterior)
    text = report.lists_table(found)
    assert text.splitlines()[2].startswith(f"| {OURS} |")
    assert "knows the truth" in text.splitlines()[-1]
    closed = found.closed[OURS]["both"].value
    assert closed is not None and closed <= 1
    assert json.dumps(report.fusion_json(found))


def test_the_real_parts_figures_stand_with_their_doubts(
    clips: Clips, capsys: pytest.CaptureFixture[str]
) -> None:
    of = [replace(case, sources=(f"sound {n % 4}",)) for n, case in enumerate(clips.cases)]
    kept = replace(clips, cases=of)
    mine = [RULER.measure(one) for case in of for one in drawn(case, clips.facts[case.clip_id])]
    found = bench.doubtful(RULER, kept, fusion(RULER, kept, None, None), mine)
    text = capsys.readouterr().out
    assert "by source (4 clusters)" in text
    assert text.count("precision, unsure is false") == 2
    assert found["calibration"]["both"]["left out"]["facts"] > 20
    by_clip, by_source = found["by source"]["precision"]
    assert by_clip["value"] == by_source["value"]
    assert by_source["clips"] == 4
    assert json.dumps(found)


def test_captions_of_a_row_are_read_back() -> None:
    written = captioned.written(_row(0))
    assert written.captions.audio_caption == "Sound 0."
    assert [how.rung for how in written.how.values()] == ["first", "repair", "template"]


def test_rows_join_the_truth_by_their_files(monkeypatch: pytest.MonkeyPatch) -> None:
    row = _row(1)
    name = Path(path_of(row["uri"]).decode("utf-8", "surrogateescape")).name
    monkeypatch.setattr(captioned, "rows", lambda _: iter([row]))
    known = little.case(("bark",))
    ((case, evidence, written),) = captioned.joined(Path(), {name: known}).values()
    assert case.truth == known.truth
    assert case.clip_id == evidence.clip_id == written.clip_id
    assert captioned.joined(Path(), {"other.wav": known}) == {}
    monkeypatch.setattr(captioned, "rows", lambda _: iter([row, row]))
    with pytest.raises(ValueError, match="several clips"):
        captioned.joined(Path(), {name: known})


def test_figures_are_told_with_their_intervals() -> None:
    assert report.percent(Figure(0.123, 0.1, 0.15, 9, 9)) == "12.3 [10.0, 15.0]"
    assert report.percent(Figure(None, None, None, 0, 0)) == "-"


def test_nobody_listens() -> None:
    deaf = [replace(case, weak=()) for case in cases(1, 5)]
    assert baselines.best_single(RULER, deaf, "heard").captioner == "nobody"


def _row(number: int) -> dict[str, Any]:
    clip = made.clip_rows(made.source(number))[0]
    return made.captioned(clip, number)
