"""Named points at which a test kills the process: `CAPTIONMILL_KILL_AT=<name>[:<n-th time>]`.

Every step whose interruption could lose or double a clip has one; the tests of "effectively once"
go through them all.
"""

import os
import signal
from collections import Counter

POINTS = (
    "ingest.before_commit",
    "ingest.after_commit",
    "journal.put",
    "shard.before_files",
    "shard.between_files",
    "shard.after_files",
    "driver.clearing",
    "driver.before_commit",
    "driver.after_commit",
    "train.step",
    "train.writing",
    "rebuild.lists",
    "rebuild.keys",
    "rebuild.compare",
    "rebuild.sign",
    "rebuild.cluster",
    "rebuild.selecting",
    "rebuild.scatter",
    "rebuild.gathering",
    "rebuild.gather",
    "rebuild.packing",
    "rebuild.media",
    "rebuild.before_release",
    "rebuild.after_release",
    "reviews.written",
    "reviews.before_commit",
    "reviews.after_commit",
)
_passed: Counter[str] = Counter()


def reach(point: str) -> None:
    """SIGKILLs this process if it was told to die here."""
    wanted = os.environ.get("CAPTIONMILL_KILL_AT")
    if not wanted:
        return
    name, _, count = wanted.partition(":")
    if not {name, point} <= set(POINTS):
        raise ValueError(f"no such crash point: {name}, or {point}; there are {', '.join(POINTS)}")
    if name == point:
        _passed[point] += 1
        if _passed[point] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)
