"""Files of the same bytes, as the listing of a workspace knows them: each content is worked once."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.search.stored import SearchError, Stored

_COLUMNS = ["uri", "content_hash", "duplicate"]


def copies(stored: Stored) -> dict[str, list[str]]:
    """URIs of sources by content, of contents that more than one source has. Raises SearchError."""
    twice = {
        content
        for table in _tables(stored)
        for content in table.filter(table["duplicate"])["content_hash"].to_pylist()
        if content is not None
    }
    if not twice:
        return {}
    wanted = pa.array(sorted(twice), pa.string())
    once = {
        uri
        for table in _tables(stored)
        for uri in table.filter(pc.is_in(table["content_hash"], wanted))["uri"].to_pylist()
    }
    uris = pa.array(sorted(once), pa.string())
    last: dict[str, str | None] = {}  # the last row of a URI counts: a file may have changed since
    for table in _tables(stored):
        kept = table.filter(pc.is_in(table["uri"], uris))
        last |= zip(kept["uri"].to_pylist(), kept["content_hash"].to_pylist(), strict=True)
    alike: dict[str, list[str]] = {}
    for uri, content in sorted(last.items()):
        if content is not None and content in twice:
            alike.setdefault(content, []).append(uri)
    return {content: files for content, files in alike.items() if len(files) > 1}


def _tables(stored: Stored) -> Iterator[pa.Table]:
    for file in stored.state.files("sources", cut=stored.job.cut):
        place = stored.workspace.root / file.path
        try:
            with place.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as opened:
                yield opened.read(columns=_COLUMNS, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise SearchError(
                f"{place} can't be read: {error}. captionmill verify tells what is damaged."
            ) from error
