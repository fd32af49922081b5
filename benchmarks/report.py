"""What does `captionmill report` of a large release take?

    python -m benchmarks.report 10000000 --folder FOLDER

Makes a release of so many clips (`benchmarks.inspect`) with four claims a clip beside it, then reports on
it in a process of its own, without players, since there is no media. Prints seconds, CPU seconds and peak
memory of that process. On a machine that others use too, look at the CPU seconds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.inspect import make
from manifests.captions import CAPTIONS
from manifests.ids import content_hash
from manifests.release import layout
from manifests.release.columns import CLAIMS
from manifests.release.layout import Release, ReleaseFile, part_path

_CLAIMS = 4
"""Of each clip."""
_CAPTIONERS: tuple[list[str], ...] = (["ears"], ["eyes"], ["ears", "words"], ["eyes", "words"], [])


def with_claims(folder: Path) -> None:
    """Adds claims to a made release, unless it has some."""
    release = layout.load(folder)
    if release.of("claims"):
        return
    files = [_written(folder, file) for file in release.of("data")]
    told = Release.made(
        release.name, release.rules, release.inputs, release.books, [*release.files, *files]
    )
    (folder / layout.RELEASE).write_bytes(told.to_json())


def _written(folder: Path, data: ReleaseFile) -> ReleaseFile:
    """The claims beside a data file."""
    count = sum(1 for _ in (folder / data.path).parent.iterdir())
    path = part_path("claims", data.licence_class, data.split, data.part, count)
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    table = _claims(pq.read_table(folder / data.path, columns=["clip_id", *CAPTIONS]), data.part)
    pq.write_table(table, folder / path, compression="zstd", row_group_size=200_000)
    target = folder / path
    return data.model_copy(
        update={
            "path": path,
            "table": "claims",
            "rows": table.num_rows,
            "bytes": target.stat().st_size,
            "sha256": content_hash(target),
        }
    )


def _claims(rows: pa.Table, seed: int) -> pa.Table:
    """Claims of data rows: the first words of a caption, said by none or some captioners."""
    length, drawn = len(rows) * _CLAIMS, np.random.default_rng(seed)
    parents = np.repeat(np.arange(len(rows)), _CLAIMS)
    kinds = drawn.integers(0, len(CAPTIONS), length)
    texts = pc.choose(
        pa.array(kinds), *(rows[name].take(pa.array(parents)).combine_chunks() for name in CAPTIONS)
    )
    who = drawn.choice(len(_CAPTIONERS), length, p=(0.4, 0.3, 0.15, 0.13, 0.02))
    supported = who < len(_CAPTIONERS) - 1
    sure = np.where(supported, 0.5 + drawn.random(length) / 2, np.nan)
    values = {
        "clip_id": rows["clip_id"].take(pa.array(parents)),
        "claim": pa.array(np.tile(np.arange(_CLAIMS, dtype=np.int32), len(rows))),
        "caption": pa.array(list(CAPTIONS)).take(pa.array(kinds)),
        "text": pc.utf8_slice_codeunits(texts, 0, 12),
        "captioners": pa.array(_CAPTIONERS, pa.list_(pa.string())).take(pa.array(who)),
        "probability": pa.array(sure, mask=~supported),
        "tier": pa.array(["medium", "high"]).take(
            pa.array((sure > 0.8).astype(int), mask=~supported)
        ),
        "supported": pa.array(supported),
    }
    return pa.table(
        [values.get(field.name, pa.nulls(length, field.type)) for field in CLAIMS], schema=CLAIMS
    )


def report(folder: Path) -> None:
    """Reports on a release; prints what that took."""
    from pipelines.report.report import make as reported
    from pipelines.report.report import write

    begun = time.monotonic()
    made = reported(folder, None, [])
    size = write(made, folder.parent / "report.html", 1, lambda done, clips: None)
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "clips": made.report.figures.captions.clips,
        "claims": made.report.figures.claims.claims,
        "sampled": made.report.figures.texts.clips,
        "seconds": round(time.monotonic() - begun, 1),
        "CPU s": round(used.ru_utime + used.ru_stime, 1),
        "peak MB": used.ru_maxrss >> 10,
        "page kB": size // 1000,
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--only", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder = given.folder / f"release-{given.rows}"
    if given.only:
        report(folder)
        return
    make(folder, given.rows)
    with_claims(folder)
    subprocess.run([sys.executable, "-m", "benchmarks.report", *sys.argv[1:], "--only"], check=True)


if __name__ == "__main__":
    main()
