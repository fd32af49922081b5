"""Releases of workspaces, with media of their own that can be changed."""

import os
import shutil
from pathlib import Path
from typing import Any

from manifests.ids import path_of, uri_of
from manifests.release.layout import Release
from manifests.release.rules import parse
from pipelines.rebuild.inputs import open_inputs
from tests.manifests.release import made
from tests.pipelines.rebuild import built

Row = dict[str, Any]


def build(workspace: Path, out: Path, **sections: Any) -> Release:
    """The release of a workspace's captions. sections: of the rules."""
    inputs = [{"workspace": str(workspace), "name": "all"}]
    rules = parse({"input": inputs, **sections}, "rules", out.parent)
    return built.release(rules, open_inputs(rules), out)


def carry(out: Path, release: Release, media: Path) -> Release:
    """Copies the media of a release into a folder, as to another machine, and says so in its rows."""
    media.mkdir(exist_ok=True)

    def moved(rows: list[Row]) -> list[Row]:
        for row in rows:
            path = Path(os.fsdecode(path_of(row["uri"])))
            if not (media / path.name).exists():
                shutil.copyfile(path, media / path.name)
            row["uri"] = uri_of(os.fsencode(media / path.name))
        return rows

    for file in release.of("data"):
        release = made.broken(out, release, file.path, moved)
    return release
