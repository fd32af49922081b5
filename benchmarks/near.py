"""What do near duplicates of captions cost, and which are found? `python -m benchmarks.near`

Captions are written by the grammars of the rich bench about drawn scenes: a row has one of sound, one of
picture and one of both, of different scenes. Among them near duplicates are planted: a word changed, an
adjective added, two clauses swapped. Prints
- captions and bytes a second that are signed, in one process and in two;
- how long clustering takes, how much memory, and whether 1, 2 and 7 workers keep the same rows;
- recall of planted near duplicates by their Jaccard similarity, and how like rows are to their roots;
- the same for captions of one template with another word each.
"""

import argparse
import hashlib
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.quality.rich.evidence import tell
from benchmarks.quality.rich.goods import goods
from benchmarks.quality.rich.grammars.inspector import Inspector
from benchmarks.quality.rich.grammars.reporter import Reporter
from benchmarks.quality.rich.grammars.storyteller import Storyteller
from benchmarks.quality.rich.scenes import scenes
from manifests.captions import CAPTIONS
from manifests.release import minhash
from manifests.release.near import cluster

GRAMMARS = (Storyteller, Inspector, Reporter)
ADJECTIVES = ("red", "small", "large", "old", "young", "bright", "dark", "wooden", "loud", "slow")
TEMPLATE = (
    "a dog barks loudly while music plays in the background and a man speaks to a small crowd of "
    "people beside the old house near a river"
)
Texts = tuple[str, ...]


def written(count: int) -> dict[str, list[str]]:
    """Captions of drawn scenes, by kind."""
    texts: dict[str, list[str]] = {name: [] for name in CAPTIONS}
    for number, scene in enumerate(scenes(11, count)):
        for made, text in goods(tell(scene, GRAMMARS[number % len(GRAMMARS)]())):
            texts[made.caption].append(text)
    return texts


def words(text: str) -> list[str]:
    """The words of a text as they are signed."""
    return re.findall(r"[a-z0-9]+", text.lower())


def jaccard(one: Texts, other: Texts) -> float:
    """The similarity of two rows by their pairs of words."""
    first, second = (words(" ".join(row)) for row in (one, other))
    some, others = (set(pairwise(each)) for each in (first, second))
    return len(some & others) / len(some | others)


def change(text: str, way: str, rng: random.Random, vocabulary: Sequence[str]) -> str:
    """A near duplicate of a caption."""
    parts = text.split()
    if way == "word changed":
        parts[rng.randrange(len(parts))] = rng.choice(vocabulary)
    elif way == "adjective added":
        parts.insert(rng.randrange(1, len(parts)), rng.choice(ADJECTIVES))
    else:
        clauses = re.split(r", and |, | while | as ", text.rstrip("."))
        parts = ", ".join(clauses[1:] + clauses[:1]).split()
    return " ".join(parts)


WAYS = ("word changed", "adjective added", "clauses swapped")


def planted(pool: dict[str, list[str]], count: int) -> tuple[list[Texts], list[str]]:
    """Rows of one caption each or of three, each followed by a near duplicate; and by which way."""
    rng = random.Random(3)
    vocabulary = sorted({word for texts in pool.values() for t in texts[:500] for word in words(t)})
    rows: list[Texts] = []
    ways: list[str] = []
    unused = {name: rng.sample(texts, len(texts)) for name, texts in pool.items()}
    for number in range(count):
        of = CAPTIONS if number % 2 else CAPTIONS[-1:]
        row = tuple(unused[name].pop() for name in of)
        way = WAYS[number % 3]
        place = rng.randrange(len(row))
        like = change(row[place], way, rng, vocabulary)
        rows += [row, (*row[:place], like, *row[place + 1 :])]
        ways.append(way)
    return rows, ways


def write(folder: Path, rows: Sequence[Texts], size: int) -> list[Path]:
    """Files of captions of so many rows each."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for start in range(0, len(rows), size):
        some = [(None,) * (3 - len(row)) + row for row in rows[start : start + size]]
        columns = {n: pa.array(t, pa.string()) for n, t in zip(CAPTIONS, zip(*some), strict=True)}  # noqa: B905
        files.append(folder / f"captions-{start // size:05d}.parquet")
        pq.write_table(pa.table(columns), files[-1], compression="zstd")
    return files


def sign(files: Sequence[Path], of: int = 1, part: int = 0) -> list[Path]:
    """Signs files in this process, every `of`-th from `part` on."""
    signed = [file.with_name(f"signed-{file.name}") for file in files]
    for shard in range(part, len(files), of):
        minhash.write([files[shard]], signed[shard], 0, shard)
    return signed


def measure_signing(folder: Path, rows: int) -> list[Path]:
    """Prints how quick signing is, without the start of the processes; the files of signatures."""
    for processes in (1, 2):
        command = [sys.executable, "-m", "benchmarks.near", "--sign", str(folder), str(processes)]
        running = [
            subprocess.Popen([*command, str(part)], stdout=subprocess.PIPE, text=True)
            for part in range(processes)
        ]
        spent = [[float(n) for n in process.communicate()[0].split()] for process in running]
        wall, cpu = max(own[0] for own in spent), sum(own[1] for own in spent)
        told(f"signed in {processes} process{'es' * (processes > 1)}", wall, cpu, rows)
    return sorted(folder.glob("signed-*.parquet"))


def measure_clusters(folder: Path, files: Sequence[Path], rows: int) -> None:
    """Prints what clustering costs, and whether workers change the outcome."""
    digests = set()
    for workers in (1, 2, 7):
        order = [*files[workers:], *files[:workers]]
        with timed(f"clustered by {workers} thread{'s' * (workers > 1)}", rows):
            found = cluster(order, folder / "near.parquet", folder, threads=workers)
        digests.add(hashlib.sha256((folder / "near.parquet").read_bytes()).hexdigest())
    print(f"  {found}")
    print(
        f"  {'the same' if len(digests) == 1 else 'DIFFERENT'} rows and roots; peak memory", end=" "
    )
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB", flush=True)


def measure_recall(folder: Path, rows: list[Texts], ways: list[str]) -> None:
    """Prints how many planted near duplicates are found, and how like rows are to their roots."""
    roots = clustered(folder, rows)
    hits: dict[str, list[bool]] = {}
    for number, way in enumerate(ways):
        pair = (2 * number, 2 * number + 1)
        likeness = jaccard(*(rows[row] for row in pair))
        joined = roots.get(pair[0], 0) == roots.get(pair[1], 1)
        bins = ((1.01, 0.95), (0.95, 0.9), (0.9, 0.85), (0.85, 0.8), (0.8, 0.7), (0.7, 0.0))
        low = next(low for high, low in bins if low <= likeness < high)
        hits.setdefault(f"Jaccard {low:.2f} and more", []).append(joined)
        if likeness >= 0.8:
            hits.setdefault(f"{way}, 0.8 and more", []).append(joined)
    for name, found in sorted(hits.items(), reverse=True):
        print(f"  {name:34} {sum(found) / len(found):6.1%} of {len(found):,} found")
    likeness_to_roots(rows, roots)


def clustered(folder: Path, rows: Sequence[Texts]) -> dict[int, bytes]:
    """The roots of rows in clusters."""
    files = sign(write(folder, rows, 4096))
    print(f"  {cluster(files, folder / 'near.parquet', folder, threads=2)}")
    table = pq.read_table(folder / "near.parquet")
    places = zip(table["shard"].to_pylist(), table["row"].to_pylist(), strict=True)
    roots = table["root"].to_pylist()
    return {s * 4096 + row: root.bytes for (s, row), root in zip(places, roots, strict=True)}


def likeness_to_roots(rows: Sequence[Texts], roots: dict[int, bytes]) -> None:
    """Prints how many rows would leave that are less like the root of their cluster than was asked."""
    ids = {}
    texts = [minhash.joined([pa.array([" ".join(rows[row])])]) for row in roots]
    for row, text in zip(roots, texts, strict=True):
        ids[minhash.ids(minhash.signatures(text)[1]).tobytes()] = row
    likeness = [jaccard(rows[row], rows[ids[root]]) for row, root in roots.items()]
    left = len(likeness) - len(set(roots.values()))
    for low in (0.8, 0.75, 0.7, 0.6):
        below = sum(each < low for each in likeness)
        print(f"  less like its root than {low:.2f}: {below:,} of {left:,} that leave")


def measure_template(folder: Path, count: int) -> None:
    """Prints what captions of one template do, with another word at a place of each."""
    rng = random.Random(5)
    parts = TEMPLATE.split()
    rows = []
    for _ in range(count):
        place = rng.randrange(len(parts))
        rows.append((" ".join([*parts[:place], f"word{rng.random()}", *parts[place + 1 :]]),))
    with timed(f"{count:,} captions of one template", count):
        roots = clustered(folder, rows)
    kept = count - len(roots) + len(set(roots.values()))
    print(f"  {kept:,} stay; its {len(parts)} places are as many groups of like captions")
    likeness_to_roots(rows, roots)


@contextmanager
def timed(what: str, rows: int) -> Iterator[None]:
    """Prints how long a block takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    told(what, time.perf_counter() - wall, time.process_time() - cpu, rows)


def told(what: str, wall: float, cpu: float, rows: int) -> None:
    """Prints a line of times."""
    each = (
        f"{rows / wall:9,.0f}/s  {cpu / rows * 1e6:6.2f} us CPU each  load {os.getloadavg()[0]:.1f}"
    )
    print(f"{what:34} {wall:7.2f} s wall {cpu:7.2f} s CPU {each}", flush=True)


def main() -> None:
    """Makes captions, and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--planted", type=int, default=4_000)
    parser.add_argument("--template", type=int, default=100_000)
    parser.add_argument("--scenes", type=int, default=6_000)
    parser.add_argument("--sign", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sign:
        folder, of, part = arguments.sign
        sign(sorted(Path(folder).glob("captions-*.parquet"))[:1])  # imports what it needs
        wall, cpu = time.perf_counter(), time.process_time()
        sign(sorted(Path(folder).glob("captions-*.parquet")), int(of), int(part))
        print(time.perf_counter() - wall, time.process_time() - cpu)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pool = written(arguments.scenes)
        rng = random.Random(1)
        for kinds in (CAPTIONS[-1:], CAPTIONS):
            rows = [tuple(rng.choice(pool[n]) for n in kinds) for _ in range(arguments.rows)]
            size = sum(len(text) for row in rows[:1000] for text in row) / 1000
            own = folder / f"{len(kinds)}"
            write(own, rows, 8192)
            print(f"{len(rows):,} rows of {len(kinds)} caption(s), {size:.0f} bytes")
            files = measure_signing(own, len(rows))
        measure_clusters(own, files, arguments.rows)
        print("planted near duplicates")
        measure_recall(folder / "planted", *planted(pool, arguments.planted))
        measure_template(folder / "template", arguments.template)


if __name__ == "__main__":
    main()
