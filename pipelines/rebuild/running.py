"""Ray for a rebuild, and what a rebuild says where it ends early."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from engine import processes
from engine.run.cluster import ray_cluster
from engine.run.scratch import scratch_folders
from pipelines.rebuild.tasks import RebuildError, is_disk_full
from pipelines.rebuild.work import Work

_OBJECTS = 128 << 20
"""Bytes of Ray's store: tasks exchange files."""


@contextmanager
def running(work: Work, start: int) -> Iterator[None]:
    """Ray for the block, without what dead drivers of the same folder left. Raises RebuildError where
    the disk is full, KeyboardInterrupt where DuckDB calls it something else."""
    name = f"captionmill-{work.place_id}"
    with processes.own_environment():
        os.environ.update(processes.marked(processes.mark(work.place_id, start)))
        # Workers keep the memory of one batch for the next: new pages cost more than what is done there.
        os.environ["MIMALLOC_PURGE_DELAY"] = "-1"
        processes.sweep(work.place_id, keep_epoch=start)
        for left in scratch_folders(name):
            shutil.rmtree(left, ignore_errors=True)
        work.clear_temporary()
        try:
            with ray_cluster(name, 1, _OBJECTS, work.logs / f"{start:06d}"):
                yield
        except Exception as error:
            if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
                raise KeyboardInterrupt from error
            if is_disk_full(error):
                raise RebuildError(
                    f"no room is left on the disk of {work.root}: make room and run the same command "
                    "again; it goes on where it stopped"
                ) from error
            raise
