"""What is searched for, as a vector: a text, a clip of the workspace, or a media file."""

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.length import beginning
from pipelines.search.stored import COLUMNS, LACKS, By, Floats, Ids, Part, SearchError, Stored

if TYPE_CHECKING:
    from captioners.encoder.encoder import Encoder
    from pipelines.search.index import Index

_DIGITS = re.compile("[0-9a-f]{1,32}")
_NAMED = 3


def of_text(encoder: "Encoder", text: str, by: By) -> Floats:
    """The vector of a text by the head of what it is compared with, (width,). Raises SearchError for an
    empty text."""
    import torch

    from captioners.encoder.encoder import TEXT_OF

    if not text.strip():
        raise SearchError('the text is empty: say what you look for, as in "a dog barks"')
    with torch.inference_mode():
        states = encoder.states(encoder.prepare([text]))
        return _vector(encoder.text(states, TEXT_OF[COLUMNS[by]]))


def of_file(encoder: "Encoder", path: Path, by: By, cutting: dict[str, Any]) -> tuple[Floats, int]:
    """The vector of a file's first clip, as `embed` makes it, (width,), and how many clips the file has.

    cutting: how the workspace cuts sources into clips and which of several tracks it takes
    (`engine.profile.profile.Cutting`). Raises SearchError for a file that can't be read, or without such
    media.
    """
    import torch

    from captioners.encoder.encoder import batched
    from engine.media.decode import DecodePlan
    from engine.media.examine import examine_one
    from engine.profile.profile import Cutting
    from engine.stages.actors import Decoder
    from manifests.sources.examined import clip_rows

    examined = examine_one(os.path.abspath(os.fsencode(path)), Cutting.model_validate(cutting))
    if examined.fault is not None:
        raise SearchError(f"{path} can't be used: {examined.fault_message or examined.fault}")
    rows = clip_rows(examined)
    needs = encoder.needs
    rates = () if needs.audio_hz is None else (needs.audio_hz,)
    decoding, media = Decoder(DecodePlan(rates, needs.frames, needs.frame_px)).decode(
        beginning(rows[0])
    )
    if media is None:
        fault = decoding.fault
        raise SearchError(f"{path} can't be used: {fault.message if fault else 'nothing in it'}")
    try:
        features = encoder.features(media)
    except ValueError as error:
        raise SearchError(f"{path} can't be used: {error}") from error
    wanted = {"both": {"audio", "video"}}.get(by, {by})
    if not wanted <= features.keys():
        raise SearchError(_lacking(str(path), by))
    with torch.inference_mode():
        vectors = encoder.media(batched([features], encoder.widths))
        return _vector(vectors.embeddings[COLUMNS[by]]), len(rows)


def clip_of(stored: Stored, digits: str, index: "Index | None") -> tuple[str, int]:
    """The one embedded clip whose id begins with some digits, and its shard. index: where it is looked
    for first. Raises SearchError."""
    if not _DIGITS.fullmatch(digits):
        raise SearchError(f"there is no file {digits!r}, and no clip has such an id")
    clips = dict(_begins(stored, digits, index)) or dict(_begins(stored, digits, None))
    if not clips:
        raise SearchError(f"there is no file {digits}, and no embedded clip whose id begins so")
    if len(clips) > 1:
        named = ", ".join(sorted(clips)[:_NAMED]) + (", ..." if len(clips) > _NAMED else "")
        raise SearchError(f"{len(clips)} clips begin with {digits}: {named}. Give more digits.")
    (found,) = clips.items()
    return found


def of_clip(stored: Stored, clip: str, shard: int, by: By) -> Floats:
    """The stored vector of a clip, (width,). Raises SearchError where it has none."""
    wanted = np.frombuffer(bytes.fromhex(clip), np.uint8)
    for part in stored.parts:
        if part.shard == shard:
            for block in stored.blocks(part, COLUMNS[by]):
                for row in np.flatnonzero((block.ids == wanted).all(axis=1)).tolist():
                    vector: Floats = block.vectors[row].astype(np.float32)
                    return vector
    raise SearchError(_lacking(f"clip {clip}", by))


def _begins(stored: Stored, digits: str, index: "Index | None") -> list[tuple[str, int]]:
    """The clips whose ids begin with some digits, with their shards."""
    wanted = np.frombuffer(bytes.fromhex(digits.ljust(16, "0")[:16]), np.uint64)[0]
    mask = np.frombuffer(bytes.fromhex(("f" * len(digits)).ljust(16, "0")[:16]), np.uint64)[0]
    clips: list[tuple[str, int]] = []
    for ids, shard_of in _all_ids(stored, index):
        heads = ids.view(np.uint64)[:, 0]
        for row in np.flatnonzero((heads & mask) == wanted).tolist():
            clip = bytes(ids[row]).hex()
            if clip.startswith(digits):
                clips.append((clip, shard_of(row)))
    return clips


def _all_ids(stored: Stored, index: "Index | None") -> "Iterator[tuple[Ids, Callable[[int], int]]]":
    """Ids of clips in blocks, each with what tells the shard of a row; of an index, clips that have a
    vector in it."""
    if index is not None:
        for start, ids in index.clips():
            yield ids, partial(_shard_at, index, start)
        return
    for part in stored.parts:
        yield stored.ids(part), partial(_shard_of, part)


def _shard_at(index: "Index", start: int, row: int) -> int:
    return int(index.shards(np.array([start + row]))[0])


def _shard_of(part: Part, row: int) -> int:
    return part.shard


def _lacking(what: str, by: By) -> str:
    others = "audio or --by video" if by == "both" else "video" if by == "audio" else "audio"
    return f"{what} has no {LACKS[COLUMNS[by]]}: try --by {others}"


def _vector(vectors: Any) -> Floats:
    vector: Floats = vectors.float().cpu().numpy()[0]
    if not np.isfinite(vector).all():
        raise SearchError("the encoder made no finite vector of this; please report it")
    return vector
