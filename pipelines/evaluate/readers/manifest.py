"""Any set, by a list of the user's: CSV, JSON lines or Parquet (`manifests.sources.list`).

Columns: `file` (from the folder of media, or absolute), `caption` and `label` (one text, several, or
numbered columns; either may be missing), `start` and `end` in seconds. Rows of the same file and span are
one clip.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manifests.ids import path_of
from manifests.sources import cells
from manifests.sources.columns import bare
from manifests.sources.list import ListError, read
from pipelines.evaluate.items import Item, Set

FILE = "file"
_SAID = ("caption", "label")
_SPAN = ("start", "end")

_Key = tuple[bytes, int, int | None]


def manifest(listed: Path, media: Path) -> Set:
    """The clips of a list, whose files are named from `media` on. Raises ListError."""
    # Numbered columns are one only where they are needed, and in JSON a row may lack what is not.
    names = columns(listed)
    numbered = [name for name in _SAID if any(re.fullmatch(rf"{name}\d+", n) for n in names)]
    clips: dict[_Key, _Clip] = {}
    for number, row in enumerate(read(listed, (FILE, *numbered), (*_SAID, *_SPAN)), 1):
        try:
            name, key = _place(row, media)
            clip = clips.setdefault(key, _Clip(name))
            clip.captions.update(dict.fromkeys(cells.texts(row.get("caption"))))
            clip.labels.update(dict.fromkeys(cells.texts(row.get("label"))))
        except ValueError as error:
            raise ListError(f"{listed}, row {number}: {error}") from error
    return Set(listed.name, "manifest", tuple(clip.item(*key) for key, clip in clips.items()))


@dataclass(frozen=True, slots=True)
class _Clip:
    """What the rows of a clip say, each text once, in order."""

    name: str
    captions: dict[str, None] = field(default_factory=dict)
    labels: dict[str, None] = field(default_factory=dict)

    def item(self, path: bytes, start_ms: int, end_ms: int | None) -> Item:
        there = path if os.path.lexists(path) else None
        said = tuple(self.captions), tuple(self.labels)
        return Item(self.name, there, there, *said, start_ms, end_ms)


def columns(listed: Path) -> set[str]:
    """The names of a list's columns, without case and marks. Raises ListError for a list without rows."""
    first = next(read(listed), None)
    if first is None:
        raise ListError(f"{listed} has no rows")
    return {bare(name) for name in first}


def _place(row: Mapping[str, Any], media: Path) -> tuple[str, _Key]:
    texts = cells.texts(row[FILE])
    if len(texts) != 1:
        raise ValueError(f"it names {'several files' if texts else 'no file'}")
    name = texts[0].strip()
    path = path_of(name) if name.startswith("file://") else os.fsencode(media / name)
    start, end = cells.seconds(row.get("start")) or 0, cells.seconds(row.get("end"))
    if end is not None and end <= start:
        raise ValueError("it ends before it starts")
    return name, (path, start, end)
