"""Everything that the pages can do is done by keys, in a real browser; in a field they only write."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser import BOTH, needs_chromium
from tests.conftest import running
from tests.manifests.made import sealed
from tests.pipelines.inspect.made import film as film_of
from tests.pipelines.inspect.made import let_in, opened_app, real

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.run, needs_chromium]

_CLAIMS = {"a bell rings": [(1500, 1800)], "a dog <barks>": [(250, 500), (1000, 1250)]}
_ALL = "jkupgb12345e,.mfs/?"
"""Keys that do something outside of fields."""


def _claimed(row: dict[str, Any]) -> dict[str, Any]:
    """A caption row with claims at known times."""
    claims = [
        {
            "caption": "audio_caption",
            "text": text,
            "captioners": ["ears"],
            "confidence": None,
            "spans": [{"start_ms": start, "end_ms": end} for start, end in spans],
            "supported": True,
        }
        for text, spans in _CLAIMS.items()
    ]
    return sealed(row | {"claims": claims})


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str, str]]:
    """Port and token of the app on two clips of a film, and the second one."""
    folder: Path = tmp_path_factory.mktemp("film")
    film_of(folder / "a.mp4", 4)
    place = real(folder / "set", [folder / "a.mp4"], max_seconds=2)
    place.edit("captions", lambda rows: [_claimed(row) for row in rows])
    with ExitStack() as stack:
        _, port, token = opened_app(lambda *a: stack.enter_context(running(*a)), place.root)
        yield port, token, place.rows("clips")[1]["clip_id"]


def _asked(page: "Page") -> dict[str, list[str]]:
    """What the address asks for."""
    return parse_qs(urlsplit(page.url).query)


def _active(page: "Page", of: str) -> Any:
    return page.evaluate(f"document.activeElement.{of}")


@BOTH
def test_values_of_facets_are_chosen(varied: tuple[int, str], size: tuple[int, int]) -> None:
    with let_in(*varied, size) as page:
        page.keyboard.press("f")
        facets = page.locator(".facet").all()
        links = [facet.locator("a").all() for facet in facets]
        assert _active(page, "href") == links[0][0].evaluate("link => link.href")
        page.keyboard.press("ArrowRight")
        assert _active(page, "href") == links[1][0].evaluate("link => link.href")
        page.keyboard.press("ArrowUp")
        assert _active(page, "href") == links[0][-1].evaluate("link => link.href")
        page.keyboard.press("End")
        assert _active(page, "href") == links[-1][-1].evaluate("link => link.href")
        page.keyboard.press("ArrowDown")  # there is no further one
        assert _active(page, "href") == links[-1][-1].evaluate("link => link.href")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowDown")
        value = links[0][1]
        assert _active(page, "href") == value.evaluate("link => link.href")
        chosen = parse_qs(urlsplit(value.evaluate("link => link.href")).query)
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=*")
        assert _asked(page) == chosen
        # The value is where one is, so that Enter takes it back.
        page.locator("#facets a.chosen:focus").wait_for()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/#f1$"))
        assert _asked(page) == {}
        page.keyboard.press("Escape")
        assert _active(page, "tagName") == "BODY"


def test_an_order_is_taken_by_enter_and_not_on_the_way(varied: tuple[int, str]) -> None:
    with let_in(*varied) as page:
        page.keyboard.press("s")
        for _ in range(3):
            page.keyboard.press("ArrowDown")
        assert page.locator("#sort").input_value() not in ("", "random")
        page.keyboard.press("Escape")
        assert page.locator("#sort").input_value() == ""
        page.keyboard.press("s")
        page.keyboard.type("confidence, h")
        assert _asked(page) == {}
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=&sort=*")
        assert _asked(page) == {"sort": ["-confidence"]}
        # A pointer takes one at once.
        page.locator("#sort").click()
        page.keyboard.press("Escape")
        page.locator("#sort").dispatch_event("pointerdown")
        page.locator("#sort").select_option("support")
        page.wait_for_url("**sort=support")


def test_words_are_asked_for_by_meaning(varied: tuple[int, str]) -> None:
    with let_in(*varied) as page:
        page.keyboard.press("m")
        page.get_by_text("Write what you mean").wait_for()
        page.keyboard.type("a dog")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=*")
        assert _asked(page)["q"] == ['~"a dog']
        page.keyboard.press("/")
        page.keyboard.type("rain kind:audio")
        page.keyboard.press("Escape")
        assert page.locator("#q").input_value() == "rain kind:audio"
        page.keyboard.press("m")
        page.wait_for_url("**rain**")
        assert _asked(page)["q"] == ['~"rain" kind:audio']
        page.goto(f"http://127.0.0.1:{varied[0]}/?q=kind:audio")
        page.keyboard.press("m")
        page.get_by_text('say what you mean, as in ~"a dog barks"').wait_for()


def test_claims_are_played_in_the_order_of_their_times(film: tuple[int, str, str]) -> None:
    port, token, clip = film
    with let_in(port, token) as page:
        page.goto(f"http://127.0.0.1:{port}/clip/{clip}")
        page.evaluate(
            """async () => {
                while (player.currentTime < 1.99 || player.seeking)  // it goes to where the clip begins
                    await new Promise(done => setTimeout(done, 20));
                window.seeks = [];
                player.addEventListener("seeking", () => seeks.push(player.currentTime));
            }"""
        )
        page.keyboard.press(",")
        page.get_by_text("That was the first claim.").wait_for()
        told = (
            "a dog <barks>: 0.25 to 0.50 s, supported, by ears",
            "a dog <barks>: 1.00 to 1.25 s, supported, by ears",
            "a bell rings: 1.50 to 1.80 s, supported, by ears",
        )
        for key, which in ((".", 0), (".", 1), (".", 2), (",", 1)):
            before = page.evaluate("seeks.length")
            page.keyboard.press(key)
            page.locator("#said").get_by_text(told[which]).wait_for()
            page.evaluate(
                """async before => {
                    while (seeks.length === before || player.paused)
                        await new Promise(done => setTimeout(done, 20));
                }""",
                before,
            )
            assert page.locator(".drawing g.at").count() == 1
        # The clip is the film's third and fourth second.
        assert page.evaluate("seeks.map(at => at.toFixed(2))") == ["2.25", "3.00", "3.50", "3.00"]
        for _ in range(2):
            page.keyboard.press(".")
        page.get_by_text("That was the last claim.").wait_for()


def test_from_the_page_of_a_clip_they_lead_to_the_list(film: tuple[int, str, str]) -> None:
    port, token, clip = film
    with let_in(port, token) as page:
        for key, place in (("f", "#facets a"), ("s", "#sort"), ("m", "#q"), ("/", "#q")):
            page.goto(f"http://127.0.0.1:{port}/clip/{clip}?q=sound")
            page.keyboard.press(key)
            page.wait_for_url("**/?q=*sound*")
            if key != "m":
                page.locator(f"{place}:focus").wait_for()
                continue
            page.wait_for_url("**/?q=~%22sound%22")
            page.go_back()  # to where one was: no page in between asks again
            assert urlsplit(page.url).path == f"/clip/{clip}"
        page.goto(f"http://127.0.0.1:{port}/clip/{clip}")
        page.keyboard.press("m")
        page.locator("#q:focus").wait_for()
        assert page.locator("#q").input_value() == '~"'


def test_in_fields_they_only_write(film: tuple[int, str, str]) -> None:
    port, token, clip = film
    with let_in(port, token) as page:
        start = page.url
        page.keyboard.press("/")
        page.keyboard.type(_ALL)
        assert page.locator("#q").input_value() == _ALL
        assert _active(page, "id") == "q"
        page.locator("#sort").focus()
        page.keyboard.type(_ALL)
        assert _active(page, "id") == "sort"
        assert (page.url, page.locator("#help").is_visible()) == (start, False)
        page.goto(f"http://127.0.0.1:{port}/clip/{clip}")
        page.keyboard.press("e")
        field = page.locator("textarea").first
        before = field.input_value()
        field.press("End")
        page.keyboard.type(_ALL)
        assert field.input_value() == before + _ALL
        assert page.locator("#help").is_visible() is False
        assert page.evaluate("[player.paused, player.currentTime <= 2]") == [True, True]
        assert page.locator("[data-state]").inner_text() == "not reviewed"
        field.fill(before)


def test_of_letters_of_other_scripts_the_place_counts(film: tuple[int, str, str]) -> None:
    port, token, _ = film
    press = """([key, code]) => document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key, code, bubbles: true })
    )"""
    with let_in(port, token) as page:
        page.evaluate(press, ["\N{CYRILLIC SMALL LETTER O}", "KeyJ"])
        assert page.locator(".row.at").count() == 1
        page.evaluate(press, ["ö", "Semicolon"])
        page.evaluate(press, ["\N{GREEK SMALL LETTER ALPHA}", "KeyF"])
        page.locator("#facets a:focus").wait_for()
