"""Figures split by concepts that the tuned writer saw in training and concepts that it did not.

A concept was seen where the bench's matcher reads it in a fact of a training example, in whatever words:
those of the world that are for training, the captioners' own, or made up. What the small model knew
before it was tuned is nobody's to know.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.quality.known import Case
from benchmarks.quality.measures.concepts import happened, met
from benchmarks.quality.measures.intervals import Figure
from benchmarks.quality.measures.measures import SIDE, STRICT, Measured, Pair, Ruler, rates
from recipes.world.concepts import Side

if TYPE_CHECKING:
    from recipes.tuning.examples import Example

SEEN, UNSEEN = "seen in training", "not seen"


def recipe() -> "Iterator[Example]":
    """The examples of the writer's recipe, in every round as many as it has steps for."""
    from recipes.tuning.examples import examples
    from recipes.tuning.train import BATCH, ROUNDS, SEED

    for at, each in enumerate(ROUNDS):
        yield from examples(each.steps * BATCH, SEED + at, each.turned, each.transcribed)


def trained(ruler: Ruler, examples: "Iterable[Example]") -> frozenset[str]:
    """The keys of the concepts that the facts of these examples name."""
    texts: set[tuple[str, Side]] = set()
    for example in examples:
        texts |= {(fact.text, "heard") for fact in example.facts.heard}
        texts |= {(fact.text, "seen") for fact in example.facts.seen}
    return frozenset(m.key for text, side in texts for m in ruler.read(text, side).mentions)


def split(
    ruler: Ruler, rows: Sequence[Measured], known: frozenset[str]
) -> dict[str, dict[str, Figure]]:
    """recall, precision and what is lost of concepts that are `known` and of the others, drawn by clip.

    An event is of its own narrowest concept. A fact that is lost is of the known ones where all that it
    names is; one that the matcher can't read is of neither.
    """
    parts = {SEEN: known, UNSEEN: frozenset(ruler.concepts.by_key) - known}
    return {
        name: rates((row.told.case, _pairs(ruler, row, keys, name == SEEN)) for row in rows)
        for name, keys in parts.items()
    }


def _pairs(ruler: Ruler, row: Measured, keys: frozenset[str], seen: bool) -> Mapping[str, Pair]:
    told, side = row.told, SIDE[row.told.name]
    truth = told.case.truth
    said = (m.key for m in ruler.read(told.text, side).mentions)
    hits = met(said, happened(truth, side), truth.unsure, ruler.concepts).within(keys).hits
    # Of facts that name something unseen too, the whole is the unseen's.
    lost = [
        not tells
        for named, tells in ruler.sure(told)
        if named and (named <= keys if seen else bool(named & keys))
    ]
    return {
        "recall": (hits.told, hits.happened),
        "precision": (hits.right, hits.said),
        STRICT: hits.strict,
        "lost": (sum(lost), len(lost)),
    }


def by_llm(ruler: Ruler, rows: Sequence[Measured], known: frozenset[str]) -> dict[str, Figure]:
    """The share of captions that the LLM wrote, of those whose facts name known concepts alone and of
    those with another one among them."""

    def of(row: Measured) -> bool:
        return all(ruler.keys(text, side) <= known for text, side in _handed(row))

    pairs: dict[str, list[tuple[Case, Mapping[str, Pair]]]] = {SEEN: [], UNSEEN: []}
    for row in rows:
        told = row.told
        name = SEEN if of(row) else UNSEEN
        pairs[name].append((told.case, {"by": (told.by == "llm", 1)}))
    return {name: found["by"] for name, each in pairs.items() if (found := rates(each))}


def _handed(row: Measured) -> list[tuple[str, Side]]:
    facts, side = row.told.facts, SIDE[row.told.name]
    heard: list[tuple[str, Side]] = [(fact.text, "heard") for fact in facts.heard]
    seen: list[tuple[str, Side]] = [(fact.text, "seen") for fact in facts.seen]
    return {"heard": heard, "seen": seen, None: heard + seen}[side]
