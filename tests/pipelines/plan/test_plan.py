"""Plans: the arithmetic by hand, and whole samples of the dummy profile beside what runs then take."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.profile.profile import Profile, ProfileError
from engine.run.turns import turns
from engine.run.view import Lap, View
from engine.stages.progress import Counts
from pipelines.caption.stage import CaptionStage
from pipelines.plan.estimate import Lapse, Pace, Plan
from pipelines.plan.sample import _planned, plan
from pipelines.plan.told import text, what_would_help
from tests.conftest import CLIPS, run

EARS = Pace("ears", 0, seconds=0.2, slots=2, doubt=0.0, cpus=1, gpus=0)
WRITER = Pace("writer", 0, seconds=2.0, slots=10, doubt=0.05, cpus=0, gpus=1, tokens_out=100)

_ASKS = """
[[captioners]]
name = "asks"
use = "captioners.served:AudioChat"
server = "dummy"
group = "asks"
num_cpus = 0.1

"""


def planned(**changes: Any) -> Plan:
    one: dict[str, Any] = {
        "clips": 36_000.0,
        "clips_doubt": 0.0,
        "sampled": 50,
        "profile": "own",
        "job": "j",
        "paces": (EARS, WRITER),
        "laps": (Lapse(load_s=360.0, seconds=0.5),),
        "turns": (("ears", "writer"),),
        "waves": 1,
        "gpus": 1.0,
        "price": 3.0,
    }
    return Plan(**one | changes)


def test_a_turn_lasts_as_long_as_its_slowest_stage() -> None:
    found = planned()
    assert found.slowest(0) == WRITER
    assert found.low == pytest.approx(0.1 + 36_000 * 0.2 * 0.9 / 3600)
    assert found.high == pytest.approx(0.1 + 36_000 * 0.5 * 1.1 / 3600)
    assert found.low < found.hours < found.high
    assert found.hours == pytest.approx(math.sqrt(found.low * found.high))


def test_all_gpus_are_paid_for_all_the_time() -> None:
    found = planned(gpus=4.0)
    assert found.cost == pytest.approx(found.hours * 4 * 3)
    assert planned(price=None).cost is None


def test_hours_of_a_stage_are_its_work_and_its_reserved_card() -> None:
    assert planned().hours_of(EARS) == (pytest.approx(2.0), 0)
    assert planned().hours_of(WRITER) == (0, pytest.approx(2.0))


def test_turns_come_one_after_the_other_and_are_loaded_for_each_wave() -> None:
    late = Pace("late", 1, seconds=0.1, slots=1, doubt=0.0, cpus=0, gpus=1)
    one = planned(paces=(WRITER, late), laps=(Lapse(60, 0.2), Lapse(60, 0.1)), waves=3)
    assert one.low == pytest.approx((3 * 120 + 36_000 * (0.2 * 0.9 + 0.1)) / 3600)


def test_what_would_help_names_the_slowest_stage_and_the_next() -> None:
    (told,) = what_would_help(planned())
    assert (
        told.startswith("the run is limited by writer: with 2 times its slots") and "by 50%" in told
    )
    alike = Pace("eyes", 0, seconds=0.39, slots=2, doubt=0.0, cpus=1, gpus=0)
    assert "writer and eyes alike" in what_would_help(planned(paces=(alike, WRITER)))[0]


@pytest.mark.run
def test_a_finished_run_is_told_beside_its_plan(
    clips: Path, tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    own, out = profile(batch_ms=50), tmp_path / "out"
    own.write_text(own.read_text().replace("[writer]", f"{_ASKS}[writer]"))
    planning = ("plan", clips, "--profile", own, "--sample", "8", "--keep", out, "--json")
    done = run(*planning, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["clips"], told["sampled"], told["gpus"]) == (CLIPS, 8, 0)
    assert 0 < told["hours_low"] <= told["hours"] <= told["hours_high"]
    assert {pace["name"] for pace in told["paces"]} == {
        "decode", "dummy-audio", "dummy-video", "asks", "writer",
    }  # fmt: skip
    assert {p["name"] for p in told["paces"] if p["tokens_out"] > 0} == {"asks", "writer"}
    captioned = run("caption", clips, out, "--profile", own, RAY_ADDRESS=cluster)
    assert "plan: " in captioned.stdout and "; actual: " in captioned.stdout


@pytest.mark.run
def test_what_can_not_be_planned_is_told(
    tmp_path: Path, profile: Callable[..., Path], cluster: str
) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    done = run("plan", tmp_path, "--profile", profile(), RAY_ADDRESS=cluster)
    assert done.returncode == 1
    assert "no clip of the sample was captioned: 1 of 1 clips could not be processed" in done.stderr


EARS_SPEC = {"name": "ears", "use": "captioners.dummy:DummyAudio", "group": "e", "num_gpus": 0.5}
EYES_SPEC = {"name": "eyes", "use": "captioners.dummy:DummyVideo", "server": "big", "group": "v"}
MORE_SPEC = {**EYES_SPEC, "name": "more"}


def sampled() -> tuple[CaptionStage, View]:
    """A profile for two cards, and ten clips of it on one card: eyes and more first, then the rest."""
    servers = [{"name": "big", "model": "hub:some/body", "num_gpus": 0.8}]
    servers.append({"name": "writer", "model": "hub:some/body", "num_gpus": 0.5})
    captioners = [EYES_SPEC, MORE_SPEC, EARS_SPEC]
    stage = CaptionStage(Profile(name="own", captioners=captioners, servers=servers, writer={}))
    view = View(10, "captioning", {}, worked=10, startup=30.0, turns=turns(stage, 1))
    view.laps = [Lap(0, 30.0, 20.0), Lap(1, 40.0, 10.0)]
    view.slots = {"decode": 2, "eyes": 1, "more": 1, "ears": 1, "writer": 8}
    view.progress.units = {
        "decode": Counts(busy=8.0, done=20),
        "eyes": Counts(busy=15.0, done=10, tokens_in=5000, tokens_out=500),
        "more": Counts(busy=5.0, done=10),
        "ears": Counts(busy=6.0, done=10),
        "writer": Counts(busy=20.0, done=10, tokens_in=3000, tokens_out=900),
    }
    return stage, view


def test_what_took_turns_here_may_fit_together_there() -> None:
    stage, view = sampled()
    here = _planned(stage, view, 1000, 0.0, None, None)
    assert here.turns == (("eyes", "more"), ("ears", "writer")) and (here.gpus, here.times) == (
        1,
        1,
    )
    there = _planned(stage, view, 1000, 0.0, 3.6, 2.0)
    assert there.turns == (("eyes", "more", "ears", "writer"),)
    assert (there.gpus, there.times) == pytest.approx((3.6, 2.0)) and there.waves == 1
    (lap,) = there.laps
    assert (lap.load_s, lap.seconds) == pytest.approx((40.0, 3 / 2))
    slots = {pace.name: pace.slots for pace in there.paces}
    assert slots == {"decode": 2, "eyes": 2, "more": 2, "ears": 2, "writer": 16}
    assert there.low < here.low
    assert "2.0 times its present replicas" in text(there) and "present replicas" not in text(here)


def test_stages_that_share_a_card_share_its_hours() -> None:
    stage, view = sampled()
    gpus = {pace.name: pace.gpus for pace in _planned(stage, view, 1000, 0.0, None, None).paces}
    assert gpus == pytest.approx(
        {"decode": 0, "eyes": 0.6, "more": 0.2, "ears": 0.5, "writer": 0.5}
    )


def test_decoding_is_parted_among_turns() -> None:
    stage, view = sampled()
    paces = _planned(stage, view, 1000, 0.0, None, None).paces
    assert [p.seconds for p in paces if p.name == "decode"] == pytest.approx([0.4, 0.4])


def test_tokens_of_every_stage_are_told() -> None:
    told = text(_planned(*sampled(), 1000, 0.0, None, None))
    assert "tokens of eyes: 500000 in, 50000 out (500 and 50 per clip)" in told
    assert "tokens of writer: 300000 in, 90000 out (300 and 90 per clip)" in told


def test_gpus_that_the_profile_never_fits_on_are_refused_before_the_sample(clips: Path) -> None:
    with pytest.raises(ProfileError, match=r"needs 0\.1 GPUs and Ray has 0"):
        plan([str(clips)], "gpu", gpus=0)
