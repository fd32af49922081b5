"""The hand-written cases as clips: who says what of each, and which captions are true of it.

A clip is known by its mark alone, a number that its media carry (`marks`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.quality.rich import cases
from manifests.captions import CaptionName

FOLDER = Path(__file__).parents[1] / "texts"
FILES = ("given", "given-own", "hand-1", "hand-2")
CHATS = {
    "qwen2-audio": "audio",
    "qwen2-audio-music": "audio",
    "qwen2.5-omni": "audio",
    "qwen2.5-vl": "video",
    "qwen2.5-omni-seen": "video",
}
"""Captioners that speak in sentences, each with a server of its own name, and what each is sent."""
EVERY = 10
"""One clip in so many is first answered with bad captions."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One case. name: its file and id. mark: from 1.

    said: sentences by captioner (names of the profile). tags: label and score by captioner. natural: good
    captions in other words than the evidence's; bad: those with a fault. misled: the writer first answers
    with bad ones.
    """

    name: str
    mark: int
    said: Mapping[str, str]
    tags: Mapping[str, tuple[tuple[str, float], ...]]
    transcript: str | None
    language: str | None
    natural: Mapping[CaptionName, tuple[str, ...]]
    bad: Mapping[CaptionName, tuple[str, ...]]
    has_audio: bool
    has_video: bool
    misled: bool = False

    @property
    def texts(self) -> list[str]:
        """All that is said of it in sentences, its transcript included."""
        return [*self.said.values(), *([self.transcript] if self.transcript else [])]

    def reply(self, name: CaptionName, attempt: int) -> str:
        """What the writer answers to its request number `attempt`, from 0. Raises KeyError for a caption
        that nobody wrote."""
        if attempt == 0 and self.misled and self.bad.get(name):
            return self.bad[name][0]
        return self.natural[name][attempt % len(self.natural[name])]


@lru_cache(maxsize=1)
def clips() -> tuple[Clip, ...]:
    """All clips, the first with mark 1."""
    items = [(stem, item) for stem in FILES for item in cases.load(FOLDER / f"{stem}.jsonl")]
    made = []
    due = 0
    for mark, (stem, item) in enumerate(items, 1):
        due += mark % EVERY == 0
        misled = due > 0 and bool(item["bad"])
        due -= misled
        made.append(_clip(f"{stem}-{item['id']}", mark, item, misled))
    return tuple(made)


def by_mark(mark: int | None) -> Clip | None:
    """The clip of a mark, None where there is none."""
    return clips()[mark - 1] if mark is not None and 0 < mark <= len(clips()) else None


def by_name(name: str) -> Clip:
    """The clip of a name. Raises KeyError."""
    return {clip.name: clip for clip in clips()}[name]


def _clip(name: str, mark: int, item: Mapping[str, Any], misled: bool) -> Clip:
    evidence = item["evidence"]
    said: dict[str, list[str]] = {}
    for each in evidence:
        if "text" in each:
            said.setdefault(_captioner(each), []).append(each["text"])
    spoken: Mapping[str, Any] = next((each for each in evidence if "transcript" in each), {})
    return Clip(
        name,
        mark,
        {captioner: " ".join(texts) for captioner, texts in said.items()},
        {_captioner(e): tuple((t, s) for t, s in e["tags"]) for e in evidence if "tags" in e},
        spoken.get("transcript"),
        spoken.get("language"),
        _by_caption([good for good in item["good"] if good["style"] == "natural"]),
        _by_caption(item["bad"]),
        has_audio=any(each["modality"] == "audio" for each in evidence),
        has_video=any(each["modality"] == "video" for each in evidence),
        misled=misled,
    )


def _captioner(item: Mapping[str, Any]) -> str:
    """The profile's name of whoever says an item: a model that hears and sees is asked twice."""
    name: str = item["captioner"]
    return f"{name}-seen" if name == "qwen2.5-omni" and item["modality"] == "video" else name


def _by_caption(made: Sequence[Mapping[str, Any]]) -> dict[CaptionName, tuple[str, ...]]:
    texts: dict[CaptionName, tuple[str, ...]] = {}
    for each in made:
        texts[each["caption"]] = (*texts.get(each["caption"], ()), each["text"])
    return texts
