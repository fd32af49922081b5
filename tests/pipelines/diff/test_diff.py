"""A diff of releases counts clips, captions, rules and shares, and shows examples."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from manifests.release.layout import Document, Release, ReleaseEncoder, ReleaseError, ReleaseList
from manifests.release.statistics import statistics
from pipelines.cli.main import app
from pipelines.diff.diff import diff
from pipelines.diff.report import lines
from tests.manifests.release import made


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Clips 0-9, then 2-11: of these 4 with another caption and 6 in another split."""
    before, after = tmp_path / "a [1]", tmp_path / "b"
    made.write(before, [made.clip(n) for n in range(10)], dropped={"lints": 3}, tables=["data"])
    clips = [made.clip(n) for n in range(2, 12) if n not in (4, 6)]
    clips += [made.clip(4, audio_caption="Another sound.\x1b[2J"), made.clip(6, "test")]
    made.write(after, clips, dropped={"lints": 1, "near_captions": 4}, tables=["data"])
    return before, after


def test_clips_are_counted_by_what_became_of_them(two: tuple[Path, Path]) -> None:
    clips = diff(*two).clips
    assert (clips.added, clips.gone, clips.changed, clips.same) == (2, 2, 1, 7)
    assert (clips.split, clips.licence_class) == (1, 0)


def test_examples_have_the_captions_before_and_after(two: tuple[Path, Path]) -> None:
    examples = diff(*two).examples
    assert {e.clip_id for e in examples["added"]} == {
        made.clip(n).data["clip_id"] for n in (10, 11)
    }
    assert all(e.before is None and e.after is not None for e in examples["added"])
    assert all(e.after is None and e.before is not None for e in examples["gone"])
    (changed,) = examples["changed"]
    assert changed.before and changed.before["audio_caption"] == "Sound 4 is heard."
    assert changed.after and changed.after["audio_caption"] == "Another sound.\x1b[2J"


def test_rules_counts_and_shares_that_moved_are_told(two: tuple[Path, Path]) -> None:
    told = diff(*two)
    assert told.dropped == {"lints": (3, 1), "near_captions": (0, 4)}
    assert told.rules == {} and told.inputs == {}
    splits = {(s.value, s.before, s.after) for s in told.shares if s.of == "split"}
    assert splits == {("train", 10, 9), ("test", 0, 1)}
    assert not [share for share in told.shares if share.before_share == share.after_share]


def test_a_changed_rule_and_input_are_named(tmp_path: Path) -> None:
    old = made.write(tmp_path / "a", [made.clip(1)], tables=["data"])
    made.write(tmp_path / "b", [made.clip(1)], tables=["data"])
    inputs = [old.inputs[0].model_copy(update={"digest": "e" * 16})]
    rules = {"seed": 7, "caps": {"source": 3}}
    lists = [ReleaseList(rule="takedown", name="gone.txt", digest="a" * 64)]
    new = Release.made(old.name, rules, inputs, old.books, old.files, lists=lists)
    (tmp_path / "b" / "release.json").write_bytes(new.to_json())
    told = diff(tmp_path / "a", tmp_path / "b")
    assert told.rules == {"caps.source": (None, 3)}
    assert told.inputs == {
        "first (0123456789abcdef)": ("d" * 16, "e" * 16),
        "gone.txt (takedown)": (None, "a" * 64),
    }
    text = "\n".join(lines(told))
    assert "caps.source: none -> 3" in text
    assert "input first (0123456789abcdef) changed" in text


def test_another_encoder_is_named(tmp_path: Path) -> None:
    old = made.write(tmp_path / "a", [made.clip(1)], tables=["data"])
    made.write(tmp_path / "b", [made.clip(1)], tables=["data"])
    encoder = ReleaseEncoder(name="small", width=8, identity="e" * 16)
    vectors = old.files[0].model_copy(
        update={"table": "embeddings", "path": old.files[0].path.replace("data/", "embeddings/")}
    )
    files = [*old.files, vectors]
    new = Release.made(old.name, old.rules, old.inputs, old.books, files, encoder=encoder)
    (tmp_path / "b" / "release.json").write_bytes(new.to_json())
    assert diff(tmp_path / "a", tmp_path / "b").inputs == {"small (encoder)": (None, "e" * 16)}


def test_a_release_and_itself_do_not_differ(two: tuple[Path, Path]) -> None:
    told = diff(two[0], two[0])
    assert (told.clips.same, told.clips.added, told.clips.gone, told.clips.changed) == (10, 0, 0, 0)
    assert not told.shares and not any(told.examples.values())


def test_an_empty_release_is_compared(two: tuple[Path, Path], tmp_path: Path) -> None:
    made.write(tmp_path / "empty", [])
    assert diff(tmp_path / "empty", two[0]).clips.added == 10
    assert diff(two[0], tmp_path / "empty").clips.gone == 10


def test_statistics_that_were_released_are_taken(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in two:
        release = Release.model_validate_json((folder / "release.json").read_bytes())
        content = statistics(folder, release.of("data")).to_json()
        (folder / "statistics.json").write_bytes(content)
        sha256 = made.content_hash(folder / "statistics.json")
        document = Document(path="statistics.json", bytes=len(content), sha256=sha256)
        sealed = Release.made(
            release.name, release.rules, release.inputs, release.books, release.files, [document]
        )
        (folder / "release.json").write_bytes(sealed.to_json())
    expected = diff(*two)
    monkeypatch.setattr("pipelines.diff.diff.statistics", None)
    assert diff(*two).shares == expected.shares
    monkeypatch.undo()
    (two[0] / "statistics.json").write_text("{}")
    assert diff(*two).shares == expected.shares


def test_what_is_no_release_is_refused(two: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="is no release"):
        diff(two[0], tmp_path / "nothing")


def test_the_command_tells_people_and_programs(two: tuple[Path, Path]) -> None:
    arguments = ["diff", *map(str, two)]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0
    assert "2 added, 2 gone, 1 with other captions, 7 with the same" in ran.output
    assert "1 in another split" in ran.output
    assert "near_captions: 0 -> 4" in ran.output
    assert "\x1b" not in ran.output
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert told["clips"]["added"] == 2
    assert len(told["examples"]["gone"]) == 2
