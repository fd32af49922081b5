"""Captions in files beside the media: which file is whose, and what it says.

`clip.mp4.txt` and `clip.mp4.json` are of `clip.mp4` alone. `clip.txt` and `clip.json` are of the one
media file of that stem: where there are several, nobody knows whose they are, and they are left out.
Subtitles are words said, and no captions, whatever their file is called; a web page or half a JSON object
is refused.
"""

import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captioners._formats import from_json, is_subtitles, refused
from manifests.sources import cells
from manifests.sources.encoding import EncodingError, decoded
from manifests.sources.names import MEDIA, SHARED, TRANSPORT

_OF_MEDIA = MEDIA | SHARED | TRANSPORT
_MOST_BYTES = 16 << 20
_SUBTITLES = (".srt", ".vtt")
# No file has such a name: the folder is none, it is a link to itself, or the name is too long.
_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
_DESCRIBED = ".info.json"
"""What yt-dlp writes: the words of who published it."""


class BesideError(ValueError):
    """A file beside a clip that can't be used; names it and the reason."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside a media file: its captions, or why there are none; neither where nothing lies."""

    texts: tuple[str, ...] = ()
    why: str | None = None


def beside(path: Path, key: str) -> Beside:
    """The captions of a media file: of the first of its files that holds any, JSON before text.

    key: the field of the JSON. Raises BesideError for a file that can't be read.
    """
    why: str | None = None
    for file in _files(path):
        if (reason := ambiguous(file, path)) is not None:
            why = why or reason
            continue
        read = _described if file.suffix == ".json" else _written
        texts, reason = read(file, key)
        if texts:
            return Beside(tuple(texts))
        why = why or reason
    return Beside(why=why or _subtitled(path))


def described(path: Path) -> Any:
    """The content of a JSON file; None where there is none. Raises BesideError."""
    text = _read(path)
    if text is None:
        return None
    try:
        return json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else error
        raise BesideError(f"{path} is not JSON: {why}") from error


def ambiguous(file: Path, path: Path) -> str | None:
    """Why a file may be of other media than `path`; None where it can't."""
    bases = dict.fromkeys((file.stem, file.name.removesuffix(_DESCRIBED)))
    for other in (other for base in bases for other in _media_of(path.parent, base)):
        if other.name != path.name and _is_file(other) and not _is_same(other, path):
            named = f"{path.name}{_DESCRIBED if file.name.endswith(_DESCRIBED) else file.suffix}"
            return f"{file.name} may be of {other.name} or of {path.name}: call it {named}"
    return None


def _files(path: Path) -> Iterator[Path]:
    """Files that may hold the captions of a media file, those of its whole name first."""
    for base in dict.fromkeys((path.name, path.stem)):
        for suffix in (".json", ".txt", _DESCRIBED):
            file = path.parent / f"{base}{suffix}"
            if file.name != path.name and _is_file(file):
                yield file


def _media_of(folder: Path, base: str) -> Iterator[Path]:
    """Where the media lie that a file called `base` with another suffix may belong to."""
    if os.path.splitext(base)[1].lower().encode() in _OF_MEDIA:
        yield folder / base
    for suffix in sorted(_OF_MEDIA):
        for written in (suffix.decode(), suffix.decode().upper()):
            yield folder / f"{base}{written}"


def _described(file: Path, key: str) -> tuple[list[str], str | None]:
    """The captions in a JSON file, or why there are none."""
    content = described(file)
    if not isinstance(content, dict):
        return [], f"{file.name} holds no JSON object"
    return _in_object(file, content, key)


def _in_object(file: Path, content: Mapping[str, Any], key: str) -> tuple[list[str], str | None]:
    """The captions in the field of a JSON object, or why there are none."""
    if key not in content:
        others = ("caption", "captions", "text", "title", "description")
        there = [name for name in others if isinstance(content.get(name), str | list)]
        hint = f"; there are {', '.join(there)}: name one with key" if there else ""
        return [], f'{file.name} has no field "{key}"{hint}'
    try:
        return cells.texts(content[key]), None
    except ValueError as error:
        raise BesideError(f"{file}: {key}: {error}") from error


def _written(file: Path, key: str) -> tuple[list[str], str | None]:
    """The captions in a text file, or why there are none. JSON is read as JSON, whatever its name."""
    text = _read(file) or ""
    if is_subtitles(text):
        return [], f"{file.name} holds subtitles: words said, and no caption"
    if (why := refused(text)) is not None:
        raise BesideError(f"{file}: {why}")
    try:
        content = from_json(text)
        return _in_object(file, content, key) if content is not None else (cells.texts(text), None)
    except ValueError as error:
        raise (
            error if isinstance(error, BesideError) else BesideError(f"{file}: {error}")
        ) from error


def _subtitled(path: Path) -> str | None:
    for base in (path.stem, path.name):
        for suffix in _SUBTITLES:
            if _is_file(path.parent / f"{base}{suffix}"):
                return f"{base}{suffix} holds subtitles: words said, and no caption"
    return None


def _read(path: Path) -> str | None:
    """A text, None where there is no such file. Raises BesideError."""
    if not _is_file(path):
        return None
    if path.stat().st_size > _MOST_BYTES:
        raise BesideError(f"{path}: over {_MOST_BYTES >> 20} MiB, which is no caption")
    try:
        return decoded(path.read_bytes())
    except EncodingError as error:
        raise BesideError(f"{path}: {error}") from error


def _is_file(path: Path) -> bool:
    """Whether there is a file, not a pipe: to read one may wait for ever."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        if error.errno in _NOWHERE:
            return False
        raise BesideError(f"{path} can't be read: {error.strerror or error}") from error


def _is_same(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return False
