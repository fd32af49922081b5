"""`captionmill verify RELEASE`: all of it, or a sample, for people and for programs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from manifests.verify.release import Run, check_release
from pipelines.cli.main import app
from pipelines.spread import over_processes, over_ray
from tests.manifests.release import made


def _run(*arguments: str) -> tuple[int, str]:
    ran = CliRunner().invoke(app, ["verify", *arguments])
    return ran.exit_code, ran.output


def test_a_sound_release_is_told_with_what_was_looked_at(tmp_path: Path) -> None:
    made.small(tmp_path)
    status, text = _run(str(tmp_path))
    assert status == 0
    assert text.startswith("no problems: 40 rows, beside them ")
    assert "checksums" in text and "splits" in text


def test_a_sample_says_how_sure_it_makes(tmp_path: Path) -> None:
    made.small(tmp_path)
    status, text = _run(str(tmp_path), "--sample", "10")
    assert status == 0
    assert "no problems in 10 of 40 rows, drawn at random" in text
    assert "if 10 rows or more (25.00%) were bad" in text
    assert "not looked at: checksums" in text
    told = json.loads(_run(str(tmp_path), "--sample", "10", "--json")[1])
    assert told["sample"] == {"rows": 10, "confidence": 0.95, "found_if_bad_rows": 10}


def test_problems_name_file_and_row_and_end_with_status_1(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    path = release.files[0].path
    made.broken(tmp_path, release, path, lambda rows: [rows[0] | {"audio_caption": "x"}, *rows[1:]])
    status, text = _run(str(tmp_path))
    assert status == 1
    assert text.splitlines()[0] == "1 problem:"
    assert f"digest: {path} row 0 clip " in text
    told = json.loads(_run(str(tmp_path), "--json")[1])
    assert not told["ok"] and told["problems"][0]["where"] == f"{path} row 0"


def test_text_of_a_release_can_not_command_a_terminal(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    path = release.files[0].path
    made.broken(
        tmp_path, release, path, lambda rows: [rows[0] | {"clip_id": "\x1b[2J\nok"}, *rows[1:]]
    )
    text = _run(str(tmp_path))[1]
    assert "\x1b" not in text and "\nok" not in text


def test_a_release_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "release.json").write_text("{")
    status, text = _run(str(tmp_path))
    assert status == 1
    assert "release.json can't be read" in text


@pytest.mark.run
@pytest.mark.parametrize("spread", [over_processes, over_ray])
def test_parts_that_are_checked_side_by_side_give_the_same(
    tmp_path: Path, spread: Run, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    release = made.small(tmp_path)
    path = release.files[0].path
    broken = made.broken(
        tmp_path, release, path, lambda rows: [rows[0] | {"audio_caption": "x"}, *rows[1:]]
    )
    alone, beside = check_release(tmp_path, broken), check_release(tmp_path, broken, spread)
    assert sorted(map(str, beside.problems)) == sorted(map(str, alone.problems))
    assert beside.rows == alone.rows and beside.inputs == alone.inputs
