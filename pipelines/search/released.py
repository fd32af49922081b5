"""The vectors that lie in a release beside its captions."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from manifests.ids import digest
from manifests.release.layout import Release, ReleaseEncoder, ReleaseFile
from manifests.tables import File
from pipelines.search.stored import TABLE, Part, SearchError, Stored


class Released(Stored):
    """Vectors of a release as those of a workspace: each data file is a shard of its own. encoder: that
    made them."""

    def __init__(
        self,
        root: Path,
        data: Sequence[ReleaseFile],
        embeddings: Sequence[ReleaseFile],
        encoder: ReleaseEncoder,
    ) -> None:
        """root: of the release; data, embeddings: its files of these tables."""
        places = {_name(file): place for place, file in enumerate(data)}
        self._root, self._data = root, data
        self.encoder = encoder
        self.table = TABLE
        self.parts = tuple(
            Part(places[_name(file)], cast(File, file)) for file in embeddings if file.rows
        )

    @property
    def root(self) -> Path:
        return self._root

    @property
    def place_id(self) -> str:
        return digest(str(self._root))[:12]

    def listing(self, shard: int) -> str | None:
        return self._data[shard].path


def released(root: Path, release: Release) -> Released:
    """The vectors of a release. Raises SearchError where there are none."""
    if release.encoder is None:
        raise SearchError(
            "this release has no embeddings: one that has is built by rules with embeddings = true "
            "under [output]"
        )
    held = Released(root, release.of("data"), release.of("embeddings"), release.encoder)
    if not held.parts:
        raise SearchError("this release has embeddings, but of none of its clips")
    return held


def _name(file: ReleaseFile) -> str:
    """What the files of a part have in common."""
    return file.path.partition("/")[2]
