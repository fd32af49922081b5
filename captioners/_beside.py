"""Captions in files beside the media: which file is whose, and what it says.

`clip.mp4.txt` and `clip.mp4.json` are of `clip.mp4` alone. `clip.txt` and `clip.json` are of the one
media file of that stem, whatever its suffix: where there are several, nobody knows whose they are, and
they are left out. Subtitles are words said, and no captions, whatever their file is called; a web page or
half a JSON object is refused.
"""

import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from captioners._formats import captions, from_json, is_subtitles, refused
from manifests.sources import cells, names
from manifests.sources.content import holds_media
from manifests.sources.encoding import EncodingError, decoded

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


def beside(path: Path, key: str, encoding: str | None = None) -> Beside:
    """The captions of a media file: of the first of its files that holds any, JSON before text.

    key: the field of the JSON. encoding: of text that is no UTF. Raises BesideError for a file that can't
    be read.
    """
    why: str | None = None
    for file in _files(path):
        if (reason := ambiguous(file, path)) is not None:
            why = why or reason
            continue
        read = _described if file.suffix == ".json" else _written
        texts, reason = read(file, key, encoding)
        if texts:
            return Beside(tuple(texts))
        why = why or reason
    return Beside(why=why or _subtitled(path))


def described(path: Path, encoding: str | None = None) -> Any:
    """The content of a JSON file; None where there is none. Raises BesideError."""
    text = _read(path, encoding)
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
    for other in (other for base in bases for other in _called(path, base)):
        if not (_is_file(other) and holds_media(os.fsencode(other))) or _is_same(other, path):
            continue
        named = f"{path.name}{_DESCRIBED if file.name.endswith(_DESCRIBED) else file.suffix}"
        remedy = f"call it {named}" if named != file.name else f"give {path.name} a suffix"
        return f"{file.name} may be of {other.name} or of {path.name}: {remedy}"
    return None


def _files(path: Path) -> Iterator[Path]:
    """Files that may hold the captions of a media file, those of its whole name first."""
    for base in dict.fromkeys((path.name, path.stem)):
        for suffix in (".json", ".txt", _DESCRIBED):
            file = path.parent / f"{base}{suffix}"
            if file.name != path.name and _is_file(file):
                yield file


def _called(path: Path, base: str) -> Iterator[Path]:
    """What may be media and lies beside `path`, called `base` with a suffix or without."""
    folder = path.parent
    try:
        changed = folder.stat().st_mtime_ns
        if names.is_other(names.suffix(os.fsencode(path.name))):
            others = [name for name in _candidates(folder) if os.path.splitext(name)[0] == base]
        else:
            others = _sharing(folder, changed).get(base, [])
    except OSError as error:
        if error.errno in _NOWHERE:
            return
        raise BesideError(f"{folder} can't be read: {error.strerror or error}") from error
    yield from (folder / name for name in dict.fromkeys((base, *others)) if name != path.name)


@lru_cache(maxsize=4)
def _sharing(folder: Path, changed_ns: int) -> dict[str, list[str]]:
    """Of a folder as it was when it last changed: the files that may be media and have their stem in
    common with others, by that stem. So that a folder of many clips is listed once."""
    stems: dict[str, list[str]] = {}
    for name in _candidates(folder):
        stems.setdefault(os.path.splitext(name)[0], []).append(name)
    return {stem: sorted(called) for stem, called in stems.items() if len(called) > 1}


def _candidates(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            suffix = names.suffix(os.fsencode(entry.name))
            if not (entry.name.startswith(".") or names.is_other(suffix)):
                yield entry.name


def _described(file: Path, key: str, encoding: str | None) -> tuple[list[str], str | None]:
    """The captions in a JSON file, or why there are none."""
    content = described(file, encoding)
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
        return _captions(file, content[key])
    except ValueError as error:
        raise BesideError(f"{file}: {key}: {error}") from error


def _captions(file: Path, value: Any) -> tuple[list[str], str | None]:
    """The captions in a text or a field of JSON, or why there are none. Raises ValueError."""
    texts = cells.texts(value)
    kept = captions(texts)
    subtitled = not kept and any(map(is_subtitles, texts))
    return kept, _subtitles_in(file.name) if subtitled else None


def _subtitles_in(name: str) -> str:
    return f"{name} holds subtitles: words said, and no caption"


def _written(file: Path, key: str, encoding: str | None) -> tuple[list[str], str | None]:
    """The captions in a text file, or why there are none. JSON is read as JSON, whatever its name."""
    text = _read(file, encoding) or ""
    if is_subtitles(text):
        return [], _subtitles_in(file.name)
    if (why := refused(text)) is not None:
        raise BesideError(f"{file}: {why}")
    try:
        content = from_json(text)
        return _captions(file, text) if content is None else _in_object(file, content, key)
    except ValueError as error:
        raise (
            error if isinstance(error, BesideError) else BesideError(f"{file}: {error}")
        ) from error


def _subtitled(path: Path) -> str | None:
    for base in (path.stem, path.name):
        for suffix in _SUBTITLES:
            if _is_file(path.parent / f"{base}{suffix}"):
                return _subtitles_in(f"{base}{suffix}")
    return None


def _read(path: Path, encoding: str | None) -> str | None:
    """A text, None where there is no such file. Raises BesideError."""
    if not _is_file(path):
        return None
    if path.stat().st_size > _MOST_BYTES:
        raise BesideError(f"{path}: over {_MOST_BYTES >> 20} MiB, which is no caption")
    try:
        return decoded(path.read_bytes(), encoding)
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
