"""Captions that exist already, as one more weak captioner: beside the media, of other tools, in lists.

A clip only gets captions that were given for it. A caption of a whole file belongs to a clip that is all
of that file; where the file was cut into several clips it is left out, unless the caption has times: then
it goes to the clips that hold at least half of its span.

The raw score is the list's own, else 1: somebody said so. Without a calibration or a scorer the claims
count only where others agree.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from captioners.contract import Captioner, Packs
from captioners.sentences import clauses
from captioners.weights.terms import UNKNOWN, Terms
from manifests.evidence import Claim, WeakCaption
from manifests.ids import content_hash, path_of, uri_of
from manifests.media import Media, Needs
from manifests.sources.list import ListError, read

_KEYS = ("clip_id", "content_hash", "uri", "file")
_MOST_BYTES = 16 << 20
"""A file beside a clip that is larger holds no caption."""
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
    write), or the path of a list (`manifests.sources.list`). licence, outputs_train: of the captions;
    unknown unless given (`captioners.weights.terms.Terms`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    key: str = "caption"
    licence: str = UNKNOWN.licence
    outputs_train: bool | None = None


class _Imported(Captioner):
    """Options: `source` as above; `key`: the field or column that holds the text ("caption"); `licence`
    and `outputs_train` of the captions.

    A list needs the column `key`, and one of `file` (absolute, or from the list's folder), `uri`,
    `content_hash` or `clip_id`; it may have `start_ms` and `end_ms` in the source, and `score` in [0, 1].
    """

    needs: ClassVar[Needs] = Needs()

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
            self._list = _List(Path(self._chosen.source), self._chosen.key)

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """The captions given for each clip."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        given = list(self._given(media))
        fitting = [caption for caption in given if _fits(caption, media)]
        if not fitting:
            return self.weak(media, skipped=_PART_OF_A_SOURCE if given else "no caption was given")
        claims = tuple(claim for caption in fitting for claim in self._claims(caption, media))
        text = " ".join(" ".join(caption.text.split()) for caption in fitting)
        return self.weak(media, text=text, claims=claims)

    def _claims(self, caption: GivenCaption, media: Media) -> Iterator[Claim]:
        span = _span(caption, media)
        for clause in clauses(caption.text):
            yield Claim(clause, clause, "caption", self.modality, caption.score, span)

    def _given(self, media: Media) -> Iterable[GivenCaption]:
        if self._list is not None:
            return self._list.of(media)
        path = Path(path_of(media.uri).decode("utf-8", "surrogateescape"))
        if self._chosen.source == "curator":
            return _curated(path)
        return _beside(path, self._chosen.key)


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

    def __init__(self, path: Path, column: str) -> None:
        # Without a name, SQLite's file is removed when it is closed.
        self._table = sqlite3.connect("", check_same_thread=False)
        self._table.execute("CREATE TABLE captions (key, text, start_ms, end_ms, score)")
        rows = (_row(row, path, column) for row in read(path, [column]) if row[column])
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


def _row(row: Mapping[str, Any], path: Path, column: str) -> tuple[Any, ...]:
    """A row of the table: key, text, start, end, score."""
    by = next((name for name in _KEYS if row.get(name)), None)
    if by is None:
        raise ListError(f"{path}: a row needs one of {', '.join(_KEYS)}; it has {', '.join(row)}")
    key = row[by]
    if by == "file":
        key = uri_of(os.fsencode(os.path.abspath(path.parent / str(key))))
    try:
        start, end = (
            None if row.get(side) in (None, "") else int(row[side])
            for side in ("start_ms", "end_ms")
        )
        score = 1.0 if row.get("score") in (None, "") else float(row["score"])
    except ValueError as error:
        raise ListError(f"{path}: the row of {row[by]}: {error}") from error
    return (str(key), str(row[column]), start, end, score)


def _beside(path: Path, key: str) -> list[GivenCaption]:
    """The caption in `<name>.json` or `<name>.txt` beside a media file."""
    described = _json(path.with_suffix(".json"))
    if isinstance(described, dict) and isinstance(described.get(key), str):
        return [GivenCaption(described[key])] if described[key].strip() else []
    text = _read(path.with_suffix(".txt"))
    return [GivenCaption(text)] if text and text.strip() else []


def _curated(path: Path) -> list[GivenCaption]:
    """The windows' captions of a clip that cosmos-curate or NeMo Curator wrote: for each window the
    first one, an enhanced one before others; frames become times by the source's rate."""
    described = _json(path.parent.parent / "metas" / "v0" / f"{path.stem}.json")
    if not isinstance(described, dict) or not isinstance(described.get("windows"), list):
        return []
    windows, rate = described["windows"], described.get("framerate_source")
    captions = []
    for window in windows:
        names = sorted((n for n in window if n.endswith("_caption")), key=_not_enhanced)
        texts = [window[n] for n in names if isinstance(window[n], str) and window[n].strip()]
        if texts and (len(windows) == 1 or not rate):
            captions.append(GivenCaption(texts[0]))
        elif texts:
            start, end = (round(window[f"{side}_frame"] * 1000 / rate) for side in ("start", "end"))
            captions.append(GivenCaption(texts[0], start, end))
    return captions


def _not_enhanced(name: str) -> bool:
    return "enhanced" not in name


def _json(path: Path) -> Any:
    text = _read(path)
    try:
        return None if text is None else json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error


def _read(path: Path) -> str | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


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
