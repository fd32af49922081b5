"""The workspace that most of these tests look at, and its figures."""

from pathlib import Path

import pytest

from pipelines.report.figures import Figures
from pipelines.report.report import figures
from pipelines.report.sources import CaptionedSet
from tests.manifests.made import Made
from tests.pipelines.report.made import Row, made, rows


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """To be read only."""
    return made(tmp_path_factory.mktemp("report") / "a * [set]")


@pytest.fixture(scope="package")
def captions(place: Made) -> list[Row]:
    """Its caption rows."""
    return rows(place)


@pytest.fixture(scope="package")
def told(place: Made) -> Figures:
    """Its figures."""
    return figures(CaptionedSet.open(Path(place.root)))
