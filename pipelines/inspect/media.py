"""What the app shows and plays of clips: from the source where browsers can, else made once and kept."""

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Literal

from captioners.weights.cache import Cache
from engine.media.open import MediaError, open_file
from engine.media.pool import Died
from manifests.atomic import write_atomic
from manifests.ids import digest, path_of
from pipelines.inspect.sets import Inspected, Place, Row
from pipelines.preview import Preview, Previews
from pipelines.preview.glimpse import glimpse
from pipelines.preview.listing import at_time, listed
from pipelines.preview.media import TO_JUDGE
from pipelines.preview.playing import Playing, playing

FORMAT = 3
"""Of what is kept: raise it when previews change."""

MOST_BYTES = 2 << 30
"""What is kept of previews when the app starts; the oldest are removed first."""
_ROWS_KEPT = 4096

Part = Literal["media", "strip", "waveform", "spectrogram"]
PARTS: dict[Part, str] = {
    "media": "",
    "strip": "image/webp",
    "waveform": "image/png",
    "spectrogram": "image/webp",
}
# What of the row of a listing decides what is shown.
_SHOWN = (
    "clip_id",
    "file_ms",
    "since_ms",
    "first_byte",
    "end_byte",
    "has_audio",
    "has_video",
    "audio_track",
    "video_track",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Something to send: a file of the cache, or nothing and why."""

    path: Path | None
    media_type: str = ""
    why: str = ""


class Media:
    """Finds and makes what is shown. From any thread; to be used as a context manager."""

    def __init__(self, shown: Inspected, workers: int) -> None:
        self._shown = shown
        self._folder = Cache().root / "inspect" / f"previews-{FORMAT}"
        self._previews = Previews(workers, TO_JUDGE)
        self._locks: dict[str, threading.Lock] = {}
        self._locking = threading.Lock()
        self._rows: OrderedDict[str, Row | str] = OrderedDict()
        self._hashed: dict[tuple[str, str], int] = {}

    def __enter__(self) -> "Media":
        _prune(self._folder)
        self._previews.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._previews.__exit__(*error)

    def stop(self) -> None:
        """Ends what is being made, and refuses what is asked for later, from any thread: who waits gets
        UserError."""
        self._previews.stop()

    def part(self, place: Place, part: Part) -> Shown:
        """A preview's part, made first if it is not kept."""
        row = self._row(place)
        if isinstance(row, str):
            return Shown(None, why=row)
        folder = self._kept(row)
        with self._one(folder.name):
            told = _told(folder)
            if told is None:
                preview = self._previews.of(row)
                if preview.media is None:  # the source may be there again later
                    return Shown(None, why=preview.why or "there is nothing to show")
                told = _keep(folder, preview)
        path = folder / part
        media_type = PARTS[part] or str(told["media_type"])
        why = str(told["why"] or "")
        return Shown(path if path.exists() else None, media_type, why)

    def glimpse(self, place: Place) -> Shown:
        """A small picture of a clip."""
        row = self._row(place)
        if isinstance(row, str):
            return Shown(None, why=row)
        folder = self._kept(row)
        with self._one(folder.name):
            for media_type in ("image/jpeg", "image/png"):
                path = folder / f"glimpse.{media_type.partition('/')[2]}"
                if path.exists():
                    return Shown(path, media_type)
            try:
                made = self._previews.call(glimpse, row)
            except (MediaError, OSError, ValueError) as error:
                return Shown(None, why=str(error))
            if isinstance(made, Died):
                return Shown(None, why=made.message)
            picture, media_type = made
            path = folder / f"glimpse.{media_type.partition('/')[2]}"
            write_atomic(path, picture, durable=False)
            return Shown(path, media_type)

    def playing(self, place: Place) -> Playing | None:
        """How the source of a clip is played as it is; None where a preview has to be made."""
        row = self._row(place)
        if isinstance(row, str):
            return None
        try:
            made = self._previews.call(playing, row)
        except (MediaError, OSError, ValueError):
            return None
        return None if isinstance(made, Died) else made

    @contextmanager
    def source(self, place: Place) -> Iterator[FileIO]:
        """The source of a clip, open at its start, if it is what was captioned. Raises MediaError."""
        row = self._row(place)
        if isinstance(row, str):
            raise MediaError("missing", row)
        with ExitStack() as stack:
            expect = (row["size"], row["mtime_ns"])
            file, _ = stack.enter_context(open_file(path_of(row["uri"]), expect))
            yield file

    def _row(self, place: Place) -> Row | str:
        """The row of the listing of a clip, or why there is none."""
        if place.clip_id in self._rows:
            with suppress(KeyError):
                self._rows.move_to_end(place.clip_id)
                return self._rows[place.clip_id]
        row = self._listed(place)
        if not isinstance(row, str):
            self._rows[place.clip_id] = row
            while len(self._rows) > _ROWS_KEPT:
                self._rows.popitem(last=False)
        return row

    def _listed(self, place: Place) -> Row | str:
        row = self._shown.listed(place)
        if row is not None:
            return row
        whole = self._shown.whole(place)
        source = (whole["uri"], whole["content_hash"])
        with self._one(whole["uri"]):  # a long source is hashed once, not for each of its clips
            try:
                hashed = self._hashed.get(source)
                if hashed is not None and hashed == os.stat(path_of(whole["uri"])).st_mtime_ns:
                    return at_time(whole, hashed)
                made = self._previews.call(listed, whole)
            except (MediaError, OSError, ValueError) as error:
                return str(error)
            if isinstance(made, Died):
                return made.message
            self._hashed[source] = made["mtime_ns"]
            return made

    def _kept(self, row: Row) -> Path:
        """The folder of what is kept of a clip."""
        name = digest([row[key] for key in _SHOWN])
        return self._folder / name[:2] / name

    @contextmanager
    def _one(self, name: str) -> Iterator[None]:
        """Lets one thread at a time make what belongs to a clip."""
        with self._locking:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            yield
        with self._locking:
            if not lock.locked():
                self._locks.pop(name, None)


def _keep(folder: Path, preview: Preview) -> dict[str, Any]:
    """Writes a preview; what is told of it last, so that it is there whole or not at all."""
    for part in PARTS:
        content = getattr(preview, part)
        if content is not None:
            write_atomic(folder / part, content, durable=False)
    told = {"media_type": preview.media_type, "why": preview.why}
    write_atomic(folder / "told.json", json.dumps(told).encode(), durable=False)
    return told


def _told(folder: Path) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads((folder / "told.json").read_text())
    except (OSError, ValueError):
        return None
    return told


def _prune(folder: Path) -> None:
    """Removes the oldest previews while there are too many bytes of them."""
    sizes: list[tuple[float, int, Path]] = []
    for place, _, names in os.walk(folder):
        if names:
            paths = [Path(place, name) for name in names]
            with suppress(OSError):
                statuses = [path.stat() for path in paths]
                size = sum(status.st_size for status in statuses)
                sizes.append((max(status.st_mtime for status in statuses), size, Path(place)))
    left = sum(size for _, size, _ in sizes)
    for _, size, oldest in sorted(sizes):
        if left <= MOST_BYTES:
            break
        for path in [oldest / "told.json", *oldest.iterdir()]:
            path.unlink(missing_ok=True)
        left -= size
