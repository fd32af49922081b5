"""Vectors beside the captions of a release."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.release.columns import Table
from manifests.release.layout import ReleaseEncoder, ReleaseFile, part_path
from pipelines.search.duplicates import groups
from pipelines.search.released import Released
from tests.manifests.release.made import Row, clip
from tests.pipelines.search.embedded import drawn, rows


def _file(root: Path, name: Table, table: pa.Table, part: int, count: int) -> ReleaseFile:
    path = part_path(name, "permissive", "train", part, count)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, root / path)
    of = {"licence_class": "permissive", "split": "train", "part": part, "rows": len(table)}
    return ReleaseFile(path=path, table=name, bytes=1, sha256="0" * 64, **of)


def _released(root: Path) -> tuple[Released, list[Row]]:
    """A release of eight clips in two parts; the last two are like the first two, and shorter."""
    clips = [clip(number).data for number in range(8)]
    for row in clips[6:]:
        row["end_ms"] = 5_000
    vectors = drawn(3, 6)
    vectors = np.concatenate([vectors, vectors[:2]])
    data, embeddings = [], []
    for part in range(2):
        own = slice(4 * part, 4 * part + 4)
        media = {
            row["clip_id"]: {"video": v} for row, v in zip(clips[own], vectors[own], strict=True)
        }
        table = rows(media).append_column("vectors_digest", pa.array(["d" * 16] * 4))
        data.append(_file(root, "data", pa.Table.from_pylist(clips[own]), part, 2))
        embeddings.append(_file(root, "embeddings", table, part, 2))
    encoder = ReleaseEncoder(name="tiny", width=8, identity="e" * 16)
    return Released(root, data, embeddings, encoder), clips


def test_they_are_read_as_those_of_a_workspace(tmp_path: Path) -> None:
    held, clips = _released(tmp_path)
    assert held.clips == 8
    blocks = [block for part in held.parts for block in held.blocks(part, "video")]
    ids = [bytes(each).hex() for block in blocks for each in block.ids]
    assert ids == [row["clip_id"] for row in clips]
    assert not [block for part in held.parts for block in held.blocks(part, "audio") if len(block)]


def test_near_duplicates_join_the_most_complete_clip(tmp_path: Path) -> None:
    held, clips = _released(tmp_path)
    grouped, compared = groups(held, "video", 0.99, None)
    assert compared == 8
    pairs = {tuple(member.clip_id for member in group) for group in grouped}
    assert pairs == {(clips[at]["clip_id"], clips[6 + at]["clip_id"]) for at in range(2)}
