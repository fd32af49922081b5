"""The recipes of docs/evaluation.md turn lists as they are published into lists that are read."""

import json
import re
from pathlib import Path

import pytest

from pipelines.evaluate.items import Item
from pipelines.evaluate.readers.choice import read_set

_DOCS = Path(__file__).parents[3] / "docs" / "evaluation.md"


def _items(section: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Item, ...]:
    """Those of the list that a section's recipe writes from what lies in a folder."""
    part = _DOCS.read_text("utf-8").partition(f"### {section}\n")[2].partition("\n#")[0]
    (recipe,) = re.findall(r"```python\n(.*?)```", part, re.DOTALL)
    monkeypatch.chdir(folder)
    before = set(folder.iterdir())
    exec(compile(recipe, str(_DOCS), "exec"), {})
    (written,) = set(folder.iterdir()) - before
    return read_set(written).items


def test_vggsound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vggsound.csv").write_text(
        '---g-f_I2yQ,1,people marching,test\n--0PQM4-hqg,30,"bird chirping, tweeting",train\n'
        '--56QUhyDQM,185,"bird chirping, tweeting",test\n'
    )
    items = _items("VGGSound", tmp_path, monkeypatch)
    assert [(item.name, item.labels) for item in items] == [
        ("---g-f_I2yQ_000001.mp4", ("people marching",)),
        ("--56QUhyDQM_000185.mp4", ("bird chirping, tweeting",)),
    ]


def test_activitynet_captions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"duration": 9, "timestamps": [[0, 2.5], [4, 4]], "sentences": [" A man.", "He."]}
    (tmp_path / "val_1.json").write_text(json.dumps({"v_a-b": told}))
    (item,) = _items("ActivityNet Captions", tmp_path, monkeypatch)
    assert (item.name, item.captions, item.end_ms) == ("v_a-b.mp4", (" A man.",), 2500)


def test_kinetics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "val.csv").write_text(
        'label,youtube_id,time_start,time_end,split,is_cc\n"air drumming",_dbcJuKJQNs,40,50,val,0\n'
    )
    (item,) = _items("Kinetics-400", tmp_path, monkeypatch)
    assert (item.name, item.labels) == ("_dbcJuKJQNs_000040_000050.mp4", ("air drumming",))
