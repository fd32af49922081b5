"""Clips with players in a notebook.

Text of captions, transcripts and names is escaped, and what is shown has no script.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, overload

from markupsafe import Markup

from manifests.captions import CAPTIONS
from manifests.commits import State
from manifests.workspace import Workspace, WorkspaceError
from pipelines.preview import Preview, Previews
from pipelines.report.cards import captioned
from pipelines.report.galleries import Shown
from pipelines.report.page import environment
from pipelines.report.query import connected
from pipelines.report.sources import CaptionedSet
from pipelines.status import jobs

Row = dict[str, Any]


@dataclass(frozen=True)
class Clip:
    """A clip: `row` of captions (docs/tables.md), and what a browser shows of it. The last line of a cell
    shows it."""

    row: Row
    preview: Preview

    def __repr__(self) -> str:
        told = {name: self.row[name] for name in CAPTIONS}
        return f"Clip({self.row['clip_id']!r}, {told})"

    def _repr_html_(self) -> str:
        return html([self])


class Clips(Sequence[Clip]):
    """Clips that are shown together."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._clips = tuple(clips)

    @overload
    def __getitem__(self, place: int) -> Clip: ...
    @overload
    def __getitem__(self, place: slice) -> "Clips": ...
    def __getitem__(self, place: int | slice) -> "Clip | Clips":
        if isinstance(place, slice):
            return Clips(self._clips[place])
        return self._clips[place]

    def __len__(self) -> int:
        return len(self._clips)

    def __repr__(self) -> str:
        return f"Clips({list(self._clips)!r})"

    def _repr_html_(self) -> str:
        return html(self._clips)


def html(clips: Sequence[Clip]) -> str:
    """Players, pictures, captions and evidence of clips, as a part of a page."""
    style = (files("pipelines.report") / "templates" / "notebook.css").read_text("utf-8")
    template = environment().get_template("notebook.html")
    cards = [captioned(Shown("", clip.row), clip.preview) for clip in clips]
    return template.render(cards=cards, style=Markup(style))


def clips(root: Path, state: State, job: str, which: int | Sequence[str]) -> Clips:
    """Clips of a captioning with their previews: so many at random, or those with these ids. Raises
    WorkspaceError for an id that is not there, UserError for what can't be read."""
    workspace = Workspace.open(root)
    (status,) = (each for each in jobs(workspace, state) if each.digest == job)
    chosen = CaptionedSet(workspace, state, status, None)
    with connected() as query:
        chosen.show(query)
        if isinstance(which, int):
            ids = [
                clip
                for (clip,) in query.rows(
                    f"SELECT clip_id FROM captions WHERE coalesce({', '.join(CAPTIONS)}) IS NOT NULL "
                    "ORDER BY clip_id LIMIT ?",
                    [max(0, which)],
                )
            ]
        else:
            ids = list(which)
        rows = chosen.rows(query, dict.fromkeys(ids))
        if lost := [clip for clip in ids if clip not in rows]:
            raise WorkspaceError(f"{root} has no captions of clip {lost[0]} by job {job}")
        listed = chosen.listed(query, list(rows.values()))
    previews: dict[str, Preview] = {}
    if listed:
        with Previews(min(4, os.cpu_count() or 1, len(listed))) as making:
            for row, preview in making.each(listed):
                previews[row["clip_id"]] = preview
    return Clips([Clip(dict(rows[clip]), previews[clip]) for clip in ids])
