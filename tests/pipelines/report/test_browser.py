"""The page in a real browser, from disk and without a network."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from pipelines.preview import Preview
from tests.browser import BOTH, LOOKS, PHONE, WIDER, needs_chromium, opened, violations
from tests.pipelines.report.hostile import hostile

pytestmark = [pytest.mark.run, needs_chromium]


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


def test_hostile_text_never_runs(broken: Path) -> None:
    with opened(broken.as_uri()) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.wait_for_load_state("load")
        assert page.title().endswith("can I train on this?")
        assert page.evaluate("document.scripts.length") == 0
        assert page.evaluate("document.querySelectorAll('iframe, object, embed').length") == 0
        assert page.evaluate("performance.getEntriesByType('resource').length") == 0


@BOTH
def test_hostile_text_never_breaks_the_layout(broken: Path, size: tuple[int, int]) -> None:
    with opened(broken.as_uri(), size) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        assert page.evaluate(WIDER) == []


def test_the_answer_is_on_the_first_screen_of_a_phone(broken: Path) -> None:
    with opened(broken.as_uri(), PHONE) as page:
        box = page.locator(".answer").bounding_box()
        assert box["y"] + box["height"] < PHONE[1] / 2


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


@LOOKS
def test_everybody_can_read_it(broken: Path, size: tuple[int, int], dark: bool) -> None:
    with opened(broken.as_uri(), size, dark) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert violations(page) == []
