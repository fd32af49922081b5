"""What several tests of commands look at."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def workspace(reference: Path) -> Path:
    """Clips captioned by the dummy profile; to be read only."""
    return reference / "out"
