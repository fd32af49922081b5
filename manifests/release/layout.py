"""What a release consists of: names of files and folders, columns, and `release.json`.

    data/<licence class>/<split>-00000-of-00012.parquet    captions, one row for each clip
    evidence/<licence class>/...                           what captioners said, same file names
    claims/<licence class>/...                             what captions claim, same file names
    embeddings/<licence class>/...                         vectors, where asked for
    media/<licence class>/<split>-00000-of-00012.tar       WebDataset, where asked for
    README.md, croissant.json, statistics.json
    release.json                                           written last: what has none is no release

What a clip has beside its data row is in the files of the name that this is in, in the order of the data
rows; a clip without vectors has no row of embeddings. Columns are in `columns`.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from manifests.errors import UserError
from manifests.ids import digest
from manifests.release.columns import (
    CLAIMS,
    DATA,
    EVIDENCE,
    OF_CLIPS,
    PARQUET,
    PLACE,
    SCHEMAS,
    TABLES,
    Table,
    wrong_columns,
)
from manifests.release.licences import CLASSES, LicenceClass, licence_class

__all__ = [
    "CLAIMS",
    "CLASSES",
    "DATA",
    "EVIDENCE",
    "OF_CLIPS",
    "PARQUET",
    "PLACE",
    "SCHEMAS",
    "TABLES",
    "Document",
    "LicenceClass",
    "Release",
    "ReleaseBooks",
    "ReleaseEncoder",
    "ReleaseError",
    "ReleaseFile",
    "ReleaseInput",
    "ReleaseList",
    "Table",
    "is_release",
    "licence_class",
    "load",
    "part_path",
    "wrong_columns",
]

VERSION: Final = 3
"""Format of a release; another one is refused. 3 says whose vectors its embeddings are."""

RELEASE, CARD, CROISSANT, STATISTICS = (
    "release.json",
    "README.md",
    "croissant.json",
    "statistics.json",
)
WORK = ".rebuild"
"""Folder of a rebuild that has not finished."""

_SPLIT = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SHA256 = r"^[0-9a-f]{64}$"
_DIGEST = r"^[0-9a-f]{16}$"
_LARGEST = 1 << 30
"""Bytes of a release.json that is read: a million files need about 250 MB."""


class ReleaseError(UserError):
    """What is no release, or one that can't be read."""


def part_path(table: Table, licence: LicenceClass, split: str, number: int, count: int) -> str:
    """The path of one of `count` parts of a split, relative to the release. Raises ValueError for a split
    that has no plain name."""
    if not _SPLIT.fullmatch(split):
        raise ValueError(f"split {split!r}: a name is of a-z, 0-9 and _, and begins with a letter")
    suffix = "tar" if table == "media" else "parquet"
    return f"{table}/{licence}/{split}-{number:05d}-of-{count:05d}.{suffix}"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReleaseInput(_Model):
    """One captioning that went in. name: as the rules call it. digest: of all that was committed of it.
    rows: caption rows that were read; kept: of these, rows of the release."""

    number: int = Field(ge=0)
    name: str
    job: str
    digest: str
    stage: int
    real: bool
    rows: int = Field(ge=0)
    kept: int = Field(ge=0)


class ReleaseList(_Model):
    """A list of clips that must leave, an evaluation workspace, whose clips do, or the reviews of a
    workspace. name: as the rules write it. digest: sha256 of the list; 16 hex digits, of what is
    committed of the evaluation workspace, or of all reviews."""

    rule: Literal["takedown", "decontamination", "reviews"]
    name: str
    digest: str


class ReleaseEncoder(_Model):
    """Whose vectors the embeddings are. width: numbers of a vector. identity: digest of its code, options
    and weights."""

    name: str
    width: int = Field(gt=0)
    identity: str = Field(pattern=_DIGEST)


class ReleaseBooks(_Model):
    """rows of all inputs = kept + what each rule dropped; a row counts with the first rule that drops it,
    in the order of the rules. Raises ValidationError where they do not close."""

    rows: int = Field(ge=0)
    kept: int = Field(ge=0)
    dropped: dict[str, int]

    @model_validator(mode="after")
    def _close(self) -> Self:
        if min(self.dropped.values(), default=0) < 0:
            raise ValueError("a rule dropped less than no row")
        if self.rows != self.kept + sum(self.dropped.values()):
            raise ValueError(
                f"the books do not close: {self.rows} rows, {self.kept} kept, "
                f"{sum(self.dropped.values())} dropped"
            )
        return self


class ReleaseFile(_Model):
    """One file of a table. path is relative to the release; part: its number in its split and class;
    rows: of a tar its clips."""

    path: str
    table: Table
    licence_class: LicenceClass
    split: str
    part: int = Field(ge=0)
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=_SHA256)


class Document(_Model):
    """A file beside the tables: card, Croissant, statistics."""

    path: Literal["README.md", "croissant.json", "statistics.json"]
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=_SHA256)


class Release(_Model):
    """Content of `release.json`. rules: as they were read, defaults filled in. lists: in the order of the
    rules. encoder: where there are embeddings. digest: over all the rest (`Release.made` computes it);
    equal inputs and rules give an equal one."""

    version: Literal[3] = VERSION
    name: str = "release"
    rules: dict[str, JsonValue]
    inputs: tuple[ReleaseInput, ...]
    lists: tuple[ReleaseList, ...] = ()
    encoder: ReleaseEncoder | None = None
    books: ReleaseBooks
    files: tuple[ReleaseFile, ...]
    documents: tuple[Document, ...] = ()
    digest: str = Field(pattern=_DIGEST)

    @classmethod
    def made(
        cls,
        name: str,
        rules: Mapping[str, Any],
        inputs: Iterable[ReleaseInput],
        books: ReleaseBooks,
        files: Iterable[ReleaseFile],
        documents: Iterable[Document] = (),
        lists: Iterable[ReleaseList] = (),
        encoder: ReleaseEncoder | None = None,
    ) -> "Release":
        """A release with its digest; files by table, class, split and part. Raises ValidationError where
        something does not fit together."""
        ordered = sorted(files, key=_order)
        values: dict[str, Any] = {
            "version": VERSION,
            "name": name,
            "rules": dict(rules),
            "inputs": [each.model_dump() for each in sorted(inputs, key=lambda each: each.number)],
            "lists": [each.model_dump() for each in lists],
            "encoder": None if encoder is None else encoder.model_dump(),
            "books": books.model_dump(),
            "files": [file.model_dump() for file in ordered],
            "documents": [each.model_dump() for each in sorted(documents, key=lambda d: d.path)],
        }
        return cls(**values, digest=digest(values))

    @property
    def links_only(self) -> bool:
        """Whether nothing of the media but where it is was written: no transcripts."""
        output = self.rules.get("output")
        return isinstance(output, dict) and output.get("links_only") is True

    def to_json(self) -> bytes:
        """The content of the file: always the same bytes for the same release."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    def of(self, table: Table) -> list[ReleaseFile]:
        """Files of a table."""
        return [file for file in self.files if file.table == table]

    @model_validator(mode="before")
    @classmethod
    def _of_this_version(cls, values: Any) -> Any:
        if isinstance(values, dict) and (found := values.get("version", VERSION)) != VERSION:
            raise ValueError(
                f"it is a release of format {found}, and this version reads {VERSION}: build it again "
                "from its workspaces with captionmill rebuild, in a new folder"
            )
        return values

    @property
    def width(self) -> int | None:
        """How long the vectors of its embeddings are; None without any."""
        return None if self.encoder is None else self.encoder.width

    def documented(self, documents: Iterable[Document]) -> "Release":
        """The same with these documents."""
        values = self.model_dump(mode="json", exclude={"digest"})
        listed = sorted(documents, key=lambda each: each.path)
        values["documents"] = [each.model_dump() for each in listed]
        return Release(**values, digest=digest(values))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _require_paths(self.files)
        if (self.encoder is None) == any(file.table == "embeddings" for file in self.files):
            raise ValueError("it has embeddings without their encoder, or an encoder without any")
        if [each.number for each in self.inputs] != list(range(len(self.inputs))):
            raise ValueError("its inputs are not numbered from 0")
        for what, sides in {
            "rows": (self.books.rows, sum(each.rows for each in self.inputs)),
            "rows kept": (self.books.kept, sum(each.kept for each in self.inputs)),
            "data rows": (self.books.kept, sum(file.rows for file in self.of("data"))),
        }.items():
            if sides[0] != sides[1]:
                raise ValueError(
                    f"the books do not close: {sides[0]} {what} by the books, {sides[1]} counted"
                )
        if digest(self.model_dump(mode="json", exclude={"digest"})) != self.digest:
            raise ValueError("its digest is not that of its content: somebody changed it")
        return self


def _order(file: ReleaseFile) -> tuple[int, int, str, int]:
    return (TABLES.index(file.table), CLASSES.index(file.licence_class), file.split, file.part)


def _require_paths(files: tuple[ReleaseFile, ...]) -> None:
    """Raises ValueError for a file that does not lie where its table, class, split and part say: so no
    path leaves the release, and none is there twice."""
    counts: dict[tuple[str, str, str], int] = {}
    for file in files:
        group = (file.table, file.licence_class, file.split)
        counts[group] = counts.get(group, 0) + 1
    seen = set()
    for file in files:
        count = counts[file.table, file.licence_class, file.split]
        expected = part_path(file.table, file.licence_class, file.split, file.part, count)
        if file.path != expected or file.part >= count or file.path in seen:
            raise ValueError(f"file {file.path!r} is not where its table, class and split lie")
        seen.add(file.path)


def is_release(folder: Path) -> bool:
    """Whether a folder holds a finished release."""
    return (folder / RELEASE).is_file()


def load(folder: Path) -> Release:
    """The release in a folder. Raises ReleaseError for what is none, or can't be read."""
    path = folder / RELEASE
    try:
        if path.stat().st_size > _LARGEST:
            raise ReleaseError(f"{path} is larger than any release.json")
        return Release.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ReleaseError(f"{path} can't be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        reason = f"{place}: {first['msg']}" if place else first["msg"]
        raise ReleaseError(f"{path} can't be read: {reason}") from error
    if (folder / WORK).is_dir():
        raise ReleaseError(
            f"{folder} holds a release that is not finished: run the same rebuild again"
        )
    raise ReleaseError(f"{folder} is no release: there is no {RELEASE}")
