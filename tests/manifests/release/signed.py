"""Shards of captions, their signatures, and clusters of them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.captions import CAPTIONS
from manifests.release import minhash

Address = tuple[int, int, int]

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrst"]


def captions(path: Path, texts: Sequence[str | None], group: int | None = None) -> Path:
    """A file of captions that has these texts as captions of sound and picture."""
    columns = {name: pa.nulls(len(texts), pa.string()) for name in CAPTIONS}
    columns[CAPTIONS[-1]] = pa.array(texts, pa.string())
    pq.write_table(pa.table(columns), path, row_group_size=group)
    return path


def signed(folder: Path, shards: Mapping[tuple[int, int], Sequence[str | None]]) -> list[Path]:
    """Files of signatures of shards by (input, shard)."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for (number, shard), texts in shards.items():
        file = captions(folder / f"captions-{number}-{shard}.parquet", texts)
        files.append(folder / f"signed-{number}-{shard}.parquet")
        minhash.write([file], files[-1], number, shard)
    return files


def roots(path: Path) -> dict[Address, bytes]:
    """The roots of a file of clusters by address."""
    table = pq.read_table(path)
    addresses = zip(*(table[name].to_pylist() for name in ("input", "shard", "row")), strict=True)
    return {a: root.bytes for a, root in zip(addresses, table["root"].to_pylist(), strict=True)}


def drawn(seed: int, count: int, words: int = 30) -> list[str]:
    """Captions of words drawn at random."""
    chosen = np.random.default_rng(seed).choice(WORDS, (count, words))
    return [" ".join(row) for row in chosen.tolist()]


def changed(text: str, seed: int) -> str:
    """A caption with one of its inner words changed."""
    random = np.random.default_rng(seed)
    words = text.split()
    words[int(random.integers(1, len(words) - 1))] = f"changed{random.integers(1 << 30)}"
    return " ".join(words)


def jaccard(some: str, other: str) -> float:
    """The similarity of two captions by their pairs of words."""
    one, two = (set(pairwise(text.split())) for text in (some, other))
    return len(one & two) / len(one | two)
