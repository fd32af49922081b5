"""Where else the bytes of a clip's source lie."""

import numpy as np

from engine.stages.contract import Place
from manifests import tables
from manifests.commits import State
from manifests.workspace import Workspace

_COLUMNS = ("content_hash", "uri", "size", "mtime_ns")


class Places:
    """Places of contents that were listed more than once: twins, and files that were moved or touched
    since they were listed.

    It reads the listing of a cut twice. Of every source it holds 16 bytes while it reads, and of those
    that were listed more than once their places.
    """

    def __init__(self, workspace: Workspace, state: State, cut: str) -> None:
        self._root = workspace.root
        files = list(state.files("sources", cut=cut))
        repeated = self._repeated([file.path for file in files])
        places: dict[str, dict[Place, None]] = {}
        for file in files if repeated else ():
            for row in tables.read(self._root, file.path, _COLUMNS):
                content = row["content_hash"]
                if content is not None and content[:16].encode() in repeated:
                    place = Place(row["uri"], row["size"], row["mtime_ns"])
                    places.setdefault(content, {})[place] = None
        # Newest first: what was listed last is most likely still there.
        self._places = {
            content: tuple(reversed(of_content))
            for content, of_content in places.items()
            if len(of_content) > 1
        }

    def of(self, clips_file: str) -> dict[str, tuple[Place, ...]]:
        """Places of the contents of a shard's clips, newest first, by content; only of contents that have
        more than one. clips_file: the shard's clip table, relative to the workspace."""
        if not self._places:
            return {}
        rows = tables.read(self._root, clips_file, ["content_hash"])
        contents = {row["content_hash"] for row in rows}
        return {content: self._places[content] for content in contents & self._places.keys()}

    def _repeated(self, paths: list[str]) -> set[bytes]:
        """The first 16 digits of contents that have more than one row."""
        parts = []
        for path in paths:
            rows = tables.read(self._root, path, ["content_hash"])
            contents = [row["content_hash"] for row in rows if row["content_hash"] is not None]
            parts.append(np.array(contents, "S16"))
        if not parts:
            return set()
        contents_seen, counts = np.unique(np.concatenate(parts), return_counts=True)
        return set(contents_seen[counts > 1].tolist())
