"""Which reader a set needs."""

from pathlib import Path
from typing import Literal, get_args

from pipelines.evaluate.items import Set, SetError
from pipelines.evaluate.readers.audiocaps import audiocaps
from pipelines.evaluate.readers.clotho import clotho
from pipelines.evaluate.readers.manifest import columns, manifest
from pipelines.evaluate.readers.vctk import vctk

Reader = Literal["audiocaps", "clotho", "vctk", "manifest"]
READERS: tuple[Reader, ...] = get_args(Reader)


def read_set(path: Path, reader: Reader | None = None, media: Path | None = None) -> Set:
    """The clips of a set. reader: None for what its form tells. media: the folder of its files, by
    default that of the list. Raises SetError, ListError."""
    if media is not None and not media.is_dir():
        raise SetError(f"{media}: no such folder")
    reader = reader or _told(path)
    if reader == "vctk":
        return _some(vctk(path), path)
    if path.is_dir():
        raise SetError(f"{path} is a folder: name the list of the set, and its folder by --media")
    read = {"audiocaps": audiocaps, "clotho": clotho, "manifest": manifest}[reader]
    return _some(read(path, media or path.absolute().parent), path)


def _told(path: Path) -> Reader:
    if path.is_dir():
        return "vctk"
    names = columns(path)
    if "file" in names:
        return "manifest"
    if "youtubeid" in names and "caption" in names:
        return "audiocaps"
    if "filename" in names and "caption1" in names:
        return "clotho"
    return "manifest"


def _some(read: Set, path: Path) -> Set:
    if not read.items:
        raise SetError(f"{path}: no clip is listed")
    return read
