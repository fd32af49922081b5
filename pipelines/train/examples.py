"""Examples of training: the captioned clips of workspaces, by clip_id."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from captioners.encoder.pairs import CaptionKind
from manifests import tables
from manifests.commits import State, load
from manifests.errors import UserError
from manifests.evidence import evidence_from_row
from manifests.workspace import Workspace
from pipelines.status import JobStatus, newest
from pipelines.train.captions import Texts
from pipelines.train.recipe import UpSampling
from prompts.singing import manner

KINDS: tuple[CaptionKind, ...] = get_args(CaptionKind)
_COLUMNS = [
    "clip_id",
    "content_hash",
    "has_audio",
    "has_video",
    "duration_ms",
    *KINDS,
    "variants",
    "claims",
    "transcript",
    "language",
    "evidence",
    "licence",
    "outputs_train",
    "audio_by",
    "visual_by",
    "audio_visual_by",
]


class ExampleError(UserError):
    """Workspaces that can't be trained on; says why."""


@dataclass(frozen=True, slots=True)
class Example:
    """A clip with captions.

    language: of its transcript. concepts: what its visual caption claims to be seen. licence,
    outputs_train: of the synthetic captions. by: who wrote each of them.
    """

    clip_id: str
    content_hash: str
    texts: Texts
    language: str | None
    concepts: tuple[str, ...]
    licence: str
    outputs_train: bool | None
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """The captions of a workspace: those of its newest captioning."""

    workspace: Workspace
    state: State
    status: JobStatus

    @classmethod
    def open(cls, root: Path) -> "Job":
        """Raises WorkspaceError for what is no workspace, or has no captions."""
        workspace = Workspace.open(root)
        state = load(workspace)
        return cls(workspace, state, newest(workspace, state))

    def clips(self) -> Iterator[dict[str, Any]]:
        """Rows of its clip table."""
        for shard in self.state.shards(self.status.digest):
            path = self.state.clips_file(self.status.cut, shard)
            yield from tables.read(self.workspace.root, path)

    def captions(self) -> Iterator[dict[str, Any]]:
        """Its caption rows, as far as training reads them. Clips that were filtered have none."""
        files = self.state.files("captions", job=self.status.digest)
        yield from tables.read_all(self.workspace.root, files, _COLUMNS)


Real = Mapping[str, Mapping[CaptionKind, tuple[str, ...]]]
"""Captions by people, by clip_id and kind."""


def examples(jobs: Sequence[Job], real: Real) -> list[Example]:
    """The captioned clips of all jobs, each once, in the order of their ids: what is trained on must not
    depend on the order of workspaces or of their shards.

    Of a clip in several workspaces the first one counts. Raises ExampleError where there is none.
    """
    unique: dict[str, Example] = {}
    for job in jobs:
        for row in job.captions():
            if row["clip_id"] not in unique:
                example = _example(row, real.get(row["clip_id"], {}))
                if example.texts.synthetic or example.texts.real:
                    unique[row["clip_id"]] = example
    if not unique:
        places = ", ".join(str(job.workspace.root) for job in jobs)
        raise ExampleError(f"no clip of {places} has a caption: run `captionmill caption` first")
    return [unique[clip_id] for clip_id in sorted(unique)]


def is_held_out(example: Example, share: float) -> bool:
    """Whether a clip is kept for comparing: by the content of its source, so that all clips of a source
    and all copies of its file are on one side, in every workspace."""
    digest = hashlib.sha256(f"held out:{example.content_hash}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def weights(clips: Sequence[Example], rules: UpSampling) -> npt.NDArray[np.float64]:
    """How often each clip comes in an epoch, by the rules of a recipe."""
    counts = Counter(concept for clip in clips for concept in set(clip.concepts))
    factors = np.ones(len(clips))
    for number, clip in enumerate(clips):
        if clip.texts.transcript and (not rules.languages or clip.language in rules.languages):
            factors[number] *= rules.speech
        if clip.concepts and rules.rare:
            share = min(counts[concept] for concept in clip.concepts) / len(clips)
            factors[number] *= min(rules.most, max(1.0, sqrt(rules.rare / share)))
    return factors


def mixed(
    clips: Sequence[Example], factors: npt.NDArray[np.float64], real: float, synthetic: float
) -> tuple[npt.NDArray[np.float64], float]:
    """Weights, and how often a clip with real captions reads one, so that the rows of a batch are in the
    ratio real : synthetic in the mean.

    Where there are too few clips with real captions they come more often; without any nothing changes.
    """
    has_real = np.array([bool(clip.texts.real) for clip in clips])
    wanted, own = real / (real + synthetic), float(factors[has_real].sum())
    if not own or not wanted:
        return factors, 0.0
    total = float(factors.sum())
    if own / total >= wanted:
        return factors, wanted * total / own
    more = wanted * (total - own) / ((1 - wanted) * own)
    return np.where(has_real, factors * more, factors), 1.0


def to_line(example: Example) -> str:
    """An example as a line of JSON."""
    texts = example.texts
    return json.dumps(
        {
            "clip_id": example.clip_id,
            "content_hash": example.content_hash,
            "synthetic": texts.synthetic,
            "real": texts.real,
            "transcript": texts.transcript,
            "sung": texts.sung,
            "language": example.language,
            "concepts": example.concepts,
            "licence": example.licence,
            "outputs_train": example.outputs_train,
            "by": example.by,
        },
        ensure_ascii=False,
    )


def from_line(line: str) -> Example:
    """The example of such a line."""
    row = json.loads(line)
    synthetic, real = (
        {kind: tuple(texts) for kind, texts in row.pop(name).items()}
        for name in ("synthetic", "real")
    )
    texts = Texts(synthetic, real, row.pop("transcript"), row.pop("sung"))
    concepts, by = tuple(row.pop("concepts")), tuple(row.pop("by"))
    return Example(texts=texts, concepts=concepts, by=by, **row)


def _example(row: Mapping[str, Any], real: Mapping[CaptionKind, tuple[str, ...]]) -> Example:
    transcript, sung = row["transcript"], False
    if transcript:
        how = manner(evidence_from_row(row))
        # Where some is sung and some said nobody knows which words are which.
        transcript, sung = (None if how == "both" else transcript), how == "sung"
    texts = Texts(_synthetic(row), real, transcript, sung)
    by = (row[f"{kind.removesuffix('_caption')}_by"] for kind in KINDS)
    return Example(
        clip_id=row["clip_id"],
        content_hash=row["content_hash"],
        texts=texts,
        language=row["language"],
        concepts=tuple(
            claim["text"]
            for claim in row["claims"]
            if claim["caption"] == "visual_caption" and claim["supported"]
        ),
        licence=row["licence"],
        outputs_train=row["outputs_train"],
        by=tuple(author for author in by if author),
    )


def _synthetic(row: Mapping[str, Any]) -> dict[CaptionKind, tuple[str, ...]]:
    captions: dict[CaptionKind, tuple[str, ...]] = {}
    for kind in KINDS:
        variants = [each["text"] for each in row["variants"] if each["caption"] == kind]
        if row[kind] is not None:
            captions[kind] = (row[kind], *variants)
    return captions
