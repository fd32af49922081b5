"""How much of the gap fusion closes by how many labelled clips it learned from.

    python -m benchmarks.quality.learning [--clips 2000] [--seed 7] [--calibration N...]

Simulated captioners whose errors correlate by 0.5. The best single captioner, the oracle's cut and the
cut for F1 are chosen on the first calibration. «facts»: what the product tells; «cut»: the fused
probabilities with a cut for F1 and no limit on their number.
"""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial

from benchmarks.quality.bench import exact, world
from benchmarks.quality.fusion import baselines
from benchmarks.quality.fusion.baselines import Beliefs, Chosen
from benchmarks.quality.fusion.fused import SIDES, beliefs, calibrated, keys_of
from benchmarks.quality.fusion.fusion import Clips, cuts
from benchmarks.quality.known import Case, Side
from benchmarks.quality.measures.concepts import Hits
from benchmarks.quality.measures.measures import Ruler
from benchmarks.quality.measures.report import percent
from benchmarks.quality.simulation import simulated
from captioners.confidence.calibration import Calibrations

_CORRELATION = 0.5


def scored(ruler: Ruler, cases: Sequence[Case], chosen: Chosen) -> list[Hits]:
    """Hits of both sides, clip by clip."""
    heard, seen = (baselines.score(ruler, cases, side, chosen) for side in SIDES)
    return [a + b for a, b in zip(heard, seen, strict=True)]


def cut(ruler: Ruler, calibration: Sequence[Case], of: Beliefs) -> Chosen:
    """What is believed more than a cut that is best on these clips."""
    return baselines.believed(of, cuts(ruler, calibration, of))


def lists(
    ruler: Ruler, cases: Sequence[Case], first: Sequence[Case], known: Calibrations
) -> list[list[Hits]]:
    """Hits of the facts and of the cut."""
    clips = Clips.fused(cases, known)
    held = {**clips.evidence, **Clips.fused(first, known).evidence}

    def facts(case: Case, side: Side) -> frozenset[str]:
        return keys_of(ruler, case, clips.facts[case.clip_id], side)

    def fused(case: Case, side: Side) -> Mapping[str, float]:
        return beliefs(ruler, case, held[case.clip_id], side)

    return [scored(ruler, cases, chosen) for chosen in (facts, cut(ruler, first, fused))]


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="What fusion gains from more labelled clips.")
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--calibration", type=int, nargs="+", default=[600, 2400, 9600])
    args = parser.parse_args(arguments)
    ruler = world()
    drawn = partial(simulated.cases, correlation=_CORRELATION)
    test = drawn(simulated.BENCH_SEEDS[args.seed], args.clips)
    first = drawn(simulated.CALIBRATION_SEEDS[args.seed], args.calibration[0])
    best = {side: baselines.best_single(ruler, first, side) for side in SIDES}
    single = scored(ruler, test, baselines.single(ruler, best))
    posterior = exact(ruler)
    oracle = scored(ruler, test, cut(ruler, first, lambda c, side: posterior(c, side, "all")))
    print("| labelled clips | gap closed by facts, % | by the cut, % |\n| --- | --- | --- |")
    for count in args.calibration:
        known = calibrated(ruler, drawn(simulated.CALIBRATION_SEEDS[args.seed], count))
        ours = lists(ruler, test, first, known)
        closed = [percent(baselines.gap_closed(single, each, oracle), 0) for each in ours]
        print(f"| {count:,} | {' | '.join(closed)} |", flush=True)


if __name__ == "__main__":
    main()
