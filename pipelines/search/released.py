"""The vectors that lie in a release beside its captions."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from manifests.release.layout import ReleaseFile
from manifests.tables import File
from pipelines.search.stored import TABLE, Part, Stored


class Released(Stored):
    """Vectors of a release as those of a workspace: each data file is a shard of its own."""

    def __init__(
        self, root: Path, data: Sequence[ReleaseFile], embeddings: Sequence[ReleaseFile]
    ) -> None:
        """root: of the release; data, embeddings: its files of these tables."""
        places = {_name(file): place for place, file in enumerate(data)}
        self._root, self._data = root, data
        self.table = TABLE
        self.parts = tuple(
            Part(places[_name(file)], cast(File, file)) for file in embeddings if file.rows
        )

    @property
    def root(self) -> Path:
        return self._root

    def listing(self, shard: int) -> str | None:
        return self._data[shard].path


def _name(file: ReleaseFile) -> str:
    """What the files of a part have in common."""
    return file.path.partition("/")[2]
