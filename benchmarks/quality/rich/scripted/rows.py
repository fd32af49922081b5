"""What came out of a run over scripted clips: whether everything landed on its own clip, and figures.

A row is known by the name of its file, which nothing but this module reads.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from benchmarks.quality.rich.scripted import finding
from benchmarks.quality.rich.scripted.clips import CHATS, Clip, by_name, clips
from captioners.replies import cleaned
from manifests.captions import CAPTIONS, CaptionName

_NOBODYS = frozenset(("he", "she", "him", "his", "her", "they", "them", "their", "these", "those"))
"""Words that stand for somebody who was named before."""

Source = Literal["natural", "bad", "template", "other"]
"""Whose caption it is: one that the writer answered, good or bad, the template's, or nobody's that is
known."""


@dataclass(frozen=True, slots=True)
class Caption:
    """One caption of a row. misled: the writer's first answer was a bad one. rung: the step of the ladder
    that wrote it. judged: it was in doubt, and the judge believed it."""

    clip: Clip
    name: CaptionName
    text: str
    source: Source
    misled: bool
    rung: str
    judged: bool


@dataclass(frozen=True)
class Rows:
    """The rows of a run. rows: of the captions table. misled: first answers that were bad, by clip and
    caption."""

    rows: Sequence[Mapping[str, Any]]
    misled: Mapping[tuple[str, CaptionName], str]

    @cached_property
    def captions(self) -> list[Caption]:
        """All captions that exist."""
        return [caption for row, clip in self._clips() for caption in self._captions(row, clip)]

    def _captions(self, row: Mapping[str, Any], clip: Clip) -> Iterator[Caption]:
        names = [name for name in CAPTIONS if row[name] is not None]
        for name, rung in zip(names, row["rungs"], strict=True):
            yield Caption(
                clip=clip,
                name=name,
                text=row[name],
                source=_source(row, clip, name),
                misled=(clip.name, name) in self.misled,
                rung=rung,
                judged=row[f"{name.removesuffix('_caption')}_judged"] is not None,
            )

    def misplaced(self) -> list[str]:
        """What is not on the clip that it is of: evidence, transcripts, languages, captions."""
        return [problem for row, clip in self._clips() for problem in _misplaced(row, clip)]

    def refusals(self) -> Counter[str]:
        """Clips by "rung:guard"."""
        return Counter(fault for row in self.rows for fault in row["lints"] or ())

    def accepted_bad(self) -> list[Caption]:
        """Bad captions in rows."""
        return [caption for caption in self.captions if caption.source == "bad"]

    def transcripts(self) -> tuple[int, int]:
        """Rows that have the transcript of their case, and those that should."""
        spoken = [(row, clip) for row, clip in self._clips() if clip.transcript]
        return sum(row["transcript"] == clip.transcript for row, clip in spoken), len(spoken)

    def _clips(self) -> Iterator[tuple[Mapping[str, Any], Clip]]:
        for row in self.rows:
            yield row, by_name(Path(unquote(row["uri"])).stem)


def read(workspace: Path) -> list[dict[str, Any]]:
    """The rows of a workspace's newest job."""
    import captionmill

    rows: list[dict[str, Any]] = captionmill.open(workspace).captions().to_pylist()
    return rows


def faults_of_sentences(text: str) -> list[str]:
    """What no caption may have, as far as marks and words tell it; grammar is for a reader."""
    faults = []
    if _NOBODYS & {word.lower() for word in text.split()[:3]}:
        faults.append("begins with a pronoun")
    if not text[:1].isupper() and not text[:1].isdigit() and text[:1] not in '“"':
        faults.append("begins small")
    if not text.rstrip('”"').endswith((".", "!", "?")):
        faults.append("ends without a stop")
    if any(mark in text for mark in (" ,", ",,", "..", " .", "; and ;", ", ,")):
        faults.append("doubled marks")
    return faults


def _source(row: Mapping[str, Any], clip: Clip, name: CaptionName) -> Source:
    if row[f"{name.removesuffix('_caption')}_by"] == "template":
        return "template"
    if any(finding.same(row[name], text) for text in clip.natural.get(name, ())):
        return "natural"
    return "bad" if any(finding.same(row[name], t) for t in clip.bad.get(name, ())) else "other"


def _misplaced(row: Mapping[str, Any], clip: Clip) -> Iterator[str]:
    weak = {each["captioner"]: each for each in row["evidence"]}
    for name, side in CHATS.items():
        said = weak[name]["text"] if name in weak else ""
        there = clip.has_audio if side == "audio" else clip.has_video
        if said != cleaned(clip.said.get(name, "")) and there:
            yield f"{clip.name}: {name} is told to say {json.dumps(said)}"
    for key, wanted in (("transcript", clip.transcript), ("language", clip.language)):
        if row[key] != wanted:
            yield f"{clip.name}: its {key} is {row[key]!r}"
    for name in CAPTIONS:
        if row[name] is not None and not _is_own(row, clip, name):
            yield f"{clip.name}: its {name} is {row[name]!r}"


def _is_own(row: Mapping[str, Any], clip: Clip, name: CaptionName) -> bool:
    """Whether a caption is of its clip: one that was written of it, or the template's, of its words."""
    source = _source(row, clip, name)
    if source == "template":
        return _finder().clip(row[name]) in (clip, None)
    return source != "other"


@cache
def _finder() -> finding.Finder:
    return finding.Finder(clips())
