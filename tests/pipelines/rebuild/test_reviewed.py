"""Reviews in a release: rejected captions leave, edited ones win, and all of it is told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from manifests.release.errors import RulesError
from manifests.release.layout import load
from manifests.release.rules import Rules
from manifests.release.shards import Input
from manifests.verify.release import check_release
from manifests.workspace import Workspace
from pipelines.rebuild import rebuild as rebuilding
from pipelines.rebuild.explain import explained
from pipelines.rebuild.leaving import leaving
from pipelines.rebuild.rebuild import build
from pipelines.rebuild.tasks import RebuildError, here
from pipelines.rebuild.work import opened
from pipelines.reviews.journal import Journal
from pipelines.reviews.stored import collect
from tests.pipelines.rebuild import built
from tests.pipelines.rebuild.built import content, release, rewritten, rows, rules, table
from tests.pipelines.reviews.made import review

Row = dict[str, Any]


@pytest.fixture
def inputs(tmp_path: Path) -> list[Input]:
    """One input with twelve clips in two shards, in the folder `workspace`."""
    return built.workspace(tmp_path / "workspace")


def _said(root: Path, row: Row, **changes: Any) -> None:
    """A review of a row of captions, on disk."""
    of = {"clip_id": row["clip_id"], "caption_digest": row["caption_digest"]}
    journal = Journal(Workspace.open(root).open_reviews)
    journal.append(review(**of | changes))
    journal.close()


def _told(wanted: Rules, inputs: Sequence[Input], out: Path) -> str:
    """What a rebuild says of reviews."""
    told: list[str] = []
    with opened(out) as work:
        build(wanted, inputs, leaving(wanted, inputs), work, here, told.append)
    return "; ".join(line for line in told if line.startswith("reviews"))


def test_rejected_captions_leave_and_are_counted(inputs: list[Input], tmp_path: Path) -> None:
    first, second, third, *_ = rows(inputs[0])
    _said(inputs[0].root, first, verdict="bad")
    _said(inputs[0].root, second, verdict="good")
    _said(inputs[0].root, third, verdict="bad", audio_caption="Rain falls.")
    made = release(rules(tmp_path), inputs, tmp_path / "out")
    assert made.books.dropped["reviews"] == 1
    kept = {row["clip_id"] for row in table(tmp_path / "out", made)}
    assert kept == {row["clip_id"] for row in rows(inputs[0])} - {first["clip_id"]}


def test_edited_captions_are_in_it_by_a_human_and_it_verifies(
    inputs: list[Input], tmp_path: Path
) -> None:
    old = rows(inputs[0])[3]
    _said(inputs[0].root, old, verdict=None, visual_caption="A wet dog.")
    made = release(rules(tmp_path, output={"part_rows": 5}), inputs, tmp_path / "out")
    by_clip = {row["clip_id"]: row for row in table(tmp_path / "out", made)}
    new = by_clip[old["clip_id"]]
    assert (new["visual_caption"], new["visual_by"]) == ("A wet dog.", "human")
    assert new["audio_caption"] == old["audio_caption"]
    assert new["caption_digest"] != old["caption_digest"]
    assert sum("human" in (r["audio_by"], r["visual_by"]) for r in by_clip.values()) == 1
    assert check_release(tmp_path / "out", made).problems == []


def test_reviews_of_captions_that_do_not_go_in_change_nothing_and_are_told(
    inputs: list[Input], tmp_path: Path
) -> None:
    first, second, *_ = rows(inputs[0])
    plain = release(rules(tmp_path, reviews={"use": False}), inputs, tmp_path / "plain")
    _said(inputs[0].root, first, caption_digest="f" * 16, verdict="bad", audio_caption="No.")
    _said(inputs[0].root, first, caption_digest="e" * 16, verdict="bad", reviewer="bob")
    told = _told(rules(tmp_path), inputs, tmp_path / "out")
    made = load(tmp_path / "out")
    assert table(tmp_path / "out", made) == table(tmp_path / "plain", plain)
    assert "0 used, by which 0 rows leave and 0 have captions" in told
    assert "2 change nothing" in told
    _said(inputs[0].root, second, audio_caption="Rain.")
    told = _told(rules(tmp_path), inputs, tmp_path / "other")
    assert "1 used, by which 0 rows leave and 1 have captions" in told


def test_the_release_names_reviews_with_a_digest(inputs: list[Input], tmp_path: Path) -> None:
    first, second, *_ = rows(inputs[0])
    assert release(rules(tmp_path), inputs, tmp_path / "none").lists == ()
    _said(inputs[0].root, first, verdict="bad")
    (told,) = release(rules(tmp_path), inputs, tmp_path / "one").lists
    assert (told.rule, told.name) == ("reviews", rules(tmp_path).input[0].workspace)
    workspace = Workspace.open(inputs[0].root)
    assert collect(workspace) == 1
    (committed,) = release(rules(tmp_path), inputs, tmp_path / "two").lists
    assert committed.digest == told.digest
    assert content(tmp_path / "one") == content(tmp_path / "two")
    _said(inputs[0].root, second)
    (more,) = leaving(rules(tmp_path), inputs).lists
    assert more.digest != told.digest
    with pytest.raises(RebuildError, match="of other rules, inputs or lists"):
        rebuilding.rebuild(rules(tmp_path), inputs, tmp_path / "two")


def test_reviews_are_used_unless_the_rules_say_no(inputs: list[Input], tmp_path: Path) -> None:
    _said(inputs[0].root, rows(inputs[0])[0], verdict="bad")
    made = release(rules(tmp_path, reviews={"use": False}), inputs, tmp_path / "out")
    assert (made.books.kept, made.lists) == (12, ())
    assert "reviews" not in made.books.dropped


def test_reviews_of_a_release_are_used_from_their_folder(
    inputs: list[Input], tmp_path: Path
) -> None:
    Workspace.create(tmp_path / "beside")
    _said(tmp_path / "beside", rows(inputs[0])[0], verdict="bad")
    wanted = rules(tmp_path, reviews={"workspaces": ["beside"]})
    made = release(wanted, inputs, tmp_path / "out")
    assert made.books.dropped["reviews"] == 1
    assert [(each.rule, each.name) for each in made.lists] == [("reviews", "beside")]
    (tmp_path / "folder").mkdir()
    with pytest.raises(RulesError, match=r"reviews\.workspaces\.0: "):
        leaving(rules(tmp_path, reviews={"workspaces": ["folder"]}), inputs)


def test_of_two_captionings_of_a_clip_the_edited_one_wins(
    inputs: list[Input], tmp_path: Path
) -> None:
    old = rows(inputs[0])[:2]
    newer = [row | {"audio_caption": "Better.", "caption_digest": "a" * 16} for row in old]
    second = rewritten(inputs[0], tmp_path / "second", [newer], number=1, name="b", stage=2)
    _said(inputs[0].root, old[0], visual_caption="A wet dog.")
    made = release(rules(tmp_path, 2), [*inputs, second], tmp_path / "out")
    by_clip = {row["clip_id"]: row for row in table(tmp_path / "out", made)}
    assert by_clip[old[0]["clip_id"]]["visual_caption"] == "A wet dog."
    assert by_clip[old[1]["clip_id"]]["audio_caption"] == "Better."


def test_rules_on_how_captions_were_written_leave_those_by_people_alone(
    inputs: list[Input], tmp_path: Path
) -> None:
    """Every row of the workspace has a caption by the template and replies that were refused."""
    texts = dict.fromkeys(("audio_caption", "visual_caption", "audio_visual_caption"), "Rain.")
    _said(inputs[0].root, rows(inputs[0])[0], **texts)
    keep = {"writer": "llm", "lints": ["loop"], "min_support": 0.5, "min_confidence": 0.5}
    made = release(rules(tmp_path, keep=keep), inputs, tmp_path / "out")
    (row,) = table(tmp_path / "out", made)
    assert (row["writer"], row["support"]) == (None, None)


def test_near_duplicates_are_those_of_the_edited_texts(inputs: list[Input], tmp_path: Path) -> None:
    words = "Heavy rain falls on a tin roof while a small dog barks at the closed wooden door"
    texts = dict.fromkeys(("audio_caption", "visual_caption", "audio_visual_caption"), words)
    for row in rows(inputs[0])[:2]:
        _said(inputs[0].root, row, **texts)
    for wanted in ({"near_captions": 0.8}, {"captions": True}):
        given = rules(tmp_path, duplicates=wanted)
        made = release(given, inputs, tmp_path / f"out-{next(iter(wanted))}")
        dropped = made.books.dropped
        assert dropped.get("near_captions", 0) + dropped.get("duplicate_captions", 0) == 1


def test_what_reviews_would_drop_is_explained(inputs: list[Input], tmp_path: Path) -> None:
    first = rows(inputs[0])[0]
    _said(inputs[0].root, first, verdict="bad")
    made = explained(built.phases(rules(tmp_path), inputs, tmp_path / "out"))
    assert [row["clip_id"] for row in made.examples["reviews"]] == [first["clip_id"]]
