"""Chromium without a network, where it is installed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE, DESKTOP = (390, 844), (1280, 900)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"
)


@contextmanager
def opened(url: str, size: tuple[int, int] = DESKTOP, dark: bool = False) -> Iterator[Any]:
    """A page in a browser that has no network. Nothing that it asks for may fail to be of the page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                offline=True,
                color_scheme="dark" if dark else "light",
            )
            page = context.new_page()
            page.goto(url)
            yield page
        finally:
            browser.close()
