"""The journal of a shard: what its batches gave so far, so that a killed run loses only those in flight.

One file for each step of a batch, `<batch>.<step>.json`. Each is there whole or not at all (rename, no
fsync: a power cut costs batches, never truth, because a file that does not parse is worked again).
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.crashpoints import reach
from engine.stages.contract import Row, Rows
from manifests.atomic import write_atomic
from manifests.kinds import kind_of

QUARANTINE = "quarantine"
_OURS = re.compile(r"[0-9]{6,}\.\w+\.json|\.[0-9]{6,}\.\w+\.json\.[0-9]+\.tmp")


@dataclass(frozen=True, slots=True)
class Entry:
    """What units of one or more steps gave for a batch. ran: the units. rows: by table."""

    ran: tuple[str, ...] = ()
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)

    def extended(self, units: Sequence[str], rows: Rows) -> "Entry":
        """This entry and what further units gave. A clip that they put into quarantine keeps no other
        rows."""
        out = {row["clip_id"] for row in rows.get(QUARANTINE, ())}
        merged = {
            table: tuple(
                row
                for row in (*self.rows.get(table, ()), *rows.get(table, ()))
                if table == QUARANTINE or row["clip_id"] not in out
            )
            for table in dict.fromkeys([*self.rows, *rows])
        }
        return Entry((*self.ran, *(unit for unit in units if unit not in self.ran)), merged)

    def outcomes(self) -> list[str]:
        """Clips of every row in a table with an outcome."""
        return [
            row["clip_id"]
            for table, rows in self.rows.items()
            if kind_of(table).outcome is not None
            for row in rows
        ]

    def counts(self) -> dict[str, int]:
        """Clips by outcome, as the books call it."""
        counts: dict[str, int] = {}
        for table, rows in self.rows.items():
            outcome = kind_of(table).outcome
            if outcome is not None:
                counts[outcome] = counts.get(outcome, 0) + len(rows)
        return counts

    def overlaps(self, committed: Mapping[str, Mapping[str, Row]]) -> bool:
        """Whether it has rows of shared tables that another job committed meanwhile; committed: by clip
        and table."""
        return any(
            table in committed.get(row["clip_id"], {})
            for table, rows in self.rows.items()
            if kind_of(table).shared
            for row in rows
        )


class Journal:
    """The journal of one shard at one generation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, batch: int, step: str, clips: Sequence[str]) -> Entry | None:
        """The entry of a batch; None if there is none, or not of exactly these clips."""
        try:
            content = json.loads(self._path(batch, step).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        if not isinstance(content, dict) or content.get("clips") != list(clips):
            return None
        try:
            rows = {table: tuple(of_table) for table, of_table in content["rows"].items()}
            return Entry(tuple(content["ran"]), rows)
        except (KeyError, TypeError, AttributeError):
            return None

    def put(self, batch: int, step: str, clips: Sequence[str], entry: Entry) -> None:
        """Keeps an entry. Raises OSError on a full disk."""
        content = {"clips": list(clips), "ran": entry.ran, "rows": entry.rows}
        write_atomic(self._path(batch, step), json.dumps(content).encode(), durable=False)
        reach("journal.put")

    def drop(self, batch: int, step: str) -> None:
        """Forgets an entry, if there is one."""
        self._path(batch, step).unlink(missing_ok=True)

    def remove(self) -> None:
        """Forgets it all: the shard is committed. Files that are not its own stay."""
        for path in self._folder.glob("*"):
            if _OURS.fullmatch(path.name):
                path.unlink(missing_ok=True)
        with suppress(OSError):  # it is not there, or not empty
            self._folder.rmdir()

    def _path(self, batch: int, step: str) -> Path:
        return self._folder / f"{batch:06d}.{step}.json"
