"""One factor at a time: what each part of the way from evidence to caption is worth.

    python -m benchmarks.quality.ablation [--clips 200] [--seed 7] [--cells NAME...] [--json FILE]

Every cell writes the same simulated clips with one thing changed: one captioner a side (the best on
the calibration split) in place of all, all claims as sure as any other, what is heard chosen without
the picture (audio captions only), no guards (the first reply as it is), one reply or the best of four.
«whole» changes nothing. Confident evidence is that of «whole» in every cell. Fusion is fitted on clips
of other seeds with what the cell's fusion sees. Cells of several replies draw at temperature 0.7, and
only there.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.quality.bench import Bundle, simulated_clips, world
from benchmarks.quality.fusion import baselines, fused
from benchmarks.quality.fusion.fusion import Clips, Setting
from benchmarks.quality.known import Case
from benchmarks.quality.measures import report
from benchmarks.quality.measures.measures import Measured, Ruler, Told, captions_of, drawn, figures
from benchmarks.quality.written import server, unguarded, write
from engine.profile import profile
from engine.profile.writer import WriterSpec
from manifests.evidence import Evidence
from prompts.selection import select

RATES = ("recall", "precision", "unsupported", "lost", "pure", "distinct")
_TEMPERATURE = 0.7
_MANY = 4


@dataclass(frozen=True)
class Cell:
    """One way to write the clips. candidates: replies of the first rung, drawn; None as the profile
    says. heard_alone: only captions of what is heard come out of it."""

    name: str
    bundle: Bundle
    guarded: bool = True
    candidates: int | None = None
    heard_alone: bool = False


@dataclass(frozen=True)
class Outcome:
    """The captions of a cell: all, those that the LLM wrote, the template's of the same facts."""

    rows: Mapping[str, Sequence[Measured]]
    heard_alone: bool = False

    def heard(self) -> "Outcome":
        """Its captions of what is heard."""
        return Outcome(
            {
                group: [one for one in rows if one.told.name == "audio_caption"]
                for group, rows in self.rows.items()
            }
        )

    @property
    def llm_share(self) -> float:
        """Of all captions."""
        return len(self.rows["llm"]) / (len(self.rows["all"]) or 1)


def cells(ruler: Ruler, clips: Clips, calibration: Sequence[Case]) -> list[Cell]:
    """The cells, «whole» first."""
    whole = _bundle(clips.cases, clips.evidence.__getitem__)
    best = [baselines.best_single(ruler, calibration, side).captioner for side in fused.SIDES]
    known = fused.calibrated(ruler, [fused.only(case, best) for case in calibration])
    single = {c.clip_id: fused.evidence(fused.only(c, best), known) for c in clips.cases}
    alike = {c.clip_id: fused.all_alike(c) for c in clips.cases}
    blind = {name: fused.unseen(evidence) for name, evidence in clips.evidence.items()}
    return [
        Cell("whole", whole),
        Cell("one captioner a side", _bundle(clips.cases, single.__getitem__)),
        Cell("no confidences", _bundle(clips.cases, alike.__getitem__)),
        Cell("no video context", _bundle(clips.cases, blind.__getitem__), heard_alone=True),
        Cell("no guards", whole, guarded=False),
        Cell("best of 1", whole, candidates=1),
        Cell(f"best of {_MANY}", whole, candidates=_MANY),
    ]


def outcome(ruler: Ruler, cell: Cell, spec: WriterSpec, url: str, whole: Bundle) -> Outcome:
    """Writes and measures one cell."""
    told = _told(cell, _spec(spec, cell), url)
    template = [each for case, _, facts in cell.bundle.values() for each in drawn(case, facts)]
    rows = {"all": told, "llm": [one for one in told if one.by == "llm"], "template": template}
    return Outcome(
        {
            group: [
                ruler.measure(replace(one, confident=whole[one.case.clip_id][2])) for one in each
            ]
            for group, each in rows.items()
        },
        cell.heard_alone,
    )


def table(found: Mapping[str, Outcome]) -> str:
    """Markdown: a line for each cell and group."""
    rows = []
    for name, outcome in found.items():
        for group, measured in outcome.rows.items():
            by = figures(measured)
            share = f"{100 * outcome.llm_share:.0f}" if group == "all" else ""
            cells = [report.percent(by[rate]) if rate in by else "-" for rate in RATES]
            rows.append([name, group, str(len(measured)), share, *cells])
    return report.table(["cell", "rows", "captions", "by the LLM, %", *RATES], rows)


def _told(cell: Cell, spec: WriterSpec, url: str) -> list[Told]:
    some = {name: each for name, each in cell.bundle.items() if not each[2].only_signals}
    if not cell.guarded:
        return unguarded(spec, url, some)
    written = write(spec, url, [evidence for _, evidence, _ in some.values()])
    return [
        told
        for name, (case, _, facts) in some.items()
        for told in captions_of(case, facts, written[name])
    ]


def _spec(spec: WriterSpec, cell: Cell) -> WriterSpec:
    if cell.candidates is None:
        return spec
    drawn = {"temperature": _TEMPERATURE, "candidates": cell.candidates}
    first = spec.ladder[0].model_copy(update=drawn)
    return spec.model_copy(update={"ladder": (first, *spec.ladder[1:])})


def _bundle(cases: Sequence[Case], of: Callable[[str], Evidence]) -> Bundle:
    found: Bundle = {}
    for case in cases:
        evidence = of(case.clip_id)
        found[case.clip_id] = (case, evidence, select(evidence))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Changes one factor at a time.")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--calibration", type=int, default=600)
    parser.add_argument("--correlation", type=float, default=0.5)
    parser.add_argument("--cells", nargs="+", help="only these")
    parser.add_argument("--profile", default="cpu")
    parser.add_argument("--url", help="of a server that runs, with /v1")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    ruler = world()
    setting = Setting(args.correlation)
    clips, split, _ = simulated_clips(ruler, setting, args.seed, args.clips, args.calibration)
    every = cells(ruler, clips, split)
    spec = profile.load(args.profile).writer
    found: dict[str, Outcome] = {}
    with server(args.profile, args.url, at_random=True) as url:
        for cell in every:
            if not args.cells or cell.name in args.cells:
                found[cell.name] = outcome(ruler, cell, spec, url, every[0].bundle)
    print(table({name: each for name, each in found.items() if not each.heard_alone}))
    print("\naudio captions alone:\n")
    print(table({name: each.heard() for name, each in found.items()}))
    if args.json:
        told: dict[str, Any] = {
            name: {group: report.to_json(figures(rows)) for group, rows in each.rows.items()}
            for name, each in found.items()
        }
        args.json.write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
