"""The processes of a rebuild, and what it says where it ends early."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

from engine import processes
from manifests.duck import is_interrupted
from pipelines.rebuild.tasks import RebuildError, Runner, every_core, is_disk_full
from pipelines.rebuild.work import Work


@contextmanager
def running(work: Work, start: int) -> Iterator[Runner]:
    """What runs tasks in the block, without what dead drivers of the same folder left. Raises
    RebuildError where the disk is full, KeyboardInterrupt where DuckDB calls it something else."""
    # It lives as long as this process, so it must not be marked as of this rebuild.
    resource_tracker.ensure_running()
    with processes.own_environment():
        os.environ.update(processes.marked(processes.mark(work.place_id, start)))
        # Workers keep the memory of one batch for the next: new pages cost more than what is done there.
        os.environ["MIMALLOC_PURGE_DELAY"] = "-1"
        processes.sweep(work.place_id, keep_epoch=start)
        work.clear_temporary()
        try:
            with every_core() as runner:
                yield runner
        except Exception as error:
            if is_interrupted(error):
                raise KeyboardInterrupt from error
            if is_disk_full(error):
                raise RebuildError(
                    f"no room is left on the disk of {work.root}: make room and run the same command "
                    "again; it goes on where it stopped"
                ) from error
            raise
