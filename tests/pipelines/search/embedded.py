"""A workspace with embeddings, committed as the stage `embed` commits them, and a tiny encoder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from captioners.encoder.encoder import Batch, Features, Medium, Texts, Vectors
from captioners.encoder.pairs import Embedding
from manifests import tables
from manifests.commits import Record, State
from manifests.media import Media, Needs
from manifests.workspace import Workspace
from tests.captioners.encoder.untrained import Untrained
from tests.manifests.made import CUT, JOB, SHARDS, Made, Row, make

WIDTH = 8
EMBED = "e" * 16
TABLE = f"embeddings/tiny-{WIDTH}-{'d' * 16}"

Half = npt.NDArray[np.float16]
Media_ = Mapping[str, Half]
"""Vectors of a clip by column; a column that is not there is null."""


@dataclass(frozen=True)
class Embedded:
    """The workspace. vectors: by clip id and column. clips: rows of the listing by id, in order."""

    made: Made
    vectors: Mapping[str, Media_]
    clips: Mapping[str, Row]

    @property
    def workspace(self) -> Workspace:
        return self.made.workspace

    @property
    def state(self) -> State:
        return self.made.state

    @property
    def ids(self) -> list[str]:
        """Clips in the order of the listing."""
        return list(self.clips)


def unit(*numbers: float) -> Half:
    """A vector of unit length that begins with these numbers."""
    vector = np.zeros(WIDTH, np.float32)
    vector[: len(numbers)] = numbers
    half: Half = (vector / np.linalg.norm(vector)).astype(np.float16)
    return half


def drawn(seed: int, count: int, width: int = WIDTH) -> Half:
    """Vectors of unit length in random directions, (count, width)."""
    vectors = np.random.default_rng(seed).normal(size=(count, width))
    half: Half = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    return half


def embedded(root: Path, vectors: Sequence[Media_] | None = None) -> Embedded:
    """The captioned workspace of `tests.manifests.made` (16 clips in two shards), embedded.

    vectors: of each clip in order; by default random ones, of all three columns.
    """
    made = make(root)
    clips = {row["clip_id"]: row for shard in range(SHARDS) for row in made.rows("clips", shard)}
    if vectors is None:
        media = [drawn(seed, len(clips)) for seed in range(3)]
        names = ("audio", "video", "audio_video")
        vectors = [dict(zip(names, each, strict=True)) for each in zip(*media, strict=True)]
    by_clip = dict(zip(clips, vectors, strict=True))
    settings(made, JOB, "caption", {})
    settings(made, EMBED, "embed", {"encoder": "tiny", "embeddings": TABLE})
    for shard in range(SHARDS):
        commit(
            made,
            shard,
            {row["clip_id"]: by_clip[row["clip_id"]] for row in made.rows("clips", shard)},
        )
    return Embedded(made, by_clip, clips)


def settings(
    made: Made, job: str, stage: str, own: Row, cut: str = CUT, clips: Row | None = None
) -> None:
    """The stored settings of a job; of jobs without commits the one written last is the newest."""
    kept = {
        "digest": job,
        "stage": stage,
        "cut": cut,
        "profile": {"name": "dummy", "clips": clips or {}},
        "settings": own,
    }
    path = made.workspace.config(job)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept))


def commit(
    made: Made,
    shard: int,
    vectors: Mapping[str, Media_],
    job: str = EMBED,
    table: str = TABLE,
    generation: int = 0,
    cut: str = CUT,
) -> Path:
    """Writes and commits vectors of a shard; the file."""
    name = f"shard-{shard:05d}-g{generation}-e000001-{job[:8]}.parquet"
    path = f"embeddings/{table.partition('/')[2]}/{name}"
    file = tables.write_table(made.root, path, table, rows(vectors))
    made.append(
        Record(
            stage="embed",
            epoch=1,
            cut=cut,
            job=job,
            shard=shard,
            generation=generation,
            counts={"embedded": len(vectors)},
            files=(file,),
        )
    )
    return made.root / path


def rows(vectors: Mapping[str, Media_]) -> pa.Table:
    """A table of vectors, with the columns of the stage."""
    columns: dict[str, pa.Array] = {"clip_id": pa.array(list(vectors), pa.string())}
    columns["content_hash"] = pa.array(["h" * 64] * len(vectors))
    widths = {len(vector) for media in vectors.values() for vector in media.values()}
    kind = pa.list_(pa.float16(), max(widths, default=WIDTH))
    for name in ("audio", "video", "audio_video"):
        lists = [media.get(name) for media in vectors.values()]
        columns[name] = pa.array([None if v is None else list(v) for v in lists], kind)
    columns["audio_ms"] = pa.array([0] * len(vectors), pa.int32())
    columns["frames"] = pa.array([0] * len(vectors), pa.int32())
    return pa.table(columns)


class TinyEncoder(Untrained):
    """Knows texts and media by a few plain numbers: "north" is the first direction, "east" the second;
    sound is told by its loudness and its frames by their brightness."""

    needs: ClassVar[Needs] = Needs(audio_hz=16_000, frames=2, frame_px=32)
    width = WIDTH
    widths: Mapping[Medium, int] = {"audio": 1, "video": 1}
    normalised = True
    words: ClassVar[Sequence[str]] = ("north", "east", "south")

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Media] = []

    def features(self, media: Media) -> dict[Medium, npt.NDArray[np.float32]]:
        self.seen.append(media)
        made: dict[Medium, npt.NDArray[np.float32]] = {}
        for samples in media.audio.values():
            made["audio"] = np.array([[np.abs(samples).mean() + 1]], np.float32)
        if media.frames is not None:
            made["video"] = np.array([[media.frames.mean() / 255 + 1]], np.float32)
        if not made:
            raise ValueError("neither sound nor picture")
        return made

    def prepare(self, texts: Sequence[str]) -> dict[str, Tensor]:
        counts = [[float(text.count(word)) for word in self.words] for text in texts]
        return {"counts": torch.tensor(counts)}

    def states(self, texts: Texts) -> Tensor:
        return texts["counts"]

    def text(self, states: Tensor, head: Embedding) -> Tensor:
        vectors = torch.zeros(len(states), WIDTH)
        vectors[:, : states.shape[1]] = states
        if head == "text_audio":  # each head turns another way
            vectors = vectors.roll(1, dims=1)
        return torch.nn.functional.normalize(vectors, dim=1)

    def media(self, batch: Batch) -> Vectors:
        pooled = {medium: steps.values.sum(1) for medium, steps in batch.items()}
        vectors: dict[Embedding, Tensor] = {}
        both = torch.cat([pooled["audio"], pooled["video"]], dim=1)
        for name, part in (
            ("audio", pooled["audio"]),
            ("video", pooled["video"]),
            ("audio_video", both),
        ):
            vectors[name] = torch.nn.functional.pad(part, (0, WIDTH - part.shape[1]))  # type: ignore[index]
        return Vectors(vectors, pooled)


__all__ = [
    "EMBED",
    "TABLE",
    "WIDTH",
    "Embedded",
    "Features",
    "TinyEncoder",
    "commit",
    "drawn",
    "embedded",
    "rows",
    "settings",
    "unit",
]
