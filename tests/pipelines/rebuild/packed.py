"""Data files of clips whose sources are there, for packing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from manifests.ids import clip_id, content_hash, uri_of
from manifests.release.layout import ReleaseFile
from manifests.release.order import Part
from pipelines.rebuild.packing import pack
from tests.manifests.release import made

Row = dict[str, Any]


def of_file(number: int, path: Path, **changes: Any) -> made.Clip:
    """A clip that is a whole file."""
    content, size = content_hash(path), path.stat().st_size
    of = {
        "content_hash": content,
        "clip_id": clip_id(content, 0, 10_000),
        "uri": uri_of(bytes(path)),
    }
    return made.clip(5 * number, **of, size=size, end_byte=size, whole=True, **changes)


def of_clip(number: int, clip: Row) -> made.Clip:
    """A clip as the clips table has it."""
    names = made.clip(0).data
    shared = {name: value for name, value in clip.items() if name in names}
    return made.clip(5 * number, **shared, duration_ms=clip["end_ms"] - clip["start_ms"])


def packed(folder: Path, clips: Sequence[made.Clip]) -> ReleaseFile:
    """The tar of a part with these clips, in `folder`, beside its data."""
    made.write(folder, clips, tables=["data"])
    part = Part("permissive", "train", 0, 1, 0, (len(clips),))
    return pack(part, folder, folder.parent / "sources")
