"""A whole run of the command line, watched from outside."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

Seen = TypeVar("Seen")


def caption(
    clips: Path,
    out: Path,
    profile: str | Path,
    look: Callable[[psutil.Process], Seen],
    every_s: float = 1.0,
) -> tuple[dict[str, Any], list[Seen]]:
    """`captionmill caption` in a process: its JSON, and what `look` saw of it every so often. Raises
    SystemExit when the run fails."""
    command = [sys.executable, "-m", "captionmill", "caption", str(clips), str(out)]
    process = subprocess.Popen(
        [*command, "--profile", str(profile), "--json"], stdout=subprocess.PIPE, text=True
    )
    seen: list[Seen] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(every_s):
            try:
                seen.append(look(psutil.Process(process.pid)))
            except psutil.NoSuchProcess:
                return

    thread = threading.Thread(target=watch)
    thread.start()
    told, _ = process.communicate()
    done.set()
    thread.join()
    if process.returncode:
        raise SystemExit(f"the run failed with status {process.returncode}")
    return json.loads(told), seen
