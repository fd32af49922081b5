"""The state answers alike from packed records, from loose ones, and from both."""

import random

import pytest

from manifests.commits import INGEST, Record, State
from manifests.packed import Packed
from manifests.state import _LOOSE
from manifests.tables import File

CUTS, JOBS, TABLES = ("c", "d"), ("j", "k", "l"), ("captions", "quarantine", "weak/x", "weak/y")


def _file(path: str, table: str = "captions") -> File:
    return File(table=table, path=path, rows=1, bytes=2, sha256="3")


def _records(count: int, seed: int = 0) -> list[Record]:
    """Records of several cuts and jobs, in any order."""
    draw = random.Random(seed)
    made: list[Record] = []
    for number in range(count):
        names = draw.sample(TABLES, draw.randrange(len(TABLES) + 1))
        files = tuple(_file(f"{number}/{table}", table) for table in names)
        common = {"epoch": 1 + number // 10, "files": files}
        if draw.random() < 0.4:
            made.append(
                Record(
                    stage=INGEST,
                    cut=draw.choice(CUTS),
                    shard=draw.choice([None, number]),
                    counts={"sources": 1, "clips": draw.randrange(9)},
                    replaced={f"clip {number}": 3} if draw.random() < 0.2 else {},
                    **common,
                )
            )
        else:
            job = draw.choice(JOBS)
            made.append(
                Record(
                    stage="embed" if job == "l" else "caption",
                    cut=CUTS[JOBS.index(job) % 2],
                    job=job,
                    shard=draw.randrange(12),
                    generation=draw.randrange(3),
                    counts=draw.choice([{}, {"captioned": 3, "llm": 2}, {"filtered": -1}]),
                    retried=draw.choice([(), ("a",), ("b", "c")]),
                    **common,
                )
            )
    return made


def _packed(records: list[Record], loose: int) -> State:
    """A state where so many records were added after the others were packed."""
    first = len(records) - loose
    return State(1, records[first:], Packed.of(records[:first]))


@pytest.mark.parametrize("loose", [0, 1, 40, 90])
def test_answers_do_not_depend_on_what_is_packed(loose: int) -> None:
    records = _records(90)
    state = _packed(records, loose)
    assert list(state.records()) == records
    assert state.jobs() == list(dict.fromkeys(r.job for r in records if r.job is not None))
    assert state.paths() == {file.path for record in records for file in record.files}
    for cut in CUTS:
        listing = [r for r in records if r.stage == INGEST and r.cut == cut]
        assert list(state.ingests(cut)) == listing
        assert state.parts(cut) == len(listing)
        shards = [(r.shard, r.counts["clips"]) for r in listing if r.shard is not None]
        assert list(state.listed(cut).items()) == shards
        assert state.replaced(cut) == {c: s for r in listing for c, s in r.replaced.items()}
        assert state.ingested(cut)["clips"] == sum(r.counts["clips"] for r in listing)
        paths = {file.path for record in listing for file in record.files}
        assert {file.path for file in state.files(cut=cut)} == paths


@pytest.mark.parametrize("loose", [0, 1, 40, 90])
@pytest.mark.parametrize("job", JOBS)
def test_answers_of_a_job_do_not_depend_on_what_is_packed(job: str, loose: int) -> None:
    records = _records(90)
    state = _packed(records, loose)
    of_job = [record for record in records if record.job == job]
    assert state.stage_of(job) == of_job[0].stage
    assert state.first_epoch(job) == of_job[0].epoch
    assert state.retried(job) == sum(len(record.retried) for record in of_job)
    for name in ("captioned", "llm", "filtered"):
        assert state.counts(job)[name] == sum(r.counts.get(name, 0) for r in of_job)
    shards = state.shards(job)
    assert list(shards) == sorted({record.shard for record in of_job})
    assert dict(shards) == {s: [r for r in of_job if r.shard == s] for s in shards}
    only = state.shards(job, "quarantine")
    for shard, of_shard in only.items():
        assert [r.generation for r in of_shard] == [r.generation for r in shards[shard]]
        assert [file for record in of_shard for file in record.files] == [
            file for record in shards[shard] for file in record.files if file.table == "quarantine"
        ]
    assert 99 not in shards
    assert shards.get(99) is None


@pytest.mark.parametrize("loose", [0, 1, 40, 90])
def test_files_are_found_by_table_shard_and_job(loose: int) -> None:
    records = _records(90)
    state = _packed(records, loose)
    for table in (None, *TABLES, "none"):
        for shard in (None, *range(12), 99):
            for job in (None, *JOBS, "none"):
                paths = [
                    file.path
                    for record in records
                    if shard in (None, record.shard) and job in (None, record.job)
                    for file in record.files
                    if table in (None, file.table)
                ]
                answer = [file.path for file in state.files(table, shard, job)]
                assert sorted(answer) == sorted(paths)
                if shard is not None:
                    assert answer == paths


@pytest.mark.parametrize("loose", range(5))
def test_the_clip_table_of_a_shard_is_the_one_that_its_listing_names(loose: int) -> None:
    listed = [
        Record(
            stage=INGEST,
            epoch=epoch,
            cut=cut,
            shard=shard,
            files=(_file("part", "sources"), _file(f"{cut}{shard}-e{epoch}", "clips")),
        )
        for epoch, cut, shard in ((1, "c", 0), (1, "d", 0), (2, "c", 1))
    ]
    worked = Record(stage="caption", epoch=2, cut="c", job="j", shard=0, files=(_file("rows"),))
    state = _packed([*listed, worked], loose)
    assert state.clips_file("c", 0) == "c0-e1"
    assert state.clips_file("d", 0) == "d0-e1"
    assert state.clips_file("c", 1) == "c1-e2"
    for cut, shard in (("d", 1), ("c", 2), ("e", 0)):
        with pytest.raises(KeyError):
            state.clips_file(cut, shard)


def test_many_records_are_packed_as_they_come() -> None:
    records = [
        Record(stage="caption", epoch=1, cut="c", job="j", shard=shard, files=(_file(str(shard)),))
        for shard in reversed(range(3 * _LOOSE))
    ]
    state = State(1)
    for record in records:
        state.add(record)
        assert len(state._loose) <= _LOOSE
    assert list(state.records()) == records
    assert len(state.shards("j")) == len(records)
    assert [file.path for file in state.files(shard=7)] == ["7"]


def test_shards_that_were_asked_for_stay_as_they_were() -> None:
    state = State(1, [Record(stage="caption", epoch=1, cut="c", job="j", shard=1)])
    shards = state.shards("j")
    state.add(Record(stage="caption", epoch=1, cut="c", job="j", shard=2))
    assert list(shards) == [1]
    state.packed()
    assert list(shards) == [1]
    assert list(state.shards("j")) == [1, 2]


def test_the_stage_of_an_unknown_job_is_an_error() -> None:
    with pytest.raises(KeyError):
        State(1).stage_of("j")
