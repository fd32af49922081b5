"""Plans of what to review: which clips they draw, and the app that shows just these."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manifests.schemas import REVIEWS
from manifests.workspace import Workspace
from pipelines.inspect.index import prepare
from pipelines.inspect.lookup import Lookup, opened
from pipelines.inspect.planned import make
from pipelines.inspect.sets import InspectError, WorkspaceSet
from pipelines.inspect.sorting import Order
from pipelines.inspect.terms import parse
from pipelines.reviews.journal import ReviewError
from pipelines.reviews.plan import Plan, plans, read
from tests.conftest import command
from tests.manifests.made import Made
from tests.manifests.release.made import small
from tests.pipelines.inspect.made import ORIGIN, client, reviews_of
from tests.pipelines.report.made import made, rows


def _plan(place: Made, stored: Path, **how: Any) -> Plan:
    given: dict[str, Any] = {"name": None, "by": None, "worst": False, "interval": None}
    given |= {"count": 5, "seed": 0} | how
    if given["interval"] is not None:
        given["count"] = None
    return make(WorkspaceSet(place.root), Workspace.create(stored), **given, told=lambda line: None)


def _captioned(place: Made) -> dict[str, dict[str, Any]]:
    names = ("audio_caption", "visual_caption", "audio_visual_caption")
    return {r["clip_id"]: r for r in rows(place) if any(r[name] is not None for name in names)}


def test_a_plan_is_drawn_by_its_seed(place: Made, tmp_path: Path) -> None:
    drawn = [
        _plan(place, tmp_path / str(at), seed=seed, name="p").ids
        for at, seed in enumerate((0, 0, 1))
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(len(set(ids)) == 5 and set(ids) <= set(_captioned(place)) for ids in drawn)
    # More of the same draw begin with the same.
    assert _plan(place, tmp_path / "more", count=8).ids[:5] == drawn[0]


def test_an_interval_says_how_many_clips_are_needed(place: Made, tmp_path: Path) -> None:
    assert len(_plan(place, tmp_path / "a", interval=0.3).clips) == 7
    everything = _plan(place, tmp_path / "b", interval=0.01)
    assert set(everything.ids) == set(_captioned(place))


def test_each_stratum_has_so_many_clips_however_far_a_reviewer_comes(
    place: Made, tmp_path: Path
) -> None:
    plan = _plan(place, tmp_path / "a", by="kind", count=2)
    captioned = _captioned(place)
    for at, stratum in enumerate(plan.strata):
        own = [clip for clip, where in plan.clips if where == at]
        assert {captioned[clip]["kind"] for clip in own} == {stratum.value}
        assert stratum.size == sum(row["kind"] == stratum.value for row in captioned.values())
        assert len(own) == min(2, stratum.size)
    first = [where for _, where in plan.clips[: len(plan.strata)]]
    assert sorted(first) == list(range(len(plan.strata)))


def test_the_worst_have_the_least_support(place: Made, tmp_path: Path) -> None:
    plan = _plan(place, tmp_path / "a", worst=True)
    assert (plan.how, plan.is_sample, plan.name) == ("worst", False, "worst")
    captioned = _captioned(place)

    def support(clip: str) -> float:
        claims = captioned[clip]["claims"]
        return sum(c["supported"] for c in claims) / len(claims) if claims else 2.0

    told = [support(clip) for clip in plan.ids]
    assert told == sorted(support(clip) for clip in captioned)[:5]


def test_a_plan_is_never_written_over(place: Made, tmp_path: Path) -> None:
    plan = _plan(place, tmp_path / "a")
    workspace = Workspace.open(tmp_path / "a")
    assert list(plans(workspace)) == [plan] == [read(workspace, "random")]
    with pytest.raises(ReviewError, match="there is a plan random: name another one"):
        _plan(place, tmp_path / "a", seed=1)


@pytest.mark.parametrize(
    ("name", "told"),
    [("../out", "letters, digits"), ("other", "has no plan other; there is random"), ("", "name")],
)
def test_what_is_no_plan_is_told(name: str, told: str, place: Made, tmp_path: Path) -> None:
    _plan(place, tmp_path / "a")
    with pytest.raises(ReviewError, match=told):
        read(Workspace.open(tmp_path / "a"), name)


def test_a_damaged_plan_is_told(place: Made, tmp_path: Path) -> None:
    plan = _plan(place, tmp_path / "a")
    path = tmp_path / "a" / "plans" / "random.json"
    path.write_text(path.read_text().replace(plan.ids[0], plan.ids[1]))
    with pytest.raises(ReviewError, match=r"is no plan: .* no list of different ids"):
        read(Workspace.open(tmp_path / "a"), "random")


def test_strata_are_of_choices(place: Made, tmp_path: Path) -> None:
    with pytest.raises(InspectError, match="strata are by a choice, not by support"):
        _plan(place, tmp_path / "a", by="support")


@pytest.fixture
def lookup(place: Made, tmp_path: Path) -> Iterator[tuple[Lookup, Plan]]:
    """The index of the clips of a plan, and the plan."""
    plan = _plan(place, tmp_path / "a", count=9)
    shown = WorkspaceSet(place.root)
    path = prepare(shown, lambda line: None)
    with opened(path, shown.columns, REVIEWS.empty_table(), plan) as planned:
        yield planned, plan


def test_the_app_has_the_clips_of_a_plan_in_its_order(lookup: tuple[Lookup, Plan]) -> None:
    planned, plan = lookup
    page = planned.page(parse("", planned.columns), Order())
    assert [row["clip_id"] for row in page.rows] == plan.ids
    total, facets = planned.overview(parse("", planned.columns))
    assert total == 9
    for facet in facets:
        if facet.column.name in ("kind", "domain"):
            assert sum(clips for _, clips in facet.values) == 9


def test_clips_of_a_plan_are_searched(lookup: tuple[Lookup, Plan], place: Made) -> None:
    planned, plan = lookup
    captioned = _captioned(place)
    for word in ("dog", "music", "rain"):
        query = parse(f"heard:{word}", planned.columns)
        told = {row["clip_id"] for row in planned.page(query, Order()).rows}
        assert told == {
            clip for clip in plan.ids if word in (captioned[clip]["audio_caption"] or "").lower()
        }
        assert planned.overview(query)[0] == len(told)


def test_a_plan_is_reviewed_clip_by_clip(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    plan = _plan(place, place.root)
    with client(place.root, plan="random") as browser:
        listed = browser.get("/").text
        assert "The 5 clips of the plan <bdi>random</bdi>, drawn at random" in listed
        assert '<option value="" selected>as planned</option>' in listed
        assert re.findall(r'<li class="row" tabindex="-1" data-clip="(\w+)"', listed) == plan.ids
        page = browser.get(f"/clip/{plan.ids[1]}").text
        assert "2 of 5 of the plan <bdi>random</bdi>" in page
        assert f'rel="next" href="/clip/{plan.ids[2]}"' in page
        url = f"/clip/{plan.ids[0]}/review"
        assert browser.post(url, headers=ORIGIN, json={"verdict": "good"}).status_code == 200
        left = browser.get("/", params={"q": '-reviewer:"ada"'}).text
        assert re.findall(r'<li class="row" tabindex="-1" data-clip="(\w+)"', left) == plan.ids[1:]
    assert [review["clip_id"] for review in reviews_of(place.root)] == plan.ids[:1]


def test_in_a_plan_one_judges_before_one_sees_what_others_say(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    plan = _plan(place, place.root)
    url = f"/clip/{plan.ids[0]}/review"
    with client(place.root, plan="random", reviewer="bob") as browser:
        bad = {"verdict": "bad", "reasons": {"wrong": True}}
        assert browser.post(url, headers=ORIGIN, json=bad).status_code == 200
    with client(place.root, plan="random") as browser:
        pages = ("/", f"/clip/{plan.ids[0]}")
        asked = [{"q": q} for q in ("review:bad", "why:wrong", "reviewer:bob", "-review:none")]
        assert not any("bob: bad" in browser.get(page).text for page in pages)
        assert not any(plan.ids[0] in browser.get("/", params=q).text for q in asked)
        assert not re.search(r"q=(review|why)%3A|bob", browser.get("/").text)
        assert browser.post(url, headers=ORIGIN, json={"verdict": "good"}).status_code == 200
        assert all("bob: bad" in browser.get(page).text for page in pages)
        assert all(plan.ids[0] in browser.get("/", params=q).text for q in asked)
        assert "q=review%3Abad" in browser.get("/").text


@pytest.mark.run
def test_a_plan_is_made_by_command(tmp_path: Path) -> None:
    small(tmp_path / "release", 10)
    said = [
        *("reviews", "plan", str(tmp_path / "release"), "--interval", "40%"),
        *("--reviews", str(tmp_path / "beside")),
    ]
    ran = subprocess.run(command(*said), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = ran.stdout.splitlines()
    assert told[0] == "3 clips of 10 captioned"
    assert told[1].endswith(f"--reviews {tmp_path / 'beside'} --plan random")
    (plan,) = plans(Workspace.open(tmp_path / "beside"))
    assert len(plan.clips) == 3
    again = subprocess.run(command(*said), capture_output=True, text=True, check=False)
    assert (again.returncode, "there is a plan random" in again.stderr) == (1, True)
