"""Key files made by hand, and rules without workspaces behind them."""

import hashlib
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.release import order, select
from manifests.release.rules import Rules, parse

Row = dict[str, Any]
_SIZES = order.Sizes(1000, 1000)

SCHEMA = pa.schema(
    [
        *((name, pa.int32()) for name in ("input", "shard", "row")),
        ("clip", pa.uuid()),
        ("source", pa.uint64()),
        ("captions", pa.uuid()),
        ("caption", pa.uuid()),
        ("stage", pa.int32()),
        *((name, pa.float32()) for name in ("confidence", "support", "similarity")),
        *((name, pa.int32()) for name in ("age", "duration_ms")),
        ("domain", pa.string()),
        ("licence", pa.string()),
        ("real", pa.bool_()),
        ("edited", pa.bool_()),
        ("dropped", pa.string()),
    ]
)
_DEFAULTS: Row = {
    "stage": 1,
    "confidence": None,
    "support": None,
    "similarity": None,
    "age": 0,
    "duration_ms": 10_000,
    "domain": "general",
    "licence": "permissive",
    "real": False,
    "edited": False,
    "dropped": None,
}


def rules(folder: Path, inputs: int = 1, real: Sequence[int] = (), **sections: Any) -> Rules:
    """Rules with so many inputs; real: those by people."""
    listed = [
        {"workspace": str(folder), "name": f"input{number}", "real": number in real}
        for number in range(inputs)
    ]
    winner = {"order": ["stage", "confidence", "newest"]}
    return parse({"input": listed, "winner": winner, **sections}, "rules.toml", folder)


def name(text: str) -> bytes:
    """16 bytes for a name."""
    return hashlib.md5(text.encode()).digest()


def row(clip: str, **values: Any) -> Row:
    """A key row. clip, source, captions, caption: names, all of the clip unless they are given."""
    made = {**_DEFAULTS, **values, "clip": name(clip)}
    made["source"] = int.from_bytes(name(values.get("source", clip))[:8], "big")
    for column in ("captions", "caption"):
        made[column] = name(values.get(column, clip))
    return made


def write(folder: Path, shards: dict[tuple[int, int], Sequence[Row]]) -> list[Path]:
    """Key files of shards, by input and shard."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for (number, shard), rows in sorted(shards.items()):
        placed = [
            each | {"input": number, "shard": shard, "row": place}
            for place, each in enumerate(rows)
        ]
        paths.append(folder / f"{number}-{shard}.parquet")
        pq.write_table(pa.Table.from_pylist(placed, SCHEMA), paths[-1])
    return paths


def nothing_near(rule: str, keys: select.Keys) -> Sequence[Path]:
    """Finds no near duplicates."""
    return []


def selected(
    folder: Path,
    wanted: Rules,
    shards: dict[tuple[int, int], Sequence[Row]],
    near: select.Near = nothing_near,
    sizes: order.Sizes = _SIZES,
    threads: int = 1,
) -> tuple[order.Selection, list[Row]]:
    """What the rules keep of key rows: the selection, and its rows in the order of the release."""
    files = write(folder / "keys", shards)
    with select.keys(folder / "select", wanted, threads, memory_mb=500) as keys:
        keys.load(files)
        keys.apply(near)
        selection = order.write(keys, wanted, sizes, sorted(shards), folder / "selected")
    rows = [
        each
        for group in range(len(shards))
        for each in pq.read_table(folder / "selected" / f"{group:05d}.parquet").to_pylist()
    ]
    return selection, sorted(rows, key=lambda each: (each["bucket"], each["h"]))


def clips(rows: Sequence[Row]) -> set[bytes]:
    """The clips of selected rows."""
    return {each["clip"] for each in rows}


def named(*texts: str) -> set[bytes]:
    """Clips by their names."""
    return {name(text) for text in texts}


def uuid_of(text: str) -> uuid.UUID:
    """The same as a UUID."""
    return uuid.UUID(bytes=name(text))
