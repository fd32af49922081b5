"""Does a tab of `captionmill inspect` grow while clips are looked at?

    python -m benchmarks.heap WORKSPACE --clips 500

Opens a workspace whose clips can be played, goes from clip to clip by `j` (after the last one again from
the first), plays each, and tells every tenth of the way what the tab holds after a garbage collection:
heap of scripts in kB, nodes, documents and listeners. Needs Chromium.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser import opened
from tests.pipelines.inspect.looking import looked_at
from tests.pipelines.inspect.made import opened_app


@contextmanager
def _app(workspace: Path) -> Iterator[tuple[int, str]]:
    """The app on a workspace: its port and its token."""
    processes: list[subprocess.Popen[str]] = []

    def started(*arguments: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "captionmill", *map(str, arguments)]
        pipe = subprocess.PIPE
        processes.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True))
        return processes[-1]

    try:
        _, port, token = opened_app(started, workspace)
        yield port, token
    finally:
        for process in processes:
            process.terminate()
            process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--clips", type=int, default=500)
    given = parser.parse_args()
    every = max(1, given.clips // 10)
    with _app(given.workspace) as (port, token):
        address = f"http://127.0.0.1:{port}"
        with opened(f"{address}/?token={token}", loopback=True) as page:
            for number, held in enumerate(looked_at(page, address, given.clips), start=1):
                if number % every == 0 or number == 1:
                    print(json.dumps({"clips": number, **held.told()}), flush=True)


if __name__ == "__main__":
    main()
