"""`captionmill train` as a user's shell runs it: what is wrong is said before anything is computed."""

from pathlib import Path

import pytest

from tests.conftest import here

pytestmark = pytest.mark.run


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({}, "is not a captionmill workspace", marks=pytest.mark.exhaustive),
        ({"--recipe": "missing.toml"}, "missing.toml can't be read"),
    ],
)
def test_what_can_t_be_trained_on_is_said(
    changes: dict[str, str], reason: str, tmp_path: Path
) -> None:
    options = [part for option in changes.items() for part in option]
    done = here("train", "encoder", tmp_path / "clips", "--out", tmp_path / "out", *options)
    assert done.returncode == 1
    assert reason in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
