"""What a person sees while a run works: a live view on a terminal, else lines."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from manifests import kinds
from pipelines.terminal import console, counted, styled

if TYPE_CHECKING:
    from engine.run.view import View

_LINE_EVERY_S = 10.0


class Watch:
    """Shows a run's views on stderr: live on a terminal, else a line every ten seconds and whenever the
    phase changes. A context manager."""

    def __init__(self, quiet: bool = False) -> None:
        self._console = console(err=True, quiet=quiet)
        self._live: Live | None = None
        self._last = 0.0
        self._last_subject = ""

    def __enter__(self) -> "Watch":
        if self._console.is_terminal and not self._console.quiet:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def listed(self, count: int) -> None:
        """Shows how many new sources were examined so far."""
        text = f"examining sources: {count} new so far"
        if self._live is not None:
            self._live.update(styled(text))
        elif self._due("listing"):
            self._console.print(styled(text))

    def show(self, view: "View") -> None:
        """Shows how far a run is."""
        if self._live is not None:
            self._live.update(_panel(view))
        elif self._due(f"{view.phase} {view.server}"):
            self._console.print(styled(line(view)))

    def _due(self, subject: str) -> bool:
        now = time.monotonic()
        if subject == self._last_subject and now - self._last < _LINE_EVERY_S:
            return False
        self._last, self._last_subject = now, subject
        return True


def done(view: "View") -> int:
    """Clips with an outcome."""
    return sum(view.done.get(name, 0) for name in set(kinds.outcomes().values()))


def line(view: "View") -> str:
    """A view in one line."""
    rate = view.worked / view.elapsed if view.elapsed else 0.0
    busy = ", ".join(f"{name} {share:.0%}" for name, share in shares(view).items() if share > 0.005)
    parts = [f"{view.phase}: {done(view)}/{counted(view.total, 'clip')}"]
    if rate:
        parts.append(f"{rate:.2f} clips/s, {_left(view, rate)} left")
    if view.server and view.server != "ready":
        parts.append(f"writer's server: {view.server}")
    if view.done["quarantined"]:
        parts.append(f"{view.done['quarantined']} failed")
    return "; ".join(parts) + (f"  (busy: {busy})" if busy else "")


def shares(view: "View") -> dict[str, float]:
    """Share of the time that each stage's slots were working, by stage in the order of the flow."""
    if not view.elapsed:
        return {}
    return {
        name: min(1.0, view.progress.units[name].busy / (view.elapsed * slots))
        for name, slots in view.slots.items()
        if name in view.progress.units
    }


def _left(view: "View", rate: float) -> str:
    seconds = int((view.total - done(view)) / rate)
    if seconds < 90:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _panel(view: "View") -> Group:
    rate = view.worked / view.elapsed if view.elapsed else 0.0
    head = Text.assemble(
        (f"{done(view)}", "bold"),
        f" of {counted(view.total, 'clip')}   ",
        f"{rate:.2f} clips/s   " if rate else f"{view.phase}   ",
        f"{_left(view, rate)} left   " if rate else "",
        (f"{view.done['quarantined']} failed   ", "red" if view.done["quarantined"] else "dim"),
        (f"{view.done['filtered']} filtered   ", "dim"),
        (f"writer's server: {view.server}" if view.server else "", "dim"),
    )
    bar = Table.grid()  # a bar by itself would not end its line
    bar.add_row(ProgressBar(total=max(1, view.total), completed=done(view), width=60))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("stage", "in queue", "done", "busy"):
        table.add_column(title, justify="left" if title == "stage" else "right")
    for name, share in shares(view).items():
        counts = view.progress.units[name]
        table.add_row(styled(name), str(counts.queued), str(counts.done), f"{share:.0%}")
    faults = [
        styled(f"  {count} x {fault}", "red")
        for fault, count in view.progress.faults.most_common(5)
    ]
    return Group(styled(head), bar, table, *faults)
