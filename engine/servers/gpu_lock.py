"""Loading on a shared GPU, one process at a time.

vLLM sizes its cache by how much of the GPU's free memory went while it loaded, and counts as its own what
others took meanwhile: two servers that start together on one GPU get too small a cache, or none
(vllm-project/vllm#55827). So whoever has a share of a GPU holds that GPU's lock file while it loads. A
process that dies lets go of it.
"""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_POLL_S = 0.1


def lock_file() -> Path:
    """The lock of the GPU that this process sees (Ray says which), one for each user."""
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "").replace(",", "-") or "any"
    return Path(tempfile.gettempdir()) / f"captionmill-{os.getuid()}-gpu-{gpu}.lock"


@contextmanager
def alone(num_gpus: float, stopping: threading.Event | None = None) -> Iterator[None]:
    """Holds the GPU's lock for the block if `num_gpus` is a share of one; else does nothing. Goes on
    without the lock once `stopping` is set: then nothing is loaded any more."""
    if not 0 < num_gpus < 1:
        yield
        return
    lock = FileLock(lock_file())
    try:
        lock.acquire(poll_interval=_POLL_S, cancel_check=stopping.is_set if stopping else None)
    except Timeout:  # cancelled: there is no limit to the wait
        yield
        return
    try:
        yield
    finally:
        lock.release()
