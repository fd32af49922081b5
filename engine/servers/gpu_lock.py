"""Loading on a shared card, one at a time.

vLLM sizes its cache by how much of the card's free memory went while it loaded, and takes for its own
what others took meanwhile: two servers that start together on one card get too small a cache, or none
(vllm-project/vllm#55827). So whoever has a share of a card holds a lock file of that card while it loads.
It is an flock: a process that dies lets go of it.
"""

import fcntl
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_S = 0.1


def lock_file() -> Path:
    """The lock of the card that this process sees (Ray says which), one for each user."""
    card = os.environ.get("CUDA_VISIBLE_DEVICES", "").replace(",", "-") or "any"
    return Path(tempfile.gettempdir()) / f"captionmill-{os.getuid()}-card-{card}.lock"


@contextmanager
def alone(num_gpus: float, stopping: threading.Event | None = None) -> Iterator[None]:
    """Holds the card's lock for the block where `num_gpus` is a share of one; else does nothing. Goes on
    without it once `stopping` is set: then nothing is loaded any more."""
    if not 0 < num_gpus < 1:
        yield
        return
    waited = stopping or threading.Event()
    with lock_file().open("ab") as file:
        while not waited.is_set() and not _taken(file.fileno()):
            waited.wait(_POLL_S)
        yield


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
