"""One job by three: drop the losing captions of a clip, exact duplicates and what is over 10 rows a
source, shuffle, write Parquet. Captions only: no claims, no evidence.

The plans of DuckDB and Polars are the quickest we know: keys first, rules over these, then a join back
to the texts in the order of the shuffle. They compare captions letter by letter, and write no checksums,
card and statistics; ours looks past case and spaces, and writes them.

A second job is ours alone: all kinds of rules that look at captions (`EVERY_RULE`).
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from engine.run.cluster import ray_cluster
from manifests.release import layout
from manifests.release.rules import parse
from manifests.release.shards import Input
from pipelines.rebuild.leaving import Leaving
from pipelines.rebuild.rebuild import build
from pipelines.rebuild.running import running
from pipelines.rebuild.tasks import Runner, here, on_ray
from pipelines.rebuild.work import Work, opened

CAP = 10
_MADE = ("variants", "support", "confidence", "input", "stage", "real")
EVERY_RULE: dict[str, object] = {
    "winner": {"order": ["stage", "confidence", "support", "newest"]},
    "keep": {"min_confidence": 0.2, "min_support": 0.5, "min_ms": 1000, "max_ms": 30_000},
    "duplicates": {"captions": True, "near_captions": 0.8},
    "caps": {"source": CAP, "caption": 2},
    "shares": {"speech": 0.25, "music": 0.15},
    "split": {"train": 0.98, "test": 0.02},
}
_PLAIN = [name for name in layout.DATA.names if name not in (*_MADE, *layout.OF_CLIPS)]
"""Of the columns that the clip table gives none: the other plans join no clip table."""
_TEXTS = ("audio_caption", "visual_caption", "audio_visual_caption")
_OBJECTS = 128 << 20

Times = dict[str, float]


def ours(
    inputs: Sequence[Input], out: Path, cores: int, by: str, every_rule: bool = False
) -> Times:
    """Builds the release; seconds of each phase. by: "cores", "ray" or "here"."""
    few = {"duplicates": {"captions": True}, "caps": {"source": CAP}}
    data = {
        "input": [{"workspace": str(given.root), "name": given.name} for given in inputs],
        "output": {"claims": False, "evidence": False},
        **(EVERY_RULE if every_rule else few),
    }
    rules = parse(data, "the benchmark", out.parent)
    times: Times = {}
    last, begun = time.monotonic(), ""

    def tell(line: str) -> None:
        """The phase of a line has taken the time since the line before, unless that began another."""
        nonlocal last, begun
        now = time.monotonic()
        phase, _, has_ended = line.partition(":")
        times[begun or phase] = times.get(begun or phase, 0.0) + now - last
        last, begun = now, "" if has_ended else phase

    with opened(out) as work:
        with _runner(by, work, cores) as runner:
            tell("start: 1")
            release = build(rules, inputs, Leaving(), work, runner, tell)
        print(release.books)
        tell("end: 1")
        work.clear()
    return times


@contextmanager
def _runner(by: str, work: Work, cores: int) -> Iterator[Runner]:
    """What runs the tasks: over processes, as a rebuild does without a cluster, on Ray, or here."""
    if by == "ray":
        with ray_cluster("captionmill-bench", cores, _OBJECTS, work.root / "logs"):
            yield on_ray
    elif by == "here":
        yield here
    else:
        with running(work, 1) as runner:
            yield runner


def duckdbs(inputs: Sequence[Input], out: Path, cores: int) -> Times:
    """The same by DuckDB alone, with 4 GB; seconds."""
    out.mkdir(parents=True)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": cores,
        "memory_limit": "4GB",
        "temp_directory": str(out / "tmp"),
    }
    times = _Times()
    with duckdb.connect(str(out / "keys.duckdb"), config=settings) as connection:
        source = " UNION ALL ".join(
            f"SELECT {given.number}::INTEGER AS input, * FROM read_parquet('{_pattern(given)}')"
            for given in inputs
        )
        connection.execute(f"CREATE VIEW captions AS {source}")
        connection.execute(
            f"CREATE TABLE keys AS SELECT input, clip_id, hash(content_hash) AS source, "
            f"hash({', '.join(_TEXTS)}) AS captions, hash(clip_id) AS place FROM captions"
        )
        times.tell("keys")
        previous = "keys"
        for name, by, order, most in (
            ("won", "clip_id", "input DESC", 1),
            ("single", "captions", "place", 1),
            ("capped", "source", "place", CAP),
        ):
            connection.execute(
                f"CREATE TABLE {name} AS SELECT * FROM {previous} "
                f"QUALIFY row_number() OVER (PARTITION BY {by} ORDER BY {order}) <= {most}"
            )
            previous = name
        print(connection.execute("SELECT count(*) FROM capped").fetchall())
        times.tell("select")
        connection.execute(
            f"COPY (SELECT {', '.join(_PLAIN)}, input FROM captions JOIN capped USING (clip_id, input) "
            f"ORDER BY place) TO '{out}/data' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, "
            "ROW_GROUP_SIZE 50000, FILE_SIZE_BYTES '256MB')"
        )
    times.tell("write")
    return times.seconds


def polarss(inputs: Sequence[Input], out: Path) -> Times:
    """The same by Polars' streaming engine; seconds."""
    import polars as pl

    out.mkdir(parents=True)
    times = _Times()
    captions = pl.concat(
        pl.scan_parquet(_pattern(given)).with_columns(input=pl.lit(given.number))
        for given in inputs
    )
    keys = captions.select(
        "input",
        "clip_id",
        source=pl.col("content_hash").hash(),
        captions=pl.struct(_TEXTS).hash(),
        place=pl.col("clip_id").hash(),
    ).collect(engine="streaming")
    times.tell("keys")
    won = keys.sort("input", descending=True).unique("clip_id", keep="first")
    single = won.sort("place").unique("captions", keep="first", maintain_order=True)
    capped = single.filter(pl.col("place").cum_count().over("source") <= CAP)
    print(capped.height)
    times.tell("select")
    kept = capped.lazy().select("clip_id", "input", "place")
    captions.select(*_PLAIN, "input").join(kept, on=["clip_id", "input"]).sort("place").drop(
        "place"
    ).sink_parquet(
        out / "data.parquet",
        compression="zstd",
        compression_level=1,
        row_group_size=50_000,
        engine="streaming",
    )
    times.tell("write")
    return times.seconds


def _pattern(given: Input) -> str:
    return str(given.root / "*.parquet")


class _Times:
    """Seconds between the ends of phases."""

    def __init__(self) -> None:
        self.seconds: Times = {}
        self._last = time.monotonic()

    def tell(self, phase: str) -> None:
        """A phase has ended."""
        now = time.monotonic()
        self.seconds[phase], self._last = now - self._last, now
