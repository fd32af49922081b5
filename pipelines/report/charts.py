"""Charts as SVG, made by Altair and vl-convert when the report is written.

Drawn SVG and not Vega in the page: that would be 800 kB of script for charts that nobody needs to
click, and a page without script can't be made to run what is in a caption. Colours are names of the
page's style, so that one drawing is right by day, by night and on paper.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import altair as alt
import vl_convert

from pipelines.report.figures import Bin, Count, CurvePoint, Growth
from pipelines.report.shown import visible

_WIDTH, _BAR_PX, _HEIGHT, _SQUARE = 380, 22, 130, 260
_LABEL, _LABELS_PX = 34, 190
_APART_PX = 22
"""Between words beside each other: readers' fonts are wider than the one that is measured here."""
_PADDING = {"left": 18, "top": 5, "right": 18, "bottom": 5}
_FONT, _FONT_PX = "sans-serif", 12
_SVG = "{http://www.w3.org/2000/svg}"
_TAGS = {"svg", "g", "path", "line", "rect", "text", "tspan", "defs", "clipPath", "title"}
_LINKS = re.compile(r"(^on)|href|style", re.IGNORECASE)

Row = Mapping[str, Any]


class ChartError(Exception):
    """A drawing that has something in it that no chart of ours has."""


def bars(counts: Sequence[Count], colour: str = "accent") -> str:
    """A bar for each count, with its number."""
    rows = [{"label": _label(count.name), "n": count.count} for count in counts]
    return _svg(_bars(rows, f"var(--{colour})"))


def shares(rows: Sequence[tuple[str, float, str]]) -> str:
    """A bar for each share, up to 1. rows: label, share, text at its end."""
    values = [{"label": _label(label), "n": share, "told": told} for label, share, told in rows]
    return _svg(_bars(values, "var(--accent)", "told:N", alt.Scale(domain=[0, 1])))


def stacked(rows: Sequence[tuple[str, str, int]], colours: Mapping[str, str]) -> str:
    """A bar for each label, of parts. rows: label, part, count; colours: of the parts, in order."""
    labels = list(dict.fromkeys(_label(label) for label, _, _ in rows))
    sums: Counter[str] = Counter()
    for label, _, n in rows:
        sums[_label(label)] += n
    order = list(colours)
    values = [
        {"label": _label(label), "part": part, "n": n, "place": order.index(part)}
        for label, part, n in rows
        if n
    ]
    chart = (
        alt.Chart(_data(values))
        .mark_bar()
        .encode(
            x=alt.X("n:Q", title=None, axis=_counts(max(sums.values(), default=0))),
            y=alt.Y("label:N", title=None, sort=labels),
            order=alt.Order("place:Q"),
            color=alt.Color(
                "part:N",
                title=None,
                sort=order,
                scale=alt.Scale(domain=order, range=[f"var(--{c})" for c in colours.values()]),
                legend=alt.Legend(orient="top", columnPadding=_APART_PX),
            ),
        )
    )
    return _svg(chart.properties(width=_WIDTH, height=_BAR_PX * max(1, len(labels))))


def histogram(bins: Sequence[Bin], title: str, whole: bool = True) -> str:
    """Bars side by side. whole: all bins, else from the first to the last that has something."""
    if not whole:
        filled = [number for number, each in enumerate(bins) if each.count]
        bins = bins[filled[0] : filled[-1] + 1] if filled else bins
    width = (bins[0].high or bins[0].low + 1) - bins[0].low if bins else 1
    rows = [
        {
            "low": each.low,
            "high": each.high if each.high is not None else each.low + width,
            "n": each.count,
        }
        for each in bins
    ]
    chart = (
        alt.Chart(_data(rows))
        .mark_bar(color="var(--accent)", binSpacing=1)
        .encode(
            x=alt.X("low:Q", bin="binned", title=title, axis=alt.Axis(tickCount=6, format="~g")),
            x2="high:Q",
            y=alt.Y(
                "n:Q", title="clips", axis=_counts(max((each.count for each in bins), default=0))
            ),
        )
    )
    return _svg(chart.properties(width=_WIDTH, height=_HEIGHT))


def growth(points: Sequence[Growth]) -> str:
    """Different words by the number of captions."""
    values = [{"captions": 0, "words": 0}, *(point.model_dump() for point in points)]
    captions, words = (max(value[name] for value in values) for name in ("captions", "words"))
    chart = (
        alt.Chart(_data(values))
        .mark_line(color="var(--accent)", point=alt.OverlayMarkDef(color="var(--accent)", size=20))
        .encode(
            x=alt.X("captions:Q", title="captions", axis=_counts(captions, 5)),
            y=alt.Y("words:Q", title="different words", axis=_counts(words)),
        )
    )
    return _svg(chart.properties(width=_WIDTH, height=_HEIGHT))


def reliability(before: Sequence[CurvePoint], after: Sequence[CurvePoint]) -> str:
    """Shares of true claims by their probability, before and after calibration, beside the diagonal on
    which both are equal; with 95 % intervals."""
    order = ["before", "after"]
    rows = [
        point.model_dump() | {"which": which}
        for which, points in zip(order, (before, after), strict=True)
        for point in points
    ]
    axis = alt.Axis(tickCount=5, format="~g")
    whole = alt.Scale(domain=[0, 1])
    x = alt.X("probability:Q", title="probability", scale=whole, axis=axis)
    colour = alt.Color(
        "which:N",
        title=None,
        sort=order,
        scale=alt.Scale(domain=order, range=["var(--second)", "var(--accent)"]),
        legend=alt.Legend(orient="top", columnPadding=_APART_PX),
    )
    y = alt.Y("true:Q", title="share that is true", scale=whole, axis=axis)
    points = alt.Chart(_data(rows)).encode(x=x, color=colour)
    spread = points.mark_rule(opacity=0.6).encode(y=alt.Y("low:Q", scale=whole), y2="high:Q")
    line = points.mark_line(point=alt.OverlayMarkDef(size=30)).encode(y=y)
    equal = (
        alt.Chart(_data([{"probability": 0, "true": 0}, {"probability": 1, "true": 1}]))
        .mark_line(color="var(--faint)", strokeDash=[4, 3])
        .encode(x=x, y=y)
    )
    return _svg((equal + spread + line).properties(width=_SQUARE, height=_SQUARE))


def _counts(most: int, ticks: int = 4) -> alt.Axis:
    """An axis of numbers up to `most`, without halves of one."""
    if most >= 2 * ticks:
        return alt.Axis(tickCount=ticks, format="~s")
    return alt.Axis(values=list(range(0, most + 1, 1 + most // ticks)), format="d")


def _data(rows: Sequence[Row]) -> Any:
    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]


def _label(text: str) -> str:
    return visible(text, _LABEL)


def _bars(
    rows: Sequence[Row], colour: str, told: str = "n:Q", scale: alt.Scale | None = None
) -> Any:
    data = _data(rows)
    x = alt.X("n:Q", title=None, axis=None, scale=scale or alt.Undefined)
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(ticks=False, domain=False))
    bar = alt.Chart(data).mark_bar(color=colour).encode(x=x, y=y)
    number = alt.Text(told) if told.endswith(":N") else alt.Text(told, format=",")
    text = (
        alt.Chart(data)
        .mark_text(align="left", dx=4, color="currentColor", fontSize=_FONT_PX)
        .encode(x=x, y=y, text=number)
    )
    height = _BAR_PX * max(1, len(rows))
    return (bar + text).properties(width=_WIDTH - _LABELS_PX // 2, height=height)


def _svg(chart: Any) -> str:
    """A chart drawn. Raises ChartError where it has something in it that could do more than be seen."""
    words = {"labelColor": "currentColor", "titleColor": "currentColor"}
    sizes = {"labelFontSize": _FONT_PX, "titleFontSize": _FONT_PX, "titleFontWeight": "normal"}
    lines = {"gridColor": "var(--line)", "domainColor": "var(--line)", "tickColor": "var(--line)"}
    chart = (
        chart.configure(background="transparent", font=_FONT, padding=_PADDING)
        .configure_axis(**words, **sizes, **lines, labelLimit=_LABELS_PX)
        .configure_legend(labelColor="currentColor", labelFontSize=_FONT_PX)
        .configure_view(stroke=None)
    )
    return cleaned(vl_convert.vegalite_to_svg(chart.to_dict()))


def cleaned(svg: str) -> str:
    """The drawing without what only assistive software would read (the page tells it in words). Raises
    ChartError for a tag or an attribute that none of our charts has."""
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        if element.tag.removeprefix(_SVG) not in _TAGS:
            raise ChartError(f"a chart has an element {element.tag}")
        for name in list(element.attrib):
            if name.startswith(("aria-", "role")):
                del element.attrib[name]
            elif _LINKS.search(name.rpartition("}")[2]):
                raise ChartError(f"a chart has an attribute {name}")
    root.set("aria-hidden", "true")
    ElementTree.register_namespace("", _SVG[1:-1])
    return ElementTree.tostring(root, encoding="unicode")
