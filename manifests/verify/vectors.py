"""Do embeddings of a release belong to the clips whose data rows they lie beside?"""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from manifests.release.columns import VECTORS
from manifests.release.vectors import vectors_digests
from manifests.verify.problems import Problem
from manifests.verify.row import RowKeys


class VectorRows:
    """Checks that vectors are those that were written for their clip, of its media, in the order of data.
    where: path of their file. A clip may have none."""

    def __init__(self, where: str, keys: RowKeys) -> None:
        self._where, self._keys = where, keys
        self._next = 0  # the first data row whose vectors may still come

    def batch(self, batch: pa.RecordBatch, numbers: Sequence[int]) -> Iterator[Problem]:
        """Problems of the next rows, which have these numbers in the file."""
        names = ("clip_id", "content_hash", "vectors_digest")
        columns = [batch.column(name).to_pylist() for name in names]
        there = [batch.column(name).is_valid().to_pylist() for name in VECTORS]
        told = zip(numbers, vectors_digests(batch), *columns, *there, strict=True)
        for number, computed, clip, content, digest, *has in told:
            for kind, message in self._faults(clip, content, computed == digest, has):
                yield Problem(kind, f"{self._where} row {number}", message, clip)

    def end(self) -> Iterator[Problem]:
        """Nothing: a clip may have no vectors."""
        return iter(())

    def _faults(
        self, clip: str | None, content: str | None, same: bool, has: Sequence[bool]
    ) -> Iterator[tuple[str, str]]:
        place = None if clip is None else self._keys.place(clip)
        if place is None:
            yield "join", "no row of data has this clip"
            return
        if place < self._next:
            yield "join", f"its data row is {place}: these rows are not in the order of data"
            return
        self._next = place + 1
        _, expected, audio, video, _ = self._keys.evidence(place)
        if content != expected:
            yield "join", "its vectors are of other media than the clip's"
        if not same:
            yield "digest", "its vectors are not those that were written for this clip"
        if (has[0] and not audio) or (has[1] and not video):
            yield "join", "it has a vector of a side that the clip does not have"
        if not any(has):
            yield "schema", "it has no vector at all"
