"""Which vectors of a workspace count, and how they are read."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests import tables
from pipelines.search.stored import SearchError, stored
from tests.manifests.made import CUT, JOB, make
from tests.pipelines.search.embedded import (
    EMBED,
    TABLE,
    WIDTH,
    commit,
    drawn,
    embedded,
    rows,
    settings,
    unit,
)


def test_vectors_come_back_as_they_were_by_clip(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    read = stored(made.workspace, made.state)
    vectors = {
        row.tobytes().hex(): vector
        for part in read.parts
        for block in read.blocks(part, "video")
        for row, vector in zip(block.ids, block.vectors, strict=True)
    }
    assert vectors.keys() == set(made.ids)
    for clip, media in made.vectors.items():
        np.testing.assert_array_equal(vectors[clip], media["video"])


def test_a_clip_without_the_medium_is_left_out_and_none_is_shifted(tmp_path: Path) -> None:
    media = [{} if n % 3 == 0 else {"audio": unit(1, n)} for n in range(16)]
    made = embedded(tmp_path / "w", media)
    read = stored(made.workspace, made.state)
    vectors = {
        row.tobytes().hex(): vector
        for part in read.parts
        for block in read.blocks(part, "audio")
        for row, vector in zip(block.ids, block.vectors, strict=True)
    }
    assert list(vectors) == [clip for n, clip in enumerate(made.ids) if n % 3]
    assert all((vectors[clip] == made.vectors[clip]["audio"]).all() for clip in vectors)
    assert read.clips == 16


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
def test_a_vector_that_is_not_finite_counts_as_none(number: float, tmp_path: Path) -> None:
    media = [{"audio": unit(1, n)} for n in range(16)]
    media[2]["audio"][3] = number
    made = embedded(tmp_path / "w", media)
    read = stored(made.workspace, made.state)
    blocks = [block for part in read.parts for block in read.blocks(part, "audio")]
    assert sum(map(len, blocks)) == 15
    assert made.ids[2] not in {row.tobytes().hex() for block in blocks for row in block.ids}


def test_a_workspace_without_embeddings_says_what_to_run(tmp_path: Path) -> None:
    made = make(tmp_path / "w")
    settings(made, JOB, "caption", {})
    with pytest.raises(SearchError, match=r"run captionmill embed .*/w first"):
        stored(made.workspace, made.state)


def test_a_job_that_embedded_nothing_yet_says_the_same(tmp_path: Path) -> None:
    made = make(tmp_path / "w")
    settings(made, JOB, "caption", {})
    settings(made, EMBED, "embed", {"embeddings": TABLE})
    with pytest.raises(SearchError, match="run captionmill embed"):
        stored(made.workspace, made.state)


def test_of_several_encoders_that_of_the_newest_job_counts(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    job, table = "f" * 16, f"embeddings/other-4-{'b' * 16}"
    settings(made.made, job, "embed", {"encoder": "other"})
    clips = made.made.rows("clips", 0)
    vectors = drawn(9, len(clips), 4)
    of_clips = {row["clip_id"]: {"audio": v} for row, v in zip(clips, vectors, strict=True)}
    commit(made.made, 0, of_clips, job, table)
    read = stored(made.workspace, made.state)
    assert (read.table, read.width, read.clips) == (table, 4, len(clips))


def test_a_newer_job_finds_what_an_older_one_wrote_with_the_same_encoder(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    settings(made.made, "f" * 16, "embed", {"encoder": "tiny", "embeddings": TABLE})
    read = stored(made.workspace, made.state)
    assert (read.job.digest, read.clips) == ("f" * 16, 16)


def test_vectors_of_another_cut_do_not_count(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    other, cut = "f" * 16, "a" * 16
    settings(made.made, other, "embed", {"embeddings": TABLE}, cut)
    commit(made.made, 0, {"0" * 32: {"audio": unit(1)}}, other, cut=cut)
    settings(made.made, "d" * 16, "embed", {"embeddings": TABLE}, CUT)
    assert stored(made.workspace, made.state).clips == 16


def test_a_retried_clip_is_among_them(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    commit(made.made, 0, {"0" * 32: {"audio": unit(1)}}, generation=1)
    assert stored(made.workspace, made.state).clips == 17


def _damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _gone(path: Path) -> None:
    path.unlink()


def _narrow(path: Path) -> None:
    pq.write_table(rows({"0" * 32: {"audio": unit(1)[:4]}}), path)


def _short_ids(path: Path) -> None:
    # As many digits as two ids have.
    pq.write_table(rows({"0" * 30: {"audio": unit(1)}, "1" * 34: {"audio": unit(1)}}), path)


def _no_digits(path: Path) -> None:
    pq.write_table(rows({"x" * 32: {"audio": unit(1)}}), path)


def _no_id(path: Path) -> None:
    table = rows({"0" * 32: {"audio": unit(1)}})
    pq.write_table(table.set_column(0, "clip_id", pa.array([None], pa.string())), path)


def _doubles(path: Path) -> None:
    table = rows({"0" * 32: {"audio": unit(1)}})
    lists = pa.array([[0.0] * WIDTH], pa.list_(pa.float64(), WIDTH))
    pq.write_table(table.set_column(table.schema.get_field_index("audio"), "audio", lists), path)


def _no_column(path: Path) -> None:
    pq.write_table(rows({"0" * 32: {"audio": unit(1)}}).drop_columns(["audio"]), path)


@pytest.mark.parametrize(
    "harm", [_damaged, _gone, _narrow, _short_ids, _no_digits, _no_id, _doubles, _no_column]
)
def test_a_file_that_cannot_be_used_is_named(harm: object, tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    path = tmp_path / "w" / made.made.file(TABLE, 1).path
    assert callable(harm)
    harm(path)
    read = stored(made.workspace, made.state)
    with pytest.raises(SearchError, match=path.name):
        for part in read.parts:
            list(read.blocks(part, "audio"))


def test_the_digest_follows_the_files(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    before = stored(made.workspace, made.state)
    commit(made.made, 0, {"0" * 32: {"audio": unit(1)}}, generation=1)
    after = stored(made.workspace, made.state)
    assert before.digest("audio") == stored(made.workspace, before.state).digest("audio")
    assert len({before.digest("audio"), before.digest("video"), after.digest("audio")}) == 3


def test_a_file_of_no_rows_is_no_fault(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    commit(made.made, 0, {}, generation=1)
    read = stored(made.workspace, made.state)
    assert [len(read.ids(part)) for part in read.parts] == [8, 0, 8]
    assert sum(len(b) for part in read.parts for b in read.blocks(part, "audio")) == 16


def test_a_path_that_is_no_text_can_be_read(tmp_path: Path) -> None:
    import os

    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xff"))
    made = embedded(odd)
    read = stored(made.workspace, made.state)
    assert sum(len(b) for part in read.parts for b in read.blocks(part, "audio")) == 16


def test_vectors_are_written_without_a_dictionary(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    file = tables.write_table(tmp_path, "x.parquet", TABLE, rows(made.vectors))
    columns = pq.ParquetFile(tmp_path / file.path).metadata.row_group(0)
    encodings = {
        columns.column(n).path_in_schema: columns.column(n).encodings
        for n in range(columns.num_columns)
    }
    assert "RLE_DICTIONARY" in encodings["clip_id"]
    assert "RLE_DICTIONARY" not in encodings["audio.list.element"]
