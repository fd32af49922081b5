"""Verification of what a stage made of captions: it must be about those of its clip."""

from collections.abc import Callable
from pathlib import Path

import pytest

from manifests import tables
from manifests.captions import CaptionClaim, claims_to_rows
from manifests.commits import Record
from manifests.kinds import kind_of
from manifests.verify.check import check_workspace
from manifests.verify.job import Job
from manifests.verify.problems import Problem
from tests.manifests.made import CUT, JOB, PER_SHARD, SHARDS, TABLES, Made, Row, make, quarantined

OWN = "f" * 16
Change = Callable[[Row], Row]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Captions of which every clip claims a sound."""
    made = make(tmp_path / "workspace")

    def claiming(rows: list[Row]) -> list[Row]:
        claims = [CaptionClaim("audio_caption", "a sound", ("ears",), None, (), True)]
        return [row | {"claims": claims_to_rows(claims)} for row in rows]

    for shard in range(SHARDS):
        made.edit("captions", claiming, shard)
    return made


def _spans(caption: Row) -> Row:
    """The row of spans of a caption row."""
    claim = {"caption": "audio_caption", "text": "a sound", "by": "ears", "threshold": 0.3}
    spans = [{"start_ms": 0, "end_ms": 40}, {"start_ms": 80, "end_ms": 10_000}]
    claim |= {"spans": spans, "inside": 0.5, "outside": None}
    keys = ("clip_id", "content_hash", "uri", "start_ms", "end_ms", "caption_digest")
    terms = {"licence": "MIT", "outputs_train": True}
    return {key: caption[key] for key in keys} | {"claims": [claim]} | terms


def _verified(
    made: Made, change: Change = lambda row: row, captions: str | None = JOB
) -> list[Problem]:
    """Commits the spans of every captioned clip, those of the first one changed; what is wrong then."""
    for shard in range(SHARDS):
        rows = [_spans(row) for row in made.rows("captions", shard)]
        if shard == 0:
            rows[0] = change(rows[0])
        captioned = {row["clip_id"] for row in rows}
        others = [c for c in made.rows("clips", shard) if c["clip_id"] not in captioned]
        files = []
        for table, given in (("spans", rows), ("quarantine", [quarantined(c) for c in others])):
            path = made.workspace.path(table, OWN, shard, 0, 1)
            schema = kind_of(table).schema
            files.append(tables.write(made.root, path, table, given, schema))
        counts = {"localized": len(rows), "quarantined": PER_SHARD - len(rows)}
        record = {"stage": "localize", "epoch": 1, "cut": CUT, "job": OWN, "shard": shard}
        made.append(Record(**record, counts=counts, files=tuple(files)))
    jobs = [Job(JOB, CUT, TABLES), Job(OWN, CUT, captions=captions)]
    return check_workspace(made.workspace, made.state, jobs).problems


def _claim(**changes: object) -> Change:
    return lambda row: row | {"claims": [row["claims"][0] | changes]}


def _between(start_ms: int, end_ms: int) -> Row:
    return {"start_ms": start_ms, "end_ms": end_ms}


def test_spans_of_the_captions_have_no_problem(made: Made) -> None:
    assert _verified(made) == []


@pytest.mark.parametrize("change", [_claim(spans=None), lambda row: row | {"claims": []}])
def test_what_was_not_found_is_no_problem(made: Made, change: Change) -> None:
    assert _verified(made, change) == []


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda row: row | {"caption_digest": "0" * 16}, "join", "other captions"),
        (_claim(text="another sound"), "join", "no such claim"),
        (_claim(caption="visual_caption"), "join", "no such claim"),
        (_claim(spans=[_between(0, 10_001)]), "join", "leave the clip"),
        (_claim(spans=[_between(-1, 40)]), "join", "leave the clip"),
        (_claim(spans=[_between(40, 40)]), "join", "leave the clip"),
        (_claim(spans=[_between(0, 80), _between(40, 120)]), "join", "overlap"),
    ],
)
def test_what_is_not_of_the_captions_is_named(
    made: Made, change: Change, kind: str, message: str
) -> None:
    (problem,) = _verified(made, change)
    assert (problem.kind, problem.clip_id) == (kind, made.rows("captions")[0]["clip_id"])
    assert message in problem.message


@pytest.mark.parametrize("captions", ["", "e" * 16])
def test_spans_of_captions_that_are_not_there_are_named(made: Made, captions: str) -> None:
    problems = _verified(made, captions=captions)
    assert {problem.kind for problem in problems} == {"join"}
    assert len(problems) == sum(len(made.rows("captions", shard)) for shard in range(SHARDS))


def test_spans_of_damaged_captions_are_not_judged(made: Made) -> None:
    assert _verified(made) == []
    path = made.root / made.file("captions").path
    path.write_bytes(path.read_bytes()[:-1])
    problems = check_workspace(made.workspace, made.state, [Job(OWN, CUT, captions=JOB)]).problems
    assert [(problem.kind, problem.clip_id) for problem in problems] == [("checksum", None)]
