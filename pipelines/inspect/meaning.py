"""Search by meaning in the app: what `captionmill search` does, over the set as it was at the start.

The encoder is loaded when something is first asked for by meaning, in the thread of that request; others
wait for it only if they ask by meaning too. Of a large set the index is made after the first answer, in a
thread of its own.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import pyarrow as pa

from manifests.errors import UserError
from pipelines.inspect.sets import Inspected, InspectError, ReleaseSet, WorkspaceSet
from pipelines.search.loading import encoder_of, model_of
from pipelines.search.released import released
from pipelines.search.search import Near, Search, nearer
from pipelines.search.stored import SearchError, Stored, stored

if TYPE_CHECKING:
    from captioners.encoder.encoder import Encoder

MOST = 1000
"""Clips that are told to be near; other conditions choose among them."""

_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("rank", pa.int32()),
        ("similarity", pa.float32()),
        ("medium", pa.string()),
    ]
)


class Meaning:
    """Finds clips by what is meant. From any thread. load: as in `pipelines.search.search.Search`."""

    def __init__(self, shown: Inspected, load: "Callable[[Stored], Encoder]" = encoder_of) -> None:
        self._shown, self._load = shown, load
        self._lock = threading.Lock()
        self._searches: list[Search] | None = None
        self._encoder: Encoder | None = None
        self._model = ""

    def nearest(self, text: str) -> pa.Table:
        """The clips nearest to a text by sound or by picture, whichever is nearer: at most `MOST` rows of
        `clip_id`, `rank` from 1, `similarity`, `medium`. Raises UserError where nothing is embedded, or
        the encoder is not here."""
        with self._lock:
            if self._searches is None:
                self._searches = self._opened()
            found, refused = [], []
            for search in self._searches:
                try:
                    found.append(search.near(text, MOST))
                except SearchError as error:  # no clip has such a medium
                    refused.append(error)
            if not found:
                raise refused[0]
            self._make_indexes()
        return _table(nearer(found, MOST))

    @property
    def encoder(self) -> str:
        """The name of the encoder that was searched by; empty before the first search."""
        return self._model

    @property
    def clips(self) -> int:
        """How many clips have a vector; 0 before the first search."""
        return self._searches[0].stored.clips if self._searches else 0

    def _opened(self) -> list[Search]:
        held = self._stored()
        return [Search(held, by, self._loaded) for by in ("audio", "video")]

    def _stored(self) -> Stored:
        if isinstance(self._shown, ReleaseSet):
            return released(self._shown.root, self._shown.release)
        assert isinstance(self._shown, WorkspaceSet)
        try:
            return stored(self._shown.workspace, self._shown.captioned.state)
        except SearchError as error:
            raise InspectError(f"{error}, then start captionmill inspect again") from error

    def _loaded(self, stored: Stored) -> "Encoder":
        """The encoder, for both media once."""
        if self._encoder is None:
            self._encoder = self._load(stored)
            with suppress(UserError):  # an encoder that was handed in has no name
                self._model = model_of(stored)
        return self._encoder

    def _make_indexes(self) -> None:
        """Makes the indexes that a large set has not: until then every vector is compared."""
        lacking = [s for s in self._searches or () if s.is_large and s.index is None]
        if lacking and not any(thread.name == _INDEXING for thread in threading.enumerate()):
            threading.Thread(target=_indexed, args=(lacking,), name=_INDEXING, daemon=True).start()


_INDEXING = "captionmill-index"


def _indexed(searches: Sequence[Search]) -> None:
    for search in searches:
        with suppress(OSError, UserError):
            search.make_index()


def _table(found: Sequence[Near]) -> pa.Table:
    rows = [
        {"clip_id": near.clip_id, "rank": rank, "similarity": near.similarity, "medium": near.by}
        for rank, near in enumerate(found, 1)
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)
