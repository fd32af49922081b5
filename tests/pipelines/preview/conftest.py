"""A pool for previews and a browser, each started once for a module."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.preview import Previews
from tests.browser import opened


@pytest.fixture(scope="module")
def previews() -> Iterator[Previews]:
    with Previews() as made:
        yield made


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with opened() as shown:
        yield shown
