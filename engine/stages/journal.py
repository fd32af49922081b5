"""The journal of a shard: what its batches gave so far, so that a killed run loses only those in flight.

Two files a batch: `<batch>.weak.json` when its captioners are done, `<batch>.done.json` when its
captions are written. Each is there whole or not at all (rename, no fsync: a power cut costs batches,
never truth, for a file that does not parse is worked again).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from engine.crashpoints import reach
from manifests.atomic import remove_tree, write_atomic

Step = Literal["weak", "done"]


class Journal:
    """The journal of one shard at one generation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, batch: int, step: Step, clips: Sequence[str]) -> dict[str, Any] | None:
        """What was kept of a batch; None if nothing was, or not of exactly these clips."""
        try:
            entry = json.loads(self._path(batch, step).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        if not isinstance(entry, dict) or entry.pop("clips", None) != list(clips):
            return None
        kept: dict[str, Any] = entry
        return kept

    def put(self, batch: int, step: Step, clips: Sequence[str], entry: dict[str, Any]) -> None:
        """Keeps what a batch gave. Raises OSError on a full disk."""
        data = json.dumps({"clips": list(clips), **entry}).encode()
        write_atomic(self._path(batch, step), data, durable=False)
        reach("journal.weak" if step == "weak" else "journal.captions")

    def remove(self) -> None:
        """Forgets it all: the shard is committed."""
        remove_tree(self._folder)

    def _path(self, batch: int, step: Step) -> Path:
        return self._folder / f"{batch:06d}.{step}.json"
