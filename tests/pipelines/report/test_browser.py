"""The page in a real browser, from disk and without a network."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from pipelines.preview import Preview
from tests.pipelines.report.browser import DESKTOP, PHONE, needs_chromium, opened
from tests.pipelines.report.hostile import hostile

pytestmark = pytest.mark.run

_WIDER = """[...document.querySelectorAll('body *')]
    .filter(e => !e.closest('.wide, svg, details:not([open]), [hidden]'))
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A film of 2 s with sound."""
    target = tmp_path_factory.mktemp("film") / "film.mp4"
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error"]
    sources = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=2"]
    sources += ["-f", "lavfi", "-i", "sine=duration=2"]
    codecs = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart"]
    subprocess.run([*ffmpeg, *sources, *codecs, str(target)], check=True)
    return target.read_bytes()


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, film: bytes) -> Path:
    """The page of a hostile workspace, each clip with a player."""
    preview = Preview(film, "video/mp4", None, None, None, None, 2.0)
    return hostile(tmp_path_factory.mktemp("hostile"), preview)


@needs_chromium
def test_hostile_text_never_runs(broken: Path) -> None:
    with opened(broken.as_uri()) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.wait_for_load_state("load")
        assert page.title().endswith("can I train on this?")
        assert page.evaluate("document.scripts.length") == 0
        assert page.evaluate("document.querySelectorAll('iframe, object, embed').length") == 0
        assert page.evaluate("performance.getEntriesByType('resource').length") == 0


@needs_chromium
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_hostile_text_never_breaks_the_layout(broken: Path, size: tuple[int, int]) -> None:
    with opened(broken.as_uri(), size) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        assert page.evaluate(_WIDER) == []


@needs_chromium
def test_the_answer_is_on_the_first_screen_of_a_phone(broken: Path) -> None:
    with opened(broken.as_uri(), PHONE) as page:
        box = page.locator(".answer").bounding_box()
        assert box["y"] + box["height"] < PHONE[1] / 2


@needs_chromium
def test_a_clip_plays_from_disk(broken: Path) -> None:
    with opened(broken.as_uri()) as page:
        moved = page.evaluate(
            """async () => {
                const video = document.querySelector('video');
                video.muted = true;
                await video.play();
                await new Promise(done => video.ontimeupdate = () => video.currentTime > 0.1 && done());
                return video.currentTime;
            }"""
        )
        assert 0.1 < moved <= 2.1


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_what_is_behind_it(broken: Path, dark: bool) -> None:
    with opened(broken.as_uri(), dark=dark) as page:
        faint = page.evaluate(_FAINT)
        assert faint == []


_FAINT = """() => {
    const rgb = text => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = e => {
        for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (colour.startsWith('rgb(')) return rgb(colour);
        }
        return [255, 255, 255];
    };
    const faint = new Set();
    for (const e of document.querySelectorAll('main *')) {
        if (e.closest('svg, video, .matrix') || ![...e.childNodes].some(n => n.nodeType === 3
            && n.data.trim())) continue;
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) faint.add(e.tagName + '.' + e.className);
    }
    return [...faint];
}"""
