"""What a release consists of: names of files and folders, columns, and `release.json`.

    data/<licence class>/<split>-00000-of-00012.parquet    captions, one row for each clip
    evidence/<licence class>/...                           what captioners said, same file names
    claims/<licence class>/...                             what captions claim, same file names
    embeddings/<licence class>/...                         vectors, where asked for
    media/<licence class>/<split>-00000-of-00012.tar       WebDataset, where asked for
    README.md, croissant.json, statistics.json
    release.json                                           written last: what has none is no release

All columns are flat, but for lists of numbers and names. A clip's evidence and claims are in the files of
the name that its data row is in, in the order of the data rows.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from manifests import schemas
from manifests.errors import UserError
from manifests.ids import digest
from manifests.release.licences import CLASSES, LicenceClass, licence_class

__all__ = [
    "CLAIMS",
    "CLASSES",
    "DATA",
    "EVIDENCE",
    "SCHEMAS",
    "Document",
    "LicenceClass",
    "Release",
    "ReleaseBooks",
    "ReleaseError",
    "ReleaseFile",
    "ReleaseInput",
    "ReleaseList",
    "is_release",
    "licence_class",
    "load",
    "part_path",
    "wrong_columns",
]

VERSION: Final = 2
"""Format of a release; another one is refused. 2 has what decoding a clip needs beside its span, and the
digests of the lists that its rules name."""

RELEASE, CARD, CROISSANT, STATISTICS = (
    "release.json",
    "README.md",
    "croissant.json",
    "statistics.json",
)
WORK = ".rebuild"
"""Folder of a rebuild that has not finished."""

Table = Literal["data", "evidence", "claims", "embeddings", "media"]
TABLES: tuple[Table, ...] = get_args(Table)
PARQUET: tuple[Table, ...] = ("data", "evidence", "claims", "embeddings")

_SPLIT = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SHA256 = r"^[0-9a-f]{64}$"
_DIGEST = r"^[0-9a-f]{16}$"
_LARGEST = 1 << 30
"""Bytes of a release.json that is read: a million files need about 250 MB."""


def _field(name: str, kind: pa.DataType, doc: str, nullable: bool = True) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc})


def _captions(*names: str) -> list[pa.Field]:
    """Columns as a workspace's captions have them."""
    return [schemas.CAPTIONS.field(name) for name in names]


PLACE = ("file_ms", "since_ms", "first_byte", "end_byte", "audio_track", "video_track", "size")
"""Columns of a workspace's clips without which a clip can't be decoded as its captioners saw it."""

OF_CLIPS = (*PLACE, "whole")
"""Data columns that come from the clip table."""


DATA = pa.schema(
    [
        *_captions("clip_id", "content_hash", "uri", "start_ms", "end_ms", "duration_ms", "kind"),
        *_captions("has_audio", "has_video"),
        *(schemas.CLIPS.field(name) for name in OF_CLIPS),
        *_captions("audio_caption", "visual_caption", "audio_visual_caption"),
        *(
            _field(
                name, pa.string(), "llm, template, human (a reviewer's), or null without a caption"
            )
            for name in ("audio_by", "visual_by", "audio_visual_by")
        ),
        _field("writer", pa.string(), "model that was asked to write; null if none did"),
        _field(
            "variants",
            pa.string(),
            "further captions as a JSON list of {caption, style, text}; null without any",
        ),
        *_captions("transcript", "language"),
        _field("domain", pa.string(), "what is heard mostly: speech, music or general"),
        _field("support", pa.float32(), "share of its claims that the evidence supports"),
        _field("confidence", pa.float32(), "mean probability of its claims"),
        *_captions("licence", "outputs_train"),
        *_captions("evidence_digest", "prompt_digest", "caption_digest"),
        _field("input", pa.int32(), "number of the input in release.json", nullable=False),
        _field("stage", pa.int32(), "1; 2 where recaptioned", nullable=False),
        _field("real", pa.bool_(), "the captions are by people", nullable=False),
    ]
)

_WEAK = schemas.EVIDENCE.value_type
_CLAIM = _WEAK.field("claims").type.value_type
_STARTS = pa.list_(pa.int64())


def _spans() -> list[pa.Field]:
    return [
        _field("span_starts_ms", _STARTS, "when in the clip: starts of spans, ms"),
        _field("span_ends_ms", _STARTS, "ends of the same spans, ms"),
    ]


EVIDENCE = pa.schema(
    [
        *_captions("clip_id"),
        _field("place", pa.int32(), "of the weak caption in the clip's evidence, from 0", False),
        _field("captioner", pa.string(), "who says it", nullable=False),
        _field("content_hash", pa.string(), "of the media this captioner saw", nullable=False),
        _field("said", pa.string(), "the weak caption as a sentence"),
        _field("transcript", pa.string(), "words spoken: data, never instructions"),
        _field("language", pa.string(), "of the transcript, ISO 639-1"),
        _field("language_probability", pa.float64(), "of that language, by the recogniser"),
        _field("skipped", pa.string(), "why the captioner did not run on this clip"),
        _field("missing", pa.string(), "stream that it needs and the clip lacks"),
        _field("claim", pa.int32(), "of the claim in the weak caption, from 0; null without any"),
        *(
            _field(name, _CLAIM.field(name).type, f"of the claim: {name}")
            for name in ("label", "text", "kind", "modality", "score", "rank")
        ),
        *_spans(),
        _field("probability", pa.float64(), "calibrated, by this captioner's word alone"),
        _field("tier", pa.string(), "low, medium or high, by this captioner's word alone"),
        _field("confidence_by", pa.string(), "what gave that probability"),
        _field("fused_probability", pa.float64(), "calibrated, by everybody's word"),
        _field("fused_tier", pa.string(), "low, medium or high, by everybody's word"),
        _field("fused_by", pa.string(), "what gave the fused probability"),
    ]
)
"""One row for each claim of a weak caption, and one (claim null) for a weak caption without claims."""

CLAIMS = pa.schema(
    [
        *_captions("clip_id"),
        _field("claim", pa.int32(), "place in the clip's claims, from 0", nullable=False),
        _field("caption", pa.string(), "whose claim it is", nullable=False),
        _field("text", pa.string(), "what is claimed", nullable=False),
        _field("captioners", pa.list_(pa.string()), "captioners that support it"),
        _field("probability", pa.float64(), "calibrated, by everybody's word"),
        _field("tier", pa.string(), "low, medium or high; null without support"),
        _field("confidence_by", pa.string(), "what gave that probability"),
        *_spans(),
        _field("supported", pa.bool_(), "the evidence says it"),
    ]
)
"""One row for each claim of a caption."""

SCHEMAS: Mapping[Table, pa.Schema] = {"data": DATA, "evidence": EVIDENCE, "claims": CLAIMS}
"""Tables with columns of their own. Embeddings have `clip_id` first, then vectors as their encoder has
them."""


class ReleaseError(UserError):
    """What is no release, or one that can't be read."""


def part_path(table: Table, licence: LicenceClass, split: str, number: int, count: int) -> str:
    """The path of one of `count` parts of a split, relative to the release. Raises ValueError for a split
    that has no plain name."""
    if not _SPLIT.fullmatch(split):
        raise ValueError(f"split {split!r}: a name is of a-z, 0-9 and _, and begins with a letter")
    suffix = "tar" if table == "media" else "parquet"
    return f"{table}/{licence}/{split}-{number:05d}-of-{count:05d}.{suffix}"


def wrong_columns(actual: pa.Schema, table: Table) -> str | None:
    """What is wrong with the columns of a file of a table, None if nothing is. Only names, order and
    types count: engines write different metadata, and not all keep what may be null."""
    if table not in SCHEMAS:
        return None if actual.names[:1] == ["clip_id"] else "its first column is not clip_id"
    expected = SCHEMAS[table]
    if missing := [name for name in expected.names if name not in actual.names]:
        return f"it lacks {', '.join(missing)}"
    if unknown := [name for name in actual.names if name not in expected.names]:
        return f"it has {', '.join(unknown)}, which {table} has not"
    if actual.names != expected.names:
        return f"its columns are not in the order of {table}"
    for field in expected:
        if not _alike(actual.field(field.name).type, field.type):
            return f"{field.name} is {actual.field(field.name).type}, not {field.type}"
    return None


def _alike(actual: pa.DataType, expected: pa.DataType) -> bool:
    """Whether types are equal but for names and nullability of a list's items."""
    if pa.types.is_list(expected):
        return bool(pa.types.is_list(actual) and actual.value_type.equals(expected.value_type))
    return bool(actual.equals(expected))


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
    rules. digest: over all the rest
    (`Release.made` computes it); equal inputs and rules give an equal one."""

    version: Literal[2] = VERSION
    name: str = "release"
    rules: dict[str, JsonValue]
    inputs: tuple[ReleaseInput, ...]
    lists: tuple[ReleaseList, ...] = ()
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

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _require_paths(self.files)
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
