"""Near duplicates for a selection: looked for when their rule's turn comes, among what is left."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.release import minhash, near
from manifests.release.rules import Rules
from manifests.release.select import Keys
from pipelines.rebuild.steps import shard_files
from pipelines.rebuild.tasks import RebuildError, Task
from pipelines.rebuild.writing import Group

Run = Callable[[str, Sequence[Task]], Any]

_CLUSTER_MEMORY = "1500MB"


@dataclass(frozen=True, slots=True)
class SignStep:
    """Signs the captions of a group of shards."""

    group: Group
    folder: Path

    def run(self) -> None:
        """Writes the signatures of each shard."""
        files = shard_files(self.folder, self.group)
        for (given, shard), path in zip(self.group.shards, files, strict=True):
            if not path.exists():
                minhash.write(shard.captions, path, given.number, shard.number)


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds near duplicates for the rules, and keeps its files in a folder. run: runs tasks."""

    rules: Rules
    groups: Sequence[Group]
    folder: Path
    run: Run

    def find(self, rule: str, keys: Keys) -> Sequence[Path]:
        """See `manifests.release.select.Near`. Raises UserError."""
        if rule == "near_captions":
            return [self._captions(keys)]
        raise RebuildError(f"the rule {rule} can't be applied by this version: leave it out")

    def _captions(self, keys: Keys) -> Path:
        """Clusters of captions that are nearly alike, among the rows that are left."""
        signatures = self.folder / "signatures"
        left, clusters = self.folder / "left.parquet", self.folder / "captions.parquet"
        keys.write_alive(left)
        with keys.at_rest():
            self.run("sign", [SignStep(group, signatures) for group in self.groups])
            near.cluster(
                [path for group in self.groups for path in shard_files(signatures, group)],
                clusters,
                self.folder / "work",
                rows=[left],
                at_least=self.rules.duplicates.near_captions or near.AT_LEAST,
                memory=_CLUSTER_MEMORY,
                threads=os.cpu_count() or 1,
            )
        return clusters
