"""Ingest: which files are sources, and the rows of the sources and clips tables they become.

The order is that of the paths' bytes and depends on nothing else, so shards have the same members on
every machine and in every run.
"""

import glob
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from manifests.errors import UserError
from manifests.sources import content, names

# Suffixes that are counted each for itself: names may end in anything.
_MOST_SUFFIXES = 200
_LONGEST_SUFFIX = 12
NO_SUFFIX, OTHER_SUFFIX, NO_FILE = "without extension", "others", "pipes or devices"


class SourceError(UserError):
    """A SOURCE that names nothing."""


@dataclass(slots=True)
class Listing:
    """Sources in order, and what was passed over.

    ignored: how many files in folders are no media, by suffix in lower case (else `NO_SUFFIX`,
    `OTHER_SUFFIX`, and `NO_FILE` for what is none). Where a suffix is no known one of media, text or
    data, and where media and text share it, the first 4 KiB decide. loops: links to a folder above.
    unreadable: folders that can't be listed. Hidden files and folders are passed over without a word.
    """

    ignored: Counter[str] = field(default_factory=Counter)
    loops: int = 0
    unreadable: list[bytes] = field(default_factory=list)
    _walked: set[bytes] = field(default_factory=set)

    def paths(self, sources: Sequence[str]) -> Iterator[bytes]:
        """Absolute paths of every source file, each once, in order of their bytes within each SOURCE
        (folder, file or glob). They are read as they are asked for; several sources cost a digest of 16
        bytes for each path, one source costs nothing.

        Raises SourceError, before the first path, for a SOURCE that names no file or folder.
        """
        matches = {source: _matches(source) for source in sources}
        return self._once(matches) if len(matches) > 1 else self._all(matches)

    def _once(self, matches: Mapping[str, Sequence[bytes]]) -> Iterator[bytes]:
        seen: set[bytes] = set()
        for path in self._all(matches):
            digest = hashlib.blake2b(path, digest_size=16).digest()
            if digest not in seen:
                seen.add(digest)
                yield path

    def _all(self, matches: Mapping[str, Sequence[bytes]]) -> Iterator[bytes]:
        for paths in matches.values():
            for path in paths:
                if os.path.isdir(path):
                    yield from self._walk(path)
                else:
                    yield path

    def _walk(self, root: bytes) -> Iterator[bytes]:
        # A stack, not recursion: folders may be nested deeper than Python calls.
        above: list[_Level] = []
        self._enter(root, above)
        while above:
            entry = next(above[-1].entries, None)
            if entry is None:
                above.pop()
            elif entry.name.startswith(b"."):
                continue
            elif _is_folder(entry):
                self._enter(entry.path, above)
            elif (ignored := _ignored(entry)) is None:
                yield entry.path
            else:
                several = len(self.ignored) >= _MOST_SUFFIXES and ignored not in self.ignored
                self.ignored[OTHER_SUFFIX if several else ignored] += 1

    def _enter(self, folder: bytes, above: list["_Level"]) -> None:
        """Goes one level down, unless the folder was walked already or can't be."""
        if folder in self._walked:
            return
        self._walked.add(folder)
        try:
            status = os.stat(folder)
            with os.scandir(folder) as found:
                entries = sorted(found, key=_place)
        except OSError:
            self.unreadable.append(folder)
            return
        here = (status.st_dev, status.st_ino)
        if any(level.identity == here for level in above):
            self.loops += 1
        else:
            above.append(_Level(here, iter(entries)))


def _matches(source: str) -> list[bytes]:
    """The folder or file that a SOURCE is, or the files that it matches. Raises SourceError for none."""
    root = os.path.abspath(os.fsencode(source))
    if os.path.isdir(root):
        return [root]
    if os.path.lexists(root):
        if _is_special(root):
            raise SourceError(f"{source}: neither a file nor a folder")
        return [root]
    matched = [os.path.abspath(os.fsencode(path)) for path in glob.glob(source, recursive=True)]
    files = sorted(p for p in set(matched) if not os.path.isdir(p) and not _is_special(p))
    if not files:
        raise SourceError(f"{source}: no such file or folder, and no file matches it")
    return files


class _Level(NamedTuple):
    """A folder that is being walked: device and inode, and what is left of it."""

    identity: tuple[int, int]
    entries: Iterator[os.DirEntry[bytes]]


def _place(entry: os.DirEntry[bytes]) -> bytes:
    """What sorts the entries of a folder as the paths below them sort."""
    return entry.name + b"/" if _is_folder(entry) else entry.name


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into what may not be entered: a file that can't be read
        return False


def _is_special(path: bytes) -> bool:
    """Whether it is a pipe, socket or device: opening one may wait for ever."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _ignored(entry: os.DirEntry[bytes]) -> str | None:
    """What a file counts as that is no source; None for a source."""
    if _is_special(entry.path):
        return NO_FILE
    suffix = names.suffix(entry.name)
    if content.holds_media(entry.path):
        return None
    if len(suffix) > _LONGEST_SUFFIX:
        return OTHER_SUFFIX
    return suffix.decode("utf-8", "backslashreplace") or NO_SUFFIX
