"""What a server's log says of why the server ended."""

import os
import re
from pathlib import Path

_TAIL_BYTES = 1 << 16
_LINES = 8
# Lines that stand at the end of a vLLM log and say nothing of why it ended.
_NOISE = re.compile(
    r"nanobind|leaked|resource_tracker|warnings\.warn|Route: |\[shutdown\]|^\s*\^*\s*$|^ - "
    r"|DeprecationWarning|FutureWarning|^INFO: "
)
_ERROR = re.compile(r"Error|error:|Exception|Killed|Out of memory|No space")


def error_lines(log: Path, start: int = 0) -> list[str]:
    """The last lines of `log`, from byte `start` on, that may say why a server ended: those that name an
    error, each with the indented line that continues it, else the last lines that are no known noise."""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(start, size - _TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    lines = [line.rstrip()[:300] for line in text.splitlines() if not _NOISE.search(line)]
    lines = [line for line in lines if line and not line.startswith("== start ")]
    pairs = zip(["", *lines], lines, strict=False)
    errors = [line for last, line in pairs if _ERROR.search(line) or _continues(last, line)]
    return list(dict.fromkeys(errors or lines))[-_LINES:]


def size(log: Path) -> int:
    """Bytes that a log has; 0 before it is there."""
    return log.stat().st_size if log.exists() else 0


def ending(code: int) -> str:
    """What an exit code means; 9 is how the kernel ends a process when memory runs out."""
    if code == -9:
        return "was killed by signal 9 (out of memory?)"
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _continues(last: str, line: str) -> bool:
    """Whether `line` is indented under an error, and no frame of a traceback."""
    return bool(_ERROR.search(last)) and line.startswith("  ") and "File " not in line
