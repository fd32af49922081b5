"""Near duplicates for a selection: looked for when their rule's turn comes, among what is left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.release.rules import Rules
from manifests.release.select import Keys
from pipelines.rebuild.tasks import RebuildError, Task
from pipelines.rebuild.writing import Group

Run = Callable[[str, Sequence[Task]], list[Any]]


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds near duplicates for the rules, and keeps its files in a folder."""

    rules: Rules
    groups: Sequence[Group]
    folder: Path
    run: Run

    def find(self, rule: str, keys: Keys) -> Sequence[Path]:
        """See `manifests.release.select.Near`."""
        raise RebuildError(f"{rule} is not there yet")
