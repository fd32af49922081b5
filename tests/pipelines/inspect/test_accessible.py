"""The app's pages can be used by everybody: axe finds nothing serious, light and dark, at both widths."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipelines.inspect.planned import make as planned
from pipelines.inspect.sets import WorkspaceSet
from tests.browser import LOOKS, needs_chromium, violations
from tests.conftest import running
from tests.manifests.made import Made, sealed
from tests.pipelines.inspect.made import film as film_of
from tests.pipelines.inspect.made import let_in, opened_app, real

pytestmark = [pytest.mark.run, needs_chromium]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A set of two clips of a film that plays."""
    folder: Path = tmp_path_factory.mktemp("film")
    film_of(folder / "a.mp4", 2)
    return real(folder / "set", [folder / "a.mp4"], max_seconds=1)


@pytest.fixture(scope="module")
def film(films: Made) -> Iterator[tuple[int, str, str]]:
    """Port and token of the app on this set, and its first clip."""
    with ExitStack() as stack:
        _, port, token = opened_app(lambda *a: stack.enter_context(running(*a)), films.root)
        yield port, token, films.rows("clips")[0]["clip_id"]


@pytest.fixture(scope="module")
def plan(films: Made) -> Iterator[tuple[int, str]]:
    """Port and token of the app on a plan of this set."""
    shown = WorkspaceSet(films.root)
    planned(shown, shown.workspace, "few", None, False, None, 2, 0, lambda line: None)
    with ExitStack() as stack:
        arguments = (films.root, "--plan", "few")
        _, port, token = opened_app(lambda *a: stack.enter_context(running(*a)), *arguments)
        yield port, token


@pytest.fixture(scope="module")
def pairs(films: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Port and token of the app that compares this set with one that has other captions."""
    other = real(tmp_path_factory.mktemp("other") / "set", [_source(films)], max_seconds=1)
    other.edit("captions", lambda rows: [sealed(r | {"visual_caption": "Else."}) for r in rows])
    with ExitStack() as stack:
        arguments = (films.root, "--against", other.root)
        _, port, token = opened_app(lambda *a: stack.enter_context(running(*a)), *arguments)
        yield port, token


def _source(place: Made) -> Path:
    return place.root.parent / "a.mp4"


@LOOKS
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


@LOOKS
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


@LOOKS
def test_a_plan(plan: tuple[int, str], size: tuple[int, int], dark: bool) -> None:
    port, token = plan
    with let_in(port, token, size, dark) as page:
        page.get_by_text("The 2 clips of the plan few").wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert violations(page) == []
        page.locator("h3 a").first.click()
        page.get_by_text("1 of 2 of the plan few").wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert violations(page) == []


@LOOKS
def test_two_sets_blind(pairs: tuple[int, str], size: tuple[int, int], dark: bool) -> None:
    port, token = pairs
    with let_in(port, token, size, dark) as page:
        page.get_by_text("Which captions fit this clip better?").wait_for()
        start = page.url
        for _ in range(2):
            page.locator("#player").wait_for()
            assert violations(page) == []
            before = page.url
            page.locator("[data-side=tie]").click()
            page.wait_for_url(lambda url, before=before: url != before)
        page.get_by_text("All 2 clips are compared.").wait_for()
        assert violations(page) == []
        # A choice that was made.
        page.goto(start)
        assert violations(page) == []
        page.locator("[data-side=tie][aria-pressed=true]").click()
        page.get_by_text("taken back").wait_for()
        page.locator("[data-side=tie][aria-pressed=false]").wait_for()
        page.locator("a[rel=next]").click()
        page.locator("[data-side=tie][aria-pressed=true]").click()
        page.get_by_text("taken back").wait_for()
        page.goto(f"http://127.0.0.1:{port}/nowhere")
        assert violations(page) == []
