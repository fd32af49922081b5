"""Fusion as the product does it, on clips of the truth bench.

Simulated captioners have no calibrations that come with captionmill. They get some by the product's own
way (`pipelines.calibrate.fitting`), from other clips whose content is known, as `captionmill
calibrate` would.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.quality.known import Case
from benchmarks.quality.measures.concepts import happened
from benchmarks.quality.measures.measures import Ruler
from benchmarks.quality.simulation.simulated import Simulated
from captioners.confidence.calibration import Calibration, Calibrations
from manifests.evidence import Claim, Confidence, Evidence, WeakCaption
from pipelines.calibrate.fitting import Fitter, LabelledClip
from prompts.selection import Fact, Facts, select
from prompts.support import supports
from recipes.world.concepts import Side

SIDES: tuple[Side, ...] = ("heard", "seen")
Reader = Callable[[str, Side], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Said:
    """A claim of a captioner in concepts. keys: the narrowest that it names."""

    captioner: str
    keys: frozenset[str]
    score: float


def reader(ruler: Ruler, case: Case) -> Reader:
    """What concepts the claims and facts of a clip name, by their words. Simulated clips know what their
    claims say; of others the matcher reads the text."""
    known: dict[tuple[str, Side], frozenset[str]] = {}
    if isinstance(case, Simulated):
        for weak, of in zip(case.weak, case.said, strict=True):
            for claim, one in zip(weak.claims, of, strict=True):
                place = " ".join(claim.text.split()), side_of(claim)
                known[place] = known.get(place, frozenset()) | {one.key}
    return lambda text, side: known[text, side] if (text, side) in known else ruler.keys(text, side)


def side_of(claim: Claim | Fact) -> Side:
    """The side that a claim or a fact speaks of."""
    return "heard" if claim.modality == "audio" else "seen"


def said(ruler: Ruler, case: Case, side: Side) -> list[Said]:
    """All claims about one side of a clip."""
    read = reader(ruler, case)
    return [
        Said(weak.captioner, read(claim.text, side), claim.score)
        for weak in case.weak
        for claim in weak.claims
        if side_of(claim) == side and claim.text.strip() and claim.kind not in ("signal", "score")
    ]


def ran(case: Case, side: Side, captioners: Mapping[str, Side]) -> list[str]:
    """The captioners of one side that looked at this clip."""
    return [
        weak.captioner
        for weak in case.weak
        if weak.skipped is None and captioners.get(weak.captioner) == side
    ]


def sides(cases: Sequence[Case]) -> dict[str, Side]:
    """Whether a captioner listens or looks, by its claims."""
    found: dict[str, Side] = {}
    for case in cases:
        for weak in case.weak:
            for claim in weak.claims:
                found.setdefault(weak.captioner, side_of(claim))
    return found


def labelled_clip(ruler: Ruler, case: Case) -> LabelledClip:
    """A clip for the fit: which of its claims are true. What nobody can decide, what is measured and what
    the matcher can't read is in no truth."""
    truths, read = {}, reader(ruler, case)
    held = {side: ruler.concepts.implied(happened(case.truth, side)) for side in SIDES}
    for at, weak in enumerate(case.weak):
        for number, claim in enumerate(weak.claims):
            if claim.kind in ("signal", "score") or not claim.text.strip():
                continue
            side = side_of(claim)
            of = read(claim.text, side)
            if of <= held[side]:
                if of:
                    truths[at, number] = True
            elif not any(ruler.concepts.undecided(key, case.truth.unsure) for key in of):
                truths[at, number] = False
    return LabelledClip(case.clip_id, case.clip_id, case.weak, truths)


def calibrated(ruler: Ruler, cases: Sequence[Case]) -> Calibrations:
    """The calibrations of simulated captioners, fitted by the product's own way."""
    names = dict.fromkeys(weak.captioner for case in cases for weak in case.weak)
    given = {name: Calibration(captioner=name, source="benchmarks.quality") for name in names}
    return Fitter(given, "benchmarks.quality").fit([labelled_clip(ruler, case) for case in cases])


def evidence(case: Case, known: Calibrations) -> Evidence:
    """What the writer would learn of a clip: judged and fused as `pipelines.caption.perception` does."""
    judged = known.judge(case.weak)
    return _evidence(case, known.fuse(judged, supports(judged)))


def only(case: Case, captioners: Sequence[str]) -> Case:
    """The clip as if these captioners alone had looked at it."""
    kept = [at for at, weak in enumerate(case.weak) if weak.captioner in captioners]
    weak = tuple(case.weak[at] for at in kept)
    if isinstance(case, Simulated):
        return replace(case, weak=weak, said=tuple(case.said[at] for at in kept))
    return replace(case, weak=weak)


def all_alike(case: Case, probability: float = 0.7) -> Evidence:
    """Without confidences: every claim as sure as any other, a plain union of what was said."""
    same = Confidence(probability, "medium", "prior")
    captions = tuple(
        replace(weak, claims=tuple(replace(c, confidence=same, fused=same) for c in weak.claims))
        for weak in case.weak
    )
    return _evidence(case, captions)


def unseen(evidence: Evidence) -> Evidence:
    """The evidence without what was seen: what is heard is fused without the picture."""
    captions = tuple(
        replace(weak, claims=tuple(c for c in weak.claims if c.modality == "audio"))
        for weak in evidence.captions
    )
    return replace(evidence, has_video=False, captions=captions)


def heard_blind(evidence: Evidence) -> Facts:
    """The facts of a clip where what is heard was chosen without the picture."""
    facts = select(evidence)
    return replace(facts, heard=select(unseen(evidence)).heard)


def keys_of(ruler: Ruler, case: Case, facts: Facts, side: Side) -> frozenset[str]:
    """The concepts of the facts of one side."""
    read = reader(ruler, case)
    chosen = facts.heard if side == "heard" else facts.seen
    return frozenset[str]().union(
        *(read(fact.text, side) for fact in chosen if fact.kind != "signal")
    )


def beliefs(ruler: Ruler, case: Case, evidence: Evidence, side: Side) -> dict[str, float]:
    """The fused probability of every concept that was named, broader ones included."""
    found: dict[str, float] = {}
    read = reader(ruler, case)
    for claim in evidence.claims("audio" if side == "heard" else "video"):
        sure = claim.believed
        if sure is None or not claim.text.strip() or claim.kind == "signal":
            continue
        for key in ruler.concepts.implied(read(claim.text, side)):
            found[key] = max(found.get(key, 0.0), sure.weight)
    return found


def _evidence(case: Case, captions: tuple[WeakCaption, ...]) -> Evidence:
    return Evidence(case.clip_id, case.has_audio, case.has_video, case.duration_ms, captions)
