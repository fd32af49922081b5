"""Chromium as the tests drive it. Where it is not installed, these tests do not run, and the end of the
test run says which (`told`)."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE, DESKTOP = (390, 844), (1280, 900)
BOTH = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
"""Runs a test at both widths."""
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


@contextmanager
def opened(
    url: str = "about:blank",
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    loopback: bool = False,
) -> "Iterator[Page]":
    """A page of a browser without a network. loopback: servers of this machine can be reached.

    Fails at the end if a script failed or was refused by the page's policy. Skips the test where there
    is no browser.
    """
    if CHROMIUM is None:
        pytest.skip(_WHY)
    from playwright.sync_api import sync_playwright

    faults: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        try:
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                offline=not loopback,
                color_scheme="dark" if dark else "light",
            )
            page = context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda told: _refused(told.text, faults))
            page.goto(url)
            yield page
        finally:
            browser.close()
    assert faults == []


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
