"""Near duplicates for a selection: looked for when their rule's turn comes, among what is left."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import crashpoints
from manifests.release import minhash, near, near_media
from manifests.release.edits import Edits
from manifests.release.rules import Rules
from manifests.release.select import Keys
from pipelines.rebuild.steps import shard_files
from pipelines.rebuild.tasks import Task
from pipelines.rebuild.writing import Group

Run = Callable[[str, Sequence[Task]], Any]
Tell = Callable[[str], None]

_CLUSTER_MEMORY = "1500MB"


@dataclass(frozen=True, slots=True)
class SignStep:
    """Signs the captions of a group of shards. decided: file of what reviewers decided, if they did."""

    group: Group
    folder: Path
    decided: Path | None = None

    def run(self) -> None:
        """Writes the signatures of each shard."""
        edits = Edits.load(self.decided)
        files = shard_files(self.folder, self.group)
        for shard, path in zip(self.group.shards, files, strict=True):
            if not path.exists():
                minhash.write(shard.captions, path, self.group.input.number, shard.number, edits)


@dataclass(frozen=True, slots=True)
class CompareStep:
    """Compares the media of a group of shards with those of evaluation sets."""

    group: Group
    evaluation: tuple[str, ...]
    at_least: float
    path: Path

    def run(self) -> None:
        """Writes the clips that are near one."""
        if not self.path.exists():
            embeddings = [path for shard in self.group.shards for path in shard.embeddings]
            near_media.near(embeddings, self.evaluation, self.path, self.at_least)


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds near duplicates for the rules, and keeps its files in a folder. evaluation: files of
    embeddings of evaluation sets. run: runs tasks. tell: hears of what this process does alone, which
    may take minutes. decided: as in `SignStep`."""

    rules: Rules
    groups: Sequence[Group]
    evaluation: tuple[str, ...]
    folder: Path
    run: Run
    tell: Tell
    decided: Path | None = None

    def find(self, rule: str, keys: Keys) -> Sequence[Path]:
        """See `manifests.release.select.Near`. Raises UserError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with keys.at_rest():
            if rule == "decontamination_media":
                return self._evaluated()
            left = self.folder / f"{rule}-left.parquet"
            keys.write_alive(left)
            found = self._media(left) if rule == "duplicate_media" else self._captions(left)
            crashpoints.reach("rebuild.cluster")
            return [found]

    def _evaluated(self) -> list[Path]:
        """Clips whose media are in an evaluation set."""
        at_least = self.rules.decontaminate.near_media or near_media.AT_LEAST
        steps = [
            CompareStep(
                group,
                self.evaluation,
                at_least,
                self.folder / f"evaluated-{group.number:05d}.parquet",
            )
            for group in self.groups
        ]
        self.run("compare with evaluation sets", steps)
        crashpoints.reach("rebuild.compare")
        return [step.path for step in steps]

    def _media(self, left: Path) -> Path:
        """Clusters of clips whose media are nearly alike."""
        path = self.folder / "media.parquet"
        embeddings = [
            file for group in self.groups for shard in group.shards for file in shard.embeddings
        ]
        at_least = self.rules.duplicates.media or near_media.AT_LEAST
        self.tell("clustering media")
        near_media.cluster(embeddings, path, self.folder / "work", [left], at_least)
        return path

    def _captions(self, left: Path) -> Path:
        """Clusters of captions that are nearly alike."""
        signatures, path = self.folder / "signatures", self.folder / "captions.parquet"
        self.run("sign", [SignStep(group, signatures, self.decided) for group in self.groups])
        crashpoints.reach("rebuild.sign")
        self.tell("clustering captions")
        near.cluster(
            [file for group in self.groups for file in shard_files(signatures, group)],
            path,
            self.folder / "work",
            rows=[left],
            at_least=self.rules.duplicates.near_captions or near.AT_LEAST,
            memory=_CLUSTER_MEMORY,
            threads=os.cpu_count() or 1,
        )
        return path
