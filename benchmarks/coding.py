"""What does it cost to code clips for a release with media, and what would other presets of x264?

    python -m benchmarks.coding FILE... [--seconds 10]

Codes the first clip of each file as `media = "webdataset"` does for spans of longer sources. Prints CPU
seconds for each second of the clip, and the size.
"""

import argparse
import resource
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from engine.media import ffmpeg
from engine.media.examine import examine_one
from engine.profile.profile import Cutting
from manifests.sources.examined import clip_rows
from pipelines.rebuild import coding

_PRESETS = ("slow", "medium", "faster", "veryfast", "superfast")


def measured(row: dict[str, Any], preset: str, folder: Path) -> tuple[float, int]:
    """CPU seconds and bytes of a clip coded with a preset. Raises SystemExit where it can't be."""
    begun = _cpu()
    with patch.object(ffmpeg, "SAME", ffmpeg.Coding(preset)):
        made = coding._code(coding._Wanted(row, folder))
    if isinstance(made, coding.Failed):
        raise SystemExit(f"{row['uri']}: {made.message}")
    return _cpu() - begun, made.path.stat().st_size


def _clips(paths: list[Path], seconds: float) -> Iterator[dict[str, Any]]:
    """The first clip of each file. Raises SystemExit for one without."""
    for path in paths:
        examined = examine_one(bytes(path.absolute()), Cutting(max_seconds=seconds))
        row = next(iter(clip_rows(examined)), None)
        if row is None:
            raise SystemExit(f"{path} holds no clip")
        yield {**row, "mtime_ns": path.stat().st_mtime_ns}


def _cpu() -> float:
    """Of this process and those that it waited for."""
    each = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in each)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        for row in _clips(given.files, given.seconds):
            lasting = (row["end_ms"] - row["start_ms"]) / 1000
            for preset in _PRESETS:
                cpu, size = measured(row, preset, Path(folder))
                name = row["uri"].rpartition("/")[2]
                used = " *" if preset == ffmpeg.SAME.preset else ""
                print(
                    f"{name} {lasting:.1f} s {preset}: {cpu / lasting:.2f} CPU s a second, "
                    f"{size / 1000:.0f} kB{used}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
