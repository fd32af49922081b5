"""Chromium as the tests drive it. Where it is not installed, these tests do not run, and the end of the
test run says which (`told`)."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE, DESKTOP = (390, 844), (1280, 900)
BOTH = pytest.mark.parametrize(
    "size",
    [
        pytest.param(PHONE, id="phone"),
        pytest.param(DESKTOP, id="desktop", marks=pytest.mark.exhaustive),
    ],
)
"""Runs a test at the width of a phone, and exhaustively at that of a desktop too."""
LOOKS = pytest.mark.parametrize(
    ("size", "dark"),
    [
        pytest.param(PHONE, False, id="light-phone"),
        pytest.param(DESKTOP, True, id="dark-desktop"),
        pytest.param(PHONE, True, id="dark-phone", marks=pytest.mark.exhaustive),
        pytest.param(DESKTOP, False, id="light-desktop", marks=pytest.mark.exhaustive),
    ],
)
"""Runs a test at both widths and in both colours, and exhaustively in all four pairs of these."""

_WHY = "chromium is not installed"
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=_WHY)

_ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
_GRAVE = ("serious", "critical")

WIDER = """[...document.querySelectorAll('body *')]
    .filter(e => !e.closest('.wide, svg, dialog, details:not([open]), [hidden]'))
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.outerHTML.slice(0, 200))"""
"""What of a page is wider than the window."""


class _Shared:
    """The browser of all pages in a block. stack: what ends with the block; None outside of one."""

    stack: ExitStack | None = None
    browser: "Browser | None" = None


@contextmanager
def one_browser() -> Iterator[None]:
    """Within the block a browser is started once, when the first page is opened."""
    with ExitStack() as _Shared.stack:
        yield
    _Shared.stack = _Shared.browser = None


def _browser(alone: ExitStack) -> "Browser":
    """The one of the block, or one that ends with `alone`."""
    if _Shared.stack is None:
        return alone.enter_context(_started())
    if _Shared.browser is None:
        _Shared.browser = _Shared.stack.enter_context(_started())
    return _Shared.browser


@contextmanager
def _started() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        with closing(browser):
            yield browser


@contextmanager
def opened(
    url: str = "about:blank",
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    loopback: bool = False,
) -> "Iterator[Page]":
    """A page without a network, which shares nothing with others. loopback: servers of this machine can
    be reached.

    Fails at the end if a script failed or was refused by the page's policy. Skips the test where there
    is no browser.
    """
    if CHROMIUM is None:
        pytest.skip(_WHY)
    faults: list[str] = []
    with ExitStack() as alone:
        context = _browser(alone).new_context(
            viewport={"width": size[0], "height": size[1]},
            offline=not loopback,
            color_scheme="dark" if dark else "light",
        )
        with closing(context):
            page = context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda told: _refused(told.text, faults))
            page.goto(url)
            yield page
    assert not faults, faults


def _refused(text: str, faults: list[str]) -> None:
    if "Refused" in text or "Content Security Policy" in text:
        faults.append(text)


def violations(page: "Page") -> list[str]:
    """What axe finds on a page that keeps people from using it: rule, element, and why."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:300]}: {node['failureSummary']}"
        for rule in found
        if rule["impact"] in _GRAVE
        for node in rule["nodes"]
    ]


def told(skipped: Iterable[Any]) -> str | None:
    """One line on which tests did not run for want of a browser. skipped: reports of skipped tests."""
    files = Counter(
        report.nodeid.partition("::")[0]
        for report in skipped
        if isinstance(report.longrepr, tuple | list) and _WHY in str(report.longrepr[2])
    )
    if not files:
        return None
    each = ", ".join(f"{name} ({count})" for name, count in sorted(files.items()))
    return f"{_WHY} (apt-get install chromium): {files.total()} tests did not run: {each}"
