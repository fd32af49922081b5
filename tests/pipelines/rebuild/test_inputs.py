"""Inputs of a release: what is committed, and what is told before work starts."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from manifests import commits, tables
from manifests.commits import Holder, Record
from manifests.kinds import schema_of
from manifests.release.layout import ReleaseEncoder
from manifests.release.rules import Rules, RulesError, parse
from pipelines.rebuild.inputs import open_inputs
from pipelines.rebuild.leaving import leaving
from pipelines.rebuild.rebuild import Phases
from pipelines.rebuild.steps import groups
from pipelines.rebuild.tasks import here
from pipelines.rebuild.work import opened
from tests.manifests.made import CUT, JOB, Made, make


@pytest.fixture
def made(tmp_path: Path) -> Made:
    workspace = make(tmp_path / "work")
    configured(workspace, JOB)
    return workspace


def configured(made: Made, job: str, stage: str = "caption", **settings: str) -> None:
    """Writes what is kept of a job."""
    made.workspace.config(job).parent.mkdir(exist_ok=True)
    kept = {"digest": job, "stage": stage, "cut": CUT, "profile": {"name": "p"}}
    made.workspace.config(job).write_text(json.dumps({**kept, "settings": settings}))


def rules(made: Made, more: dict[str, Any] | None = None, **of_input: Any) -> Rules:
    given = {"workspace": "work", "name": "first", **of_input}
    return parse({"input": [given], **(more or {})}, "R.toml", made.root.parent)


def test_an_input_is_what_is_committed_of_the_newest_captioning(made: Made) -> None:
    (given,) = open_inputs(rules(made))
    assert (given.number, given.name, given.job, given.stage) == (0, "first", JOB, 1)
    assert (given.real, given.root) == (False, made.root)
    assert [shard.number for shard in given.shards] == [0, 1]
    for shard in given.shards:
        assert shard.captions == (str(made.root / made.file("captions", shard.number).path),)
        assert Path(shard.clips).is_file()
        assert shard.similarity == shard.embeddings == ()
    assert len(given.digest) == 16
    (again,) = open_inputs(rules(made, job=JOB[:4], real=True))
    assert again.real and again.digest == given.digest


def test_the_digest_is_of_the_committed_files(made: Made) -> None:
    (before,) = open_inputs(rules(made))
    made.edit("captions", lambda rows: rows[1:])
    (after,) = open_inputs(rules(made))
    assert before.digest != after.digest


def _dated(made: Made, epochs: dict[int, float]) -> None:
    """A workspace whose drivers began at these times."""
    path = commits.opening(made.workspace, 1)
    opening = json.loads(path.read_text())
    opening["holder"]["started"] = epochs[1]
    path.write_text(json.dumps(opening))
    for epoch in sorted(epochs)[1:]:
        holder = Holder(host="h", pid=1, started=epochs[epoch])
        commits.open_epoch(made.workspace, epoch, holder)


def _ages(folder: Path, *names: str) -> list[int]:
    listed = [{"workspace": name, "name": name} for name in names]
    return [given.age for given in open_inputs(parse({"input": listed}, "R.toml", folder))]


def test_the_captioning_that_began_last_is_the_newest_wherever_it_stands(
    made: Made, tmp_path: Path
) -> None:
    """However often its workspace was worked on since, and whatever times its files have."""
    other = make(tmp_path / "other")
    configured(other, JOB)
    _dated(made, {1: 300.0})
    _dated(other, {1: 200.0, 2: 400.0, 3: 500.0})
    assert _ages(tmp_path, "work", "other") == [1, 0]
    assert _ages(tmp_path, "other", "work") == [0, 1]
    copy = shutil.copytree(other.root, tmp_path / "copy", copy_function=shutil.copyfile)
    for path in copy.rglob("*"):
        os.utime(path, (0, 0))
    assert _ages(tmp_path, "copy", "work") == [0, 1]


def test_of_captionings_that_began_at_once_the_last_in_the_rules_is_the_newest(
    made: Made, tmp_path: Path
) -> None:
    configured(make(tmp_path / "other"), JOB)
    assert _ages(tmp_path, "work", "other") == _ages(tmp_path, "other", "work") == [0, 1]


def test_of_several_inputs_the_digest_is_of_when_they_began_too(made: Made, tmp_path: Path) -> None:
    configured(make(tmp_path / "other"), JOB)
    listed = [{"workspace": name, "name": name} for name in ("work", "other")]

    def digests(**more: Any) -> list[str]:
        asked = parse({"input": listed, **more}, "R.toml", tmp_path)
        return [given.digest for given in open_inputs(asked)]

    staged = {"winner": {"order": ["stage"]}}
    before, unaged = digests(), digests(**staged)
    _dated(made, {1: 300.0})
    assert [a == b for a, b in zip(before, digests(), strict=True)] == [False, True]
    assert digests(**staged) == unaged


def test_generations_of_a_shard_come_in_order(made: Made) -> None:
    file = made.file("captions")
    record = Record("caption", epoch=1, cut=CUT, job=JOB, shard=0, generation=1, files=(file,))
    made.append(record)
    (given,) = open_inputs(rules(made))
    assert given.shards[0].captions == (str(made.root / file.path),) * 2


@pytest.mark.parametrize(
    ("of_input", "more", "told"),
    [
        ({"job": "ffff"}, {}, r"R\.toml: input\.0\.job: no captioning begins with ffff"),
        ({}, {"keep": {"min_similarity": {"audio_caption": 0.1}}}, "keep.min_similarity needs"),
        ({}, {"duplicates": {"media": 0.9}}, "duplicates.media needs: run captionmill embed"),
        ({}, {"output": {"embeddings": True}}, r"output\.embeddings needs"),
    ],
)
def test_what_is_lacking_is_told_before_work_starts(
    made: Made, of_input: dict[str, Any], more: dict[str, Any], told: str
) -> None:
    with pytest.raises(RulesError, match=told):
        open_inputs(rules(made, more, **of_input))


def test_a_folder_that_is_no_workspace_is_told_with_its_key(made: Made) -> None:
    (made.root.parent / "other").mkdir()
    with pytest.raises(
        RulesError, match=r"R\.toml: input\.0\.workspace: .* not a captionmill work"
    ):
        open_inputs(rules(made, workspace="other"))


@pytest.mark.parametrize("asking", [{"keep": {"min_similarity": {"audio_caption": 0.1}}}, {}])
def test_captions_without_similarities_are_told_where_rules_ask_for_them(
    made: Made, tmp_path: Path, asking: dict[str, Any]
) -> None:
    embedding = "e" * 16
    configured(made, embedding, "embed", captions=JOB)
    counts = {"embedded": 8, "compared": 5}
    made.append(Record("embed", epoch=1, cut=CUT, job=embedding, shard=0, counts=counts))
    given = open_inputs(rules(made, asking))
    missing = 12 - 5 if asking else 0
    assert [each.uncompared for each in given] == [missing]
    told: list[str] = []
    wanted = rules(made, asking)
    with opened(tmp_path / "out") as work:
        named = leaving(wanted, given)
        Phases(wanted, given, named, groups(given), work, here, told.append).keys()
    assert [f"{missing} clips have captions without similarities" in line for line in told] == (
        [True, False] if asking else [False]
    )


def _embedded(made: Made, width: int = 4, **settings: str) -> None:
    """Commits vectors of the first shard, by an encoder."""
    embedding, table = "e" * 16, f"embeddings/small-{width}-{'c' * 16}"
    told = {"captions": JOB, "embeddings": table, "encoder": "small"}
    configured(made, embedding, "embed", **told, **settings)
    captions = pq.read_table(made.root / made.file("captions").path).to_pylist()
    rows = [
        {"clip_id": row["clip_id"], "content_hash": row["content_hash"], "audio": [1.0] * width}
        | {"audio_ms": 1000, "frames": 0}
        for row in captions
    ]
    path = made.workspace.path(table, embedding, 0, 0, 1)
    made.append(
        Record(
            "embed",
            epoch=1,
            cut=CUT,
            job=embedding,
            shard=0,
            files=(tables.write(made.root, path, table, rows, schema_of(table)),),
        )
    )


def test_whose_vectors_an_input_has_is_known(made: Made) -> None:
    _embedded(made, identity="1" * 16)
    wanted = rules(made, {"output": {"embeddings": True}})
    (given,) = open_inputs(wanted)
    assert given.encoder == ReleaseEncoder(name="small", width=4, identity="1" * 16)
    assert [len(shard.embeddings) for shard in given.shards] == [1, 0]


def test_vectors_of_an_older_version_say_how_to_note_their_encoder(made: Made) -> None:
    _embedded(made)
    with pytest.raises(RulesError, match=r"run captionmill embed .* again, which only notes it"):
        open_inputs(rules(made, {"output": {"embeddings": True}}))


@pytest.mark.parametrize("other", [{"width": 8, "identity": "1" * 16}, {"identity": "2" * 16}])
def test_inputs_of_different_encoders_are_told(
    made: Made, tmp_path: Path, other: dict[str, Any]
) -> None:
    _embedded(made, identity="1" * 16)
    second = make(tmp_path / "other")
    configured(second, JOB)
    _embedded(second, **other)
    both = [{"workspace": name, "name": name} for name in ("work", "other")]
    asked = {"input": both, "output": {"embeddings": True}}
    with pytest.raises(
        RulesError, match=r"output\.embeddings: work is embedded by small .* other by"
    ):
        open_inputs(parse(asked, "R.toml", tmp_path))


def test_one_captioning_twice_is_told(made: Made) -> None:
    twice = [{"workspace": "work", "name": name} for name in ("a", "b")]
    with pytest.raises(RulesError, match=r"input\.1: is captioning .* as a is"):
        open_inputs(parse({"input": twice}, "R.toml", made.root.parent))


@pytest.mark.parametrize(
    ("licences", "unknown"),
    [
        (["Apache 2.0"], "'Apache 2.0'"),
        (["Apache-2.0", "permisive", "Apache-2"], "'permisive', 'Apache-2'"),
        (["Permissive"], "'Permissive'"),
    ],
)
def test_licences_that_no_row_has_are_told(made: Made, licences: list[str], unknown: str) -> None:
    told = (
        f"keep.licences: no row of the inputs has {unknown}: they have Apache-2.0, GPL-3.0, MIT, "
    )
    made.edit(
        "captions",
        lambda rows: [row | {"licence": "Apache-2.0 AND (MIT OR GPL-3.0)"} for row in rows],
    )
    with pytest.raises(RulesError, match=re.escape(told)):
        open_inputs(rules(made, {"keep": {"licences": licences}}))


@pytest.mark.parametrize(
    "licences",
    [["apache-2.0"], ["Apache-2.0", "share-alike"], ["restricted"], ["MIT", "BSD-3-Clause"]],
)
def test_licences_of_a_row_or_of_spdx_and_classes_are_known(
    made: Made, licences: list[str]
) -> None:
    assert open_inputs(rules(made, {"keep": {"licences": licences}}))


def test_a_missing_column_is_told_with_its_file(made: Made) -> None:
    path = made.root / made.file("captions").path
    pq.write_table(pq.read_table(path).drop_columns(["domain"]), path)
    open_inputs(rules(made))
    with pytest.raises(RulesError, match=f"{path.name} has no column domain"):
        open_inputs(rules(made, {"shares": {"speech": 0.5}}))
