"""What reaches the terminal: text that somebody else wrote is shown, never obeyed."""

import io
import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

import pipelines
from manifests.verify.problems import Problem
from pipelines import show
from pipelines.cli import summary
from pipelines.cli.progress import _panel
from pipelines.cli.terminal import errors
from pipelines.terminal import clean, counted, fail, one_line, say, say_json, styled
from pipelines.verify import Report
from tests.conftest import run

EVIL = "\x1b]0;title\x07\x9b2J\r\x08\u202egnp.exe\u2066\x7f\udc80"
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def test_what_a_terminal_obeys_is_replaced_character_by_character() -> None:
    assert len(clean(EVIL)) == len(EVIL)
    assert not _OBEYED.search(clean(EVIL))
    assert "title" in clean(EVIL) and "gnp.exe" in clean(EVIL)


@pytest.mark.parametrize(
    "character",
    ["\u2028", "\u2029", "\u200e", "\u200f", "\u061c", "\ufeff", "\U000e0001", "\U000e0041"],
)
def test_what_breaks_lines_or_is_not_seen_is_replaced(character: str) -> None:
    assert clean(f"a{character}b") == "a\ufffdb"


@pytest.mark.parametrize(
    "text",
    ["a line\n\tand another", "Ein Hahn kräht 🐓, 雄鶏", "e\u0301", "👩\u200d🚒 at work"],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_a_caption_begins_no_line_of_its_own() -> None:
    assert one_line("a dog\nerror: run this\x85\u2028now") == "a dog error: run this now"


@pytest.mark.parametrize(
    "message", [f"a {EVIL}", Text(f"a {EVIL}"), Text.assemble(("a", "bold"), EVIL)]
)
def test_everything_that_is_said_is_cleaned(
    message: str | Text, capsys: pytest.CaptureFixture[str]
) -> None:
    say(message)
    say(message, err=True)
    shown = capsys.readouterr()
    assert "title" in shown.out and "title" in shown.err
    assert not _OBEYED.search(shown.out) and not _OBEYED.search(shown.err)


def test_an_error_is_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        fail(EVIL)
    assert not _OBEYED.search(capsys.readouterr().err)


def test_a_traceback_is_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, errors():
        raise RuntimeError(EVIL)
    shown = capsys.readouterr().err
    assert ended.value.code == 1 and "Traceback" in shown and "title" in shown
    assert not _OBEYED.search(shown)


def test_styles_stay_where_they_are() -> None:
    out = io.StringIO()
    text = Text.assemble(("\x1b[1m", "red"), "plain")
    Console(file=out, force_terminal=True, color_system="standard").print(styled(text))
    assert out.getvalue().count("\x1b[31m") == 1 and out.getvalue().rstrip().endswith("plain")


def test_json_is_ascii_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"caption": EVIL})
    shown = capsys.readouterr().out
    assert shown.isascii() and "\x1b" not in shown and json.loads(shown)["caption"] == EVIL


def test_faults_in_the_live_view_are_cleaned() -> None:
    units = {EVIL: SimpleNamespace(queued=0, done=1, busy=1.0)}
    progress = SimpleNamespace(units=units, faults=Counter({f"[red]{EVIL}": 2}))
    view: Any = SimpleNamespace(
        done={"captioned": 1, "filtered": 0, "quarantined": 0},
        elapsed=1.0,
        worked=1,
        total=2,
        phase="captioning",
        server=EVIL,
        slots={EVIL: 1},
        progress=progress,
    )
    out = io.StringIO()
    Console(file=out, width=200).print(_panel(view))
    assert "2 x [red]" in out.getvalue(), "it is no markup"
    assert not _OBEYED.search(out.getvalue())


def test_what_models_said_is_shown_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    weak = {"captioner": "ears", "skipped": None, "text": f"one\ntwo{EVIL}", "claims": []}
    (_, line) = show.evidence({"evidence": [weak]})
    say(line)
    shown = capsys.readouterr().out
    assert "ears: one two" in shown and not _OBEYED.search(shown)


@pytest.mark.run
@pytest.mark.parametrize("arguments", [("status", "a\x1b[2J"), ("caption", "a\x1b[2J", "out")])
def test_a_name_in_an_error_is_cleaned(arguments: tuple[str, ...], tmp_path: Path) -> None:
    options = ("-p", "dummy") if arguments[0] == "caption" else ()
    done = run(arguments[0], *(tmp_path / name for name in arguments[1:]), *options)
    assert done.returncode == 1 and "[2J" in done.stderr and "\x1b" not in done.stderr


def test_nothing_is_printed_past_it() -> None:
    """Only `pipelines/terminal.py` prints; the live view prints `styled` text on its console."""
    direct = re.compile(r"typer\.(secho|echo)|(?<![.\w])print\(|Console\(|std(out|err)\.write")
    folder = Path(pipelines.__file__).parent
    found = [
        f"{path.relative_to(folder)}: {line.strip()}"
        for path in sorted(folder.rglob("*.py"))
        if path.name != "terminal.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if direct.search(line) or ("console.print(" in line and "styled" not in line)
    ]
    assert found == []


def test_a_name_with_a_line_break_forges_no_entry_of_a_list() -> None:
    name = "a\n  books: all is well"
    report = Report(problems=[Problem("rows", name, f"of {name}")], notes=[f"left alone: {name}"])
    assert len(report.text().splitlines()) == 3
    clip_row = {
        "clip_id": "c" * 32,
        "stage": name,
        "reason": name,
        "message": name,
        "uri": "file:///a",
    }
    clip_row |= {"start_ms": 0, "end_ms": 1}
    entry: Any = SimpleNamespace(row=clip_row)
    assert len(summary.quarantine([entry, entry]).splitlines()) == 2
    assert len(summary.quarantined(entry, "captionmill", None).splitlines()) == 6


@pytest.mark.parametrize(("count", "shown"), [(0, "0 clips"), (1, "1 clip"), (2, "2 clips")])
def test_one_of_a_kind_is_singular(count: int, shown: str) -> None:
    assert counted(count, "clip") == shown
