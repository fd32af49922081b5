"""`captionmill report`."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipelines.cli.main import app
from tests.manifests.made import Made
from tests.pipelines.report.made import made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A workspace, to be read only."""
    return made(tmp_path_factory.mktemp("report") / "set")


def _run(place: Made, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", str(place.root), *arguments])


def _json(place: Made, *arguments: str) -> tuple[int, dict[str, Any]]:
    ran = _run(place, "--json", *arguments)
    told: dict[str, Any] = json.loads(ran.stdout)
    return ran.exit_code, told


def test_json_has_every_figure_and_no_page_is_written(
    place: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, told = _json(place)
    assert status == 0
    assert told["scalars"]["clips"] == 16
    assert told["figures"]["books"]["closes"]
    assert told["answer"] in ("stop", "care", "good")
    assert list(tmp_path.iterdir()) == []


def test_a_gate_that_is_not_passed_ends_with_status_1_and_the_list(place: Made) -> None:
    status, told = _json(place, "--fail-on", "unsupported>0.02", "--fail-on", "clips<1")
    assert status == 1
    assert [failure["gate"] for failure in told["failures"]] == ["unsupported>0.02"]
    ran = _run(place, "--json", "--fail-on", "unsupported>0.02")
    assert "FAILED unsupported>0.02: unsupported is " in ran.stderr


@pytest.mark.parametrize("price", ["-1", "nan", "inf", "much"])
def test_what_is_no_price_ends_with_status_2(price: str, place: Made) -> None:
    ran = _run(place, "--json", "--gpu-price", price)
    assert ran.exit_code == 2 and "--gpu-price" in ran.output


def test_json_has_the_price(place: Made) -> None:
    assert _json(place, "--gpu-price", "2.5")[1]["figures"]["effort"]["gpu_price"] == 2.5


def test_gates_come_from_a_file_too(place: Made, tmp_path: Path) -> None:
    file = tmp_path / "gates.toml"
    file.write_text('fail_on = ["clips > 0"]\n')
    assert _json(place, "--thresholds", str(file))[0] == 1


def test_a_gate_of_a_change_is_checked_against_another_set(place: Made) -> None:
    gates = ("--fail-on", "support<-5%", "--fail-on", "captions<+0")
    status, told = _json(place, "--against", str(place.root), *gates)
    assert (status, told["failures"]) == (0, [])
    assert told["comparison"]["both"] == told["comparison"]["same"] == 12


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fail-on", "nonsense"),
        ("--fail-on", "support<-5%"),
        ("--thresholds", "there-is-none.toml"),
    ],
)
def test_a_gate_that_cannot_be_read_ends_with_status_2(
    place: Made, arguments: tuple[str, ...]
) -> None:
    assert _run(place, *arguments).exit_code == 2


def test_what_is_no_report_is_left_alone(place: Made, tmp_path: Path) -> None:
    other = tmp_path / "notes.html"
    other.write_text("mine")
    assert _run(place, "-o", str(other)).exit_code == 1
    assert other.read_text() == "mine"


@pytest.mark.run
def test_the_page_is_written_though_no_source_is_there(place: Made, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    ran = _run(place, "-o", str(target))
    assert ran.exit_code == 0, ran.output
    assert "Can I train on this?" in ran.stdout
    text = target.read_text("utf-8")
    assert "Not shown" in text and "<video" not in text
    assert _run(place, "-o", str(target)).exit_code == 0  # an earlier report is written over
