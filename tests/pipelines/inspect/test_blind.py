"""Comparing two caption sets blind: nothing tells the sides, and what is said is on disk."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from manifests import tables
from manifests.kinds import kind_of
from manifests.record import Record
from manifests.workspace import Workspace
from pipelines.inspect import blind
from pipelines.inspect.media import Media
from pipelines.inspect.pairs import other_of, paired, preferred
from pipelines.inspect.planned import make as planned
from pipelines.inspect.sets import Inspected, InspectError, WorkspaceSet, inspected
from pipelines.inspect.start import Start
from pipelines.report.report import make as report
from pipelines.reviews.stored import COMPARISONS, stored
from tests.conftest import command
from tests.manifests.made import CUT, Made, sealed
from tests.manifests.release.made import broken, small
from tests.pipelines.inspect.made import COOKIE, HOST, ORIGIN, TOKEN
from tests.pipelines.report.hostile import TEXTS, hostile_row
from tests.pipelines.report.made import made, rows
from tests.pipelines.search.embedded import settings

Row = dict[str, Any]
CAPTIONS = ("audio_caption", "visual_caption", "audio_visual_caption")
SECRET = ("writer-of-the-first", "writer-of-the-second")


def _named(name: str) -> Callable[[Row], Row]:
    """Rows whose sides could be told by anything but the captions."""

    def change(row: Row) -> Row:
        return row | {"writer": name, "lints": [f"first:{name}"], "licence": name}

    return change


@pytest.fixture
def sets(tmp_path: Path) -> tuple[Made, Made]:
    """Two workspaces with captions of the same clips."""
    first = made(tmp_path / "first-set", seed=1, change=_named(SECRET[0]))
    return first, made(tmp_path / "second-set", seed=2, change=_named(SECRET[1]))


@contextmanager
def _browser(
    first: Path,
    second: Path | str,
    reviewer: str = "ada",
    reviews: Workspace | None = None,
    plan: str | None = None,
) -> Iterator[TestClient]:
    shown = inspected(first)
    if isinstance(shown, WorkspaceSet):
        reviews = shown.workspace
    told: list[str] = []
    start = Start(shown, reviews, reviewer, TOKEN, COOKIE, told.append, plan)
    other = other_of(shown, str(second))
    with (
        Media(shown, 1) as media,
        blind.app(start, other, media) as asgi,
        TestClient(asgi, base_url=HOST, follow_redirects=False) as browser,
    ):
        browser.cookies.set(COOKIE, TOKEN)
        yield browser


def _texts(row: Row) -> tuple[str | None, ...]:
    return tuple(row[name] for name in CAPTIONS)


def _differing(sets: tuple[Made, Made]) -> dict[str, tuple[Row, Row]]:
    """Clips with captions in both sets that are not the same."""
    second = {row["clip_id"]: row for row in rows(sets[1])}
    both = {row["clip_id"]: (row, second[row["clip_id"]]) for row in rows(sets[0])}
    return {
        clip: pair
        for clip, pair in both.items()
        if all(any(_texts(row)) for row in pair) and _texts(pair[0]) != _texts(pair[1])
    }


def _pair_of(browser: TestClient, clip: str) -> tuple[list[str], list[str]]:
    """The texts on the left and on the right of a page."""
    page = browser.get(f"/pair/{clip}")
    assert page.status_code == 200
    told = re.findall(
        r"<small>(Left|Right|Left and right are the same)</small>(?:<p><bdi>(.*?)</bdi>|<p class)",
        page.text,
    )
    left, right = (
        [text for side, text in told if side in (name, "Left and right are the same")]
        for name in ("Left", "Right")
    )
    return left, right


def _choose(browser: TestClient, clip: str, better: str | None) -> int:
    answer = browser.post(f"/pair/{clip}", headers=ORIGIN, json={"better": better})
    return answer.status_code


def _said(place: Made) -> list[Row]:
    said: list[Row] = stored(place.workspace, COMPARISONS).to_pylist()
    return said


def test_pages_have_both_captions_and_nothing_that_tells_them_apart(
    sets: tuple[Made, Made],
) -> None:
    with _browser(sets[0].root, sets[1].root) as browser:
        sides = set()
        for clip, (first, second) in _differing(sets).items():
            page = browser.get(f"/pair/{clip}").text
            secrets = [*SECRET, "first-set", "second-set", ".mp4", "template", "support"]
            secrets += [first["caption_digest"], second["caption_digest"], "unsupported"]
            assert [word for word in secrets if word in page] == []
            left, right = _pair_of(browser, clip)
            texts = [[t or "" for t in _texts(row)] for row in (first, second)]
            shown = [
                [t for t, o in zip(a, b, strict=True) if t or o] for a, b in (texts, texts[::-1])
            ]
            assert [left, right] in (shown, shown[::-1])
            sides.add([left, right] == shown)
        assert sides == {True, False}
        for path in ("/?q=dog", f"/clip/{clip}", f"/clip/{clip}/writing", "/static/app.js"):
            answer = browser.get(path)
            assert answer.status_code in (303, 404)
            assert not any(word in answer.text for word in (*SECRET, "first-set"))


def test_order_and_sides_are_the_same_for_everybody_and_each_time(sets: tuple[Made, Made]) -> None:
    told = []
    for reviewer in ("ada", "bob"):
        with _browser(sets[0].root, sets[1].root, reviewer) as browser:
            start = browser.get("/").headers["location"]
            sides = [_pair_of(browser, clip) for clip in sorted(_differing(sets))]
            told.append((start, sides))
    assert told[0] == told[1]


def test_only_clips_whose_captions_differ_are_asked_about(tmp_path: Path) -> None:
    first = made(tmp_path / "a", seed=1)
    changed = rows(first)[3]["clip_id"]

    def one(row: Row) -> Row:
        own = {"audio_caption": "Else.", "audio_by": "llm"} if row["clip_id"] == changed else {}
        return row | own

    second = made(tmp_path / "b", seed=1, change=one)
    shown = inspected(first.root), inspected(second.root)
    with paired(*shown, None, lambda line: None) as pairs:
        assert pairs.order() == [changed]
        assert pairs.clips.same == sum(any(_texts(row)) for row in rows(first)) - 1
    same = made(tmp_path / "c", seed=1)
    with (
        pytest.raises(InspectError, match=r"nothing to compare: .* with the same captions"),
        _browser(first.root, same.root),
    ):
        pass


def test_a_choice_is_on_disk_when_it_is_acknowledged(sets: tuple[Made, Made]) -> None:
    pairs = _differing(sets)
    with _browser(sets[0].root, sets[1].root) as browser:
        for clip, (first, second) in pairs.items():
            left, _ = _pair_of(browser, clip)
            is_first = left == [
                t or "" for t, o in zip(_texts(first), _texts(second), strict=True) if t or o
            ]
            before = len(_said(sets[0]))
            assert _choose(browser, clip, "left") == 200
            row = next(r for r in _said(sets[0]) if r["clip_id"] == clip)
            assert len(_said(sets[0])) == before + 1
            assert row["outcome"] == ("win" if is_first else "loss")
            assert (row["caption_digest"], row["other_digest"]) == (
                first["caption_digest"],
                second["caption_digest"],
            )
        assert "/pair/" not in browser.get("/").headers.get("location", "")
    committed = [file.table for file in sets[0].state.files("comparisons")]
    assert committed == ["comparisons"]
    assert _said(sets[1]) == []


def test_after_a_restart_one_goes_on_with_the_first_that_waits(sets: tuple[Made, Made]) -> None:
    with _browser(sets[0].root, sets[1].root) as browser:
        first = browser.get("/").headers["location"].rpartition("/")[2]
        assert _choose(browser, first, "right") == 200
        second = browser.get("/").headers["location"].rpartition("/")[2]
        assert second != first
    with _browser(sets[0].root, sets[1].root) as browser:
        assert browser.get("/").headers["location"].endswith(second)
        assert 'data-better="right"' in browser.get(f"/pair/{first}").text
        assert _choose(browser, first, None) == 200
        assert browser.get("/").headers["location"].endswith(first)
    # The other way round it is the other side.
    with _browser(sets[0].root, sets[1].root) as browser:
        assert _choose(browser, first, "right") == 200
    with paired(inspected(sets[1].root), inspected(sets[0].root), None, print) as pairs:
        pair = pairs.pair(first)
        assert pair is not None
        (row,) = [r for r in _said(sets[0]) if r["clip_id"] == first and r["outcome"]][-1:]
        assert (row["other_digest"], row["caption_digest"]) == (pair.own, pair.other)


@pytest.mark.parametrize("body", ["", "[]", '{"better": "first"}', '{"outcome": "win"}', "{}"])
def test_what_is_no_choice_is_not_stored(body: str, sets: tuple[Made, Made]) -> None:
    with _browser(sets[0].root, sets[1].root) as browser:
        clip = browser.get("/").headers["location"].rpartition("/")[2]
        answer = browser.post(f"/pair/{clip}", headers=ORIGIN, content=body)
        assert (answer.status_code, _said(sets[0])) == (422, [])
        assert _choose(browser, "0" * 32, "left") == 404
        foreign = browser.post(f"/pair/{clip}", json={"better": "left"})
        assert (foreign.status_code, _said(sets[0])) == (403, [])


def test_people_are_told_by_the_command_and_by_the_report(sets: tuple[Made, Made]) -> None:
    pairs = list(_differing(sets))
    with _browser(sets[0].root, sets[1].root) as browser:
        shown: tuple[Inspected, Inspected] = (inspected(sets[0].root), inspected(sets[1].root))
        with paired(*shown, None, lambda line: None) as known:
            for at, clip in enumerate(pairs):
                pair = known.pair(clip)
                assert pair is not None
                own, other = ("left", "right") if pair.is_left else ("right", "left")
                _choose(browser, clip, own if at % 2 else "tie" if at else other)
    told = preferred(*shown, sets[0].workspace, lambda line: None)
    wins = len(pairs) // 2
    assert (told.judged, told.win.count, told.loss.count) == (len(pairs), wins, 1)
    comparison = report(sets[0].root, sets[1].root, []).report.comparison
    assert comparison is not None and comparison.people is not None
    assert comparison.people.model_dump(exclude={"same"}) == told.model_dump(exclude={"same"})
    assert comparison.people.same == told.same


def test_a_plan_says_which_clips_are_compared(sets: tuple[Made, Made]) -> None:
    shown = WorkspaceSet(sets[0].root)
    how: dict[str, Any] = {"by": None, "worst": False, "interval": None, "count": 5, "seed": 3}
    plan = planned(shown, shown.workspace, "few", **how, told=lambda line: None)
    other = inspected(sets[1].root)
    with paired(shown, other, plan, lambda line: None) as pairs:
        differing = _differing(sets)
        assert pairs.order() == [clip for clip in plan.ids if clip in differing]
    with _browser(sets[0].root, sets[1].root, plan="few") as browser:
        assert f"of {pairs.clips.differ}," in browser.get(browser.get("/").headers["location"]).text


def test_two_jobs_of_a_workspace_are_compared(sets: tuple[Made, Made]) -> None:
    place, other = sets[0], "fedcba9876543210"
    for shard in range(2):
        changed = [
            sealed(row | {"audio_caption": "Else.", "audio_by": "llm", "config_digest": other})
            for row in place.rows("captions", shard)
        ]
        path = place.workspace.path("captions", other, shard, 0, 1)
        file = tables.write(place.root, path, "captions", changed, kind_of("captions").schema)
        place.append(Record("caption", epoch=1, cut=CUT, job=other, shard=shard, files=(file,)))
    settings(place, other, "caption", {})
    newest = WorkspaceSet(place.root)
    older = other_of(newest, "0123" if newest.captioned.job.digest == other else other[:4])
    assert isinstance(older, WorkspaceSet)
    assert {older.captioned.job.digest, newest.captioned.job.digest} == {
        other,
        "0123456789abcdef",
    }
    assert older.place != newest.place
    with paired(newest, older, None, lambda line: None) as pairs:
        assert pairs.clips.differ > 0
    with pytest.raises(InspectError, match="no one captioning that begins with 7"):
        other_of(newest, "7")
    with pytest.raises(InspectError, match="has the same captions"):
        other_of(newest, str(place.root))


def _else(rows: list[Row]) -> list[Row]:
    """The same rows with other captions."""
    return [row | {"audio_caption": "Else.", "caption_digest": row["clip_id"][:16]} for row in rows]


def test_comparisons_of_a_release_lie_beside_it(tmp_path: Path) -> None:
    first, second = tmp_path / "release", tmp_path / "other"
    small(first, 10)
    made_other = small(second, 10)
    for file in made_other.of("data"):
        made_other = broken(second, made_other, file.path, _else)
    before = sorted(first.rglob("*"))
    beside = Workspace.create(tmp_path / "beside")
    with _browser(first, second, reviews=beside) as browser:
        clip = browser.get("/").headers["location"].rpartition("/")[2]
        assert _choose(browser, clip, "tie") == 200
    told = preferred(inspected(first), inspected(second), beside, lambda line: None)
    assert (told.judged, told.tie.count) == (1, 1)
    assert sorted(first.rglob("*")) == before
    with pytest.raises(InspectError, match="with --reviews"), _browser(first, second):
        pass


def test_what_names_no_other_set_is_told(tmp_path: Path) -> None:
    small(tmp_path / "release", 10)
    with pytest.raises(InspectError, match="is not there"):
        other_of(inspected(tmp_path / "release"), "nothing")
    with pytest.raises(InspectError, match="has the same captions"):
        other_of(inspected(tmp_path / "release"), str(tmp_path / "release"))


def test_hostile_text_is_data(tmp_path: Path) -> None:
    first = made(tmp_path / "a", seed=1, change=hostile_row)

    def turned(row: Row) -> Row:
        changed = hostile_row(row)
        return changed | {"audio_caption": changed["visual_caption"], "audio_by": "llm"}

    second = made(tmp_path / "b", seed=1, change=turned)
    with _browser(first.root, second.root, TEXTS[0][:80]) as browser:
        shown = inspected(first.root), inspected(second.root)
        with paired(*shown, None, lambda line: None) as pairs:
            clips = pairs.order()
        for clip in clips:
            page = browser.get(f"/pair/{clip}").text
            assert page.count("<script") == page.count('<script src="/static/') == 2
            assert '<script src="/static/blind.js" defer></script>' in page
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
            assert not re.search(r"<(iframe|object|embed|base|img onerror)", page)


def test_clips_that_only_one_set_has_captions_of_are_counted_on_their_own(
    tmp_path: Path,
) -> None:
    first_set = made(tmp_path / "first", seed=1)
    lost = [row["clip_id"] for row in rows(first_set) if any(_texts(row))][:2]

    def without(row: Row) -> Row:
        gone = dict.fromkeys(CAPTIONS) | {"claims": []}
        return row | (gone if row["clip_id"] in lost else {})

    sets = first_set, made(tmp_path / "second", seed=2, change=without)
    own, other = ({r["clip_id"] for r in rows(place) if any(_texts(r))} for place in sets)
    shown = inspected(sets[0].root), inspected(sets[1].root)
    with paired(*shown, None, lambda line: None) as pairs:
        of = pairs.clips
    assert (of.only_own, of.only_other) == (len(own - other), len(other - own))
    assert of.only_one > 0 and of.differ + of.same == len(own & other)
    with _browser(sets[0].root, sets[1].root) as browser:
        first = browser.get("/").headers["location"]
        assert f"{of.only_one} clip" in browser.get(first).text
        assert "where only one set has a caption" in browser.get(first).text
        assert _choose(browser, first.rpartition("/")[2], "left") == 200
    comparison = report(sets[0].root, sets[1].root, []).report.comparison
    assert comparison is not None and comparison.people is not None
    people = comparison.people
    assert (people.only_own, people.only_other, people.same) == (
        of.only_own,
        of.only_other,
        of.same,
    )


@pytest.mark.run
def test_the_command_tells_what_people_prefer(sets: tuple[Made, Made]) -> None:
    said = ["reviews", "compare", str(sets[0].root), str(sets[1].root)]
    with _browser(sets[0].root, sets[1].root) as browser:
        clip = browser.get("/").headers["location"].rpartition("/")[2]
        assert _choose(browser, clip, "tie") == 200
    ran = subprocess.run(command(*said), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "compared: first-set against second-set" in ran.stdout
    assert "as good: 100% (1 of 1; 95% interval" in ran.stdout
    assert "sign test: p = 1" in ran.stdout
    ran = subprocess.run(command(*said, "--json"), capture_output=True, text=True, check=False)
    assert json.loads(ran.stdout)["tie"]["count"] == 1
    turned = command(*said[:2], *said[:1:-1])
    ran = subprocess.run(turned, capture_output=True, text=True, check=False)
    assert f"comparisons are looked for in {sets[1].root}: name first" in ran.stderr
