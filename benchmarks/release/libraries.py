"""Does every library read a release, and read what the workspace has?

    python -m benchmarks.release.libraries WORKSPACE... --rows 100000 --folder FOLDER

Repeats the captions of embedded workspaces (`repeated`), builds a release of them with evidence, claims
and embeddings, verifies it, then lets each library load it in a process of its own. Each compares about
1,000 rows with those of the input: captions, digests, claims, evidence, vectors. Prints rows, seconds of
loading, wall time, CPU time and the most memory (PSS) of all its processes, looked at twice a second.
"""

import argparse
import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.release.__main__ import watched
from benchmarks.release.repeated import repeated
from manifests.release.rules import Rules, parse
from manifests.release.shards import Input
from manifests.verify.release import check_release
from pipelines.rebuild.inputs import open_inputs
from pipelines.rebuild.leaving import Leaving
from pipelines.rebuild.rebuild import build
from pipelines.rebuild.tasks import here
from pipelines.rebuild.work import opened

_SAMPLE = 1000
_TABLES = ("data", "evidence", "claims", "embeddings")
_DATA = (
    *("clip_id", "content_hash", "uri", "duration_ms", "kind", "has_audio", "licence", "domain"),
    *("audio_caption", "visual_caption", "audio_visual_caption", "transcript"),
    *("caption_digest", "evidence_digest"),
)
_CLASS = "permissive"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Loaded:
    """What a library made of a release. counts: rows of each table that it loaded. rows: of each table
    those of the clips that were asked for."""

    counts: Mapping[str, int]
    rows: Mapping[str, Iterable[Row]]


Loads = Callable[[Path, list[str]], Loaded]


def _pandas(folder: Path, clips: list[str]) -> Loaded:
    import pandas

    frames = {name: pandas.read_parquet(folder / name / _CLASS) for name in _TABLES}
    chosen = {name: each[each["clip_id"].isin(clips)] for name, each in frames.items()}
    rows: dict[str, Any] = {name: each.to_dict("records") for name, each in chosen.items()}
    return Loaded({name: len(each) for name, each in frames.items()}, rows)


def _datasets(folder: Path, clips: list[str]) -> Loaded:
    import datasets

    cache = str(folder.parent / "cache")
    sets = {"data": datasets.load_dataset(str(folder), _CLASS, split="train", cache_dir=cache)}
    for name in _TABLES[1:]:
        files = sorted(str(path) for path in (folder / name / _CLASS).glob("*.parquet"))
        sets[name] = datasets.Dataset.from_parquet(files, cache_dir=cache)
    wanted = set(clips)
    rows = {}
    for name, each in sets.items():
        numbers = [at for at, clip in enumerate(each["clip_id"]) if clip in wanted]
        rows[name] = list(each.select(numbers))
    return Loaded({name: len(each) for name, each in sets.items()}, rows)


def _polars(folder: Path, clips: list[str]) -> Loaded:
    import polars

    frames = {
        name: polars.scan_parquet(f"{folder}/{name}/{_CLASS}/*.parquet").collect()
        for name in _TABLES
    }
    rows = {
        name: each.filter(polars.col("clip_id").is_in(clips)).to_dicts()
        for name, each in frames.items()
    }
    return Loaded({name: len(each) for name, each in frames.items()}, rows)


def _duckdb(folder: Path, clips: list[str]) -> Loaded:
    import duckdb

    counts, rows = {}, {}
    with duckdb.connect() as connection:
        for name in _TABLES:
            scan = f"'{folder}/{name}/{_CLASS}/*.parquet'"
            connection.execute(f'CREATE TABLE "{name}" AS FROM {scan}')
            ((counts[name],),) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()
            query = f'FROM "{name}" WHERE list_contains(?, clip_id)'
            rows[name] = connection.sql(query, params=[clips]).to_arrow_table().to_pylist()
    return Loaded(counts, rows)


def _ray(folder: Path, clips: list[str]) -> Loaded:
    import ray

    logging.getLogger("ray.data").setLevel(logging.WARNING)
    ray.init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False)
    wanted = pa.array(clips)

    def chosen(batch: pa.Table) -> pa.Table:
        return batch.filter(pc.is_in(batch["clip_id"], value_set=wanted))

    counts, rows = {}, {}
    for name in _TABLES:
        read = ray.data.read_parquet(str(folder / name / _CLASS)).materialize()
        counts[name] = read.count()
        rows[name] = read.map_batches(chosen, batch_format="pyarrow").take_all()
    return Loaded(counts, rows)


def _mlcroissant(folder: Path, clips: list[str]) -> Loaded:
    """The data alone: it takes about a millisecond a row, and evidence has many."""
    import mlcroissant

    wanted, place = set(clips), f"data/{_CLASS}/rows"
    count, rows = 0, []
    for record in mlcroissant.Dataset(folder / "croissant.json").records(place):
        count += 1
        if record[f"{place}/clip_id"].decode() in wanted:
            rows.append({key.removeprefix(f"{place}/"): record[key] for key in record})
    return Loaded({"data": count}, {"data": rows})


_LIBRARIES: Mapping[str, Loads] = {
    "pandas": _pandas,
    "datasets": _datasets,
    "polars": _polars,
    "duckdb": _duckdb,
    "ray": _ray,
    "mlcroissant": _mlcroissant,
}


def _sample(given: Input, rows: int) -> dict[str, dict[str, list[Any]]]:
    """What about 1,000 clips of an input have, by clip and table."""
    step = max(1, rows // _SAMPLE)
    told: dict[str, dict[str, list[Any]]] = {}
    for shard in given.shards:
        vectors = {row["clip_id"]: row for row in pq.read_table(shard.embeddings[0]).to_pylist()}
        for row in pq.read_table(shard.captions[0]).to_pylist()[::step]:
            claims = [[at, each["text"]] for at, each in enumerate(row["claims"])]
            said = [
                [place, weak["text"], claim["label"] if claim else None]
                for place, weak in enumerate(row["evidence"])
                for claim in weak["claims"] or [None]
            ]
            vector = vectors.get(row["clip_id"])
            told[row["clip_id"]] = {
                "data": [[row[name] for name in _DATA]],
                "claims": claims,
                "evidence": said,
                "embeddings": [[vector["audio"], vector["video"]]] if vector else [],
            }
    return told


def _compared(loaded: Loaded, expected: Mapping[str, Mapping[str, list[Any]]]) -> None:
    """Raises ValueError where a library has other values than the input."""
    columns = {
        "data": _DATA,
        "claims": ("claim", "text"),
        "evidence": ("place", "said", "label"),
        "embeddings": ("audio", "video"),
    }
    for table in loaded.rows:
        names = columns[table]
        told: dict[str, list[list[Any]]] = {clip: [] for clip in expected}
        for row in loaded.rows[table]:
            told[_plain(row["clip_id"])].append([_plain(row[name]) for name in names])
        for clip, tables in expected.items():
            mine, other = told[clip], tables[table]
            if sorted(mine, key=repr) != sorted(other, key=repr):
                raise ValueError(f"{table} of clip {clip}: {mine}, not {other}")


def _plain(value: Any) -> Any:
    """A value without what a library makes of it: bytes for text, NaN for null, arrays for lists."""
    if isinstance(value, bytes):
        return value.decode()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and (value != value or value == int(value)):
        return None if value != value else int(value)
    if isinstance(value, (list, tuple)):
        return [float(each) for each in value]
    return None if value.__class__.__name__ in ("NAType", "NaTType") else value


def _load(library: str, folder: Path) -> dict[str, Any]:
    expected = json.loads((folder / "expected.json").read_bytes())
    begun = time.monotonic()
    loaded = _LIBRARIES[library](folder / "release", list(expected))
    seconds = time.monotonic() - begun
    _compared(loaded, expected)
    return {"rows": loaded.counts, "compared": len(expected), "load s": round(seconds, 1)}


def _rules(workspaces: Sequence[Path], folder: Path) -> Rules:
    named = [
        {"workspace": str(workspace), "name": f"input{number}"}
        for number, workspace in enumerate(workspaces)
    ]
    return parse({"input": named, "output": {"embeddings": True}}, "the benchmark", folder)


def _build(workspaces: Sequence[Path], rows: int, folder: Path) -> None:
    inputs = open_inputs(_rules(workspaces, folder))
    rules = _rules(workspaces[:1], folder)
    given = repeated(inputs, rows, folder / "input")
    (folder / "expected.json").write_text(json.dumps(_sample(given, rows)))
    with opened(folder / "release") as work:
        release = build(rules, [given], Leaving(), work, here)
        work.clear()
    checked = check_release(folder / "release", release)
    if checked.problems:
        raise ValueError(f"it does not verify: {checked.problems[:3]}")
    print(release.books, dict(checked.rows))


def main() -> None:
    """Makes the release and measures, or loads it with one library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspaces", type=Path, nargs="+")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--by", nargs="+", choices=_LIBRARIES, default=list(_LIBRARIES))
    parser.add_argument("--load", choices=_LIBRARIES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.load:
        print(json.dumps(_load(given.load, given.folder)))
        return
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    begun = time.monotonic()
    _build(given.workspaces, given.rows, given.folder)
    size = subprocess.check_output(["du", "-sm", given.folder / "release"], text=True).split()[0]
    print(f"made and verified in {time.monotonic() - begun:.0f} s, {size} MB")
    for by in given.by:
        print(by, f"(load {os.getloadavg()[0]:.1f})", flush=True)
        command = [
            sys.executable,
            "-m",
            "benchmarks.release.libraries",
            *sys.argv[1:],
            "--load",
            by,
        ]
        print(json.dumps(watched(command)), flush=True)


if __name__ == "__main__":
    main()
