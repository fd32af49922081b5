"""`captionmill evaluate`, with an encoder put in its place."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from engine.media.ffmpeg import run
from pipelines.cli.main import app
from tests.mediazoo.kitchen import tone
from tests.pipelines.evaluate.fake import FakeEncoder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the encoders that were loaded."""
    names: list[str] = []

    def load(name: str, packs: Any) -> FakeEncoder:
        names.append(name)
        return FakeEncoder()

    monkeypatch.setitem(sys.modules, "captioners.encoder.load", SimpleNamespace(load=load))
    return names


def _evaluate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


@pytest.mark.run
def test_json_holds_every_figure(asked: list[str], tmp_path: Path) -> None:
    rows = ["audiocap_id,youtube_id,start_time,caption"]
    for number, (name, hertz) in enumerate((("low", 200), ("high", 2000))):
        run([*tone(hertz, 1), f"file:{tmp_path}/abcdefghij{number}.wav"])
        rows.append(f"{number},abcdefghij{number},30,a {name} tone")
    rows.append("9,abcdefghij9,0,a middle tone")
    (tmp_path / "test.csv").write_text("\n".join(rows))
    done = _evaluate(tmp_path / "test.csv", "--encoder", "hub:facebook/pe-av-small", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert asked == [told["encoder"]["name"]] == ["hub:facebook/pe-av-small"]
    assert told["set"]["reader"] == "audiocaps"
    assert told["problems"] == [
        {"clip": "abcdefghij9 at 0 s", "reason": "missing", "message": "no such file"}
    ]
    assert [(each["query"], each["item"]) for each in told["retrieval"]] == [
        ("text", "audio"),
        ("audio", "text"),
    ]
    figures = told["retrieval"][0]["plain"]
    assert (figures["recall_at_1"], figures["median_rank"]) == (1.0, 1.0)
    assert told["retrieval"][0]["reweighted"]["transductive"] is True


@pytest.mark.parametrize(
    ("text", "told"),
    [("path,caption\na.wav,x\n", 'column "file" is missing'), ("file,caption\n", "has no rows")],
)
def test_a_set_that_is_none_is_told_before_an_encoder_is_loaded(
    text: str, told: str, asked: list[str], tmp_path: Path
) -> None:
    (tmp_path / "set.csv").write_text(text)
    done = _evaluate(tmp_path / "set.csv")
    assert (done.exit_code, asked) == (1, [])
    assert told in done.stderr


def test_a_file_that_is_not_there_is_told(asked: list[str], tmp_path: Path) -> None:
    done = _evaluate(tmp_path / "gone.csv")
    assert done.exit_code == 1
    assert "gone.csv can't be read: No such file" in done.stderr
