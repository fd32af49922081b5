"""The facade: what a notebook sees."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import captionmill
from manifests.workspace import WorkspaceError
from tests.conftest import CLIPS

pytestmark = pytest.mark.run

_README = Path(__file__).parents[1] / "README.md"


def test_importing_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, captionmill\n"
        "heavy = {'ray', 'torch', 'numpy', 'pyarrow', 'av', 'openai', 'transformers'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_workspace_opens_as_arrow_tables(reference: Path) -> None:
    work = captionmill.open(reference / "out")
    captions, claims, evidence = work.captions(), work.claims(), work.evidence()
    assert captions.num_rows == work.books.captioned == CLIPS
    ids = set(captions["clip_id"].to_pylist())
    assert set(claims["clip_id"].to_pylist()) == set(evidence["clip_id"].to_pylist()) == ids
    assert claims.num_rows == sum(len(c) for c in captions["claims"].to_pylist())
    assert set(evidence["captioner"].to_pylist()) == {"dummy-audio", "dummy-video"}
    assert all(0 < p <= 1 for p in evidence["fused_probability"].to_pylist())
    assert work.captions(["uri", "audio_caption"]).column_names == ["uri", "audio_caption"]


def test_a_job_is_opened_by_its_digest(reference: Path) -> None:
    work = captionmill.open(str(reference / "out"))
    assert captionmill.open(reference / "out", work.job).job == work.job
    with pytest.raises(WorkspaceError, match="has no job abc"):
        captionmill.open(reference / "out", "abc")


def test_the_lines_of_the_readme_run(clips: Path, tmp_path: Path, cluster: str) -> None:
    (lines,) = re.findall(
        r"```python\n(import captionmill\n.*?)```", _README.read_text(), re.DOTALL
    )
    assert len(lines.splitlines()) <= 10
    (tmp_path / "clips").symlink_to(clips)
    script = lines.replace('"cpu"', '"dummy"')
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={
            "PATH": "",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(_README.parent),
            "RAY_ADDRESS": cluster,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
