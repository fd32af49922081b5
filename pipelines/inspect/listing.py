"""Where a clip of a release lies in its source: without a listing, the source is looked at again."""

import os
from typing import Any

from engine.media.examine import NO_MEDIA
from engine.media.open import MediaError
from engine.media.probe import probe
from manifests.ids import content_hash, path_of
from manifests.sources.examined import Examined, Span, clip_rows
from pipelines.preview.source import Row


def listed(row: Row) -> dict[str, Any]:
    """The row of the clips table that a row of captions would have. It may crash this process.

    Raises MediaError where the source is not that of the clip any more, OSError, ValueError.
    """
    path, start, end = path_of(row["uri"]), row["start_ms"], row["end_ms"]
    status = os.stat(path)
    probed = probe(path)
    if content_hash(path) != row["content_hash"]:
        raise MediaError("source_changed", "the file has other content than what was captioned")
    segment = next(
        (s for s in probed.segments if s.start_ms <= start and end <= s.end_ms and not s.fault),
        None,
    )
    if segment is None:
        raise MediaError("truncated", "the clip is not in the file")
    part = segment.between(start - segment.start_ms, end - segment.start_ms)
    media = {key: getattr(probed, key) for key in NO_MEDIA}
    identity = (path, row["content_hash"], status.st_size, status.st_mtime_ns)
    [made] = clip_rows(Examined(*identity, media, (Span(start, end, part),)))
    return made | {"whole": start == 0 and end == probed.duration_ms}
