"""Which score lets sound and picture be compared in one search?

    python -m benchmarks.either FOLDER [--clips 500] [--sounds 500] [--stretch 1] [--seed 1]

FOLDER is as `python -m benchmarks.quality.real.make` leaves it. Its clips are embedded with the small
encoder (their vectors are kept there) and searched by labels: each that is true of some of them, of what
is heard and of what is seen ("heard", "seen"), and 150 pairs of both that one clip has ("both": a clip
with both is right). "like" takes each clip as the example; right is what sounds like it or shows the same
subject. Clips of the same recording or picture, or before the same photograph, don't count there, and
nowhere does what nobody can decide. Prints, of each way to score products, the share of queries whose
first clip is right and mean average precision; that which search has comes first, one medium alone last.

--clips: of so many, drawn by the seed; --sounds: so many of them at most keep their sound; --stretch: so
much longer are vectors of pictures than the encoder makes them.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.quality.known import Case
from benchmarks.quality.measures.concepts import Concepts, happened
from benchmarks.quality.real import plan
from benchmarks.quality.real.make import SEED, cases
from benchmarks.quality.real.sources import extended, pictures
from captioners.encoder.encoder import MEDIA as ENCODED
from captioners.encoder.encoder import Encoder
from captioners.encoder.load import load
from captioners.encoder.model import Embedder
from captioners.weights.models import Models
from engine import torch_cpu
from engine.media.decode import DecodePlan
from engine.media.examine import examine_one
from engine.profile.profile import Cutting
from engine.stages.actors import Decoder
from manifests.sources.examined import clip_rows
from pipelines.search.centre import Centre
from pipelines.search.query import of_text
from pipelines.search.stored import By
from recipes.world import world
from recipes.world.concepts import Side

MEDIA: tuple[By, ...] = ("audio", "video")
SIDES: tuple[Side, ...] = ("heard", "seen")
PAIRS = 150
_KEPT = "vectors.npz"

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Query:
    """Products with all clips by sound and by picture, nan of a clip that lacks it, and the scores that
    search makes of them; which clips are right, and which count."""

    kind: str
    products: list[Floats]
    scores: list[Floats]
    right: Bools
    counted: Bools


def z_score(products: Floats) -> Floats:
    """Standard deviations above the mean."""
    scores: Floats = (products - np.nanmean(products)) / np.nanstd(products)
    return scores


def robust(products: Floats) -> Floats:
    """The same by the median and the middle 68 %."""
    low, middle, high = np.nanpercentile(products, (16, 50, 84)).tolist()
    scores: Floats = (products - middle) / (high - low)
    return scores


def upper(products: Floats) -> Floats:
    """How far between the median and the 95th percentile."""
    middle, high = np.nanpercentile(products, (50, 95)).tolist()
    scores: Floats = (products - middle) / (high - middle)
    return scores


OTHERS: dict[str, Callable[[Floats], Floats]] = {
    "products": lambda products: products,
    "less their mean": lambda products: products - np.nanmean(products),
    "z-score": z_score,
    "median, middle 68 %": robust,
    "median, 95 %": upper,
}


def vectors(folder: Path, names: list[str]) -> dict[By, Floats]:
    """By medium (clips, width), float16 as they are stored; nan of a clip that lacks it."""
    kept = folder / _KEPT
    if not kept.exists():
        encoder = Embedder("small", Models())
        encoder.load()
        needs = load("small", Models()).needs
        decoder = Decoder(DecodePlan((needs.audio_hz or 0,), needs.frames, needs.frame_px))
        told = []
        for name in names:
            row = clip_rows(examine_one(bytes(folder / "media" / name), Cutting()))[0]
            media = decoder.decode(row)[1]
            assert media is not None, name
            told += encoder.answer([media])
        lacks = np.full(encoder.width_of({}, Models()), np.nan)
        audio, video = (
            np.stack([lacks if (v := each.media[by]) is None else v for each in told])
            for by in ENCODED
        )
        np.savez(kept, audio=audio.astype(np.float16), video=video.astype(np.float16))
    with np.load(kept) as stored:
        return {by: stored[by].astype(np.float32) for by in MEDIA}


class Labelled:
    """Clips whose content is known, with their vectors."""

    def __init__(
        self, folder: Path, clips: int, seed: int, sounds: int = 500, stretch: float = 1
    ) -> None:
        known = cases(folder)
        names = sorted(known)
        random = np.random.default_rng(seed)
        drawn = np.sort(random.permutation(len(names))[:clips])
        self._vectors = {by: of[drawn] for by, of in vectors(folder, names).items()}
        self._vectors["video"] *= stretch
        heard = ~np.isnan(self._vectors["audio"]).any(axis=1)
        mute = random.permutation(np.flatnonzero(heard))[sounds:]
        self._vectors["audio"][mute] = np.nan
        self._centres = {
            by: Centre.of(of[~np.isnan(of).any(axis=1)]) for by, of in self._vectors.items()
        }
        self._cases = [known[names[at]] for at in drawn]
        planned = plan.plan(SEED)
        self._plans = [planned[int(names[at][:3])] for at in drawn]
        self._concepts = Concepts(extended(world.load("all").concepts()))
        self._true = {side: [self._keys(case, side) for case in self._cases] for side in SIDES}
        for at in mute:
            self._true["heard"][at] = frozenset()

    def _keys(self, case: Case, side: Side) -> frozenset[str]:
        return self._concepts.implied(happened(case.truth, side) - {"black_picture"})

    def texts(self, encoder: Encoder) -> Iterator[Query]:
        """Queries by label, and by two of them."""
        for side, true in self._true.items():
            for key in sorted(frozenset[str]().union(*true)):
                right = np.array([key in keys for keys in true])
                counted = right | np.array([not self._open(case, key) for case in self._cases])
                yield self._query(side, self._text(encoder, self._words(key)), right, counted)
        narrow = self._concepts.narrowest
        clips = list(zip(*self._true.values(), strict=True))
        pairs = sorted({pair for h, s in clips for pair in product(narrow(h), narrow(s))})
        for at in np.random.default_rng(1).permutation(len(pairs))[:PAIRS]:
            heard, seen = pairs[at]
            text = f"{self._words(heard)} while {self._words(seen)} can be seen"
            right = np.array([heard in h and seen in s for h, s in clips])
            yield self._query("both", self._text(encoder, text), right, np.ones(len(clips), bool))

    def _open(self, case: Case, key: str) -> bool:
        """Whether nobody can decide it, or what would be heard to do it is silent."""
        held = self._concepts.implied(happened(case.truth, None))
        return self._concepts.undecided(key, (case.truth.unsure | case.truth.silent) - held)

    def _words(self, key: str) -> str:
        phrasings = self._concepts.by_key[key].phrasings
        return phrasings[0] if phrasings else key.removesuffix("_seen").replace("_", " ")

    def _text(self, encoder: Encoder, text: str) -> list[Floats]:
        return [of_text(encoder, text, by) for by in MEDIA]

    def _query(self, kind: str, query: list[Floats], right: Bools, counted: Bools) -> Query:
        products = [self._vectors[by] @ of for by, of in zip(MEDIA, query, strict=True)]
        scores = [
            self._centres[by].scores(of, each)
            for by, of, each in zip(MEDIA, query, products, strict=True)
        ]
        return Query(kind, products, scores, right, counted)

    def examples(self) -> Iterator[Query]:
        """Each clip with sound and picture as a query."""
        subjects = [
            frozenset(shown.seen if (shown := pictures().get(made.picture or "")) else ())
            for made in self._plans
        ]
        for at, (case, made) in enumerate(zip(self._cases, self._plans, strict=True)):
            own = happened(case.truth, "heard"), subjects[at]
            heard, seen = map(self._concepts.narrowest, own)
            counted = np.array(
                [
                    not set(case.sources) & set(other.sources)
                    and (made.behind not in plan.SCENES or made.behind != beside.behind)
                    for other, beside in zip(self._cases, self._plans, strict=True)
                ]
            )
            counted[at] = False
            right = np.array(
                [
                    bool(heard & h) or bool(seen & self._concepts.implied(s))
                    for h, s in zip(self._true["heard"], subjects, strict=True)
                ]
            )
            own_vectors = [of[at] for of in self._vectors.values()]
            if not np.isnan(own_vectors).any():
                yield self._query("like", own_vectors, right & counted, counted)


def figures(scores: Floats, query: Query) -> tuple[float, float]:
    """Whether the first is right, and average precision. Those without a score come last."""
    counted = np.flatnonzero(query.counted)
    order = counted[np.argsort(-np.nan_to_num(scores[counted], nan=-np.inf), kind="stable")]
    right = query.right[order]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    return float(right[0]), float(precision[right].mean())


def main() -> None:
    """Embeds, searches, prints."""
    torch_cpu.switch_on()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sounds", type=int, default=500)
    parser.add_argument("--stretch", type=float, default=1)
    options = parser.parse_args()
    labelled = Labelled(**vars(options))
    queries = [*labelled.texts(load("small", Models())), *labelled.examples()]
    queries = [query for query in queries if query.right.any()]
    kinds = Counter(query.kind for query in queries)
    print(" " * 20 + "".join(f"{kind:>8} ({n:3})" for kind, n in kinds.items()))
    ways: dict[str, Callable[[Query], Floats]] = {"as search does": lambda q: np.fmax(*q.scores)}
    ways |= {name: _of(score) for name, score in OTHERS.items()}
    ways |= {"sound alone": lambda q: q.products[0], "picture alone": lambda q: q.products[1]}
    for name, way in ways.items():
        told = [
            np.mean([figures(way(q), q) for q in queries if q.kind == kind], axis=0)
            for kind in kinds
        ]
        print(f"{name:20}" + "".join(f"{first:8.3f} {mean:.3f}" for first, mean in told))


def _of(score: Callable[[Floats], Floats]) -> Callable[[Query], Floats]:
    return lambda query: np.fmax(*map(score, query.products))


if __name__ == "__main__":
    main()
