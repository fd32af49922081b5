"""Verification of a release names the file and the row of whatever is off."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from manifests.release.layout import Release
from manifests.verify.part import Checked
from manifests.verify.problems import Problem
from manifests.verify.release import check_release
from tests.manifests.release import made

TRAIN = "data/permissive/train-00001-of-00003.parquet"
EVIDENCE = TRAIN.replace("data/", "evidence/")
CLAIMS = TRAIN.replace("data/", "claims/")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Release]:
    folder = tmp_path_factory.mktemp("release")
    return folder, made.small(folder)


@pytest.fixture
def release(tmp_path: Path, template: tuple[Path, Release]) -> Release:
    shutil.copytree(template[0], tmp_path, dirs_exist_ok=True)
    return template[1]


def _changed(folder: Path, release: Release, path: str, change: Callable[[Rows], Any]) -> Checked:
    """What is found where rows of a part were changed, and release.json made to fit the file."""

    def apply(rows: Rows) -> Rows:
        result = change(rows)
        return rows if result is None else list(result)

    return check_release(folder, made.broken(folder, release, path, apply))


def _set(row: int, **values: Any) -> Callable[[Rows], None]:
    return lambda rows: rows[row].update(values)


def test_a_sound_release_has_no_problems(tmp_path: Path, release: Release) -> None:
    checked = check_release(tmp_path, release)
    assert checked.problems == []
    assert checked.rows["data"] == 40
    assert checked.rows["evidence"] > 80
    assert checked.bytes == sum(file.bytes for file in release.files)


def test_a_release_of_data_alone_has_no_problems(tmp_path: Path) -> None:
    release = made.write(tmp_path, [made.clip(n) for n in range(10)], tables=["data"])
    assert check_release(tmp_path, release).problems == []


def test_a_release_in_an_odd_folder_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "a*[b]? 'c'\udcff"
    folder.mkdir()
    clips = [made.clip(1, "train"), made.clip(1, "test")]
    problems = check_release(folder, made.write(folder, clips)).problems
    assert {problem.kind for problem in problems} == {"duplicate", "split"}


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        (_set(3, audio_caption="Another sound."), "digest", "not those that were written"),
        (_set(3, transcript="spoken"), "digest", "not those that were written"),
        (_set(3, variants='[{"caption": "x", "style": "y", "text": "z"}]'), "digest", "not those"),
        (_set(3, variants="["), "schema", "variants"),
        (_set(3, variants="[" * 100_000), "schema", "variants"),
        (_set(3, variants='[{"caption": 1, "style": 2, "text": 3}]'), "schema", "variants"),
        (_set(3, variants="{}"), "schema", "variants"),
        (_set(3, start_ms=1), "identity", "content and span"),
        (_set(3, duration_ms=1), "join", "duration_ms"),
        (_set(3, visual_caption=None), "join", "visual_caption and who wrote it"),
        (_set(3, licence="CC-BY-NC-4.0"), "licence", "noncommercial"),
        (_set(3, outputs_train=False), "licence", "no-training"),
        (_set(3, input=7), "join", "no input 7"),
        (_set(3, stage=2), "join", "stage or real"),
    ],
)
def test_a_row_that_was_changed_is_named(
    tmp_path: Path, release: Release, change: Any, kind: str, told: str
) -> None:
    problems = _changed(tmp_path, release, TRAIN, change).problems
    of_kind = [problem for problem in problems if problem.kind == kind]
    assert of_kind and all(told in problem.message for problem in of_kind)
    assert of_kind[0].where == f"{TRAIN} row 3"
    assert of_kind[0].clip_id is not None


def test_captions_of_two_clips_that_were_swapped_are_both_named(
    tmp_path: Path, release: Release
) -> None:
    def swap(rows: Rows) -> None:
        for name in ("audio_caption", "caption_digest"):
            rows[1][name], rows[2][name] = rows[2][name], rows[1][name]

    problems = _changed(tmp_path, release, TRAIN, swap).problems
    assert [problem.where for problem in problems] == [f"{TRAIN} row 1", f"{TRAIN} row 2"]


@pytest.mark.parametrize("name", ["caption_digest", "content_hash"])
def test_a_null_where_none_may_be_is_named(tmp_path: Path, release: Release, name: str) -> None:
    import pyarrow as pa

    path = tmp_path / TRAIN
    table = pq.read_table(path)
    table = table.cast(pa.schema([field.with_nullable(True) for field in table.schema]))
    values = table[name].to_pylist()
    values[4] = None
    place = table.schema.get_field_index(name)
    pq.write_table(table.set_column(place, name, pa.array(values)), path)
    kept = [each for each in release.files if each.path != TRAIN]
    entry = made.entry(tmp_path, TRAIN, "data", table.num_rows)
    release = made.seal(tmp_path, [*kept, entry], dict(release.books.dropped))
    (problem,) = check_release(tmp_path, release).problems
    assert problem.where == f"{TRAIN} row 4"
    assert problem.message == f"{name} is null"


@pytest.mark.parametrize(
    ("damage", "kind", "told"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "checksum", "bytes"),
        (lambda path: path.write_bytes(b"x" * path.stat().st_size), "checksum", "not those"),
        (lambda path: path.unlink(), "checksum", "not there"),
    ],
)
@pytest.mark.parametrize("path", [TRAIN, EVIDENCE, CLAIMS])
def test_a_damaged_file_is_the_one_problem(
    tmp_path: Path, release: Release, path: str, damage: Any, kind: str, told: str
) -> None:
    damage(tmp_path / path)
    (problem,) = check_release(tmp_path, release).problems
    assert (problem.kind, problem.where) == (kind, path)
    assert told in problem.message


def test_what_is_no_parquet_is_named(tmp_path: Path, release: Release) -> None:
    (tmp_path / TRAIN).write_bytes(b"PAR1 no parquet PAR1")
    kept = [each for each in release.files if each.path != TRAIN]
    release = made.seal(tmp_path, [*kept, made.entry(tmp_path, TRAIN, "data", 10)], {"lints": 3})
    (problem,) = check_release(tmp_path, release).problems
    assert (problem.kind, problem.where) == ("schema", TRAIN)


def test_bytes_that_are_no_text_are_named(tmp_path: Path, release: Release) -> None:
    content = (tmp_path / TRAIN).read_bytes()
    table = pq.read_table(tmp_path / TRAIN)
    pq.write_table(table, tmp_path / TRAIN, compression="none", use_dictionary=False)
    content = (
        (tmp_path / TRAIN)
        .read_bytes()
        .replace(b"Sound 21 is heard.", b"\xff\xff\xff\xff\xff 21 is heard.")
    )
    (tmp_path / TRAIN).write_bytes(content)
    kept = [each for each in release.files if each.path != TRAIN]
    entry = made.entry(tmp_path, TRAIN, "data", table.num_rows)
    release = made.seal(tmp_path, [*kept, entry], {"lints": 3})
    problems = check_release(tmp_path, release).problems
    assert any(problem.where.startswith(TRAIN) for problem in problems)


def test_another_number_of_rows_is_named(tmp_path: Path, release: Release) -> None:
    old = next(each for each in release.files if each.path == EVIDENCE)
    kept = [each for each in release.files if each.path != EVIDENCE]
    entry = old.model_copy(update={"rows": old.rows + 1})
    release = made.seal(tmp_path, [*kept, entry], {"lints": 3})
    told = f"{old.rows} rows, {old.rows + 1} by release.json"
    assert check_release(tmp_path, release).problems == [Problem("rows", EVIDENCE, told)]


def test_a_clip_that_is_there_twice_is_named_with_both_places(tmp_path: Path) -> None:
    clips = [made.clip(n) for n in (1, 2, 3, 2)]
    release = made.write(tmp_path, clips, per_part=2)
    (problem,) = check_release(tmp_path, release).problems
    first, second = (f"data/permissive/train-0000{n}-of-00002.parquet" for n in (0, 1))
    assert problem.kind == "duplicate"
    assert problem.where == f"{second} row 1"
    assert problem.message == f"the clip is there already, in {first} row 1"


def test_a_source_in_two_splits_is_named(tmp_path: Path) -> None:
    content = made.clip(1).data["content_hash"]
    second = made.clip(1, "test", clip_id=made.clip_id(content, 10_000, 20_000))
    second.data.update(start_ms=10_000, end_ms=20_000)
    release = made.write(tmp_path, [made.clip(1), made.clip(2, "test"), second], tables=["data"])
    (problem,) = check_release(tmp_path, release).problems
    assert problem.kind == "split"
    assert problem.where == "data/permissive/train-00000-of-00001.parquet row 0"
    assert "data/permissive/test-00000-of-00001.parquet row 1" in problem.message


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        (lambda rows: rows[1:], "evidence", "do not count up"),
        (lambda rows: rows[:-1], "evidence", "not that of the clip's captions"),
        (lambda rows: rows[3:], "join", "has no evidence here"),
        (lambda rows: [*rows[3:], *rows[:3]], "join", "not in the order of data"),
        (_set(0, score=0.5), "evidence", "not that of the clip's captions"),
        (_set(0, content_hash="0" * 64), "evidence", "other media"),
        (_set(0, said="Another."), "evidence", "not that of the clip's captions"),
        (_set(0, fused_tier=None), "evidence", "not that of the clip's captions"),
        (_set(0, place=5), "evidence", "do not count up"),
        (_set(1, said="Another."), "evidence", "rows of one weak caption differ"),
        (_set(2, fused_probability=0.5), "evidence", "without claims has values of a claim"),
        (_set(0, clip_id="f" * 32), "join", "no row of data has this clip"),
    ],
)
def test_evidence_that_is_not_its_clips_is_named(
    tmp_path: Path, release: Release, change: Any, kind: str, told: str
) -> None:
    problems = _changed(tmp_path, release, EVIDENCE, change).problems
    assert problems and all(p.where.startswith(EVIDENCE) for p in problems)
    assert any(problem.kind == kind and told in problem.message for problem in problems)


def test_a_probability_of_a_claim_that_nobody_judged_is_named(tmp_path: Path) -> None:
    said = made.evidence(1)
    weak = (
        replace(w, claims=tuple(replace(c, fused=None) for c in w.claims)) for w in said.captions
    )
    bare = replace(said, captions=tuple(weak))
    clip = made.clip(1, evidence_digest=bare.digest())
    clip.evidence = made.evidence_rows(bare)
    assert check_release(tmp_path / "a", made.write(tmp_path / "a", [clip])).problems == []
    clip.evidence[0]["fused_probability"] = 0.9
    (problem,) = check_release(tmp_path / "b", made.write(tmp_path / "b", [clip])).problems
    assert problem.message == "fused_probability or fused_by without fused_tier"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set(0, clip_id="f" * 32), "no row of data has this clip"),
        (_set(0, caption="visual"), "no caption's name"),
        (_set(0, claim=3), "do not count up"),
        (lambda rows: rows[::-1], "not in the order of data"),
    ],
)
def test_claims_that_are_not_their_clips_are_named(
    tmp_path: Path, release: Release, change: Any, told: str
) -> None:
    problems = _changed(tmp_path, release, CLAIMS, change).problems
    assert problems and problems[0].where.startswith(f"{CLAIMS} row")
    assert any(told in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("path", "change", "told"),
    [
        (TRAIN, _set(3, support=0.5), "support of data row 3 is 0.5, and its claims give 1.0"),
        (TRAIN, _set(3, confidence=None), "confidence of data row 3 is None, and its claims give"),
        (CLAIMS, _set(3, supported=False), "support of data row 3 is 1.0, and its claims give 0.0"),
        (CLAIMS, _set(3, probability=0.7), "row 3 is 0.75, and its claims give 0.7"),
        (CLAIMS, _set(3, probability=None), "row 3 is 0.75, and its claims give 0.5"),
        (CLAIMS, lambda rows: [*rows[:3], *rows[4:]], "data row 3 has support or confidence"),
    ],
)
def test_scores_that_are_not_those_of_the_claims_are_named(
    tmp_path: Path, release: Release, path: str, change: Any, told: str
) -> None:
    problems = _changed(tmp_path, release, path, change).problems
    assert told in problems[0].message
    assert {problem.where.rpartition(" ")[0] for problem in problems} == {f"{CLAIMS} row"}
    assert len({problem.clip_id for problem in problems}) == 1


def test_scores_without_claims_beside_them_are_not_judged(tmp_path: Path) -> None:
    clips = [made.clip(n, support=0.3) for n in range(3)]
    assert check_release(tmp_path, made.write(tmp_path, clips, tables=["data"])).problems == []


def test_a_claim_of_a_caption_that_the_clip_lacks_is_named(tmp_path: Path) -> None:
    clip = made.clip(3)
    clip.claims[0]["caption"] = "visual_caption"
    (problem,) = check_release(tmp_path, made.write(tmp_path, [clip])).problems
    assert "the clip has no such caption" in problem.message


def test_a_part_that_lacks_its_evidence_is_named(tmp_path: Path, release: Release) -> None:
    (tmp_path / CLAIMS).unlink()
    group = CLAIMS.rpartition("/")[0] + "/train"
    kept = [file for file in release.files if not file.path.startswith(group)]
    for path in tmp_path.glob("claims/permissive/train*"):
        path.unlink()
    release = made.seal(tmp_path, kept, {"lints": 3})
    problems = check_release(tmp_path, release).problems
    assert [problem.kind for problem in problems] == ["books"] * 3
    assert "claims has no file of this part" in problems[0].message


def test_a_file_that_nobody_released_is_named(tmp_path: Path, release: Release) -> None:
    (tmp_path / "data/permissive/train-00009-of-00009.parquet").write_bytes(b"x")
    (problem,) = check_release(tmp_path, release).problems
    assert problem.kind == "stranger"
    assert problem.where == "data/permissive/train-00009-of-00009.parquet"


def test_inputs_that_gave_other_numbers_of_rows_are_named(tmp_path: Path, release: Release) -> None:
    one = release.inputs[0]
    inputs = [
        one.model_copy(update={"kept": one.kept - 1}),
        one.model_copy(update={"number": 1, "rows": 0, "kept": 1}),
    ]
    changed = Release.made(release.name, release.rules, inputs, release.books, release.files)
    problems = check_release(tmp_path, changed).problems
    assert [problem.kind for problem in problems] == ["books", "books"]
    assert problems[1].message == "input 1 gave 1 rows by the books, 0 by the rows"


def test_many_problems_of_one_kind_are_counted(tmp_path: Path) -> None:
    release = made.write(tmp_path, [made.clip(n * 5) for n in range(60)], tables=["data"])
    path = release.files[0].path
    checked = _changed(
        tmp_path, release, path, lambda rows: [row | {"audio_caption": "x"} for row in rows]
    )
    assert len(checked.problems) == 20
    assert checked.untold == {"digest": 40}


def test_a_document_that_was_changed_is_named(tmp_path: Path, release: Release) -> None:
    from manifests.release.layout import Document

    named = Document(path="README.md", bytes=2, sha256="0" * 64)
    sealed = Release.made("x", {}, release.inputs, release.books, release.files, [named])
    assert [p.where for p in check_release(tmp_path, sealed).problems] == ["README.md"]
    (tmp_path / "README.md").write_text(json.dumps({}))
    assert [p.message for p in check_release(tmp_path, sealed).problems] == [
        "it is not as it was released"
    ]
