"""An input of as many rows as wanted: those of some workspaces again and again, with other ids.

A copy is of made-up content, so ids, content hashes and digests are its own, and all have one licence;
captions, claims, evidence and vectors are those of the workspaces.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests import schemas
from manifests.captions import Variant, texts_digest
from manifests.evidence import evidence_from_row
from manifests.ids import clip_id
from manifests.release import columns
from manifests.release.shards import Input, Shard

Row = dict[str, Any]

SHARD = 5000


LICENCE = "Apache-2.0"


def repeated(inputs: Sequence[Input], rows: int, folder: Path) -> Input:
    """Writes the input; its embeddings are of as many numbers as those of the workspaces."""
    first_input = inputs[0]
    assert first_input.encoder is not None
    own = [each for given in inputs for each in _own(given)]
    vectors = columns.embeddings(first_input.encoder.width).remove(7)
    shards = []
    for number, first in enumerate(range(0, rows, SHARD)):
        names = ("captions", "clips", "embeddings")
        paths = [folder / name / f"{number:06d}.parquet" for name in names]
        copies = [_copy(*own[at % len(own)], at) for at in range(first, min(first + SHARD, rows))]
        kinds = (schemas.CAPTIONS, schemas.CLIPS, vectors)
        for path, kind, some in zip(paths, kinds, zip(*copies, strict=True), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            listed = [row for row in some if row is not None]
            pq.write_table(pa.Table.from_pylist(listed, kind), path, compression="zstd")
        captions, clips, embeddings = map(str, paths)
        shards.append(Shard(number, (captions,), (), (embeddings,), clips))
    return replace(first_input, root=folder, shards=tuple(shards))


def _own(given: Input) -> Iterator[tuple[Row, Row, Row | None]]:
    """Each caption row of a workspace with the clip's rows of clips and of embeddings."""
    for shard in given.shards:
        clips, vectors = _by_clip([shard.clips]), _by_clip(shard.embeddings)
        for row in _by_clip(shard.captions).values():
            if any(row[name] for name in ("audio_caption", "visual_caption")):
                yield row, clips[row["clip_id"]], vectors.get(row["clip_id"])


def _by_clip(paths: Sequence[str]) -> Mapping[str, Row]:
    return {row["clip_id"]: row for path in paths for row in pq.read_table(path).to_pylist()}


def _copy(
    captions: Row, clip: Row, vectors: Row | None, number: int
) -> tuple[Row, Row, Row | None]:
    content = hashlib.sha256(f"{captions['content_hash']} {number}".encode()).hexdigest()
    ids = {
        "clip_id": clip_id(content, captions["start_ms"], captions["end_ms"]),
        "content_hash": content,
    }
    named = ids | {"uri": f"{captions['uri']}.{number}"}
    evidence = [weak | {"content_hash": content} for weak in captions["evidence"]]
    row = captions | named | {"evidence": evidence, "licence": LICENCE, "outputs_train": True}
    row["evidence_digest"] = evidence_from_row(row).digest()
    row["caption_digest"] = texts_digest(
        row["clip_id"],
        row["audio_caption"],
        row["visual_caption"],
        row["audio_visual_caption"],
        row["transcript"],
        row["evidence_digest"],
        row["prompt_digest"],
        [Variant(**each) for each in row["variants"]],
    )
    return row, clip | named, None if vectors is None else vectors | ids
