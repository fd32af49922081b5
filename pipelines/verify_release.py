"""Verify a release: its parts over the processes of this machine, or over a Ray cluster."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.release.layout import Release, load
from manifests.verify.part import Checked
from manifests.verify.release import check_release
from manifests.verify.sample import check_drawn, draw
from pipelines.sampled import Sampled, counted_rows
from pipelines.spread import spread
from pipelines.terminal import counted, one_line

_ALONE = 64 << 20
"""Bytes of a release below which starting processes takes longer than the check."""
_LISTED = 50
_LEFT_OUT = "checksums, clips that are there twice, splits, books"


@dataclass(slots=True)
class ReleaseReport:
    """What was found of a release, and how much was looked at. sampled: None: all of it was checked.
    seconds: by the clock."""

    release: Release
    checked: Checked
    seconds: float
    sampled: Sampled | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is off."""
        return not self.checked.problems

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        checked = self.checked
        told: dict[str, Any] = {
            "ok": self.ok,
            "release": self.release.digest,
            "rows": self.release.books.kept,
            "checked": dict(checked.rows),
            "bytes": checked.bytes,
            "seconds": round(self.seconds, 3),
            "problems": [problem.to_json() for problem in checked.problems],
            "untold": dict(checked.untold),
        }
        if self.sampled is not None:
            told["sample"] = self.sampled.to_json()
        return told

    def text(self) -> str:
        """For people."""
        if not self.ok:
            return "\n".join(self._problems())
        if self.sampled is not None:
            return "\n".join(self.sampled.lines())
        tables = " and ".join(
            f"{count:,} of {table}" for table, count in self.checked.rows.items() if table != "data"
        )
        beside = f", beside them {tables}" if tables else ""
        rate = self.release.books.kept / max(self.seconds, 1e-9)
        return (
            f"no problems: {counted_rows(self.release.books.kept)}{beside}; checksums, columns, "
            "identities, digests, joins, licences, splits and books agree\n"
            f"{self.checked.bytes / 1e6:,.0f} MB and {rate:,.0f} rows/s in {self.seconds:.1f} s"
        )

    def _problems(self) -> list[str]:
        problems, untold = self.checked.problems, self.checked.untold
        lines = [f"{counted(len(problems) + sum(untold.values()), 'problem')}:"]
        for problem in problems[:_LISTED]:
            clip = f" clip {problem.clip_id}" if problem.clip_id else ""
            text = f"{problem.kind}: {problem.where}{clip}: {problem.message}"
            lines.append(f"  {one_line(text)}")
        if len(problems) > _LISTED:
            lines.append(f"  and {len(problems) - _LISTED} more (--json lists them)")
        lines += [f"  and {count:,} more of kind {kind}" for kind, count in sorted(untold.items())]
        return lines


def verify_release(folder: Path, sample: int | None = None) -> ReleaseReport:
    """Verifies a release, all of it or rows drawn at random. Raises ReleaseError for what is none."""
    release = load(folder)
    started = time.perf_counter()
    size = sum(file.bytes for file in release.files)
    run: Callable[..., Iterator[Checked]] = map if size < _ALONE else spread
    if sample is None:
        checked = check_release(folder, release, run)
        return ReleaseReport(release, checked, time.perf_counter() - started)
    checked = Checked()
    for part in run(check_drawn, draw(folder, release, sample, random.SystemRandom())):
        checked.add(part)
    kept = release.books.kept
    looked = Sampled(min(sample, kept), kept, _LEFT_OUT)
    return ReleaseReport(release, checked, time.perf_counter() - started, looked)
