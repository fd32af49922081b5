"""The app's pages can be used by everybody: axe finds nothing serious, light and dark, at both widths."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.media.ffmpeg import run
from tests.browser import BOTH, LIGHT_AND_DARK, needs_chromium, violations
from tests.conftest import running
from tests.manifests.made import Made
from tests.pipelines.inspect.made import let_in, opened_app, real

pytestmark = [pytest.mark.run, needs_chromium]

_FILM = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=2", "-f", "lavfi", "-i", "sine=440:d=2"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]


@pytest.fixture(scope="module")
def varied(place: Made) -> Iterator[tuple[int, str]]:
    """Port and token of the app on a set with everything that a list shows."""
    with ExitStack() as stack:
        _, port, token = opened_app(lambda *a: stack.enter_context(running(*a)), place.root)
        yield port, token


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str, str]]:
    """Port and token of the app on a set with a film that plays, and the film's clip."""
    folder: Path = tmp_path_factory.mktemp("film")
    run([*_FILM, *_H264, f"file:{folder / 'a.mp4'}"])
    place = real(folder / "set", [folder / "a.mp4"])
    [row] = place.rows("clips")
    with ExitStack() as stack:
        _, port, token = opened_app(lambda *a: stack.enter_context(running(*a)), place.root)
        yield port, token, row["clip_id"]


@BOTH
@LIGHT_AND_DARK
def test_the_list_and_the_help(varied: tuple[int, str], size: tuple[int, int], dark: bool) -> None:
    with let_in(*varied, size, dark) as page:
        # One clip of each verdict, and one that keys speak of.
        for key in ("j", "g", "j", "b", "3"):
            page.keyboard.press(key)
        page.locator("[data-state]", has_text="bad: wrong").wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert violations(page) == []
        page.goto(f"http://127.0.0.1:{varied[0]}/?q=nobody:knows")
        assert violations(page) == []
        page.keyboard.press("?")
        page.locator("#help").wait_for()
        assert violations(page) == []


@BOTH
@LIGHT_AND_DARK
def test_a_clip(film: tuple[int, str, str], size: tuple[int, int], dark: bool) -> None:
    port, token, clip = film
    with let_in(port, token, size, dark) as page:
        page.goto(f"http://127.0.0.1:{port}/clip/{clip}")
        page.keyboard.press("2")
        page.get_by_text("stored", exact=True).wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.locator("#player").evaluate(
            "player => player.readyState > 0 || new Promise(yes => player.onloadedmetadata = yes)"
        )
        assert violations(page) == []
