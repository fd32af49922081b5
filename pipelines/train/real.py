"""Captions by people: a list that names files of the inputs and what is heard or seen in them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from captioners.encoder.pairs import CaptionKind
from manifests.ids import uri_of
from manifests.sources import cells
from manifests.sources.list import ListError, read
from pipelines.train.examples import Input, Real

_KINDS: Mapping[str, CaptionKind] = {
    "audio": "audio_caption",
    "visual": "visual_caption",
    "audio_visual": "audio_visual_caption",
}


def real_captions(listed: Path, inputs: Sequence[Input]) -> tuple[Real, int]:
    """The captions of a list by clip, and how many of its files are no clip of these inputs.

    Columns: file (from the list's folder, or absolute), caption (one, or a list), kind ("audio", "visual"
    or "audio_visual"; without it, by what the clip has). A caption tells of the whole file, so only files
    that are one clip count. Raises ListError with the row that is at fault.
    """
    clips = _whole_clips(inputs)
    real: dict[str, dict[CaptionKind, tuple[str, ...]]] = {}
    missing: set[str] = set()
    for number, row in enumerate(read(listed, ["file", "caption"], ["kind"]), 1):
        try:
            file, texts, kind = _row(row)
        except ValueError as error:
            raise ListError(f"{listed}, row {number}: {error}") from error
        if not texts:
            continue
        clip = clips.get(uri_of(os.fsencode(os.path.abspath(listed.parent / file))))
        if clip is None:
            missing.add(file)
            continue
        own = real.setdefault(clip["clip_id"], {})
        name = kind or _kind_of(clip)
        own[name] = (*own.get(name, ()), *texts)
    return real, len(missing)


def _row(row: Mapping[str, Any]) -> tuple[str, list[str], CaptionKind | None]:
    if not isinstance(row["file"], str) or cells.missing(row["file"]):
        raise ValueError("it names no file")
    if "\0" in row["file"]:
        raise ValueError("the name of its file holds a zero byte")
    kind = row.get("kind")
    if cells.missing(kind):
        return row["file"], cells.texts(row["caption"]), None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"kind is {kind!r:.40}: write one of {', '.join(_KINDS)}")
    return row["file"], cells.texts(row["caption"]), _KINDS[kind]


def _whole_clips(inputs: Sequence[Input]) -> dict[str, dict[str, Any]]:
    """Clips that are all of their source, by the URI of every file with this content."""
    clips: dict[str, dict[str, Any]] = {}
    for each in inputs:
        for uri, clip in each.whole_clips():
            clips.setdefault(uri, clip)
    return clips


def _kind_of(clip: Mapping[str, Any]) -> CaptionKind:
    if clip["has_audio"] and clip["has_video"]:
        return "audio_visual_caption"
    return "audio_caption" if clip["has_audio"] else "visual_caption"
