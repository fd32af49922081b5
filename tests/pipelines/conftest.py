"""What several tests of commands look at."""

from pathlib import Path

import pytest

from tests.conftest import quick_profile, run


@pytest.fixture(scope="session")
def workspace(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips captioned by the dummy profile; to be read only."""
    folder = tmp_path_factory.mktemp("captioned")
    (folder / "quick.toml").write_text(quick_profile())
    done = run("caption", clips, folder / "out", "--profile", folder / "quick.toml", "--limit", "6")
    assert done.returncode == 0, done.stderr
    return folder / "out"
