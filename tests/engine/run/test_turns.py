"""Who is loaded when: all at once where it fits, else in turns that keep the order of who asks whom."""

from typing import Any

import pytest

from engine.profile.profile import ModelSpec, Profile, ProfileError
from engine.run.turns import turns
from engine.stages.contract import Step, Unit
from pipelines.caption.stage import CaptionStage
from tests.stages.mark import MarkStage


def profile(*captioners: dict[str, Any], writer: float = 1.0, **more: Any) -> CaptionStage:
    servers = [{"name": "writer", "model": "m", "num_gpus": writer}, *more.pop("servers", [])]
    kinds = [{"use": "captioners.dummy:DummyAudio", "group": c["name"], **c} for c in captioners]
    return CaptionStage(Profile(name="own", captioners=kinds, writer={}, servers=servers, **more))


def named(found: CaptionStage, gpus: float) -> list[tuple[str, ...]]:
    return [turn.units for turn in turns(found, gpus)]


EARS = {"name": "ears", "num_gpus": 0.5}
EYES = {"name": "eyes", "num_gpus": 0.6}
METER = {"name": "meter", "num_cpus": 1}


def test_what_fits_is_loaded_at_once() -> None:
    assert named(profile(METER, EARS, EYES, writer=0.9), 2) == [("meter", "ears", "eyes", "writer")]


def test_without_gpus_there_is_one_turn() -> None:
    assert named(profile(METER, writer=0), 0) == [("meter", "writer")]


def test_on_one_card_stages_take_turns_and_the_writer_is_last() -> None:
    found = profile(METER, EARS, EYES)
    assert named(found, 1) == [("meter", "ears"), ("eyes",), ("writer",)]
    assert [turn.servers for turn in turns(found, 1)] == [(), (), ("writer",)]


def test_a_later_captioner_fills_an_earlier_turn_that_has_room() -> None:
    nose = {"name": "nose", "num_gpus": 0.4}
    assert named(profile(EARS, EYES, nose), 1)[0] == ("ears", "nose")


def test_who_reads_another_is_never_before_it() -> None:
    scorer = {"name": "scorer", "num_gpus": 0.4, "reads": ["eyes"]}
    assert named(profile(EARS, EYES, scorer), 1) == [("ears",), ("eyes", "scorer"), ("writer",)]


def test_a_captioner_s_server_is_loaded_in_its_turn() -> None:
    served = {"name": "served", "server": "big"}
    found = profile(served, writer=0.5, servers=[{"name": "big", "model": "m", "num_gpus": 0.7}])
    assert [turn.servers for turn in turns(found, 1)] == [("big",), ("writer",)]


def test_tenths_of_a_card_fill_it() -> None:
    tenths = [{"name": f"c{n}", "num_gpus": 0.1} for n in range(7)]
    assert len(turns(profile(*tenths, writer=0.3), 1)) == 1


def test_replicas_and_servers_elsewhere_are_counted_as_they_are() -> None:
    assert len(turns(profile({**EARS, "replicas": 2}, writer=1), 2)) == 1
    away = {"name": "away", "urls": ["http://10.0.0.1:8000/v1"], "num_gpus": 8}
    assert len(turns(profile({"name": "served", "server": "away"}, servers=[away]), 1)) == 1


def test_what_never_fits_is_told() -> None:
    with pytest.raises(ProfileError, match="eyes needs 2 GPUs and Ray has 1"):
        turns(profile(EARS, {**EYES, "num_gpus": 2}), 1)
    with pytest.raises(ProfileError, match="writer needs 1 GPUs and Ray has 0"):
        turns(profile(METER), 0)


def test_no_unit_is_loaded_before_those_of_an_earlier_step() -> None:
    def unit(name: str, gpus: float) -> Unit:
        model = ModelSpec(name=name, use="tests.stages.mark:DummyMarker", group=name)
        return Unit(name, model.model_copy(update={"num_gpus": gpus}))

    class Steps(MarkStage):
        steps = (Step("a", (unit("a", 0.6), unit("b", 0.6))), Step("c", (unit("c", 0.3),)))

    found = turns(Steps(Profile(name="own")), 1)
    assert [turn.units for turn in found] == [("a",), ("b", "c")]
