"""In a browser, spans lie over the moments of the spectrogram that they name, on any width."""

from pathlib import Path
from typing import Any

import pytest

from engine.media.ffmpeg import run
from pipelines.preview import Previews
from pipelines.preview.events import Event, timeline
from tests.pipelines.preview.made import BEEP_S, beeps, rows

pytestmark = pytest.mark.run

_MEASURED = """async () => {
    const image = document.querySelector('image'), box = image.getBoundingClientRect();
    const picture = new Image();
    picture.src = image.getAttribute('href');
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const drawing = canvas.getContext('2d');
    drawing.drawImage(picture, 0, 0);
    const loud = [];
    for (let x = 0; x < picture.width; x++) {
        const column = drawing.getImageData(x, 0, 1, picture.height).data;
        if (column.some((value, n) => n % 4 < 3 && value > 200)) loud.push(x / picture.width);
    }
    const place = (share) => box.left + share * box.width;
    const bars = [...document.querySelectorAll('rect[role=img]')].map((bar) => {
        const of = bar.getBoundingClientRect();
        return [of.left, of.right];
    });
    return [loud.map(place), bars, box.width, document.documentElement.scrollWidth];
}"""


@pytest.mark.parametrize("width", [320, 1200])
def test_spans_lie_over_what_they_name(
    tmp_path: Path, previews: Previews, page: Any, width: int
) -> None:
    run([*beeps(1.0, 5.0, seconds=10), str(tmp_path / "a.flac")])
    preview = previews.of(rows(tmp_path / "a.flac")[0])
    length = int(1000 * BEEP_S)
    event = Event("a beep " + "long " * 99, [(1000, 1000 + length), (5000, 5000 + length)])
    page.set_viewport_size({"width": width, "height": 600})
    page.set_content(f"<body>{timeline([event], preview.seconds, preview.spectrogram)}</body>")
    loud, bars, shown, scrolled = page.evaluate(_MEASURED)
    assert scrolled <= width
    assert len(bars) == 2
    give = 0.04 * shown / preview.seconds
    for left, right in bars:
        own = [x for x in loud if left - shown / 20 < x < right + shown / 20]
        assert abs(own[0] - left) <= give
        assert abs(own[-1] - right) <= give
