"""Plans: the arithmetic by hand, and whole samples of the dummy profile beside what runs then take."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.plan import Lapse, Pace, Plan, what_would_help
from tests.conftest import CLIPS, run

EARS = Pace("ears", 0, seconds=0.2, slots=2, doubt=0.0, cpus=1, gpus=0)
WRITER = Pace("writer", 0, seconds=2.0, slots=10, doubt=0.05, cpus=0, gpus=1, tokens_out=100)


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
    assert told.startswith("all waits for writer: with 2 times its slots") and "by 50%" in told
    alike = Pace("eyes", 0, seconds=0.39, slots=2, doubt=0.0, cpus=1, gpus=0)
    assert "writer and eyes alike" in what_would_help(planned(paces=(alike, WRITER)))[0]


def test_a_finished_run_is_told_beside_its_plan(
    clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    own, out = profile(batch_ms=50), tmp_path / "out"
    done = run("plan", clips, "--profile", own, "--sample", "8", "--keep", out, "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert (plan["clips"], plan["sampled"], plan["gpus"]) == (CLIPS, 8, 0)
    assert 0 < plan["hours_low"] <= plan["hours"] <= plan["hours_high"]
    assert {pace["name"] for pace in plan["paces"]} == {
        "decode", "dummy-audio", "dummy-video", "writer",
    }  # fmt: skip
    captioned = run("caption", clips, out, "--profile", own)
    assert "plan: " in captioned.stdout and "; actual: " in captioned.stdout


def test_what_can_not_be_planned_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    done = run("plan", tmp_path, "--profile", "dummy")
    assert done.returncode == 1
    assert "no clip of the sample was captioned: 1 of 1 clips could not be worked" in done.stderr
