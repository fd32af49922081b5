"""Ingest: which files are sources, and the rows of the sources and clips tables they become.

The order is that of the paths' bytes and depends on nothing else, so shards have the same members on
every machine and in every run.
"""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from manifests.errors import UserError
from manifests.ids import clip_id, uri_of

# A folder holds much that is no clip; a file that is named by itself is always a candidate.
MEDIA_SUFFIXES = frozenset(
    b".3g2 .3gp .aac .ac3 .aif .aiff .amr .ape .asf .au .avi .avif .bmp .caf .divx .dv .eac3 .f4v "
    b".flac .flv .gif .heic .jpeg .jpg .m2ts .m2v .m3u8 .m4a .m4b .m4v .mka .mkv .mov .mp2 .mp3 .mp4 "
    b".mpd .mpe .mpeg .mpg .mts .mxf .oga .ogg .ogv .opus .png .ra .rm .rmvb .spx .tga .tif .tiff .ts "
    b".vob .wav .webm .webp .wma .wmv .wv .y4m".split()
)


class SourceError(UserError):
    """A SOURCE that names nothing."""


@dataclass(slots=True)
class Listing:
    """Sources in order, and what was passed over.

    ignored: files in folders whose name is not that of media. loops: links to a folder above.
    """

    ignored: int = 0
    loops: int = 0
    unreadable: list[bytes] = field(default_factory=list)

    def paths(self, sources: Sequence[str]) -> Iterator[bytes]:
        """Absolute paths of every source file, sorted within each SOURCE (folder, file or glob).

        Raises SourceError for one that names nothing.
        """
        seen: set[bytes] = set()
        for source in sources:
            for path in self._of(source):
                if path not in seen:
                    seen.add(path)
                    yield path

    def _of(self, source: str) -> Iterator[bytes]:
        root = os.path.abspath(os.fsencode(source))
        if os.path.isdir(root):
            yield from self._walk(root, ())
        elif os.path.lexists(root):
            yield root
        else:
            found = sorted(os.fsencode(p) for p in glob.glob(source, recursive=True))
            if not found:
                raise SourceError(f"{source}: no such file or folder, and no file matches it")
            for path in found:
                if not os.path.isdir(path):
                    yield os.path.abspath(path)

    def _walk(self, folder: bytes, above: tuple[tuple[int, int], ...]) -> Iterator[bytes]:
        try:
            status = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            self.unreadable.append(folder)
            return
        here = (status.st_dev, status.st_ino)
        if here in above:
            self.loops += 1
            return
        for entry in entries:
            if entry.name.startswith(b"."):
                continue
            if entry.is_dir():
                yield from self._walk(entry.path, (*above, here))
            elif os.path.splitext(entry.name)[1].lower() in MEDIA_SUFFIXES:
                yield entry.path
            else:
                self.ignored += 1


@dataclass(frozen=True, slots=True)
class Examined:
    """What looking at one source gave: identity, streams and spans, or why it can't be worked.

    spans: (start, end) in ms of its clips; ((0, 0),) for a still and for a source with a fault.
    content_hash is None only for a file that can't be read.
    """

    path: bytes
    content_hash: str | None
    size: int
    mtime_ns: int
    media: dict[str, Any]
    spans: tuple[tuple[int, int], ...]
    fault: str | None = None
    fault_message: str | None = None

    @property
    def uri(self) -> str:
        """file:// URI of the path."""
        return uri_of(self.path)

    def clip(self, start_ms: int, end_ms: int) -> str:
        """Identity of one of its clips; a file that can't be read is known by its URI."""
        return clip_id(self.content_hash or self.uri, start_ms, end_ms)


_CLIP_MEDIA = ("kind", "has_audio", "has_video", "audio_reason", "video_reason")


def source_row(source: Examined, taken: int, duplicate: bool) -> dict[str, Any]:
    """The row of `manifests.schemas.SOURCES`."""
    return {
        "uri": source.uri,
        "content_hash": source.content_hash,
        "size": source.size,
        "mtime_ns": source.mtime_ns,
        "fault": source.fault,
        "fault_message": source.fault_message,
        "spans": len(source.spans),
        "taken": taken,
        "duplicate": duplicate,
        **source.media,
    }


def clip_rows(source: Examined) -> list[dict[str, Any]]:
    """The rows of `manifests.schemas.CLIPS`, in order of time."""
    return [
        {
            "clip_id": source.clip(start, end),
            "content_hash": source.content_hash,
            "uri": source.uri,
            "start_ms": start,
            "end_ms": end,
            "size": source.size,
            "mtime_ns": source.mtime_ns,
            "fault": source.fault,
            "fault_message": source.fault_message,
            **{key: source.media[key] for key in _CLIP_MEDIA},
        }
        for start, end in source.spans
    ]
