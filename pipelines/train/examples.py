"""Examples of training: captioned clips of workspaces and releases, by clip_id."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from captioners.encoder.pairs import CaptionKind
from manifests.errors import UserError
from manifests.evidence import Evidence
from pipelines.train.captions import Texts
from pipelines.train.recipe import UpSampling
from prompts.singing import manner

KINDS: tuple[CaptionKind, ...] = get_args(CaptionKind)


class ExampleError(UserError):
    """Workspaces or releases that can't be trained on; says why."""


Side = Literal["trained", "held_out"]


@dataclass(frozen=True, slots=True)
class Example:
    """A clip with captions.

    language: of its transcript. concepts: what its visual caption claims to be seen. licence,
    outputs_train: of the synthetic captions. by: who wrote each of them. side: where a release put its
    source; None: its content decides (`is_held_out`).
    """

    clip_id: str
    content_hash: str
    texts: Texts
    language: str | None
    concepts: tuple[str, ...]
    licence: str
    outputs_train: bool | None
    by: tuple[str, ...]
    side: Side | None = None


Real = Mapping[str, Mapping[CaptionKind, tuple[str, ...]]]
"""Captions by people, by clip_id and kind."""


class Input(Protocol):
    """Captioned clips that are trained on: a workspace, or a release."""

    def examples(self, real: Real) -> Iterator[Example]:
        """Its captioned clips."""

    def away(self) -> Iterator[str]:
        """Content hashes of sources that must neither be trained on nor compared."""

    def clips(self) -> Iterator[dict[str, Any]]:
        """What decoding needs of its clips, as rows of the clip table. Those without `mtime_ns` are of
        files that may have been copied: their content has to be looked at."""

    def whole_clips(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Clips that are all of their source, with the URI of every file that holds it."""

    @property
    def identity(self) -> list[str]:
        """What it is, wherever it lies."""

    @property
    def described(self) -> str:
        """For a card: without its path."""

    @property
    def notes(self) -> Sequence[str]:
        """What people should know of its examples, once they were read."""


def examples(inputs: Sequence[Input], real: Real) -> list[Example]:
    """The captioned clips of all inputs, each once, in the order of their ids: what is trained on must
    not depend on the order of workspaces or of their shards.

    Of a clip in several inputs the first one counts. A source lies on one side in all of them: away where
    one keeps it away, held out where one holds it out. Raises ExampleError where there is none.
    """
    unique: dict[str, Example] = {}
    sides: dict[str, Side] = {}
    for each in inputs:
        for example in each.examples(real):
            if example.side is not None and sides.get(example.content_hash) != "held_out":
                sides[example.content_hash] = example.side
            if example.texts.synthetic or example.texts.real:
                unique.setdefault(example.clip_id, example)
    away = {source for each in inputs for source in each.away()}
    kept = [unique[clip_id] for clip_id in sorted(unique)]
    kept = [
        replace(example, side=sides.get(example.content_hash))
        for example in kept
        if example.content_hash not in away
    ]
    if not kept:
        raise ExampleError(
            "no clip has a caption and may be trained on: run `captionmill caption` first, or name a "
            "release with a split train"
        )
    return kept


def is_held_out(example: Example, share: float) -> bool:
    """Whether a clip is kept for comparing: as its release says, else by the content of its source, so
    that all clips of a source and all copies of its file are on one side, in every workspace."""
    if example.side is not None:
        return example.side == "held_out"
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
            "side": example.side,
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


def example_of(row: Mapping[str, Any], texts: Texts, side: Side | None = None) -> Example:
    """The example of a row of captions with its `claims`."""
    by = (row[f"{kind.removesuffix('_caption')}_by"] for kind in KINDS if kind in texts.synthetic)
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
        side=side,
    )


def words_of(transcript: str, evidence: Evidence) -> tuple[str | None, bool]:
    """What of a transcript can be quoted, and whether it is sung."""
    how = manner(evidence)
    # Where some is sung and some said nobody knows which words are which.
    return (None if how == "both" else transcript), how == "sung"


def captions_of(
    row: Mapping[str, Any], variants: Sequence[Mapping[str, str]]
) -> dict[CaptionKind, tuple[str, ...]]:
    """Each caption of a row with its variants behind it."""
    captions: dict[CaptionKind, tuple[str, ...]] = {}
    for kind in KINDS:
        further = [each["text"] for each in variants if each["caption"] == kind]
        if row[kind] is not None:
            captions[kind] = (row[kind], *further)
    return captions
