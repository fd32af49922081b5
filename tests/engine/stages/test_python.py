"""A captioner whose packages clash with ours runs in an environment that was made beforehand."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import here, run

pytestmark = pytest.mark.run

_CAPTIONER = '''
from captioners.contract import Captioner
from manifests.media import Needs

class Versioned(Captioner):
    """Says which version of a package it found."""
    modality = "audio"
    needs = Needs(audio_hz=16000)

    def load(self):
        import clashing
        self.found = clashing.__version__

    def caption(self, batch):
        return [self.weak(media, text=f"It is {self.found}.") for media in batch]
'''


@pytest.fixture
def other_python(tmp_path: Path) -> Path:
    """The interpreter of an environment with our packages and one more, `clashing` 2."""
    folder = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "clashing.py").write_text('__version__ = "2"\n')
    ours = sysconfig.get_paths()["purelib"]
    (site / "ours.pth").write_text(f"{ours}\n{os.getcwd()}\n")
    return folder / "bin" / "python"


def test_a_group_runs_under_its_own_python(
    clips: Path, tmp_path: Path, profile: Callable[..., Path], other_python: Path
) -> None:
    (tmp_path / "versioned.py").write_text(_CAPTIONER)
    own = profile()
    own.write_text(
        own.read_text()
        + '[[captioners]]\nname = "versioned"\nuse = "versioned:Versioned"\ngroup = "other"\n'
        + f'python = "{other_python}"\nnum_cpus = 0.1\n'
    )
    clip = sorted(clips.iterdir())[0]
    done = run("caption", clip, tmp_path / "out", "--profile", own, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(here("show", tmp_path / "out", "--json").stdout)
    said = {weak["captioner"]: weak["text"] for weak in row["evidence"]}
    assert said["versioned"] == "It is 2."


def test_a_python_that_is_not_there_is_told(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    own = profile()
    own.write_text(
        own.read_text().replace('group = "models"', 'group = "models"\npython = "/no/py"')
    )
    done = run("caption", clips, tmp_path / "out", "--profile", own)
    assert done.returncode == 1 and "/no/py" in done.stderr and "interpreter" in done.stderr


@pytest.mark.exhaustive
def test_an_environment_that_lacks_what_a_captioner_s_process_imports_is_told_at_once(
    clips: Path, tmp_path: Path, profile: Callable[..., Path], other_python: Path, cluster: str
) -> None:
    (site,) = other_python.parents[1].glob("lib/python*/site-packages")
    (site / "pydantic.py").write_text('raise ImportError("pydantic is too old here")\n')
    own = profile()
    python = f'group = "models"\npython = "{other_python}"'
    own.write_text(own.read_text().replace('group = "models"', python))
    done = run("caption", clips, tmp_path / "out", "--profile", own, RAY_ADDRESS=cluster)
    assert done.returncode == 1 and "pydantic is too old here" in done.stderr
