"""Spans of claims are drawn on the time axis of the clip, for everybody, and never run."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from pipelines.preview.events import COLOURS, Event, timeline

_SVG = "{http://www.w3.org/2000/svg}"


def _bars(svg: str) -> list[tuple[float, float, str]]:
    """Start and width in percent and title of the bars."""
    bars = [rect for rect in ElementTree.fromstring(svg).iter(f"{_SVG}rect") if len(rect)]
    return [
        (
            float(bar.attrib["x"].rstrip("%")),
            float(bar.attrib["width"].rstrip("%")),
            bar[0].text or "",
        )
        for bar in bars
    ]


def test_a_span_is_where_its_time_is() -> None:
    events = [Event("a dog barks", [(1000, 1500), (5000, 10_000)], "supported", "yamnet")]
    first, second = _bars(timeline(events, 10.0))
    assert first == (10.0, 5.0, "a dog barks: 1.00 to 1.50 s, supported, by yamnet")
    assert second[:2] == (50.0, 50.0)


@pytest.mark.parametrize("span", [(-500, 1000), (9000, 60_000), (20_000, 30_000), (700, 300)])
def test_no_span_leaves_the_drawing(span: tuple[int, int]) -> None:
    [(start, width, _)] = _bars(timeline([Event("a", [span])], 10.0))
    assert 0 <= start <= 100
    assert 0 <= width <= 100 - start


def test_standings_differ_without_colour() -> None:
    svg = timeline([Event("same", [(0, 100)], standing) for standing in COLOURS], 1.0)
    plain = svg
    for colour in COLOURS.values():
        plain = plain.replace(colour, "")
    lanes = re.findall(r"<g .*?</g>", plain)
    bars = {
        re.sub(r"<title>.*?</title>| y=\S+", "", re.findall(r"<rect.*", lane)[0]) for lane in lanes
    }
    marks = {text.text[0] for text in ElementTree.fromstring(svg).iter(f"{_SVG}text") if text.text}
    assert len(bars) == len(COLOURS)
    assert marks > set("✓✗?")


@pytest.mark.parametrize("ground", ["#ffffff", "#121212"])
@pytest.mark.parametrize("colour", COLOURS.values())
def test_colours_stand_out_from_light_and_dark(ground: str, colour: str) -> None:
    def light(code: str) -> float:
        parts = [int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((light(ground), light(colour)))
    assert (bright + 0.05) / (dark + 0.05) >= 3  # WCAG 1.4.11


@pytest.mark.parametrize(
    "text",
    [
        "</title><script>alert(1)</script>",
        '" onload="alert(1)" x="',
        "a \u202eshout\x1b[31m\x00\ud800\ufffe\uffff",
        "x" * 10_000,
        "<!--" + "&" * 500,
    ],
)
def test_hostile_text_is_only_text(text: str) -> None:
    svg = timeline([Event(text, [(0, 500)], "supported", text)], 1.0, b"RIFF")
    svg.encode()
    root = ElementTree.fromstring(svg)
    assert {element.tag.removeprefix(_SVG) for element in root.iter()} <= {
        *("svg", "image", "g", "text", "tspan", "rect", "title", "line")
    }
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
    assert not re.search("[\u202e\x1b\x00\ufffe\uffff]", svg)
    assert len(svg) < 5000


def test_a_claim_that_is_heard_nowhere_says_so() -> None:
    assert "a dog barks (nowhere)" in timeline([Event("a dog barks", [])], 10.0)


def test_many_events_and_spans_are_bounded() -> None:
    spans = [(n, n + 1) for n in range(100_000)]
    svg = timeline([Event("a", spans)] * 1000, 100.0, b"RIFF")
    assert "and 960 more" in svg
    assert len(svg) < 5_000_000


@pytest.mark.parametrize("seconds", [0.0, 0.04, 0.5, 3.0, 10.0, 29.97, 120.0, 7200.0])
def test_the_axis_has_few_moments_in_order(seconds: float) -> None:
    root = ElementTree.fromstring(timeline([], seconds))
    places = [float(text.attrib["x"].rstrip("%")) for text in root.iter(f"{_SVG}text")]
    assert len(places) <= 12
    assert all(before < after <= 100 for before, after in pairwise(places))


def test_the_spectrogram_is_drawn_behind() -> None:
    root = ElementTree.fromstring(timeline([Event("a", [(0, 500)])], 1.0, b"RIFF"))
    [image] = root.iter(f"{_SVG}image")
    assert image.attrib["href"] == "data:image/webp;base64,UklGRg=="
    assert image.attrib["preserveAspectRatio"] == "none"
