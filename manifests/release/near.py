"""Clusters of near duplicate captions over all shards of a release, from their signatures.

DuckDB brings signatures into the order of their digests and drops equal ones, on disk where memory
does not do. Their place in this order is their number. Then like ones are looked for band by band
(`manifests.release.bands`), and each joins the first of its cluster (`manifests.release.pivots`).

Memory: DuckDB's limit, then about 40 bytes for each different signature and half a GB for each
thread; signatures and pairs lie on disk and are mapped. Numbers, bands and pairs follow from the
set of signatures alone, so the outcome does not depend on the order of inputs, shards or rows, nor
on threads.
"""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.atomic import replacing
from manifests.duck import connect
from manifests.release import bands
from manifests.release.minhash import SLOTS, Bytes, fixed
from manifests.release.pivots import Numbers, settled
from manifests.release.sql import files as sql_files
from manifests.release.sql import literal

AT_LEAST = 0.8
"""Jaccard similarity of word pairs from which on captions are near duplicates."""

_ROWS, _ID = 1 << 16, 16
_ROOTS = pa.schema([pa.field("id", pa.uuid()), pa.field("root", pa.uuid())])
_CLUSTERED = pa.schema(
    [
        *(pa.field(name, pa.int32()) for name in ("input", "shard", "row")),
        pa.field("root", pa.uuid()),
    ]
)


@dataclass(frozen=True, slots=True)
class Clusters:
    """What was found. rows: with a signature. signatures: different ones. clusters: of more than
    one row. members: rows in these. compared: pairs of signatures."""

    rows: int
    signatures: int
    clusters: int
    members: int
    compared: int


def cluster(
    signatures: Sequence[Path],
    path: Path,
    work: Path,
    rows: Sequence[Path] | None = None,
    at_least: float = AT_LEAST,
    memory: str = "2GB",
    threads: int = 1,
) -> Clusters:
    """Writes the clusters of near duplicate captions.

    signatures: files of `manifests.release.minhash.write`. rows: Parquet files with columns
    `input`, `shard` and `row` of those that count, by default all: the rows that earlier rules
    left. path: gets (input, shard, row INTEGER, root UUID), one row for each row in a cluster of
    more than one, sorted by address; rows with equal roots are a cluster. work: a folder for files
    that are gone at the end. memory: of DuckDB. A row is like its root by an estimate with a
    standard error of 0.035 or less.
    """
    if not signatures or (rows is not None and not rows):
        with replacing(path, durable=False) as temporary:
            pq.write_table(_CLUSTERED.empty_table(), temporary)
        return Clusters(0, 0, 0, 0, 0)
    work.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="near-", dir=work) as name,
        connect(
            memory_limit=memory,
            threads=threads,
            temp_directory=str(Path(name, "duckdb")),
            arrow_lossless_conversion=True,
        ) as connection,
    ):
        folder = Path(name)
        _read(connection, signatures, rows)
        nodes = _number(connection, folder)
        roots, compared = _roots(folder, nodes, at_least, threads)
        clusters = _write_roots(nodes, roots, folder / "roots.parquet")
        members = _write(connection, folder / "roots.parquet", path)
    return Clusters(nodes.rows, nodes.count, clusters, members, compared)


def _read(
    connection: duckdb.DuckDBPyConnection, signatures: Sequence[Path], rows: Sequence[Path] | None
) -> None:
    """Makes the view `signed` of the rows that count."""
    connection.execute("SET preserve_insertion_order = false")
    source = f"read_parquet({sql_files(map(str, signatures))})"
    if rows is not None:
        chosen = f"(SELECT input, shard, row FROM read_parquet({sql_files(map(str, rows))}))"
        source += f" SEMI JOIN {chosen} USING (input, shard, row)"
    connection.execute(
        f"CREATE VIEW signed AS SELECT input, shard, row, id, signature FROM {source}"
    )


@dataclass(frozen=True, slots=True)
class _Nodes:
    """Different signatures in the order of their digests. rows: with one of them. ids: (count, 16).
    is_shared: which of them several rows have."""

    count: int
    rows: int
    ids: Bytes
    is_shared: npt.NDArray[np.bool_]


def _number(connection: duckdb.DuckDBPyConnection, folder: Path) -> _Nodes:
    """Writes the different signatures in order, and their bands, (count,) of uint64 each, to the
    folder."""
    count = rows = 0
    last = np.empty((0, _ID), np.uint8)
    shared = [np.empty(0, np.int64)]
    with ExitStack() as files:
        ids, slots, *keys = (
            files.enter_context((folder / name).open("wb"))
            for name in ("ids", "signatures", *map(_band, range(bands.BANDS)))
        )
        ordered = connection.sql("SELECT id, signature FROM signed ORDER BY id")
        for batch in ordered.to_arrow_reader(_ROWS):
            own, signed = (
                column_bytes(batch["id"].storage, _ID),
                column_bytes(batch["signature"], SLOTS),
            )
            before = np.concatenate([last, own[:-1]])
            first = len(own) - len(before)  # 1 for the first row of all
            is_new = np.ones(len(own), np.bool_)
            is_new[first:] = (own[first:] != before).any(axis=1)
            places = count - 1 + np.cumsum(is_new)
            shared.append(np.unique(places[~is_new]))
            ids.write(own[is_new].tobytes())
            slots.write(signed[is_new].tobytes())
            for file, column in zip(keys, bands.keys(signed[is_new]), strict=True):
                file.write(column.tobytes())
            last, rows, count = own[-1:], rows + len(own), int(places[-1]) + 1
    is_shared = np.zeros(count, np.bool_)
    is_shared[np.concatenate(shared)] = True
    return _Nodes(count, rows, np.fromfile(folder / "ids", np.uint8).reshape(-1, _ID), is_shared)


def column_bytes(column: pa.Array, width: int) -> Bytes:
    """A column of blobs of equal length, (rows, width)."""
    data = column.cast(pa.binary(width)).buffers()[1]
    first = column.offset * width
    return np.frombuffer(data, np.uint8)[first : first + len(column) * width].reshape(-1, width)


def _band(number: int) -> str:
    return f"band-{number}"


def _roots(folder: Path, nodes: _Nodes, at_least: float, threads: int) -> tuple[Numbers, int]:
    """The root of each signature, and how many pairs were compared."""
    if not nodes.count:
        return np.empty(0, np.uint32), 0
    slots = np.memmap(folder / "signatures", np.uint8, "r").reshape(-1, SLOTS)
    keys = [np.memmap(folder / _band(band), np.uint64, "r") for band in range(bands.BANDS)]
    files = [folder / f"pairs-{band}" for band in range(bands.BANDS)]
    least = bands.agreeing(at_least)

    def in_band(rows: Numbers, band: int) -> int:
        following = keys[(band + 1) % bands.BANDS]
        return bands.pairs(rows, keys[band], following, slots, least, files[band])

    with ThreadPoolExecutor(threads) as pool:
        return settled(
            nodes.count,
            files,
            lambda rows: sum(pool.map(partial(in_band, rows), range(bands.BANDS))),
        )


def _write_roots(nodes: _Nodes, roots: Numbers, path: Path) -> int:
    """Writes the roots of the signatures in clusters of more than one row; how many clusters that
    are."""
    own = np.arange(nodes.count, dtype=np.uint32)
    is_root = np.zeros(nodes.count, np.bool_)
    is_root[roots[nodes.is_shared | (roots != own)]] = True
    members = np.flatnonzero(is_root[roots])
    with pq.ParquetWriter(path, _ROOTS) as writer:
        for start in range(0, len(members), _ROWS):
            some = members[start : start + _ROWS]
            columns = [_uuids(nodes.ids[some]), _uuids(nodes.ids[roots[some]])]
            writer.write_table(pa.table(columns, schema=_ROOTS))
    return int(is_root.sum())


def _uuids(ids: Bytes) -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.uuid(), fixed(ids))


def _write(connection: duckdb.DuckDBPyConnection, roots: Path, path: Path) -> int:
    """Writes the root of each row in a cluster; how many these are."""
    with replacing(path, durable=False) as temporary:
        select = f"""
            SELECT input, shard, row, root
            FROM signed JOIN read_parquet({sql_files([str(roots)])}) USING (id)
            ORDER BY input, shard, row
        """
        connection.execute(
            f"COPY ({select}) TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
        )
    return int(pq.read_metadata(path).num_rows)
