"""Frozen features of clips, computed once and kept: epochs read them and decode nothing.

Files of up to `PART` clips each, smaller ones first, so that an early stop loses little: every medium's
steps in one array (float16, mapped into memory when they are read), and an index that names each clip's.
The index is written last, so what a killed process left is computed again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captioners.encoder.encoder import MEDIA, Features, Medium
from manifests import tables
from manifests.atomic import replacing

PART = 512
_FIRST_PART = 64

_INDEX = pa.schema(
    [
        ("clip_id", pa.string()),
        ("why", pa.string()),
        *((f"{medium}_{name}", pa.int64()) for medium in MEDIA for name in ("start", "steps")),
    ]
)

Computed = Callable[[Sequence[Mapping[str, Any]]], Iterable[tuple[str, Features | str]]]
"""Features of clips (rows of the clips table) by clip_id, or why there are none."""


class Store:
    """Features in a folder. Only one process may add to it.

    clips: those that have features. faults: why others have none. Clips that were stored before and are
    not asked for do no harm.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[str, tuple[int, dict[Medium, slice]]] = {}
        self._arrays: dict[tuple[int, Medium], npt.NDArray[np.float16]] = {}
        self.faults: dict[str, str] = {}
        for path in sorted(folder.glob("part-*.parquet")):
            self._read(path)

    @property
    def clips(self) -> set[str]:
        """Ids of clips that have features."""
        return set(self._places)

    def __getitem__(self, clip_id: str) -> Features:
        """The features of a clip. Raises KeyError."""
        part, places = self._places[clip_id]
        return {medium: self._array(part, medium)[place] for medium, place in places.items()}

    def length(self, clip_id: str) -> int:
        """Steps of its longest medium."""
        _, places = self._places[clip_id]
        return max(int(place.stop - place.start) for place in places.values())

    def add(
        self,
        clips: Iterable[Mapping[str, Any]],
        compute: Computed,
        tell: Callable[[int], None] = lambda count: None,
    ) -> None:
        """Computes what is not there yet. tell: is called with how many clips are done."""
        missing = (
            clip
            for clip in clips
            if clip["clip_id"] not in self._places and clip["clip_id"] not in self.faults
        )
        done = 0
        while part := list(islice(missing, min(PART, _FIRST_PART + done // 8))):
            self._write(compute(part))
            done += len(part)
            tell(done)

    def _write(self, computed: Iterable[tuple[str, Features | str]]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        number = max(map(_number, self._folder.glob("part-*.parquet")), default=-1) + 1
        arrays: dict[Medium, list[npt.NDArray[np.float16]]] = {medium: [] for medium in MEDIA}
        sizes = dict.fromkeys(MEDIA, 0)
        rows: list[dict[str, Any]] = []
        for clip_id, features in computed:
            if isinstance(features, str):
                rows.append({"clip_id": clip_id, "why": features})
                continue
            row: dict[str, Any] = {"clip_id": clip_id}
            for medium, values in features.items():
                arrays[medium].append(np.asarray(values, np.float16))
                row |= {f"{medium}_start": sizes[medium], f"{medium}_steps": len(values)}
                sizes[medium] += len(values)
            rows.append(row)
        for medium, each in arrays.items():
            if each:
                with (
                    replacing(self._path(number, medium)) as temporary,
                    temporary.open("wb") as file,
                ):
                    np.save(file, np.concatenate(each))
        name = f"part-{number:05d}.parquet"
        tables.write(self._folder, name, "features", rows, _INDEX)
        self._read(self._folder / name)

    def _read(self, path: Path) -> None:
        number = _number(path)
        for row in tables.read(self._folder, path.name):
            if row["why"] is not None:
                self.faults[row["clip_id"]] = row["why"]
                continue
            starts = {medium: row[f"{medium}_start"] for medium in MEDIA}
            self._places[row["clip_id"]] = (
                number,
                {
                    medium: slice(start, start + row[f"{medium}_steps"])
                    for medium, start in starts.items()
                    if start is not None
                },
            )

    def _array(self, part: int, medium: Medium) -> npt.NDArray[np.float16]:
        if (part, medium) not in self._arrays:
            self._arrays[part, medium] = np.load(self._path(part, medium), mmap_mode="r")
        return self._arrays[part, medium]

    def _path(self, part: int, medium: Medium) -> Path:
        return self._folder / f"part-{part:05d}.{medium}.npy"


def _number(index: Path) -> int:
    return int(index.stem.removeprefix("part-"))


def in_turn(store: Store, clips: Sequence[str], most: int) -> Iterator[Features]:
    """Features of at most so many clips, evenly chosen."""
    for clip_id in clips[:: -(-len(clips) // most) if clips else 1]:
        yield store[clip_id]
