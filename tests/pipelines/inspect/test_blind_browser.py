"""Comparing blind in a real browser: by keyboard, one clip after the other."""

import shutil
from pathlib import Path

import pytest

from engine.media.ffmpeg import run
from pipelines.reviews.stored import COMPARISONS, stored
from tests.manifests.made import sealed
from tests.pipelines.inspect.made import Row, Started, opened_app, real

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.run, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not here")]

_FILM = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=6", "-f", "lavfi", "-i", "sine=440:d=6"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]

_EVENT = """name => new Promise(done => {
    const player = document.querySelector('#player');
    if (name === 'canplay' && player.readyState >= 3) done();
    else if (name === 'timeupdate' && player.currentTime > 0 && !player.paused) done();
    else player.addEventListener(name, done);
})"""
"""Waits for an event of the player, or for what it tells."""


def _other(rows: list[Row]) -> list[Row]:
    return [sealed(row | {"visual_caption": f"Else {at}."}) for at, row in enumerate(rows)]


@pytest.mark.parametrize(
    "size", [pytest.param((1280, 800), marks=pytest.mark.exhaustive), (390, 800)]
)
def test_clips_are_compared_by_keyboard(
    size: tuple[int, int], tmp_path: Path, started: Started
) -> None:
    from playwright.sync_api import sync_playwright

    run([*_FILM, *_H264, f"file:{tmp_path / 'a.mp4'}"])
    first = real(tmp_path / "first", [tmp_path / "a.mp4"], max_seconds=2)
    second = real(tmp_path / "second", [tmp_path / "a.mp4"], max_seconds=2)
    second.edit("captions", _other)
    arguments = (first.root, "--against", second.root, "--reviewer", "ada")
    _, port, token = opened_app(started, *arguments)
    faults: list[str] = []
    with sync_playwright() as driver:
        told = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=told)
        page = browser.new_context(viewport={"width": size[0], "height": size[1]}).new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/?token={token}")
        page.evaluate(_EVENT, "canplay")
        page.keyboard.press("p")
        page.evaluate(_EVENT, "timeupdate")
        assert page.locator("#player").evaluate("player => player.currentTime") > 0
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        start = page.url
        page.keyboard.press("1")
        page.wait_for_url(lambda url: url != start)
        middle = page.url
        page.keyboard.press("ArrowDown")
        page.wait_for_url(lambda url: url not in (start, middle))
        page.locator("[data-side=right]").click()
        page.get_by_text("All 3 clips are compared.").wait_for()
        page.goto(start)
        page.locator('[data-side=left][aria-pressed="true"]').wait_for()
        page.keyboard.press("1")
        page.get_by_text("taken back").wait_for()
        browser.close()
    assert faults == []
    said = stored(first.workspace, COMPARISONS).to_pylist()
    assert len(said) == 4
    assert sum(row["outcome"] == "tie" for row in said) == 1
    assert sum(row["outcome"] is None for row in said) == 1
