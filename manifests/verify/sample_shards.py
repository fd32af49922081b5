"""A look at some rows of a workspace, drawn at random.

Drawn are rows that decide what became of a clip: of captions, of what was filtered, of the quarantine,
of similarities and spans. Each is checked with its clip and all that it was made of, as `check` does it;
no other shard is read. Checksums, clips that are listed twice, floods and books are not judged.
"""

import random
from collections.abc import Iterable, Iterator, Sequence

from manifests.commits import State
from manifests.kinds import outcomes
from manifests.tables import File
from manifests.verify.chance import chosen
from manifests.verify.job import Job, by_cut
from manifests.verify.shard import SampleWork, ShardWork, of_shard
from manifests.workspace import Workspace


class Drawing:
    """Draws rows of these jobs. The attribute `total` is how many there are."""

    def __init__(self, workspace: Workspace, state: State, jobs: Sequence[Job]) -> None:
        self._root, self._state = workspace.root, state
        self._jobs = by_cut(jobs)
        self._files = list(self._deciding(jobs))
        self.total = sum(file.rows for _, _, file in self._files)

    def _deciding(self, jobs: Iterable[Job]) -> Iterator[tuple[int, str, File]]:
        """Files with outcomes, with their shard and job."""
        for job in jobs:
            for table in outcomes():
                for shard, records in self._state.shards(job.digest, table).items():
                    for record in records:
                        for file in record.files:
                            yield shard, job.digest, file

    def draw(self, count: int, chance: random.Random) -> Iterator[SampleWork]:
        """So many rows, or all, each as likely as any other; by shard."""
        drawn: dict[int, dict[str, dict[str, Sequence[int]]]] = {}
        for place, rows in chosen([file.rows for _, _, file in self._files], count, chance):
            shard, job, file = self._files[place]
            drawn.setdefault(shard, {}).setdefault(job, {})[file.path] = rows
        for shard, by_job in sorted(drawn.items()):
            committed = of_shard(self._state, shard)
            yield SampleWork(ShardWork(self._root, shard, committed, self._jobs), by_job)
