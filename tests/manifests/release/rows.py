"""Caption rows for keys, made of what a test cares about."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from manifests import schemas
from manifests.captions import CAPTIONS
from manifests.release.keys import write_keys
from manifests.release.rules import Rules, parse
from manifests.release.shards import Input, Shard

Row = Mapping[str, Any]


def clip_id(number: int) -> str:
    """The id of a clip."""
    return hashlib.sha256(b"clip %d" % number).hexdigest()[:32]


def source(number: int) -> str:
    """The content hash of a source."""
    return hashlib.sha256(b"source %d" % number).hexdigest()


def row(number: int, **columns: Any) -> dict[str, Any]:
    """A caption row; `*_by` follows from the captions."""
    made: dict[str, Any] = {field.name: None for field in schemas.CAPTIONS}
    made |= {"clip_id": clip_id(number), "content_hash": source(number), "start_ms": 0}
    made |= {"uri": f"file:///clips/{number}.mp4", "end_ms": 10_000, "duration_ms": 10_000}
    made |= {"has_audio": True, "has_video": True, "domain": "general", "licence": "MIT"}
    made |= {"audio_caption": f"Sound {number}.", "outputs_train": True, "lints": []}
    for name in ("variants", "rungs", "replies", "claims", "evidence"):
        made[name] = []
    for name in ("evidence_digest", "prompt_digest", "config_digest"):
        made[name] = "d" * 16
    made |= {"caption_digest": f"{number:016d}", **columns}
    for name in CAPTIONS:
        by = f"{name.removesuffix('_caption')}_by"
        made[by] = columns.get(by, "llm" if made[name] is not None else None)
    return made


def claim(supported: bool = True, probability: float | None = None, tier: str = "high") -> Row:
    """A claim of a caption."""
    confidence = {"probability": probability, "tier": tier, "by": "x"} if supported else None
    return {
        "caption": "audio_caption",
        "text": "a dog barks",
        "captioners": [],
        "spans": [],
        "confidence": confidence,
        "supported": supported,
    }


def written(path: Path, rows: Iterable[Row], schema: pa.Schema = schemas.CAPTIONS) -> str:
    """Rows as a Parquet file; returns its path."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)
    return str(path)


def similar(path: Path, rows: Iterable[Row]) -> str:
    """Rows of similarity as a file."""
    base = dict.fromkeys(schemas.SIMILARITY.names) | {"content_hash": "h"}
    return written(path, [{**base, **each} for each in rows], schemas.SIMILARITY)


def rules(folder: Path, real: bool = False, **sections: Any) -> Rules:
    """Rules over two inputs, so that ranks are needed."""
    inputs = [
        {"workspace": ".", "name": name, "real": real and at == 0} for at, name in enumerate("ab")
    ]
    return parse({"input": inputs, **sections}, "R.toml", folder)


def keys(
    rules: Rules,
    *captions: str,
    similarity: tuple[str, ...] = (),
    connection: duckdb.DuckDBPyConnection | None = None,
    to: Path | None = None,
) -> list[dict[str, Any]]:
    """The keys of files of caption rows, as shard 3 of the first input."""
    path = to or Path(captions[0]).with_suffix(".keys")
    return keys_of(rules, [Shard(3, captions, similarity)], path, connection)


def keys_of(
    rules: Rules,
    shards: Sequence[Shard],
    path: Path,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> list[dict[str, Any]]:
    """The keys of shards of the first input, written to a file."""
    given = Input(0, "a", Path("/"), "j", "d" * 16, rules.input[0].real, 1, tuple(shards))
    with nullcontext(connection) if connection else duckdb.connect() as opened:
        count = write_keys(opened, rules, given, shards, path)
    made: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    assert len(made) == count
    return made


def dropped(rules: Rules, *rows: Row, folder: Path, **more: Any) -> list[str | None]:
    """What drops each row."""
    return [key["dropped"] for key in keys(rules, written(folder / "c.parquet", rows), **more)]
