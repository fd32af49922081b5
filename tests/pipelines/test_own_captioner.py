"""The example of `docs/captioners.md`, as a user would follow it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.conftest import run

_MEASURES = """
[[captioners]]
name = "video-measures"
use = "captioners.measures:VideoMeasures"
"""


def test_the_example_of_the_docs_works(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    page = Path("docs/captioners.md").read_text()
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL))
    (tmp_path / "mycaptioners.py").write_text(blocks["python"])
    mine = profile()
    mine.write_text(mine.read_text() + _MEASURES + blocks["toml"])

    clip = sorted(clips.iterdir())[0]
    done = run("caption", clip, tmp_path / "out", "--profile", mine, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(run("show", tmp_path / "out", "--json").stdout)
    said = {weak["captioner"]: weak for weak in row["evidence"]}
    (claim,) = said["daylight"]["claims"]
    assert (claim["text"], claim["confidence"]["tier"]) == ("daylight", "low")
    assert 0.4 < claim["score"] < 0.6
