"""Drawings."""

import re

import pytest

from pipelines.report import charts
from pipelines.report.figures import Bin, Count, CurvePoint, Growth


def test_a_bar_tells_its_number_and_hostile_labels_are_text() -> None:
    svg = charts.bars([Count(name='<script>"&\u202e', count=1234)])
    assert "1,234" in svg
    assert "&lt;script&gt;" in svg and "<script" not in svg
    assert "[U+202E]" in svg


def test_a_reliability_diagram_has_points_intervals_and_the_diagonal() -> None:
    points = [
        CurvePoint(probability=p, true=t, low=t - 0.1, high=t + 0.1, claims=10)
        for p, t in ((0.25, 0.2), (0.75, 0.8))
    ]
    svg = charts.reliability(points, points)
    assert set(re.findall(r'<path[^>]* d="(M[^"]+L[^"]+)"[^>]*stroke="([^"]+)"', svg)) == {
        ("M0,260L260,0", "var(--faint)"),
        ("M65,208L195,52", "var(--second)"),
        ("M65,208L195,52", "var(--accent)"),
    }
    intervals = re.findall(r'<line transform="translate\(\d+,[\d.]+\)" x2="0" y2="-5[12]', svg)
    assert len(intervals) == 4


def test_drawings_take_their_colours_from_the_page() -> None:
    drawn = [
        charts.histogram([Bin(low=0, high=1, count=2), Bin(low=1, high=None, count=1)], "seconds"),
        charts.growth([Growth(captions=10, words=20)]),
        charts.stacked(
            [("heard", "LLM", 2), ("heard", "none", 1)], {"LLM": "accent", "none": "faint"}
        ),
        charts.shares([("high", 0.5, "50% of 2")]),
    ]
    for svg in drawn:
        assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) <= {
            "none",
            "currentColor",
            *(f"var(--{name})" for name in ("accent", "faint", "line")),
        }


def test_no_axis_counts_halves_of_a_clip() -> None:
    bins = [Bin(low=at, high=at + 1, count=at) for at in (1, 2)]
    words = re.findall(r">([^<>]+)</text>", charts.histogram(bins, "seconds"))
    assert words[words.index("seconds") + 1 :] == ["0", "1", "2", "clips"]


@pytest.mark.parametrize(
    "inside",
    [
        "<script>1</script>",
        '<a href="https://example.org">x</a>',
        '<g onload="1"/>',
        "<foreignObject/>",
        '<path style="x"/>',
        '<image href="data:,"/>',
    ],
)
def test_a_drawing_with_more_than_lines_and_words_is_refused(inside: str) -> None:
    with pytest.raises(charts.ChartError):
        charts.cleaned(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')
