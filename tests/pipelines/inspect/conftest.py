"""A cache of the tests' own, and the set that most of them look at."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipelines.inspect.lookup import Lookup
from pipelines.inspect.sets import WorkspaceSet
from tests.conftest import running
from tests.manifests.made import Made
from tests.pipelines.inspect.made import lookup, opened_app
from tests.pipelines.report.made import made


@pytest.fixture(scope="package", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where indexes and previews are kept; other tests keep the cache that they have."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CAPTIONMILL_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """To be read only."""
    return made(tmp_path_factory.mktemp("inspect") / "a * [set] it's")


@pytest.fixture(scope="module")
def varied(place: Made) -> Iterator[tuple[int, str]]:
    """Port and token of the app on this set."""
    with ExitStack() as stack:
        _, port, token = opened_app(lambda *a: stack.enter_context(running(*a)), place.root)
        yield port, token


@pytest.fixture(scope="package")
def shown(place: Made) -> WorkspaceSet:
    """The same as the app sees it."""
    return WorkspaceSet(place.root)


@pytest.fixture(scope="package")
def index(shown: WorkspaceSet, cache: Path) -> Iterator[Lookup]:
    """Its index, open."""
    with lookup(shown) as made:
        yield made
