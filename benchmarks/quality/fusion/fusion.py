"""How much of what evidence allows fusion gets out of it.

For each way in which captioners err (correlation of their errors, honest confidences or not) fusion is
fitted on clips of other seeds by the product's own way, and its facts are held against other lists of
the same evidence (`benchmarks.quality.fusion.baselines`). No language model is asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.quality.fusion import baselines
from benchmarks.quality.fusion.baselines import Beliefs, Chosen, gap_closed, score
from benchmarks.quality.fusion.fused import (
    SIDES,
    beliefs,
    evidence,
    heard_blind,
    keys_of,
    sides,
)
from benchmarks.quality.known import Case
from benchmarks.quality.measures.concepts import Hits, happened, hits
from benchmarks.quality.measures.intervals import Figure
from benchmarks.quality.measures.measures import Ruler
from benchmarks.quality.simulation.words import Wording
from captioners.confidence.calibration import Calibrations
from manifests.evidence import Evidence
from prompts.selection import Facts, select
from recipes.world.concepts import Side

View = Literal["all", "side", "concept"]
"""What an oracle looks at: everything, the captioners of one side, or all of that side's captioners on
one concept alone, without place, rivals and cooccurrence."""
Posterior = Callable[[Case, Side, View], Mapping[str, float]]
"""What the generator believes of every concept that was named, in a view."""

OURS, OURS_CUT, SINGLE, VOTE, ORACLE, DEAF, NARROW, CEILING = (
    "ours",
    "ours, cut for F1",
    "best single captioner",
    "plain vote",
    "oracle fusion",
    "oracle of each side by itself",
    "oracle of each concept by itself",
    "ceiling: knows the truth",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How simulated captioners err, and whether they have words of their own for what they say."""

    correlation: float
    honest: bool = True
    wording: Wording = "own"

    def __str__(self) -> str:
        confidences = "honest" if self.honest else "dishonest"
        words = "own" if self.wording == "own" else "the same"
        return f"correlation {self.correlation:g}, {confidences} confidences, {words} words"


@dataclass(frozen=True)
class Clips:
    """The clips of a test with all that fusion makes of them."""

    cases: Sequence[Case]
    known: Calibrations | None
    evidence: Mapping[str, Evidence]
    facts: Mapping[str, Facts]

    @classmethod
    def fused(cls, cases: Sequence[Case], known: Calibrations) -> "Clips":
        """Judged and fused with these calibrations."""
        found = {case.clip_id: evidence(case, known) for case in cases}
        return cls(cases, known, found, {name: select(each) for name, each in found.items()})


@dataclass(frozen=True)
class Fusion:
    """What came out. lists: hits of each clip by list, of both sides together and of each. named:
    what was chosen on the calibration split, for people. blind: what is heard by ours where the picture
    changes it, with and without."""

    lists: dict[str, dict[str, Sequence[Hits]]]
    closed: Mapping[str, Mapping[str, Figure]]
    named: Mapping[str, str]
    blind: Mapping[str, Sequence[Hits]] = field(default_factory=dict)


def lists_of(
    ruler: Ruler, clips: Clips, calibration: Sequence[Case] | None, posterior: Posterior | None
) -> tuple[dict[str, Chosen], dict[str, str]]:
    """Every list, and what was chosen for it on the calibration split. Without a split each list is
    chosen on one half of the clips and used on the other."""

    def single(cases: Sequence[Case]) -> Chosen:
        return baselines.single(
            ruler, {side: baselines.best_single(ruler, cases, side) for side in SIDES}
        )

    def vote(cases: Sequence[Case]) -> Chosen:
        votes = {side: baselines.best_vote_cut(ruler, cases, side) for side in SIDES}
        return baselines.vote(ruler, sides(cases), votes)

    held = {**clips.evidence}
    if calibration is not None and clips.known is not None:
        held |= Clips.fused(calibration, clips.known).evidence

    def ours(case: Case, side: Side) -> Mapping[str, float]:
        return beliefs(ruler, case, held[case.clip_id], side)

    def cut(of: Beliefs) -> Callable[[Sequence[Case]], Chosen]:
        return lambda cases: baselines.believed(of, cuts(ruler, cases, of))

    def chosen(choose: Callable[[Sequence[Case]], Chosen]) -> Chosen:
        return (
            choose(calibration)
            if calibration is not None
            else baselines.crossed(choose, clips.cases)
        )

    found: dict[str, Chosen] = {
        OURS: lambda case, side: keys_of(ruler, case, clips.facts[case.clip_id], side),
        SINGLE: chosen(single),
        VOTE: chosen(vote),
        CEILING: baselines.ceiling(ruler),
        OURS_CUT: chosen(cut(ours)),
    }
    if posterior is None or calibration is None:
        return found, {}
    best = {side: baselines.best_single(ruler, calibration, side) for side in SIDES}
    named = {SINGLE: "; ".join(f"{s}: {b.captioner}" for s, b in best.items())}
    named[OURS_CUT] = _named(cuts(ruler, calibration, ours))
    views: dict[str, View] = {ORACLE: "all", DEAF: "side", NARROW: "concept"}
    for name, view in views.items():
        of = _oracle(posterior, view)
        found[name] = chosen(cut(of))
        named[name] = _named(cuts(ruler, calibration, of))
    return found, named


def cuts(ruler: Ruler, cases: Sequence[Case], of: Beliefs) -> dict[Side, float]:
    """The cut of each side that is best on these clips."""
    return {side: baselines.best_cut(ruler, cases, side, of) for side in SIDES}


def _named(chosen: Mapping[Side, float]) -> str:
    return "; ".join(f"{side}: {p:.2f}" for side, p in chosen.items())


def _oracle(posterior: Posterior, view: View) -> Beliefs:
    return lambda case, side: posterior(case, side, view)


def fusion(
    ruler: Ruler, clips: Clips, calibration: Sequence[Case] | None, posterior: Posterior | None
) -> Fusion:
    """Every list scored on the test's clips. calibration, posterior: None where there is none."""
    chosen, named = lists_of(ruler, clips, calibration, posterior)
    lists: dict[str, dict[str, Sequence[Hits]]] = {}
    for name, each in chosen.items():
        by_side: dict[str, Sequence[Hits]] = {
            side: score(ruler, clips.cases, side, each) for side in SIDES
        }
        both = [a + b for a, b in zip(by_side["heard"], by_side["seen"], strict=True)]
        lists[name] = {"both": both, **by_side}
    closed = {
        name: {of: gap_closed(lists[SINGLE][of], lists[name][of], lists[ORACLE][of]) for of in by}
        for name, by in lists.items()
        if ORACLE in lists and name in (OURS, OURS_CUT, VOTE, DEAF, NARROW)
    }
    return Fusion(lists, closed, named, _blind(ruler, clips))


def _blind(ruler: Ruler, clips: Clips) -> dict[str, Sequence[Hits]]:
    """What is heard, chosen with the picture and without, where that makes a difference."""
    found: dict[str, list[Hits]] = {"with the picture": [], "without": []}
    for case in clips.cases:
        facts = clips.facts[case.clip_id]
        blind = heard_blind(clips.evidence[case.clip_id])
        if facts.heard == blind.heard:
            continue
        for name, of in (("with the picture", facts), ("without", blind)):
            said = keys_of(ruler, case, of, "heard")
            true = happened(case.truth, "heard")
            found[name].append(hits(said, true, case.truth.unsure, ruler.concepts))
    return dict(found)
