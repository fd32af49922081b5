"""A pool for previews and a browser, each started once for a module."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.preview import Previews
from tests.pipelines.preview.chromium import browser_page


@pytest.fixture(scope="module")
def previews() -> Iterator[Previews]:
    with Previews() as made:
        yield made


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with browser_page() as shown:
        yield shown
