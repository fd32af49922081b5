"""What several tests of commands look at."""

from pathlib import Path

import pytest

from tests.conftest import quick_profile, run


@pytest.fixture(scope="session")
def workspace(clips: Path, cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips captioned by the dummy profile; to be read only."""
    folder = tmp_path_factory.mktemp("captioned")
    (folder / "quick.toml").write_text(quick_profile())
    arguments = ("caption", clips, folder / "out", "--profile", folder / "quick.toml")
    done = run(*arguments, "--limit", "6", RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    return folder / "out"
