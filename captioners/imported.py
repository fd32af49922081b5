"""Captions that exist already, as one more weak captioner: beside the media, of other tools, in lists.

A clip only gets captions that were given for it. A caption of a whole file belongs to a clip that is all
of that file; where the file was cut into several clips it is left out, unless the caption has times: then
it goes to the clips that hold at least half of its span.

The raw score is the list's own, else 1: somebody said so. Without a calibration or a scorer the claims
count only where others agree.
"""

import os
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, field_validator

from captioners._beside import ambiguous, beside, described
from captioners._formats import captions
from captioners._times import unclear
from captioners.contract import Captioner, Packs
from captioners.sentences import clauses
from captioners.weights.terms import UNKNOWN, Terms
from manifests.evidence import Claim, WeakCaption
from manifests.ids import content_hash, path_of, uri_of
from manifests.media import Media, Needs
from manifests.sources import cells
from manifests.sources.list import ListError, read

_T = TypeVar("_T")
_KEYS = ("clip_id", "content_hash", "uri", "file", "file_name")
_FILES = ("file", "file_name")
_TIMES = ("start_ms", "end_ms", "start_s", "end_s")
_BLANK = " \t\r\n\xa0\ufeff"
_STOPS = tuple(".!?…;:,\"'”’»)")
_MOST_CLAIMS = 256
"""Statements of a clip that are looked at: what more a text makes is no caption of 30 s."""
_PART_OF_A_SOURCE = "the caption is of all of its file, this clip is a part"


@dataclass(frozen=True, slots=True)
class GivenCaption:
    """One caption of a source. start_ms, end_ms: in the source, None for all of it."""

    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    score: float = 1.0


class _Options(BaseModel):
    """Where the captions are, and under which terms.

    source: "beside" (`<name>.json` with a `caption`, or `<name>.txt`, as WebDataset and img2dataset lay
    them), "curator" (`metas/v0/<name>.json` next to the folder `clips`, as cosmos-curate and NeMo Curator
    write), or the path of a list (`manifests.sources.list`). encoding: of text that is no UTF, as Python
    names it ("cp1252"). licence, outputs_train: of the captions; unknown unless given
    (`captioners.weights.terms.Terms`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    key: str = "caption"
    encoding: str | None = None
    licence: str = UNKNOWN.licence
    outputs_train: bool | None = None

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            "".encode(name)
        except (LookupError, ValueError) as error:
            raise ValueError(f'no encoding is called "{name}"') from error
        return name


class _Imported(Captioner):
    """Options: `source` as above; `key`: the field or column that holds the text ("caption"); `encoding`
    of text that is no UTF; `licence` and `outputs_train` of the captions.

    A list needs the column `key`, and one of `file` (absolute, or from the list's folder), `uri`,
    `content_hash` or `clip_id`; it may have `start_ms` and `end_ms` in the source, and `score` in [0, 1].
    """

    needs: ClassVar[Needs] = Needs()
    version = 3

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._chosen = _Options(**self.options)
        self._list: _List | None = None

    @classmethod
    def terms_of(cls, options: Mapping[str, Any]) -> Terms:
        """What the profile says of the captions."""
        chosen = _Options(**options)
        return Terms(licence=chosen.licence, outputs_train=chosen.outputs_train)

    @classmethod
    def state_of(cls, options: Mapping[str, Any]) -> str:
        """The content hash of the list: another list gives other captions."""
        source = Path(_Options(**options).source)
        return content_hash(source) if source.is_file() else ""

    def load(self) -> None:
        """Reads the list to a file on disk that is looked up by key. Raises ListError."""
        if self._chosen.source not in ("beside", "curator"):
            self._list = _List(Path(self._chosen.source), self._chosen.key, self._chosen.encoding)

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """The captions given for each clip."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        given, why = self._given(media)
        fitting = [caption for caption in given if _fits(caption, media)]
        if not fitting:
            why = _PART_OF_A_SOURCE if given else why or "no caption was given"
            return self.weak(media, skipped=why)
        claims = tuple(islice(self._claims(fitting, media), _MOST_CLAIMS))
        return self.weak(media, text=_joined([caption.text for caption in fitting]), claims=claims)

    def _claims(self, captions: Sequence[GivenCaption], media: Media) -> Iterator[Claim]:
        """The statements of all captions of a clip, each once: they are one voice."""
        made: set[tuple[Any, ...]] = set()
        for caption in captions:
            span = _span(caption, media)
            for clause in clauses(caption.text):
                statement = (clause.casefold(), span, caption.score)
                if statement not in made:
                    made.add(statement)
                    yield Claim(clause, clause, "caption", self.modality, caption.score, span)

    def _given(self, media: Media) -> tuple[Sequence[GivenCaption], str | None]:
        """The captions of a clip's source, and why there are none."""
        if self._list is not None:
            return self._list.of(media), None
        path = Path(path_of(media.uri).decode("utf-8", "surrogateescape"))
        if self._chosen.source == "curator":
            # Its names lose the suffix, as those of files beside the media do.
            why = ambiguous(path.with_name(f"{path.stem}.json"), path)
            return ([], why) if why else (_curated(path), None)
        found = beside(path, self._chosen.key, self._chosen.encoding)
        return [GivenCaption(text) for text in found.texts], found.why


class ImportedHeard(_Imported):
    """Imported captions of what is heard."""

    modality = "audio"


class ImportedSeen(_Imported):
    """Imported captions of what is seen."""

    modality = "video"


class _List:
    """A list of captions on disk, looked up by key: its memory does not grow with its rows.

    Raises ListError for a list that can't be used.
    """

    def __init__(self, path: Path, column: str, encoding: str | None) -> None:
        # Without a name, SQLite's file is removed when it is closed.
        self._table = sqlite3.connect("", check_same_thread=False)
        self._table.execute("CREATE TABLE captions (key, text, start_ms, end_ms, score)")
        listed = read(path, [column], (*_KEYS, *_TIMES, "score"), encoding)
        rows = (
            entry
            for number, row in enumerate(listed, 1)
            for entry in _rows_of(row, number, path, column)
        )
        self._table.executemany("INSERT INTO captions VALUES (?, ?, ?, ?, ?)", rows)
        self._table.execute("CREATE INDEX by_key ON captions (key)")

    def of(self, media: Media) -> list[GivenCaption]:
        """The captions of a clip and of its source, in the list's order."""
        keys = (media.clip_id, media.content_hash, media.uri)
        query = "SELECT text, start_ms, end_ms, score, key FROM captions WHERE key IN (?, ?, ?)"
        rows = self._table.execute(f"{query} ORDER BY rowid", keys)
        return [_from_row(row, media) for row in rows]


def _from_row(row: tuple[str, int | None, int | None, float, str], media: Media) -> GivenCaption:
    text, start, end, score, key = row
    if key == media.clip_id:  # of this very clip: it has no other span
        start, end = media.start_ms, media.start_ms + media.duration_ms
    return GivenCaption(text, start, end, score)


def _rows_of(
    row: Mapping[str, Any], number: int, path: Path, column: str
) -> Iterator[tuple[str, str, int | None, int | None, float]]:
    """Rows of the table, one for each caption in a row of a list: key, text, start, end, score."""
    try:
        texts = captions(cells.texts(row[column]))
        if texts:
            key = _key(row, path)
            start, end = _times(row)
            score = _named(row, "score", cells.score)
    except ValueError as error:
        raise ListError(f"{path}, row {number}: {error}") from error
    for text in texts:
        yield key, text, start, end, 1.0 if score is None else score


def _named(row: Mapping[str, Any], name: str, parse: Callable[[Any], _T]) -> _T:
    """A cell as `parse` reads it. Raises ValueError that names its column."""
    try:
        return parse(row.get(name))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _key(row: Mapping[str, Any], path: Path) -> str:
    """What a row of a list is about: an id, a hash or a URI. Raises ValueError."""
    by = next((name for name in _KEYS if not cells.missing(row.get(name))), None)
    if by is None:
        raise ValueError(f"it needs one of {', '.join(_KEYS)}; it has {', '.join(row)}")
    key = row[by]
    if isinstance(key, bytes):
        key = os.fsdecode(key)
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise ValueError(f"{by}: {str(key)[:60]!r} names no {by}")
    key = str(key)
    if by in _FILES and not key.strip().startswith("file:///"):
        key = _uri_of(key, path.parent, by)
    else:
        key = key.strip(_BLANK)
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{by}: {key!r} holds half a character") from error
    return key if by in (*_FILES, "uri") else key.lower()


def _uri_of(name: str, folder: Path, by: str) -> str:
    """The URI of a file of a list. Where there is none of the very name, it may be written otherwise:
    with spaces around it, backslashes, or accents as another system has them. Raises ValueError."""
    if "\0" in name:
        raise ValueError(f"{by}: {name!r} is no name of a file")
    bare = name.strip(_BLANK)
    spellings = [name, bare, bare.replace("\\", "/")]
    spellings += [unicodedata.normalize(form, bare) for form in ("NFC", "NFD")]
    paths = [os.path.abspath(folder / spelling) for spelling in dict.fromkeys(spellings)]
    try:
        there = paths[:1] if len(paths) == 1 else [p for p in paths if os.path.exists(p)]
        return uri_of(os.fsencode((there or paths)[0]))
    except UnicodeEncodeError as error:
        raise ValueError(f"{by}: {name!r} holds half a character") from error


def _times(row: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Start and end of a caption in its source, in ms; None for all of it. Raises ValueError."""
    start, end = (
        _named(row, f"{side}_ms", cells.milliseconds)
        if not cells.missing(row.get(f"{side}_ms"))
        else _named(row, f"{side}_s", cells.seconds)
        for side in ("start", "end")
    )
    if start is None and end is None and (column := unclear(row)) is not None:
        raise ValueError(
            f'nobody can tell what the column "{column}" counts: give milliseconds from the start of '
            'the file in "start_ms" and "end_ms", or seconds in "start_s" and "end_s", and take it out'
        )
    if (start is None) != (end is None):
        raise ValueError(f"it has {'no start' if start is None else 'a start and no end'}")
    if start is not None and end is not None and end <= start:
        raise ValueError(f"it ends at {end} ms, and begins at {start} ms")
    return start, end


def _curated(path: Path) -> list[GivenCaption]:
    """The windows' captions of a clip that cosmos-curate or NeMo Curator wrote: for each window the
    first one, an enhanced one before others; frames become times by the source's rate. Raises
    ValueError that names the file."""
    file = path.parent.parent / "metas" / "v0" / f"{path.stem}.json"
    content = described(file)
    if not isinstance(content, dict) or not isinstance(content.get("windows"), list):
        return []
    windows = content["windows"]
    captions = []
    for number, window in enumerate(windows, 1):
        try:
            rate = cells.number(content.get("framerate_source"))
            texts = _window_texts(window)
            if texts and (len(windows) == 1 or not rate):
                captions.append(GivenCaption(texts[0]))
            elif texts and rate:
                start, end = (
                    _named(window, f"{side}_frame", cells.number) for side in ("start", "end")
                )
                if start is None or end is None:
                    raise ValueError("it has no start_frame or no end_frame")
                captions.append(
                    GivenCaption(texts[0], round(start * 1000 / rate), round(end * 1000 / rate))
                )
        except ValueError as error:
            raise ValueError(f"{file}, window {number}: {error}") from error
    return captions


def _window_texts(window: Any) -> list[str]:
    if not isinstance(window, dict):
        raise ValueError("not a JSON object")
    names = sorted((n for n in window if n.endswith("_caption")), key=_not_enhanced)
    return [text for name in names for text in _named(window, name, cells.texts)]


def _not_enhanced(name: str) -> bool:
    return "enhanced" not in name


def _joined(texts: Sequence[str]) -> str:
    """Captions one after another, each with a stop before the next one."""
    lines = [" ".join(text.split()) for text in texts]
    stopped = [line if line.endswith(_STOPS) else f"{line}." for line in lines[:-1]]
    return " ".join([*stopped, *lines[-1:]])


def _fits(caption: GivenCaption, media: Media) -> bool:
    """Whether a caption is of this clip: of all of its source, or of a span that it holds half of."""
    if caption.start_ms is None or caption.end_ms is None:
        return media.whole
    clip_end = media.start_ms + media.duration_ms
    held = min(caption.end_ms, clip_end) - max(caption.start_ms, media.start_ms)
    return held > 0 and 2 * held >= caption.end_ms - caption.start_ms


def _span(caption: GivenCaption, media: Media) -> tuple[tuple[int, int], ...]:
    """When, from the start of the clip; nothing for all of it."""
    if caption.start_ms is None or caption.end_ms is None:
        return ()
    start = max(0, caption.start_ms - media.start_ms)
    end = min(media.duration_ms, caption.end_ms - media.start_ms)
    return () if (start, end) == (0, media.duration_ms) else ((start, end),)
