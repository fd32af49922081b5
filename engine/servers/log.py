"""The log of a server: written without secrets, and read for why the server ended."""

import errno
import os
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from engine.servers.redact import without
from engine.servers.spec import ServerError

_TAIL_BYTES = 1 << 16
_LINES = 8
_LONGEST = 300
_LONGEST_LINE = 1 << 20
# Lines that stand at the end of a vLLM log and say nothing of why it ended.
_NOISE = re.compile(
    r"nanobind|leaked|resource_tracker|warnings\.warn|Route: |\[shutdown\]|^\s*\^*\s*$|^ - "
    r"|DeprecationWarning|FutureWarning|^INFO: "
)
_ERROR = re.compile(r"Error|error:|Exception|Killed|Out of memory|No space")


def opened(log: Path) -> BinaryIO:
    """The log for appending; its folder is made. Raises ServerError where the log is a
    symbolic link, which must not be followed out of a workspace; OSError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    return _opened(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, "ab")


def recording(source: BinaryIO, log: Path, secrets: Sequence[str | None]) -> threading.Thread:
    """Appends what a server writes to its log, line by line and rid of secrets, until it writes no more.

    Secrets never reach the disk, whoever is killed. The thread has begun when this returns, and closes
    `source`. On a full disk lines are lost and the server goes on.
    """
    recorder = threading.Thread(target=_record, args=(source, log, secrets), daemon=True)
    recorder.start()
    return recorder


def _record(source: BinaryIO, log: Path, secrets: Sequence[str | None]) -> None:
    with source, opened(log) as file:
        for line in iter(lambda: source.readline(_LONGEST_LINE), b""):
            # surrogateescape: other bytes stay as they are, valid UTF-8 or not.
            text = without(line.decode("utf-8", "surrogateescape"), secrets)
            with suppress(OSError):
                file.write(text.encode("utf-8", "surrogateescape"))
                file.flush()


def error_lines(log: Path, start: int = 0, secrets: Sequence[str | None] = ()) -> list[str]:
    """The last lines of `log`, from byte `start` on, that may say why a server ended: those that name an
    error, each with the indented line that continues it, else the last lines that are no known noise.
    secrets: replaced before a line is cut, so that no part of one is left at the cut."""
    with _opened(log, os.O_RDONLY, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(start, size - _TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    text = without(text, secrets)
    lines = [line.rstrip()[:_LONGEST] for line in text.splitlines() if not _NOISE.search(line)]
    lines = [line for line in lines if line and not line.startswith("== start ")]
    pairs = zip(["", *lines], lines, strict=False)
    errors = [line for last, line in pairs if _ERROR.search(line) or _continues(last, line)]
    return list(dict.fromkeys(errors or lines))[-_LINES:]


def size(log: Path) -> int:
    """Bytes that a log has; 0 before it is there."""
    return log.stat().st_size if log.exists() else 0


def _opened(log: Path, flags: int, mode: str) -> BinaryIO:
    try:
        descriptor = os.open(log, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ServerError(
                f"the server's log {log} is a symbolic link; remove it and rerun the command"
            ) from error
        raise
    return cast(BinaryIO, os.fdopen(descriptor, mode))


def ending(code: int) -> str:
    """What an exit code means; 9 is how the kernel ends a process when memory runs out."""
    if code == -9:
        return "was killed by signal 9 (out of memory?)"
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _continues(last: str, line: str) -> bool:
    """Whether `line` is indented under an error, and no frame of a traceback."""
    return bool(_ERROR.search(last)) and line.startswith("  ") and "File " not in line
