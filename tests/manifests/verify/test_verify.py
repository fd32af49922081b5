"""A workspace is made right, broken in one way, and `verify` must say so and name the clips."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests import tables
from manifests.books import books
from manifests.commits import Record
from manifests.evidence import evidence_from_row, evidence_to_rows, weak_to_row
from manifests.ids import content_hash
from manifests.kinds import kind_of
from manifests.tables import File
from manifests.verify import check
from manifests.verify.check import Run
from manifests.verify.job import Job
from manifests.workspace import Workspace
from pipelines.spread import over_processes, over_ray
from tests.manifests.made import (
    CUT,
    JOB,
    PER_SHARD,
    QUARANTINED,
    SHARDS,
    TABLES,
    Made,
    Row,
    captioned,
    make,
    quarantined,
    said,
    sealed,
)


@pytest.fixture(scope="module")
def _clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made") / "workspace").root


@pytest.fixture
def made(_clean: Path, tmp_path: Path) -> Made:
    """A copy of the workspace that a test may break."""
    return Made(Workspace.open(Path(shutil.copytree(_clean, tmp_path / "workspace"))))


def _ids(rows: list[Row]) -> set[str]:
    return {row["clip_id"] for row in rows}


# What is right


def test_a_sound_workspace_has_no_problem(made: Made) -> None:
    assert made.verify() == []
    assert books(made.state, CUT, JOB).captioned == SHARDS * (PER_SHARD - 2)


def test_a_retry_that_worked_is_no_problem(made: Made) -> None:
    _retry(made, made.rows("clips")[QUARANTINED], "captioned")
    assert made.verify() == []
    assert books(made.state, CUT, JOB).quarantined == SHARDS - 1


def test_a_retry_that_failed_again_is_no_problem(made: Made) -> None:
    _retry(made, made.rows("clips")[QUARANTINED], "quarantined")
    assert made.verify() == []
    assert books(made.state, CUT, JOB).quarantined == SHARDS


def test_a_source_that_was_replaced_is_no_problem(made: Made) -> None:
    stood = made.rows("clips")[QUARANTINED]["clip_id"]
    made.append(Record(stage="ingest", epoch=1, cut=CUT, counts={}, replaced={stood: 0}))
    assert made.verify() == []
    assert books(made.state, CUT, JOB).quarantined == SHARDS - 1


def test_a_shard_that_waits_is_no_problem(made: Made) -> None:
    (made.workspace.commits / "000001" / "000004.json").unlink()
    assert made.verify() == []
    assert books(made.state, CUT, JOB).pending == PER_SHARD


def test_another_job_is_not_judged_by_this_ones_weak_tables(made: Made) -> None:
    made.lie(lambda record: record.update(job="f" * 16), stage="caption")
    assert made.verify() == []


# Files


def test_every_flipped_byte_is_named(made: Made) -> None:
    files = list(made.state.files())
    assert len(files) == SHARDS * (2 + 3 + 3)
    for file in files:
        path = made.root / file.path
        data = path.read_bytes()
        path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
        assert [(p.kind, p.where) for p in made.verify()] == [("checksum", file.path)]
        path.write_bytes(data)


def test_every_missing_file_is_named(made: Made) -> None:
    for file in list(made.state.files()):
        path = made.root / file.path
        away = path.rename(made.root / "away")
        assert [(p.kind, p.where) for p in made.verify()] == [("checksum", file.path)]
        away.rename(path)


def test_a_file_cut_short_is_named(made: Made) -> None:
    file = made.file("captions")
    with (made.root / file.path).open("r+b") as handle:
        handle.truncate(file.bytes - 1)
    assert [(p.kind, p.where) for p in made.verify()] == [("checksum", file.path)]


def test_a_committed_file_that_is_not_parquet_is_named(made: Made) -> None:
    file = made.file("captions")
    (made.root / file.path).write_bytes(b"PAR1 and no more")
    made.forge(file, _as_it_is(made, file))
    assert [(p.kind, p.where) for p in made.verify()] == [("schema", file.path)]


def test_a_file_with_other_columns_is_named(made: Made) -> None:
    file = made.file("captions")
    table = pa.table({"clip_id": pa.array(["x"]), "caption": pa.array(["y"])})
    pq.write_table(table, made.root / file.path)
    made.forge(file, _as_it_is(made, file))
    assert [(p.kind, p.where) for p in made.verify()] == [("schema", file.path)]


def test_a_file_with_fewer_rows_than_committed_is_named(made: Made) -> None:
    file = made.file(TABLES["ears"], 1)
    made.forge(file, replace(file, rows=file.rows + 1))
    assert [(p.kind, p.where) for p in made.verify()] == [("rows", file.path)]


# Captions on other clips


def test_swapped_captions_are_named(made: Made) -> None:
    texts = ("audio_caption", "visual_caption", "audio_visual_caption")
    clips = _swap(made, "captions", 0, 3, texts)
    assert made.named("digest") == clips


def test_one_swapped_caption_of_three_is_named(made: Made) -> None:
    clips = _swap(made, "captions", 0, 3, ("visual_caption",))
    assert made.named("digest") == clips


def test_swapped_captions_with_their_digests_are_named(made: Made) -> None:
    columns = ("audio_caption", "visual_caption", "audio_visual_caption", "caption_digest")
    clips = _swap(made, "captions", 1, 2, columns)
    assert made.named("digest") == clips


def test_rows_swapped_but_for_their_clip_id_are_named(made: Made) -> None:
    columns = tuple(kind_of("captions").schema.names[1:])
    clips = _swap(made, "captions", 0, 3, columns)
    assert made.named("digest") == made.named("join") == made.named("evidence") == clips


def test_captions_shifted_by_one_are_all_named(made: Made) -> None:
    def shift(rows: list[Row]) -> list[Row]:
        texts = ("audio_caption", "visual_caption", "audio_visual_caption")
        return [
            row | {name: before[name] for name in texts}
            for row, before in zip(rows, [rows[-1], *rows[:-1]], strict=True)
        ]

    made.edit("captions", shift, shard=1)
    assert made.named("digest") == _ids(made.rows("captions", 1))


def test_clip_ids_shifted_by_one_are_all_named(made: Made) -> None:
    def shift(rows: list[Row]) -> list[Row]:
        ids = [row["clip_id"] for row in rows]
        return [row | {"clip_id": i} for row, i in zip(rows, [*ids[1:], ids[0]], strict=True)]

    made.edit("captions", shift)
    assert made.named("digest") == made.named("join") == _ids(made.rows("captions"))


def test_a_changed_transcript_is_named(made: Made) -> None:
    clip = _change(made, "captions", 0, lambda row: row | {"transcript": "other words"})
    assert made.named("digest") == {clip}


def test_a_variant_that_was_added_is_named(made: Made) -> None:
    variant = {"caption": "audio_caption", "style": "plain", "text": "Sound again."}
    clip = _change(made, "captions", 0, lambda row: row | {"variants": [variant]})
    assert made.named("digest") == {clip}


def test_a_row_of_another_job_is_named(made: Made) -> None:
    clip = _change(made, "captions", 0, lambda row: row | {"config_digest": "e" * 16})
    assert made.named("digest") == {clip}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("uri", "file:///else"),
        ("start_ms", 1),
        ("end_ms", 9),
        ("duration_ms", 9),
        ("content_hash", "0" * 64),
        ("kind", "audio"),
    ],
)
def test_a_row_that_is_not_of_its_clip_is_named(made: Made, column: str, value: object) -> None:
    clip = _change(made, "captions", 2, lambda row: row | {column: value})
    assert made.named("join") == {clip}


def test_what_the_recheck_says_is_told_of_its_clip(made: Made) -> None:
    clip = made.rows("captions")[1]["clip_id"]

    def recheck(row: Mapping[str, Any]) -> Iterator[str]:
        if row["clip_id"] == clip:
            yield "a leaked confidence"

    assert made.named("guard", recheck) == {clip}


# Evidence


def test_swapped_evidences_are_named_even_with_new_digests(made: Made) -> None:
    clips = _swap(made, "captions", 0, 3, ("evidence",))
    made.edit("captions", lambda rows: [_resealed(row) for row in rows])
    assert made.named("evidence") == clips


def test_swapped_evidences_are_named_by_their_digests(made: Made) -> None:
    clips = _swap(made, "captions", 0, 3, ("evidence",))
    messages = {p.clip_id for p in made.verify() if "digest" in p.message}
    assert messages == clips


def test_evidence_with_a_captioner_left_out_is_named(made: Made) -> None:
    def leave_out(row: Row) -> Row:
        return _resealed(row | {"evidence": row["evidence"][:2]})

    clips = {_change(made, "captions", 1, leave_out)}
    assert made.named("evidence") == clips


def test_evidence_with_a_captioner_twice_is_named(made: Made) -> None:
    def double(row: Row) -> Row:
        return _resealed(row | {"evidence": [*row["evidence"], row["evidence"][0]]})

    clips = {_change(made, "captions", 1, double)}
    assert made.named("evidence") == clips


def test_evidence_of_an_unknown_captioner_is_named(made: Made) -> None:
    def add(row: Row) -> Row:
        stranger = row["evidence"][0] | {"captioner": "stranger"}
        return _resealed(row | {"evidence": [*row["evidence"], stranger]})

    clips = {_change(made, "captions", 1, add)}
    assert made.named("evidence") == clips


@pytest.mark.parametrize("name", ["confidence", "fused"])
@pytest.mark.parametrize("field", ["tier", "probability", "by"])
def test_a_changed_confidence_is_named(made: Made, name: str, field: str) -> None:
    def change(row: Row) -> Row:
        row["evidence"][0]["claims"][0][name][field] = {"probability": 0.1}.get(field, "low")
        return row

    clips = {_change(made, "captions", 0, change)}
    assert made.named("evidence") == clips


def test_changed_media_of_the_clip_are_named(made: Made) -> None:
    clip = _change(made, "captions", 0, lambda row: row | {"has_audio": False})
    assert made.named("evidence") == {clip}


def test_evidence_that_is_none_is_named(made: Made) -> None:
    def ruin(row: Row) -> Row:
        row["evidence"][0]["claims"] = None
        return row

    clips = {_change(made, "captions", 0, ruin)}
    assert made.named("evidence") == clips


# Weak captions


def test_a_weak_row_of_other_media_is_named(made: Made) -> None:
    clip = _change(made, TABLES["eyes"], 0, lambda row: row | {"content_hash": "0" * 64})
    assert made.named("join") == {clip}


def test_swapped_weak_rows_are_named(made: Made) -> None:
    columns = tuple(kind_of(TABLES["ears"]).schema.names[1:])
    clips = _swap(made, TABLES["ears"], 0, 4, columns)
    assert made.named("join") == clips


def test_swapped_claims_of_weak_rows_are_named(made: Made) -> None:
    clips = _swap(made, TABLES["ears"], 2, 4, ("claims",))
    assert made.named("evidence") == clips


def test_a_doubled_weak_row_is_named(made: Made) -> None:
    made.edit(TABLES["ears"], lambda rows: [*rows, rows[3]])
    assert made.named("duplicate") == {made.rows(TABLES["ears"])[3]["clip_id"]}


def test_a_missing_weak_row_of_a_captioned_clip_is_named(made: Made) -> None:
    clip = made.rows(TABLES["ears"])[-1]["clip_id"]
    made.edit(TABLES["ears"], lambda rows: rows[:-1])
    assert made.named("evidence") == {clip}


def test_a_weak_row_of_no_clip_is_named(made: Made) -> None:
    made.edit(TABLES["ears"], lambda rows: [*rows, rows[0] | {"clip_id": "stranger"}])
    assert made.named("join") == {"stranger"}


def test_a_weak_row_in_another_captioners_table_is_named(made: Made) -> None:
    clip = _change(made, TABLES["eyes"], 5, lambda row: row | {"captioner": "ears"})
    assert clip in made.named("duplicate")


# Once, and none lost


def test_a_dropped_caption_is_named(made: Made) -> None:
    clip = made.rows("captions")[2]["clip_id"]
    made.edit("captions", lambda rows: rows[:2] + rows[3:])
    assert clip in made.named("books")


def test_a_doubled_caption_is_named(made: Made) -> None:
    made.edit("captions", lambda rows: [*rows, rows[2]])
    assert made.named("duplicate") == {made.rows("captions")[2]["clip_id"]}


def test_a_clip_with_two_outcomes_is_named(made: Made) -> None:
    clip = made.rows("captions")[0]
    made.edit("quarantine", lambda rows: [*rows, quarantined(clip)])
    assert made.named("duplicate") == {clip["clip_id"]}


def test_a_caption_of_no_clip_is_named(made: Made) -> None:
    stranger = made.rows("captions", 1)[0]
    made.edit("captions", lambda rows: [*rows, stranger])
    assert made.named("join") == {stranger["clip_id"]}


def test_swapped_reasons_of_quarantine_are_named(made: Made) -> None:
    clip = _change(made, "quarantine", 0, lambda row: row | {"uri": "file:///else"})
    assert made.named("join") == {clip}


def test_a_clip_listed_twice_is_named(made: Made) -> None:
    clip = made.rows("clips", 0)[0]
    made.edit("clips", lambda rows: [*rows, clip], shard=1)
    assert made.named("duplicate") == {clip["clip_id"]}


def test_a_clip_whose_id_is_not_that_of_its_content_is_named(made: Made) -> None:
    clip = _change(made, "clips", 0, lambda row: row | {"end_ms": 11_000})
    assert made.named("identity") == {clip}


def test_a_retry_of_a_captioned_clip_is_named(made: Made) -> None:
    clip = made.rows("clips")[0]
    _retry(made, clip, "captioned")
    assert clip["clip_id"] in made.named("books")


@pytest.mark.parametrize("outcome", ["captioned", "filtered", "quarantined"])
def test_books_that_lie_are_named(made: Made, outcome: str) -> None:
    def lie(record: Row) -> None:
        record["counts"][outcome] += 1

    made.lie(lie, stage="caption")
    messages = [p.message for p in made.verify() if p.kind == "books"]
    assert any("do not close" in message for message in messages)
    assert any(f"{outcome} by the records" in message for message in messages)


def test_books_that_close_but_lie_are_named(made: Made) -> None:
    def lie(record: Row) -> None:
        record["counts"]["captioned"] += 1
        record["counts"]["quarantined"] -= 1

    made.lie(lie, stage="caption")
    assert books(made.state, CUT, JOB).close
    assert {p.kind for p in made.verify()} == {"books"}


def test_a_listing_without_its_clips_is_named(made: Made) -> None:
    made.lie(lambda record: record.update(files=record["files"][:1]), stage="ingest")
    assert "books" in {p.kind for p in made.verify()}


# Floods


def test_a_flood_is_named_with_one_of_its_clips(made: Made) -> None:
    for shard in range(SHARDS):
        made.edit("captions", _flooded("visual_caption"), shard)
    problems = made.verify()
    assert [(p.kind, p.where) for p in problems] == [("flood", "visual_caption")]
    assert problems[0].clip_id in _ids(made.rows("captions", 1))
    assert problems[0].message == '"A thing." appears on 12 clips with different evidence'


def test_a_template_is_no_flood(made: Made) -> None:
    for shard in range(SHARDS):
        made.edit("captions", _flooded("audio_visual_caption"), shard)
    assert made.verify() == []


def test_a_caption_on_few_clips_is_no_flood(made: Made) -> None:
    made.edit("captions", _flooded("visual_caption"))
    assert made.verify() == []


def test_a_flood_beside_a_damaged_file_is_named_with_one_of_its_clips(made: Made) -> None:
    for shard in range(SHARDS):
        made.edit("captions", _flooded("visual_caption"), shard)
    flooded = _ids(made.rows("captions", 1))
    path = made.root / made.file(TABLES["ears"], 1).path
    path.write_bytes(path.read_bytes()[:-1])
    problems = made.verify()
    assert [(p.kind, p.where) for p in problems] == [
        ("checksum", made.file(TABLES["ears"], 1).path),
        ("flood", "visual_caption"),
    ]
    assert problems[1].clip_id in flooded


# How it is told


def test_a_problem_of_a_row_names_its_number_in_the_file(made: Made) -> None:
    _change(made, "captions", 3, lambda row: row | {"transcript": "other words"})
    (problem,) = made.verify()
    assert problem.where == f"{made.file('captions').path} row 3"


def test_a_clip_listed_twice_is_told_among_the_problems_of_its_shard(made: Made) -> None:
    clip = made.rows("clips", 0)[0]
    made.edit("clips", lambda rows: [*rows, clip, clip], shard=1)
    _change(made, "captions", 0, lambda row: row | {"transcript": "other words"})
    made.edit("captions", lambda rows: [row | {"uri": "x"} for row in rows], shard=1)
    problems = made.verify()
    assert [problem.kind for problem in problems[:3]] == ["digest", "duplicate", "join"]
    path = made.file("clips", 1).path
    assert (problems[1].where, problems[1].clip_id) == (f"{path} row {PER_SHARD}", clip["clip_id"])
    assert [problem.kind for problem in problems].count("duplicate") == 1


def test_rows_that_were_committed_broken_are_told(made: Made) -> None:
    file = made.file("captions")
    path = made.root / file.path
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)  # the first pages; the footer stays
    path.write_bytes(content)
    made.forge(file, _as_it_is(made, file))
    (problem,) = made.verify()
    assert (problem.kind, problem.where) == ("schema", file.path)
    assert problem.message.startswith("its rows can't be read: ")


def test_beyond_very_many_problems_are_counted_by_kind(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "_TOLD", 3)
    made.edit("captions", lambda rows: [row | {"transcript": "other words"} for row in rows])
    found = check.check_workspace(made.workspace, made.state, [Job(JOB, CUT, TABLES)])
    assert [problem.kind for problem in found.problems] == ["digest"] * 3
    assert found.untold == {"digest": PER_SHARD - 2 - 3}


@pytest.mark.run
@pytest.mark.parametrize("spread", [over_processes, over_ray])
def test_shards_that_are_checked_side_by_side_give_the_same(
    made: Made, spread: Run, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    for shard in range(SHARDS):
        made.edit("captions", _flooded("visual_caption"), shard)
    clip = made.rows("clips", 0)[0]
    made.edit("clips", lambda rows: [*rows, clip], shard=1)
    _swap(made, "captions", 0, 3, ("evidence",))
    jobs = [Job(JOB, CUT, TABLES)]
    alone = check.check_workspace(made.workspace, made.state, jobs)
    beside = check.check_workspace(made.workspace, made.state, jobs, spread)
    assert beside == alone
    assert {"duplicate", "evidence", "flood"} <= {problem.kind for problem in alone.problems}


# Ways to break it


def _change(made: Made, table: str, place: int, change: Callable[[Row], Row]) -> str:
    """Changes one row; returns its clip."""

    def edit(rows: list[Row]) -> list[Row]:
        return [change(row) if i == place else row for i, row in enumerate(rows)]

    clip: str = made.rows(table)[place]["clip_id"]
    made.edit(table, edit)
    return clip


def _swap(made: Made, table: str, one: int, other: int, columns: tuple[str, ...]) -> set[str]:
    """Swaps columns of two rows; returns their clips."""

    def edit(rows: list[Row]) -> list[Row]:
        for column in columns:
            rows[one][column], rows[other][column] = rows[other][column], rows[one][column]
        return rows

    made.edit(table, edit)
    rows = made.rows(table)
    return {rows[one]["clip_id"], rows[other]["clip_id"]}


def _resealed(row: Row) -> Row:
    """A caption row whose digests are all right again."""
    evidence = evidence_from_row(row)
    assert evidence_to_rows(evidence) == row["evidence"]
    return sealed(row | {"evidence_digest": evidence.digest()})


def _flooded(name: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [sealed(row | {name: "A thing."}) for row in rows]


def _as_it_is(made: Made, file: File) -> File:
    """What a commit would say of a file that a hand wrote."""
    path = made.root / file.path
    return replace(file, bytes=path.stat().st_size, sha256=content_hash(path))


def _retry(made: Made, clip: Row, outcome: str) -> None:
    """Commits generation 1 of shard 0 with one clip."""
    number = made.rows("clips").index(clip)
    files = []
    if outcome == "captioned":
        rows = {"captions": [captioned(clip, number)]}
        if number == QUARANTINED:
            rows |= {TABLES[w.captioner]: [weak_to_row(w)] for w in said(clip, number)}
    else:
        rows = {"quarantine": [quarantined(clip, "again")]}
    for table, found in rows.items():
        path = f"{table}/retry.parquet"
        files.append(tables.write(made.root, path, table, found, kind_of(table).schema))
    made.append(
        Record(
            stage="caption",
            epoch=1,
            cut=CUT,
            job=JOB,
            shard=0,
            generation=1,
            counts={outcome: 1},
            retried=(clip["clip_id"],),
            files=tuple(files),
        )
    )
