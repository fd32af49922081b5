"""How captions were written, in a real browser."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.browser import LOOKS, WIDER, needs_chromium, violations
from tests.conftest import running
from tests.pipelines.caption.scripted import GOOD, REFUSED_TWICE, rewritten
from tests.pipelines.inspect.made import let_in, opened_app
from tests.pipelines.report.hostile import TEXTS
from tests.pipelines.report.made import made

pytestmark = [pytest.mark.run, needs_chromium]

_OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str, str]]:
    """Port and token of the app on a clip that was refused twice, by hostile replies, and its id."""
    place = made(tmp_path_factory.mktemp("written") / "set")
    hostile = json.dumps(GOOD | {"audio_caption": TEXTS[1]}, ensure_ascii=False)
    row = rewritten(place, ["\n".join(TEXTS), hostile, REFUSED_TWICE[2]])
    with ExitStack() as stack:
        _, port, token = opened_app(lambda *a: stack.enter_context(running(*a)), place.root)
        yield port, token, row["clip_id"]


@LOOKS
def test_requests_replies_and_verdicts_are_read_at_both_widths(
    written: tuple[int, str, str], size: tuple[int, int], dark: bool
) -> None:
    port, token, clip = written
    with let_in(port, token, size, dark) as page:
        page.goto(f"http://127.0.0.1:{port}/clip/{clip}")
        title = page.title()
        page.get_by_text("Requests, replies and guards").click()
        page.locator(".asked h3", has_text="3. fresh").wait_for()
        assert page.locator(".reply").nth(2).inner_text() == REFUSED_TWICE[2]
        assert TEXTS[0] in page.locator(".reply").first.inner_text()
        outcomes = page.locator(".outcome").all_inner_texts()
        assert outcomes == ["refused", "refused", "taken", "taken", "taken"]
        page.evaluate(_OPEN)
        assert page.evaluate(WIDER) == []
        assert violations(page) == []
        assert page.title() == title


def test_what_cannot_be_fetched_is_told_and_asked_for_again(written: tuple[int, str, str]) -> None:
    port, token, clip = written
    with let_in(port, token) as page:
        page.goto(f"http://127.0.0.1:{port}/clip/{clip}")
        page.route("**/writing", lambda route: route.fulfill(status=500, body="no"))
        page.get_by_text("Requests, replies and guards").click()
        page.get_by_text("It can't be shown: the app answers 500").wait_for()
        page.unroute("**/writing")
        page.get_by_text("Requests, replies and guards").click()
        page.get_by_text("Requests, replies and guards").click()
        page.locator(".asked h3", has_text="1. first").wait_for()
