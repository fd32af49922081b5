"""Keys while another page is on its way are not said of the clip that is left, in a real browser."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from manifests.workspace import Workspace
from pipelines.reviews.stored import COMPARISONS, REVIEWS, stored
from tests.browser import needs_chromium
from tests.conftest import wait_until
from tests.manifests.made import Made, sealed
from tests.pipelines.inspect.made import Started, film, let_in, opened_app, real

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.run, needs_chromium]

_LATE = "Too late for this clip"


@pytest.fixture
def place(tmp_path: Path) -> Made:
    """Three clips of a film."""
    film(tmp_path / "a.mp4", 6)
    return real(tmp_path / "set", [tmp_path / "a.mp4"], max_seconds=2)


@contextmanager
def _slow(page: "Page", address: str) -> "Iterator[None]":
    """Within the block the page at an address does not come; it comes at its end. Meanwhile only keys
    reach the page: Playwright waits with everything else."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route))
    with page.expect_request(address):
        yield
    while not held:
        page.wait_for_timeout(1)  # Playwright hands a request over while it is waited for something
    with page.expect_navigation(url=address):
        held[-1].continue_()
    page.unroute(address)


def _clips(page: "Page") -> list[str]:
    clips: list[str] = page.locator(".row").evaluate_all(
        "rows => rows.map(row => row.dataset.clip)"
    )
    return clips


def test_a_review_is_never_of_the_clip_that_is_left(place: Made, started: Started) -> None:
    _, port, token = opened_app(started, place.root, "--reviewer", "ada")
    with let_in(port, token) as page:
        clips = _clips(page)
        leave: tuple[Callable[[], None], ...] = (
            lambda: page.keyboard.press("j"),
            lambda: page.locator("a[rel=next]").dispatch_event("click"),
        )
        for each in leave:
            page.goto(f"http://127.0.0.1:{port}/clip/{clips[0]}")
            with _slow(page, f"**/clip/{clips[1]}"):
                each()
                page.keyboard.press("3")
                page.keyboard.press("g")
            assert page.locator("[data-state]").inner_text() == "not reviewed"
        # Whoever comes back to a page can say something of its clip.
        page.go_back()
        page.wait_for_url(f"**/clip/{clips[0]}")
        page.keyboard.press("g")
        page.locator("[data-state]", has_text="good").wait_for()
    (review,) = stored(Workspace.open(place.root), REVIEWS).to_pylist()
    assert (review["clip_id"], review["verdict"]) == (clips[0], "good")


def test_escape_stays_on_a_page(place: Made, started: Started) -> None:
    _, port, token = opened_app(started, place.root, "--reviewer", "ada")
    with let_in(port, token) as page:
        clips = _clips(page)
        page.goto(f"http://127.0.0.1:{port}/clip/{clips[0]}")
        held: list[Route] = []
        page.route("**/review", lambda route: held.append(route))
        with page.expect_request("**/review"):
            page.keyboard.press("g")
        page.keyboard.press("j")
        page.keyboard.press("b")
        page.get_by_text(_LATE).wait_for()
        page.keyboard.press("Escape")
        while not held:
            page.title()
        held[0].continue_()
        page.unroute("**/review")
        page.locator("[data-state]", has_text="good").wait_for()
        page.keyboard.press("1")
        page.locator("[data-state]", has_text="bad: invented").wait_for()
        assert page.url.endswith(clips[0])


def test_where_the_app_has_ended_one_starts_it_again_and_goes_on(
    place: Made, started: Started
) -> None:
    process, port, token = opened_app(started, place.root, "--reviewer", "ada")
    with let_in(port, token) as page:
        clip = _clips(page)[0]
        page.goto(f"http://127.0.0.1:{port}/clip/{clip}")
        page.wait_for_function("() => player.currentSrc")
        process.kill()
        process.wait()
        page.keyboard.press("e")
        page.locator("textarea").first.fill("A tone.")
        page.keyboard.press("Control+Enter")
        page.get_by_text("Not stored: captionmill inspect has ended").wait_for()
        assert page.locator("textarea").first.input_value() == "A tone."
        wait_until(lambda: _is_free(port))
        _, _, token = opened_app(started, place.root, "--reviewer", "ada", "--port", str(port))
        again = page.context.new_page()
        again.goto(f"http://127.0.0.1:{port}/?token={token}")
        page.keyboard.press("Control+Enter")
        page.get_by_text("stored", exact=True).wait_for()
    (review,) = stored(Workspace.open(place.root), REVIEWS).to_pylist()
    assert (review["clip_id"], review["audio_caption"]) == (clip, "A tone.")


def _is_free(port: int) -> bool:
    """Whether the processes of an app that was killed have let its port go."""
    with socket.socket() as listening, suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen()
        return True
    return False


def test_a_key_that_is_held_down_says_it_once(place: Made, started: Started) -> None:
    _, port, token = opened_app(started, place.root, "--reviewer", "ada")
    with let_in(port, token) as page:
        page.goto(f"http://127.0.0.1:{port}/clip/{_clips(page)[0]}")
        for _ in range(4):
            page.keyboard.down("g")
        page.keyboard.up("g")
        page.locator("[data-state]", has_text="good").wait_for()
        page.locator("[data-say=bad]").focus()
        for _ in range(4):
            page.keyboard.down("Enter")
        page.keyboard.up("Enter")
        page.locator("[data-state]", has_text="bad").wait_for()
        page.keyboard.press("5")
        page.locator("[data-state]", has_text="bad: leaked").wait_for()
    rows = stored(Workspace.open(place.root), REVIEWS).to_pylist()
    assert [row["verdict"] for row in sorted(rows, key=lambda row: row["reviewed_ms"])] == [
        "good",
        "bad",
        "bad",
    ]


@pytest.mark.parametrize("second", ["1", "3"])
def test_a_second_choice_is_not_of_the_pair_that_is_left(
    second: str, place: Made, tmp_path: Path, started: Started
) -> None:
    other = real(tmp_path / "other", [tmp_path / "a.mp4"], max_seconds=2)
    other.edit(
        "captions",
        lambda rows: [sealed(r | {"visual_caption": f"Else {n}."}) for n, r in enumerate(rows)],
    )
    arguments = (place.root, "--against", other.root, "--reviewer", "ada")
    _, port, token = opened_app(started, *arguments)
    with let_in(port, token) as page:
        start = page.url
        following = page.locator("a[rel=next]").evaluate("link => link.href")
        with _slow(page, following):
            with page.expect_response(start):
                page.keyboard.press("1")
                page.keyboard.press(second)
            page.keyboard.press(second)
        page.keyboard.press("2")
        page.wait_for_url(lambda url: url not in (start, following))
    rows = stored(Workspace.open(place.root), COMPARISONS).to_pylist()
    first, then = sorted(rows, key=lambda row: row["compared_ms"])
    assert start.endswith(first["clip_id"]) and following.endswith(then["clip_id"])
    assert first["outcome"] in ("win", "loss")
    assert then["outcome"] == "tie"
