"""Samples of a release's tars: the media of a clip and what a trainer needs of its row, as WebDataset
has them.

A sample is two members, one after the other: `<clip_id>.<extension>`, then `<clip_id>.json`. Headers
have no dates and no owners, so that the same samples make the same bytes.
"""

import hashlib
import json
import tarfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from manifests.ids import path_of
from manifests.sources.names import MEDIA, SHARED, TRANSPORT, suffix

Row = Mapping[str, Any]

Origin = Literal["source", "coded"]
"""Whether a member has the bytes of a source, or a span of it that was coded anew."""

COLUMNS = (
    *("clip_id", "content_hash", "start_ms", "end_ms", "duration_ms", "kind"),
    *("has_audio", "has_video", "file_ms", "since_ms", "audio_track", "video_track"),
    *("audio_caption", "visual_caption", "audio_visual_caption"),
    *("audio_by", "visual_by", "audio_visual_by", "writer", "variants"),
    *("transcript", "language", "domain", "support", "confidence"),
    *("licence", "outputs_train", "caption_digest", "input", "stage", "real"),
)
"""Data columns that the JSON of a sample has."""

_IN_CODED = ("file_ms", "since_ms", "audio_track", "video_track")
"""What places the clip in its file, where that is coded: it is all of it."""
_SUFFIXES = MEDIA | SHARED | TRANSPORT
"""Suffixes that say what media a member is. By others libraries would take it for something else: for
pickles and archives, which some of them open."""
_BLOCK = 1 << 20


def is_source(row: Row) -> bool:
    """Whether a clip is all of its source, so that its member has the source's own bytes."""
    return bool(row["whole"])


def extension(uri: str) -> str:
    """The extension of the member of a whole source: that of its name in small letters where it is one of
    media, else `bin`."""
    own = suffix(path_of(uri).rpartition(b"/")[2])
    return own[1:].decode() if own in _SUFFIXES else "bin"


def told(row: Row, origin: Origin, sha256: str) -> bytes:
    """The JSON of a sample. row: of data. sha256: of its media."""
    values = {name: row[name] for name in COLUMNS}
    values["variants"] = json.loads(row["variants"]) if row["variants"] else []
    if origin == "coded":
        values |= {name: 0 for name in _IN_CODED if values[name] is not None}
    values |= {"media": origin, "media_sha256": sha256}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int = -1, /) -> bytes: ...


class Hashed:
    """Bytes that are read of something, with their sha256."""

    def __init__(self, file: Readable) -> None:
        self._file, self._state = file, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        block = self._file.read(size)
        self._state.update(block)
        return block

    @property
    def sha256(self) -> str:
        """Of what was read so far, hex."""
        return self._state.hexdigest()


class Tar:
    """Writes samples. sha256: of all that was written, once it was closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._out = _Hashing(file)
        out: Any = self._out
        self._tar = tarfile.TarFile(
            fileobj=out, mode="w", format=tarfile.PAX_FORMAT, copybufsize=_BLOCK
        )

    def add(self, name: str, size: int, content: Readable) -> None:
        """Adds a member. Raises OSError where there are fewer bytes than `size`."""
        info = tarfile.TarInfo(name)
        info.size = size
        given: Any = content
        self._tar.addfile(info, given)
        self._tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all

    def close(self) -> None:
        """Ends the file."""
        self._tar.close()

    @property
    def sha256(self) -> str:
        """Of what was written, hex."""
        return self._out.sha256


@contextmanager
def writing(path: Path) -> Iterator[Tar]:
    """A tar to write in the block."""
    with path.open("wb") as file:
        tar = Tar(file)
        yield tar
        tar.close()


class _Hashing:
    """A file that is written, with the sha256 of its bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._state = file, hashlib.sha256()

    def write(self, block: bytes) -> int:
        self._state.update(block)
        return self._file.write(block)

    def tell(self) -> int:
        return self._file.tell()

    @property
    def sha256(self) -> str:
        return self._state.hexdigest()


@dataclass(frozen=True, slots=True)
class Sample:
    """What a tar has of one clip. extension, sha256: of its media. told: its JSON."""

    clip_id: str
    extension: str
    sha256: str
    told: bytes


class SampleError(ValueError):
    """What is no sample; says why."""


_MOST_TOLD = 16 << 20
"""Bytes of a sample's JSON."""


def samples(path: Path, wanted: Collection[str] | None = None) -> Iterator[Sample]:
    """The samples of a tar, one after the other. wanted: of these clips, by default of all; others are
    passed over. Raises SampleError for what `Tar` does not write, and OSError."""
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for media in iter(tar.next, None):
                described = tar.next()
                if described is None:
                    raise SampleError(f"{media.name} has no JSON after it")
                if wanted is None or media.name.partition(".")[0] in wanted:
                    yield _sample(tar, media, described)
                tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
    except tarfile.TarError as error:
        raise SampleError(f"it is no tar: {error}") from error


def _sample(tar: tarfile.TarFile, media: tarfile.TarInfo, described: tarfile.TarInfo) -> Sample:
    for member in (media, described):
        owner = (member.mtime, member.uid, member.gid, member.uname, member.gname)
        if not member.isreg() or any(owner) or "/" in member.name:
            raise SampleError(f"{member.name} is no plain member without date and owner")
    clip, _, kind = media.name.partition(".")
    if described.name != f"{clip}.json" or kind == "json":
        raise SampleError(f"{described.name} comes after {media.name}")
    if described.size > _MOST_TOLD:
        raise SampleError(f"{described.name} has {described.size} bytes")
    content, told = tar.extractfile(media), tar.extractfile(described)
    assert content is not None and told is not None  # they are files
    hashed = Hashed(content)
    while hashed.read(_BLOCK):
        pass
    return Sample(clip, kind, hashed.sha256, told.read())
