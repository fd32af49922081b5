"""AudioCaps (Kim et al., NAACL 2019): rows of audiocap_id, youtube_id, start_time, caption; five a clip.

Its clips are 10 s of YouTube videos, which everybody cut and named in a way of his own: by the video's
id, with "Y" before it (as AudioSet's files are called, since an id may begin with "-"), with the start or
start and end behind it, in seconds or ms, or by the number of a caption. Sound and picture may be two
files (`audio/ID.flac`, `video/ID.mp4`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from manifests.sources import cells
from manifests.sources.list import ListError, read
from pipelines.evaluate.items import Item, Set
from pipelines.evaluate.readers.files import Files, sides

NEEDED = ("youtube_id", "caption")
OPTIONAL = ("audiocap_id", "start_time")
_NUMBER = r"(\d{1,12}(?:\.\d{1,6})?)"
_NAME = re.compile(rf"(.{{11}})(?:[ _.\-]+{_NUMBER}(?:[ _\-]+{_NUMBER})?)?", re.DOTALL)

_Key = tuple[str, float | None]


def audiocaps(listed: Path, media: Path) -> Set:
    """The clips of a CSV of AudioCaps, whose files lie below `media`. Raises ListError."""
    captions: dict[_Key, list[str]] = defaultdict(list)
    numbers: dict[_Key, list[str]] = defaultdict(list)
    for number, row in enumerate(read(listed, NEEDED, OPTIONAL), 1):
        key, texts = _parsed(listed, number, row)
        captions[key] += texts
        if not cells.missing(row.get("audiocap_id")):
            numbers[key].append(str(row["audiocap_id"]).strip())
    names = _Names(Files(media))
    items = []
    for (video, start), texts in captions.items():
        sound, picture = sides(names.of(video, start, numbers[video, start]))
        name = video if start is None else f"{video} at {start:g} s"
        items.append(Item(name, sound, picture, tuple(texts)))
    return Set(listed.name, "audiocaps", tuple(items))


def _parsed(listed: Path, number: int, row: dict[str, Any]) -> tuple[_Key, list[str]]:
    try:
        (video,) = cells.texts(row["youtube_id"])
        start = cells.number(row.get("start_time"))
        return (video.strip(), start), cells.texts(row["caption"])
    except ValueError as error:
        raise ListError(
            f"{listed}, row {number}: {error or 'no youtube_id'}; AudioCaps has one id, one start "
            "and one caption a row"
        ) from error


class _Names:
    """Which files a clip may be."""

    def __init__(self, files: Files) -> None:
        self._stems = files.by_stem
        self._of_video: dict[str, list[tuple[float | None, bytes]]] = defaultdict(list)
        for stem, paths in files.by_stem.items():
            for name in (stem, stem[1:]) if stem.startswith("Y") else (stem,):
                if (match := _NAME.fullmatch(name)) is not None:
                    start = None if match[2] is None else float(match[2])
                    self._of_video[match[1]] += [(start, path) for path in paths]

    def of(self, video: str, start: float | None, numbers: Iterable[str]) -> Sequence[bytes]:
        """Those named after the start, else after the video alone, else after one of its captions."""
        candidates = self._of_video.get(video, [])
        if start is not None and (
            same := [p for at, p in candidates if at in (start, 1000 * start)]
        ):
            return same
        if whole := [path for at, path in candidates if at is None or start is None]:
            return whole
        stems = (video, f"Y{video}", *numbers)
        return next((self._stems[stem] for stem in stems if stem in self._stems), [])
