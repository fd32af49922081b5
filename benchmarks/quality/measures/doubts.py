"""Tables of what stands behind the truth bench's figures: how wide intervals are when clips of one source
hang together, what the writer never saw, what confidences are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.quality.measures import report, trained
from benchmarks.quality.measures.calibration import Believed, Reliability, reliability
from benchmarks.quality.measures.concepts import Hits, f1, precision, recall
from benchmarks.quality.measures.intervals import Figure, bootstrap, ratio, summed
from benchmarks.quality.measures.measures import RATES, Measured, Ruler, figures, groups

Clusters = Mapping[str, str]


def source_figures(
    mine: Sequence[Measured], facts: Mapping[str, Hits], clusters: Clusters
) -> dict[str, tuple[Figure, Figure]]:
    """Figures of all rows and of the facts of all clips, each drawn by clip and drawn by source.

    facts: by clip id."""
    by_clip, by_source = figures(mine), figures(mine, clusters)
    found = {rate: (by_clip[rate], by_source[rate]) for rate in RATES if rate in by_clip}
    rows, labels = [one.row for one in facts.values()], [clusters[name] for name in facts]
    strict = [one.strict for one in facts.values()]
    for name, counts, statistic in (
        ("facts: recall", rows, recall),
        ("facts: precision", rows, precision),
        ("facts: precision, unsure is false", strict, ratio),
        ("facts: event F1", rows, f1),
    ):
        grouped = summed(counts, labels)
        found[name] = bootstrap(counts, statistic), bootstrap(grouped, statistic)
    return found


def source_table(found: Mapping[str, tuple[Figure, Figure]], clusters: int) -> str:
    """The two intervals side by side."""
    rows = [
        [name, report.percent(clips), report.percent(sources)]
        for name, (clips, sources) in found.items()
        if clips.value is not None
    ]
    head = ["all three captions, all rows, %", "drawn by clip", f"by source ({clusters} clusters)"]
    return report.table(head, rows)


def split_figures(
    ruler: Ruler, mine: Sequence[Measured], templates: Sequence[Measured], known: frozenset[str]
) -> dict[str, dict[str, dict[str, Figure]]]:
    """Figures by group of rows, by whether training saw the concept, by measure."""
    found = {
        group: trained.split(ruler, rows, known) for group, rows in groups(mine, templates).items()
    }
    for name, figure in trained.by_llm(ruler, mine, known).items():
        found["all"].setdefault(name, {})["by the LLM"] = figure
    return found


def split_table(found: Mapping[str, Mapping[str, Mapping[str, Figure]]]) -> str:
    """Seen and unseen concepts, a row for each measure."""
    rows = []
    for part in (trained.SEEN, trained.UNSEEN):
        for rate in ("by the LLM", *RATES):
            cells = [by[part].get(rate) if part in by else None for by in found.values()]
            if any(cell is not None and cell.value is not None for cell in cells):
                counted = next(cell.of for cell in cells if cell is not None)
                shown = [report.percent(cell) if cell is not None else "" for cell in cells]
                rows.append([part, rate, f"{counted:.0f}", *shown])
    groups_named = [report.GROUPS[group] for group in found]
    return report.table(["concepts", "%", "of, all rows", *groups_named], rows)


def reliabilities(
    facts: Sequence[Believed], clusters: Clusters
) -> dict[str, dict[str, Reliability]]:
    """By side ("both" among them) and by what becomes of the undecided."""
    sides = {
        "both": facts,
        "heard": [fact for fact in facts if fact.side == "heard"],
        "seen": [fact for fact in facts if fact.side == "seen"],
    }
    ways = {"left out": False, "false": True}
    return {
        side: {
            way: found
            for way, strict in ways.items()
            if (found := reliability(of, strict, clusters)) is not None
        }
        for side, of in sides.items()
    }


def calibration_table(found: Mapping[str, Mapping[str, Reliability]]) -> str:
    """ECE with the number of facts."""
    head = ["facts", "unsure", "facts counted", "mean confidence", "true, % (by source)"]
    rows = [
        [
            *(side, way, str(one.facts), f"{100 * one.mean:.1f}", report.percent(one.true)),
            *(f"{100 * one.ece:.1f}", f"{100 * one.chance:.1f}"),
        ]
        for side, by in found.items()
        for way, one in by.items()
    ]
    return report.table([*head, "ECE, %", "ECE by chance alone, %"], rows)


def calibration_json(found: Mapping[str, Mapping[str, Reliability]]) -> dict[str, Any]:
    """The same, with the bins."""
    return {side: {way: asdict(one) for way, one in by.items()} for side, by in found.items()}
