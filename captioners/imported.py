"""Captions that exist already, as one more weak captioner: beside the media, of other tools, in lists.

Nothing is taken for a clip that was not said of it. A caption of a whole file belongs to a clip that is
all of that file; where the file was cut into several clips it is left out, unless the caption has times:
then it goes to the clips that hold at least half of its span.

The raw score is the list's own, else 1: somebody said so. Without a calibration or a scorer the claims
count only where others agree.
"""

import csv
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

_KEYS = ("clip_id", "content_hash", "uri", "file")
_MOST_BYTES = 16 << 20
"""A file beside a clip that is larger holds no caption."""
_PART_OF_A_SOURCE = "the caption is of all of its file, this clip is a part"


@dataclass(frozen=True, slots=True)
class Said:
    """One caption of a source. start_ms, end_ms: in the source, None for all of it."""

    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    score: float = 1.0


class _Options(BaseModel):
    """source: «beside» (`<name>.json` with a `caption`, or `<name>.txt`, as WebDataset and img2dataset
    lay them), «curator» (`metas/v0/<name>.json` next to the folder `clips`, as cosmos-curate and NeMo
    Curator write), or the path of a list (Parquet, CSV or JSON lines). licence, outputs_train: of the
    captions; unknown where nobody says (`captioners.weights.terms.Terms`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    key: str = "caption"
    licence: str = UNKNOWN.licence
    outputs_train: bool | None = None


class _Imported(Captioner):
    """Options: `source` as above; `key`: the field or column that holds the text («caption»); `licence`
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
        told = _Options(**options)
        return Terms(licence=told.licence, outputs_train=told.outputs_train)

    @classmethod
    def state_of(cls, options: Mapping[str, Any]) -> str:
        """The list's content: with another one, other things are said."""
        source = Path(_Options(**options).source)
        return content_hash(source) if source.is_file() else ""

    def load(self) -> None:
        """Reads the list to a file on disk that is looked up by key. Raises ValueError."""
        if self._chosen.source not in ("beside", "curator"):
            self._list = _List(Path(self._chosen.source), self._chosen.key)

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What was said of each clip."""
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        found = list(self._found(media))
        fitting = [said for said in found if _fits(said, media)]
        if not fitting:
            return self.weak(media, skipped=_PART_OF_A_SOURCE if found else "no caption was given")
        claims = tuple(claim for said in fitting for claim in self._claims(said, media))
        text = " ".join(" ".join(said.text.split()) for said in fitting)
        return self.weak(media, text=text, claims=claims)

    def _claims(self, said: Said, media: Media) -> Iterator[Claim]:
        for clause in clauses(said.text):
            yield Claim(clause, clause, "caption", self.modality, said.score, _span(said, media))

    def _found(self, media: Media) -> Iterable[Said]:
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

    Raises ValueError for a list that can't be used.
    """

    def __init__(self, path: Path, column: str) -> None:
        self._rows = sqlite3.connect(
            "", check_same_thread=False
        )  # a file that goes when it is closed
        self._rows.execute("CREATE TABLE said (key, text, start_ms, end_ms, score)")
        rows = (row for given in _rows(path) if (row := _row(given, path, column)) is not None)
        self._rows.executemany("INSERT INTO said VALUES (?, ?, ?, ?, ?)", rows)
        self._rows.execute("CREATE INDEX by_key ON said (key)")

    def of(self, media: Media) -> list[Said]:
        """What it says of a clip and of its source, in the list's order."""
        keys = (media.clip_id, media.content_hash, media.uri)
        query = "SELECT text, start_ms, end_ms, score, key FROM said WHERE key IN (?, ?, ?)"
        found = self._rows.execute(f"{query} ORDER BY rowid", keys)
        return [_said(row, media) for row in found]


def _said(row: tuple[str, int | None, int | None, float, str], media: Media) -> Said:
    text, start, end, score, key = row
    if key == media.clip_id:  # said of this very clip: it has no other span
        start, end = media.start_ms, media.start_ms + media.duration_ms
    return Said(text, start, end, score)


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(use_threads=False):
                yield from batch.to_pylist()
    elif path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8-sig") as lines:
            yield from csv.DictReader(lines)
    elif path.suffix in (".jsonl", ".ndjson"):
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.strip())
    else:
        raise ValueError(f"{path}: a list of captions is a .parquet, .csv or .jsonl file")


def _row(given: Mapping[str, Any], path: Path, column: str) -> tuple[Any, ...] | None:
    """A row of the table; None for one without a text."""
    key = next((name for name in _KEYS if given.get(name)), None)
    if key is None or column not in given:
        raise ValueError(
            f"{path}: a row needs «{column}» and one of {', '.join(_KEYS)}; it has {', '.join(given)}"
        )
    if not given[column]:
        return None
    named = given[key]
    if key == "file":
        named = uri_of(os.fsencode(os.path.abspath(path.parent / str(named))))
    start, end = (
        None if given.get(n) in (None, "") else int(given[n]) for n in ("start_ms", "end_ms")
    )
    score = 1.0 if given.get("score") in (None, "") else float(given["score"])
    return (str(named), str(given[column]), start, end, score)


def _beside(path: Path, key: str) -> list[Said]:
    """The caption in `<name>.json` or `<name>.txt` beside a media file."""
    described = _json(path.with_suffix(".json"))
    if isinstance(described, dict) and isinstance(described.get(key), str):
        return [Said(described[key])] if described[key].strip() else []
    text = _read(path.with_suffix(".txt"))
    return [Said(text)] if text and text.strip() else []


def _curated(path: Path) -> list[Said]:
    """The windows' captions of a clip that cosmos-curate or NeMo Curator wrote: for each window the
    first one, an enhanced one before others; frames become times by the source's rate."""
    described = _json(path.parent.parent / "metas" / "v0" / f"{path.stem}.json")
    if not isinstance(described, dict) or not isinstance(described.get("windows"), list):
        return []
    windows, rate = described["windows"], described.get("framerate_source")
    found = []
    for window in windows:
        names = sorted((n for n in window if n.endswith("_caption")), key=_not_enhanced)
        texts = [window[n] for n in names if isinstance(window[n], str) and window[n].strip()]
        if texts and (len(windows) == 1 or not rate):
            found.append(Said(texts[0]))
        elif texts:
            start, end = (round(window[f"{side}_frame"] * 1000 / rate) for side in ("start", "end"))
            found.append(Said(texts[0], start, end))
    return found


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


def _fits(said: Said, media: Media) -> bool:
    """Whether a caption is of this clip: of all of its source, or of a span that it holds half of."""
    if said.start_ms is None or said.end_ms is None:
        return media.whole
    held = min(said.end_ms, media.start_ms + media.duration_ms) - max(said.start_ms, media.start_ms)
    return held > 0 and 2 * held >= said.end_ms - said.start_ms


def _span(said: Said, media: Media) -> tuple[tuple[int, int], ...]:
    """When, from the start of the clip; nothing for all of it."""
    if said.start_ms is None or said.end_ms is None:
        return ()
    start = max(0, said.start_ms - media.start_ms)
    end = min(media.duration_ms, said.end_ms - media.start_ms)
    return () if (start, end) == (0, media.duration_ms) else ((start, end),)
