"""How near two words, and two clauses, must be to mean the same.

    python -m benchmarks.quality.guards.nearness

Pairs of single words out of the bench's world: two names of one thing ("sofa", "couch"), and names of
two things of one topic ("trumpet", "trombone"), which is where a captioner errs. For each cosine: how
many of the first would be read as each other, and of the second (wrongly). Words that the guards' own
table knows are counted apart, since they are never read by nearness. Then the same of whole clauses: two
wordings of one thing ("a motorbike revs", "a motorcycle roars off"), and of two things of one topic.
"""

import argparse
from collections.abc import Sequence
from itertools import combinations, product

import numpy as np

from captioners.minilm import MiniLM
from captioners.weights.models import Models
from prompts.nearness import ALIKE, CUT
from prompts.words import lexicon, stem
from recipes.world.concepts import Concept
from recipes.world.world import load

Pairs = list[tuple[str, str]]
_CUTS = (0.65, 0.7, 0.75, CUT, 0.85, 0.9)
_CLAUSE_CUTS = (0.5, 0.55, 0.6, ALIKE, 0.7, 0.75)


def pairs() -> tuple[Pairs, Pairs]:
    """Pairs of words for one thing, and for two of the same topic and side."""
    entries = list(load().entries.values())
    names = {e.key: [a.split("|") for a in e.concept.names if " " not in a] for e in entries}
    same = {_pair(*two) for groups in names.values() for g in groups for two in combinations(g, 2)}
    other = set()
    for one, two in combinations(entries, 2):
        if one.topic == two.topic and _apart(one.concept, two.concept):
            flat = [[word for group in names[e.key] for word in group] for e in (one, two)]
            other |= {_pair(*found) for found in product(*flat)}
    return _told(same), _told(other - same)


def clauses() -> tuple[Pairs, Pairs]:
    """Pairs of wordings of one thing, and of two of the same topic and side."""
    entries = list(load().entries.values())
    said = {e.key: e.concept.phrasings for e in entries}
    same = [_pair(*two) for e in entries for two in combinations(said[e.key], 2)]
    other = [
        _pair(*found)
        for one, two in combinations(entries, 2)
        if one.topic == two.topic and _apart(one.concept, two.concept)
        for found in product(said[one.key], said[two.key])
    ]
    return sorted(set(same)), sorted(set(other) - set(same))


def _pair(one: str, other: str) -> tuple[str, str]:
    return min(one, other), max(one, other)


def _apart(one: Concept, other: Concept) -> bool:
    """Of one side, and neither is the broader word of the other."""
    up = one.key in other.broader or other.key in one.broader
    return one.side == other.side and not up


def _told(found: set[tuple[str, str]]) -> Pairs:
    """Pairs of different words, the first of which the guards' table does not know."""
    known = lexicon().upward.keys()
    turned = (pair if stem(pair[0]) not in known else pair[::-1] for pair in sorted(found))
    return [(a, b) for a, b in turned if stem(a) != stem(b) and stem(a) not in known]


def cosines(model: MiniLM, found: Pairs) -> np.ndarray:
    """The cosine of each pair."""
    every = sorted({word for pair in found for word in pair})
    place = {word: at for at, word in enumerate(every)}
    vectors = np.concatenate([model(every[at : at + 256]) for at in range(0, len(every), 256)])
    left, right = (np.array([place[pair[side]] for pair in found]) for side in (0, 1))
    return np.asarray((vectors[left] * vectors[right]).sum(1))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    argparse.ArgumentParser(description="Measures nearness of words.").parse_args(arguments)
    model = MiniLM(Models().fetch("all-minilm-l6-v2"))
    _print(model, "names", pairs(), _CUTS)
    _print(model, "clauses", clauses(), _CLAUSE_CUTS)


def _print(model: MiniLM, what: str, found: tuple[Pairs, Pairs], cuts: Sequence[float]) -> None:
    same, other = found
    alike, apart = cosines(model, same), cosines(model, other)
    print(f"\n{what}: {len(same)} pairs of one thing, {len(other)} of two things of one topic")
    print("| cosine from | one thing: taken for the same | two things: taken for the same |")
    print("|---|---|---|")
    for cut in cuts:
        wrong = int((apart >= cut).sum())
        print(f"| {cut} | {(alike >= cut).mean():.1%} | {(apart >= cut).mean():.2%} ({wrong}) |")
    worst = [other[at] for at in np.argsort(-apart)[:12]]
    print("nearest of two things:", "; ".join(f"{a} / {b}" for a, b in worst))


if __name__ == "__main__":
    main()
