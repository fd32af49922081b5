"""How fast captions become a release, beside DuckDB doing the same by a plan of its own.

    python -m benchmarks.release 1000000 --folder /tmp/release

Makes rows of about 600 bytes of captions: two inputs with a tenth of their clips in common, one caption
set in twenty a copy of another, sources of 1 to 20 clips. Then both read them, drop the losing captions
of a clip, exact duplicates and what is over 10 rows a source, shuffle and write Parquet. DuckDB's plan is
the quickest we know: keys first, rules over these, then a join back to the texts in the order of the
shuffle. Captions only: no claims, no evidence. On a busy machine compare the CPU seconds of `--only here`
and `--only duckdb`.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.run.cluster import ray_cluster
from manifests import schemas
from manifests.release import layout
from manifests.release.rules import parse
from manifests.release.shards import Input, Shard
from pipelines.rebuild.rebuild import build
from pipelines.rebuild.tasks import here, on_ray
from pipelines.rebuild.work import opened

SHARD = 5000
COMMON, COPIES, MOST_CLIPS, CAP = 0.1, 0.05, 20, 10
_PIECES, _WORDS = 4096, 1500
_PER_CAPTION = (7, 7, 9)
"""Pieces of about 26 characters in each of the three captions."""

Ids = npt.NDArray[np.int64]


def make(folder: Path, rows: int) -> list[Input]:
    """Two inputs with so many rows in all, or those that are there from another run."""
    half = rows // 2
    first = {0: 0, 1: half - int(half * COMMON)}
    inputs = []
    for number, start in first.items():
        root = folder / f"input-{number}"
        shards = [
            Shard(
                place,
                (str(root / f"{place:06d}.parquet"),),
                clips=str(root / "clips" / f"{place:06d}.parquet"),
            )
            for place in range(-(-half // SHARD))
        ]
        inputs.append(
            Input(
                number, f"input{number}", root, "0" * 16, "0" * 16, False, number + 1, tuple(shards)
            )
        )
        (root / "clips").mkdir(parents=True, exist_ok=True)
        for shard in shards:
            path = Path(shard.captions[0])
            if not path.exists():
                begin = start + shard.number * SHARD
                clips = np.arange(begin, min(begin + SHARD, start + half))
                rows = _rows(clips, number)
                pq.write_table(_listed(rows), shard.clips, compression="zstd")
                pq.write_table(rows, path, compression="zstd")
    return inputs


def _rows(clips: Ids, number: int) -> pa.Table:
    """Caption rows of clips by one input."""
    sources = _source(clips)
    ids = _hex(clips, 1, 2)
    drawn = clips * 2 + number
    copied = _mixed(drawn, 3) % 1000 < COPIES * 1000
    texts = _captions(np.where(copied, (drawn // 40) * 40 + 1, drawn))
    length = len(clips)
    values: dict[str, pa.Array] = {
        "clip_id": ids,
        "content_hash": _hex(sources, 4, 4),
        "uri": pc.binary_join_element_wise("file:///media/set/", _hex(sources, 5, 1), ".mp4", ""),
        "start_ms": pa.array(clips % MOST_CLIPS * 10_000),
        "end_ms": pa.array(clips % MOST_CLIPS * 10_000 + 10_000),
        "duration_ms": pa.array(np.full(length, 10_000)),
        "kind": pa.array(["video"] * length),
        "has_audio": pa.array([True] * length),
        "has_video": pa.array([True] * length),
        "audio_caption": texts[0],
        "visual_caption": texts[1],
        "audio_visual_caption": texts[2],
        "evidence_digest": _hex(clips, 6, 1),
        "prompt_digest": pa.array(["0123456789abcdef"] * length),
        "config_digest": pa.array(["0123456789abcdef"] * length),
        "caption_digest": _hex(drawn, 7, 1),
        "licence": pa.array(["Apache-2.0"] * length),
        "outputs_train": pa.array([True] * length),
        "domain": pa.array(["general"] * length),
        "writer": pa.array(["writer-8b"] * length),
        **{
            f"{name}_by": pa.array(["llm"] * length) for name in ("audio", "visual", "audio_visual")
        },
    }
    arrays = []
    for field in schemas.CAPTIONS:
        if field.name in values:
            arrays.append(values[field.name])
        elif not field.nullable:
            arrays.append(pa.array([[]] * length, field.type))
        else:
            arrays.append(pa.nulls(length, field.type))
    return pa.table(arrays, schema=schemas.CAPTIONS)


def _listed(rows: pa.Table) -> pa.Table:
    """The clips of caption rows."""
    zeros, ones = (pa.array(np.full(len(rows), value)) for value in (0, 1))
    values = {name: rows[name] for name in schemas.CLIPS.names if name in rows.column_names}
    values |= {"file_ms": rows["start_ms"], "since_ms": zeros, "first_byte": zeros}
    values |= {"end_byte": ones, "size": ones, "mtime_ns": ones}
    arrays = [values.get(f.name, pa.nulls(len(rows), f.type)) for f in schemas.CLIPS]
    return pa.table(arrays, schema=schemas.CLIPS)


def _captions(drawn: Ids) -> list[pa.Array]:
    """Three captions, each made of pieces that follow from a number."""
    pieces = _pieces()
    captions = []
    for place, count in enumerate(_PER_CAPTION):
        columns = [
            pieces.take(pa.array(_mixed(drawn, 100 * place + at) % _PIECES)) for at in range(count)
        ]
        captions.append(pc.binary_join_element_wise(*columns, " "))
    return captions


@lru_cache
def _pieces() -> pa.Array:
    random = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwyp"))
    words = ["".join(random.choice(letters, random.integers(2, 9))) for _ in range(_WORDS)]
    return pa.array([" ".join(random.choice(words, 4)) for _ in range(_PIECES)])


def _source(clips: Ids) -> Ids:
    """The source of a clip: of 210 clips in a row, 20 sources of 1 to 20 clips."""
    edges = np.cumsum(np.arange(1, MOST_CLIPS + 1))
    return clips // edges[-1] * MOST_CLIPS + np.searchsorted(edges, clips % edges[-1], "right")


def _mixed(values: Ids, salt: int) -> Ids:
    mixed = values.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt * 7919 + 1)
    for shift in (31, 29):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(1)).astype(np.int64)


def _hex(values: Ids, salt: int, words: int) -> pa.Array:
    """16 digits of each number, `words` times."""
    columns = [_mixed(values, salt * 10 + word).astype(">u8") for word in range(words)]
    data = np.stack(columns, 1).tobytes().hex()
    width = 16 * words
    return pa.array([data[at : at + width] for at in range(0, len(data), width)])


def ours(inputs: list[Input], out: Path, cores: int) -> dict[str, float]:
    """Builds the release; seconds of each phase. cores: 0: in this process, else of Ray."""
    data = {
        "input": [{"workspace": str(given.root), "name": given.name} for given in inputs],
        "duplicates": {"captions": True},
        "caps": {"source": CAP},
        "output": {"claims": False, "evidence": False},
    }
    rules = parse(data, "the benchmark", out.parent)
    times: dict[str, float] = {}
    last = begun = time.monotonic()

    def tell(line: str) -> None:
        nonlocal last
        now = time.monotonic()
        phase = line.partition(":")[0]
        times[phase] = times.get(phase, 0.0) + now - last
        last = now

    with opened(out) as work:
        if cores:
            with ray_cluster("captionmill-bench", cores, 128 << 20, work.logs):
                times["ray"] = time.monotonic() - begun
                last = time.monotonic()
                release = build(rules, inputs, work, on_ray, tell)
        else:
            release = build(rules, inputs, work, here, tell)
        times["all but ray"] = time.monotonic() - begun - times.get("ray", 0.0)
        print(release.books)
        work.clear()
    return times


def duckdbs(inputs: list[Input], out: Path, cores: int) -> dict[str, float]:
    """The same by DuckDB alone; seconds."""
    out.mkdir(parents=True)
    begun = time.monotonic()
    plain = [
        name for name in layout.DATA.names if name not in ("variants", "support", "confidence")
    ]
    made = ("input", "stage", "real", *layout.OF_CLIPS)  # of the clips: it joins no clip table
    plain = [name for name in plain if name not in made]
    settings = {"threads": cores, "memory_limit": "4GB", "temp_directory": str(out / "tmp")}
    with duckdb.connect(str(out / "keys.duckdb"), config=settings) as connection:
        files = [str(given.root / "*.parquet") for given in inputs]
        source = " UNION ALL ".join(
            f"SELECT {number}::INTEGER AS input, * FROM read_parquet('{path}')"
            for number, path in enumerate(files)
        )
        connection.execute(f"CREATE VIEW captions AS {source}")
        texts = "audio_caption, visual_caption, audio_visual_caption"
        connection.execute(
            f"CREATE TABLE keys AS SELECT input, clip_id, hash(content_hash) AS source, "
            f"hash({texts}) AS captions, hash(clip_id) AS place FROM captions"
        )
        keys = time.monotonic() - begun
        connection.execute(
            "CREATE TABLE won AS SELECT * FROM keys "
            "QUALIFY row_number() OVER (PARTITION BY clip_id ORDER BY input DESC) = 1"
        )
        connection.execute(
            "CREATE TABLE single AS SELECT * FROM won "
            "QUALIFY row_number() OVER (PARTITION BY captions ORDER BY place) = 1"
        )
        connection.execute(
            "CREATE TABLE capped AS SELECT * FROM single "
            f"QUALIFY row_number() OVER (PARTITION BY source ORDER BY place) <= {CAP}"
        )
        print(connection.execute("SELECT count(*) FROM capped").fetchall())
        selected = time.monotonic() - begun
        names = ", ".join(plain)
        connection.execute(
            f"COPY (SELECT {names}, input FROM captions JOIN capped USING (clip_id, input) "
            f"ORDER BY place) TO '{out}/data' (FORMAT parquet, COMPRESSION zstd, "
            "COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 50000, FILE_SIZE_BYTES '256MB')"
        )
    return {"keys": keys, "select": selected - keys, "write": time.monotonic() - begun - selected}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--only", choices=("make", "here", "ray", "duckdb"))
    given = parser.parse_args()
    if given.only is None:
        for part in ("make", "ray", "duckdb"):
            subprocess.run(
                [sys.executable, "-m", "benchmarks.release", *sys.argv[1:], "--only", part],
                check=True,
            )
        return
    folder = given.folder / str(given.rows)
    inputs = make(folder, given.rows)
    if given.only == "make":
        return
    out = folder / given.only
    shutil.rmtree(out, ignore_errors=True)
    if given.only == "duckdb":
        times = duckdbs(inputs, out, given.cores)
    else:
        times = ours(inputs, out, given.cores if given.only == "ray" else 0)
    used = resource.getrusage(resource.RUSAGE_SELF)
    times["CPU of this process"] = used.ru_utime + used.ru_stime
    peak = used.ru_maxrss >> 10
    rounded = {name: round(seconds, 2) for name, seconds in times.items()}
    print(
        json.dumps({"by": given.only, "rows": given.rows, "seconds": rounded, "own peak MB": peak})
    )
    shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    main()
