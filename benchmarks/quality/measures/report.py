"""The truth bench's tables: Markdown for docs/quality.md, and the same figures as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.quality.fusion.fusion import CEILING, OURS, Fusion
from benchmarks.quality.measures.concepts import f1_figure, precision, recall
from benchmarks.quality.measures.intervals import Figure, bootstrap, sign_test
from benchmarks.quality.measures.measures import RATES, Measured, Told, figures, groups, shares
from manifests.captions import CAPTIONS

SHORT = {
    "audio_caption": "audio",
    "visual_caption": "visual",
    "audio_visual_caption": "audio-visual",
}
GROUPS = {"all": "all rows", "llm": "LLM alone", "template": "template alone"}
_NUMBERS = ("words",)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(figure: Figure, digits: int = 1) -> str:
    """A figure as "12.3 [10.1, 14.9]", in percent; "-" where there was nothing to count."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{100 * figure.value:.{digits}f}"
    low, high = 100 * figure.low, 100 * figure.high
    return f"{100 * figure.value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def number(figure: Figure) -> str:
    """A figure as "7.4 [7.2, 7.6]"."""
    if figure.value is None:
        return "-"
    return f"{figure.value:.1f} [{figure.low:.1f}, {figure.high:.1f}]"


def measured_figures(
    measured: Sequence[Measured], templates: Sequence[Measured]
) -> dict[str, dict[str, dict[str, Figure]]]:
    """Figures by caption ("all three" among them), group and measure."""
    found = {}
    for name in (*CAPTIONS, None):
        of = [
            [one for one in rows if name in (None, one.told.name)] for rows in (measured, templates)
        ]
        found[SHORT[name] if name else "all three"] = {
            group: figures(rows) for group, rows in groups(*of).items()
        }
    return found


def measures_table(found: Mapping[str, Mapping[str, Mapping[str, Figure]]]) -> str:
    """One table a caption type: measures down, the three groups across."""
    parts = []
    for name, by_group in found.items():
        head = [f"{name} captions, %", *(GROUPS[group] for group in by_group)]
        rows = []
        for rate in (*RATES, "distinct", *_NUMBERS):
            cells = [by[rate] for by in by_group.values() if rate in by]
            if cells and any(cell.value is not None for cell in cells):
                show = number if rate in _NUMBERS else percent
                rows.append([rate, *(show(cell) for cell in cells)])
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def shares_table(told: Sequence[Told]) -> str:
    """Who wrote, by caption type and step of the ladder."""
    rungs = list(shares(told))
    rows = []
    for name in (*CAPTIONS, None):
        mine = [one for one in told if name in (None, one.name)]
        by = shares(mine) if mine else {}
        llm = sum(one.by == "llm" for one in mine)
        first = f"{100 * llm / len(mine):.1f}" if mine else "-"
        cells = [f"{100 * (by[rung].value or 0):.1f}" if rung in by else "0" for rung in rungs]
        rows.append([SHORT[name] if name else "all three", str(len(mine)), first, *cells])
    return table(["captions", "written", "by the LLM, %", *rungs], rows)


def lists_table(fusion: Fusion, of: str = "both") -> str:
    """Every list: recall, precision, event F1 with the sign test of ours against it, share of the gap."""
    head = ["list", "recall", "precision", "event F1, %", "ours better / worse, p", "gap closed, %"]
    ours = [one.f1 for one in fusion.lists[OURS][of]]
    rows = []
    for name, by in sorted(fusion.lists.items(), key=lambda each: _order(each[0], fusion)):
        clips = by[of]
        columns = [one.row for one in clips]
        sign = sign_test(ours, [one.f1 for one in clips])
        closed = fusion.closed.get(name, {}).get(of)
        rows.append(
            [
                name,
                percent(bootstrap(columns, recall)),
                percent(bootstrap(columns, precision)),
                percent(f1_figure(clips)),
                "" if name == OURS else f"{sign.better} / {sign.worse}, {sign.p:.2g}",
                percent(closed, 0) if closed else "",
            ]
        )
    return table(head, rows)


def closed_table(found: Mapping[str, Fusion]) -> str:
    """The share of the gap by setting."""
    rows = [
        [setting, *(percent(fusion.closed[OURS][of], 0) for of in ("both", "heard", "seen"))]
        for setting, fusion in found.items()
        if fusion.closed
    ]
    return table(["gap closed by ours, %", "both", "heard", "seen"], rows)


def blind_table(fusion: Fusion) -> str:
    """What the picture is worth where it decides."""
    rows = [
        [name, str(len(clips)), percent(f1_figure(clips))] for name, clips in fusion.blind.items()
    ]
    return table(["what is heard where the picture changes it", "clips", "event F1, %"], rows)


def to_json(value: Any) -> Any:
    """Figures as plain values."""
    if isinstance(value, Figure):
        return asdict(value)
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [to_json(each) for each in value]
    return value


def captions_json(rows: Iterable[Measured]) -> list[dict[str, Any]]:
    """Every caption with the facts of its clip and its measures: what stands behind each figure."""
    return [
        {
            "clip": one.told.case.clip_id,
            "caption": one.told.name,
            "by": one.told.by,
            "rung": one.told.rung,
            "text": one.told.text,
            "heard": [fact.text for fact in one.told.facts.heard],
            "seen": [fact.text for fact in one.told.facts.seen],
            "measures": one.pairs,
        }
        for one in rows
    ]


def fusion_json(fusion: Fusion) -> dict[str, Any]:
    """The figures of every list."""
    lists = {
        name: {of: to_json(f1_figure(clips)) for of, clips in by.items()}
        for name, by in fusion.lists.items()
    }
    return {"f1": lists, "closed": to_json(fusion.closed), "chosen": dict(fusion.named)}


def _order(name: str, fusion: Fusion) -> tuple[bool, bool, int]:
    return name != OURS, name == CEILING, list(fusion.lists).index(name)
