"""What lies in the folders of the tables and is named by no record.

Some of it a killed run left: files with names that only captionmill gives. They are removed when the
next run starts. Everything else is somebody's, and never touched.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from manifests.atomic import is_linked
from manifests.commits import State, check_newest
from manifests.kinds import kinds
from manifests.workspace import Workspace, is_table_file


def clear_uncommitted(
    workspace: Workspace, state: State, removed: Callable[[str], None] = lambda path: None
) -> list[str]:
    """Removes table files, whole and half written, that no record names; returns their paths relative to
    the workspace.

    removed: called with each path as soon as it is gone. Only what has exactly the name of a table file
    of a registered kind is looked at (`manifests.workspace.is_table_file`). Raises EpochTaken when the
    epoch of `state` is no longer the newest: the files may be those of another driver.
    """
    committed = state.paths()
    paths = []
    for kind in kinds():
        for path in _files(workspace.root, kind.folder):
            if path not in committed and is_table_file(kind, path):
                check_newest(workspace, state.epoch)
                (workspace.root / path).unlink(missing_ok=True)
                paths.append(path)
                removed(path)
    return paths


def strangers(workspace: Workspace, state: State) -> list[str]:
    """Files in the folders of the tables that are neither committed nor what a killed run left: somebody
    put them there. Paths relative to the workspace."""
    committed = state.paths()
    folders = dict.fromkeys(kind.folder.partition("/")[0] for kind in kinds())
    return [
        path
        for folder in folders
        for path in _files(workspace.root, folder)
        if path not in committed and not any(is_table_file(kind, path) for kind in kinds())
    ]


def _files(root: Path, folder: str) -> Iterator[str]:
    """Files below a folder, in order; neither links to folders nor a linked folder are followed."""
    if is_linked(root, folder):
        return
    for place, folders, names in os.walk(root / folder):
        folders.sort()
        below = Path(place).relative_to(root).as_posix()
        yield from (f"{below}/{name}" for name in sorted(names))
