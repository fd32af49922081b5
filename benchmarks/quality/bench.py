"""The truth bench: captions and fusion on clips whose content is known.

    python -m benchmarks.quality.bench --part simulated [--clips 500] [--seed 7] [--json FILE]
    python -m benchmarks.quality.bench --part real WORKSPACE [--media FOLDER] [--as-captioned]

Both print Markdown tables; every figure is for all rows, for the rows that the LLM wrote alone and for
the template's captions of the same evidence, with 95 % intervals over clips, and once more for concepts
that the tuned writer saw in training and for those that it did not. The writer is the profile's, with
its ladder, on a server that is started once (--url: one that runs; --no-writer: none).

simulated: captioners over a large world. Fusion is fitted on clips of other seeds and measured for
each correlation of their errors; captions are written at --written. real: a workspace of the bench's
media, captioned with the profile; captions are written again from its evidence unless --as-captioned.
Besides there are intervals over sources (`measures.clusters`) and the calibration error of its facts
(`measures.calibration`).
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.quality import captioned
from benchmarks.quality.fusion.fused import SIDES, calibrated
from benchmarks.quality.fusion.fusion import OURS, Clips, Fusion, Posterior, Setting, View, fusion
from benchmarks.quality.known import Case
from benchmarks.quality.measures import calibration, clusters, doubts, report, trained
from benchmarks.quality.measures.concepts import Concepts, Hits, happened, hits
from benchmarks.quality.measures.measures import Measured, Ruler
from benchmarks.quality.simulation import simulated
from benchmarks.quality.simulation.simulated import Simulated
from benchmarks.quality.written import measured, server, write
from engine.profile import profile
from manifests.captions import CaptionName, Written
from manifests.evidence import Evidence
from prompts.selection import Facts, select
from recipes.world.concepts import Side
from recipes.world.world import load

_WRITTEN = "ours, as written"

Bundle = dict[str, tuple[Case, Evidence, Facts]]


def bundle(clips: Clips) -> Bundle:
    """Case, evidence and facts by clip."""
    return {c.clip_id: (c, clips.evidence[c.clip_id], clips.facts[c.clip_id]) for c in clips.cases}


def world(real: bool = False) -> Ruler:
    """The ruler of the bench's world; real: with what the real media have besides."""
    from benchmarks.quality.matcher.matcher import Matcher
    from benchmarks.quality.real.sources import extended

    every = extended(load().concepts()) if real else load().concepts()
    return Ruler(Matcher(every), Concepts(every))


def simulated_clips(
    ruler: Ruler, setting: Setting, seed: int, count: int, calibration: int
) -> tuple[Clips, list[Simulated], Posterior]:
    """The test's clips, those of the calibration split, and what the generator believes."""

    def drawn(seeds: range, count: int) -> list[Simulated]:
        if seed >= len(seeds):
            raise ValueError(f"there are seeds 0 to {len(seeds) - 1}")
        return simulated.cases(
            seeds[seed], count, setting.correlation, setting.honest, wording=setting.wording
        )

    split = drawn(simulated.CALIBRATION_SEEDS, calibration)
    known = calibrated(ruler, split)
    clips = Clips.fused(drawn(simulated.BENCH_SEEDS, count), known)
    return clips, split, exact(ruler)


def exact(ruler: Ruler) -> Posterior:
    """What the generator believes of what was claimed, by concept."""
    known: dict[tuple[int, Side | None, View], Mapping[str, float]] = {}

    def of(case: Case, side: Side, view: View) -> Mapping[str, float]:
        assert isinstance(case, Simulated)
        place = id(case), side if view == "side" else None, view
        if place not in known:
            known[place] = _exact(case, place[1], view != "concept")
        keys = ruler.concepts.by_key
        return {k: p for k, p in known[place].items() if keys[k].side == side}

    return of


def _exact(case: Simulated, alone: Side | None, context: bool) -> Mapping[str, float]:
    """Of all claims; with `alone`, by the readings of that side only."""
    readings = {place: x for place, x in (case.readings or {}).items() if alone in (None, place[1])}
    every = simulated.posterior(replace(case, readings=readings), context)
    return {
        said.key: every[at, number]
        for at, claims in enumerate(case.said)
        for number, said in enumerate(claims)
        if case.weak[at].claims[number].kind != "signal"
    }


def as_written(ruler: Ruler, cases: Sequence[Case], rows: Sequence[Measured]) -> dict[str, Any]:
    """The captions as a list beside the others: concepts that the audio and the visual caption tell."""
    told: dict[tuple[str, CaptionName], Measured] = {
        (one.told.case.clip_id, one.told.name): one for one in rows
    }
    names: Mapping[Side, CaptionName] = {"heard": "audio_caption", "seen": "visual_caption"}

    def of(case: Case, side: Side) -> Hits:
        one = told.get((case.clip_id, names[side]))
        if one is not None:
            return one.hits
        there = case.has_audio if side == "heard" else case.has_video
        true = happened(case.truth, side) if there else ()
        return hits((), true, case.truth.unsure, ruler.concepts)

    by_side: dict[str, list[Hits]] = {side: [of(case, side) for case in cases] for side in SIDES}
    both = [a + b for a, b in zip(by_side["heard"], by_side["seen"], strict=True)]
    return {"both": both, **by_side}


def examples(rows: Sequence[Measured], measure: str, most: int) -> list[str]:
    """Captions with something to look at, for people."""
    found = []
    for one in rows:
        hit, of = one.pairs.get(measure, (0, 0))
        wrong = hit < of if measure.endswith(("right", "pure")) else hit > 0
        if of and wrong:
            facts = one.told.facts
            known = "; ".join(f"{f.text} ({f.tier})" for f in facts.heard + facts.seen)
            found.append(f"  {measure}: {one.told.text}  [{one.told.by}] <- {known}")
    return found[:most]


def written_part(
    ruler: Ruler, clips: Bundle, written: Mapping[str, Written], show: int
) -> tuple[dict[str, Any], list[Measured]]:
    """Prints the captions' tables; the same as JSON, and what was measured."""
    mine, template = measured(ruler, clips, written)
    found = report.measured_figures(mine, template)
    print(report.shares_table([one.told for one in mine]), end="\n\n")
    print(report.measures_table(found), end="\n\n")
    known = trained.trained(ruler, trained.recipe())
    split = doubts.split_figures(ruler, mine, template, known)
    print(f"training saw {len(known)} of {len(ruler.concepts.by_key)} concepts\n")
    print(doubts.split_table(split), end="\n\n")
    llm = [one for one in mine if one.told.by == "llm"]
    for measure in (
        "unsupported",
        "lost",
        "pure",
        "invented from silent",
        "leak",
        "loop",
        "refusal",
    ):
        print("\n".join(examples(llm, measure, show)), file=sys.stderr)
    told = {
        "measures": report.to_json(found),
        "trained": {"concepts": sorted(known), "split": report.to_json(split)},
        "captions": report.captions_json(mine),
    }
    return told, mine


def simulated_part(args: argparse.Namespace, ruler: Ruler) -> dict[str, Any]:
    """Fusion under each setting, then captions under one of them."""
    settings = [Setting(correlation) for correlation in args.correlation]
    settings.append(Setting(args.written, honest=False))
    settings.append(Setting(args.written, wording="shared"))
    told: dict[str, Any] = {"fusion": {}}
    every: dict[str, Fusion] = {}
    chosen: Clips | None = None
    for setting in settings:
        clips, split, posterior = simulated_clips(
            ruler, setting, args.seed, args.clips, args.calibration
        )
        every[str(setting)] = fusion(ruler, clips, split, posterior)
        told["fusion"][str(setting)] = report.fusion_json(every[str(setting)])
        if setting == Setting(args.written):
            chosen = clips
    print(report.closed_table(every), end="\n\n")
    chosen = chosen or clips
    if not args.no_writer:
        part, mine = _write(args, ruler, bundle(chosen))
        told |= part
        every[str(Setting(args.written))].lists[_WRITTEN] = as_written(ruler, chosen.cases, mine)
    for name, found in every.items():
        print(f"{name}; chosen on the calibration split: {dict(found.named)}\n")
        print(report.lists_table(found), end="\n\n")
        print(report.blind_table(found), end="\n\n")
    return told


def real_part(args: argparse.Namespace, ruler: Ruler) -> dict[str, Any]:
    """Captions of the bench's media. What other lists have to choose they choose on one half of the clips
    for the other."""
    from benchmarks.quality.real import make

    cases = make.cases(args.media)
    joined = captioned.joined(args.folder, cases)
    clips: Bundle = {}
    for name, (case, evidence, _) in joined.items():
        clips[name] = (case, evidence, select(evidence))
    print(f"{len(clips)} of {len(cases)} files were captioned\n")
    written = {name: each for name, (_, _, each) in joined.items()}
    told, mine = (
        written_part(ruler, clips, written, args.show)
        if args.as_captioned or args.no_writer
        else _write(args, ruler, clips)
    )
    kept = Clips(
        [case for case, _, _ in clips.values()],
        None,
        {name: evidence for name, (_, evidence, _) in clips.items()},
        {name: facts for name, (_, _, facts) in clips.items()},
    )
    found = fusion(ruler, kept, None, None)
    found.lists[_WRITTEN] = as_written(ruler, kept.cases, mine)
    print(report.lists_table(found), end="\n\n")
    return told | {"lists": report.fusion_json(found)} | doubtful(ruler, kept, found, mine)


def doubtful(ruler: Ruler, clips: Clips, fused: Fusion, mine: Sequence[Measured]) -> dict[str, Any]:
    """Prints how the real part's figures stand with clips of one source drawn together, and the
    calibration error of its facts; the same as JSON."""
    by_source = clusters.by_source(clips.cases)
    names = (case.clip_id for case in clips.cases)
    facts = dict(zip(names, fused.lists[OURS]["both"], strict=True))
    figures = doubts.source_figures(mine, facts, by_source)
    print(doubts.source_table(figures, len(set(by_source.values()))), end="\n\n")
    sure = doubts.reliabilities(calibration.believed(ruler, clips.cases, clips.facts), by_source)
    print(doubts.calibration_table(sure), end="\n\n")
    return {"by source": report.to_json(figures), "calibration": doubts.calibration_json(sure)}


def _write(
    args: argparse.Namespace, ruler: Ruler, clips: Bundle
) -> tuple[dict[str, Any], list[Measured]]:
    spec = profile.load(args.profile).writer
    assert spec is not None
    with server(args.profile, args.url) as url:
        began = time.perf_counter()
        written = write(spec, url, [evidence for _, evidence, _ in clips.values()])
        seconds = time.perf_counter() - began
    tokens = sum(each.tokens_out for each in written.values())
    print(f"{len(written)} clips written in {seconds:.0f} s, {tokens} tokens out\n")
    return written_part(ruler, clips, written, args.show)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description="Measures captions of clips whose content is known."
    )
    parser.add_argument("folder", type=Path, nargs="?", help="real: the captioned workspace")
    parser.add_argument("--part", choices=("simulated", "real"), required=True)
    parser.add_argument("--media", type=Path, help="real: the folder of the bench's media")
    parser.add_argument("--as-captioned", action="store_true", help="real: judge its own captions")
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--calibration", type=int, default=600, help="clips that fusion is fitted on"
    )
    parser.add_argument("--correlation", type=float, nargs="+", default=[0.0, 0.5, 0.9])
    parser.add_argument("--written", type=float, default=0.5, help="correlation of what is written")
    parser.add_argument("--no-writer", action="store_true")
    parser.add_argument("--profile", default="cpu")
    parser.add_argument("--url", help="of a server that runs, with /v1")
    parser.add_argument("--show", type=int, default=3, help="examples of each fault, on stderr")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    if args.part == "real" and args.folder is None:
        parser.error("--part real needs the folder of a captioned workspace")
    ruler = world(args.part == "real")
    told = (simulated_part if args.part == "simulated" else real_part)(args, ruler)
    if args.json:
        args.json.write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
