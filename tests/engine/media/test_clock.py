"""Where the stamps of a stream run on, jump, and start again."""

import pytest

from engine.media.clock import Clock, joined

pytestmark = pytest.mark.unit


def _seen(stamps: list[float], gap: float = 10.0) -> Clock:
    """A clock that saw packets of 0.1 s, the n-th of them at byte 100 n."""
    clock = Clock(gap, 5.0)
    for number, stamp in enumerate(stamps):
        clock.see(stamp, stamp, 0.1, 100 * number)
    clock.finish()
    return clock


def _run(start: float, count: int = 50) -> list[float]:
    return [start + number / 10 for number in range(count)]


def test_a_clock_that_runs_on_is_one_stretch():
    clock = _seen(_run(3))
    assert clock.restart is None
    assert clock.stretches == [[3, pytest.approx(8)]]


def test_a_pause_is_no_jump():
    assert len(_seen(_run(0) + _run(14)).stretches) == 1


@pytest.mark.parametrize("ahead", [60, 3_600, 1.7e9])
def test_a_jump_ahead_begins_a_stretch(ahead):
    clock = _seen(_run(0) + _run(ahead))
    assert clock.restart is None
    assert [stretch[0] for stretch in clock.stretches] == [0, ahead]


@pytest.mark.parametrize("wrong", [-400, 50_000])
@pytest.mark.parametrize("count", [1, 5])
def test_wrong_stamps_are_no_jump(wrong, count):
    clock = _seen(_run(0) + [wrong] * count + _run(5))
    assert clock.restart is None
    assert clock.stretches == [[0, pytest.approx(10)]]


@pytest.mark.parametrize("back", [0, 3])
def test_a_clock_that_goes_back_for_good_starts_again(back):
    assert _seen(_run(2) + _run(back - 1)).restart == 5_000


def test_a_wrong_stamp_at_the_end_does_not_start_it_again():
    assert _seen([*_run(0), 0.5, 0.6]).restart is None


def test_it_may_go_back_after_it_jumped_ahead():
    clock = _seen(_run(0) + _run(1_000) + _run(500))
    assert clock.restart == 10_000
    assert len(clock.stretches) == 2


def test_pictures_far_apart_are_a_stretch_each():
    assert len(_seen([0, 20, 40, 60, 80]).stretches) == 5


def test_going_back_is_told_before_it_is_certain():
    clock = Clock(10.0, 5.0)
    for number, stamp in enumerate([*_run(5), 0.0]):
        clock.see(stamp, stamp, 0.1, 100 * number)
    assert clock.restart is None
    assert clock.going_back == 5_000


def test_stretches_of_several_streams_are_joined():
    assert joined([(0, 5), (100, 101), (4, 9), (12, 13)], 3) == [(0, 13), (100, 101)]


def test_a_stretch_says_when_its_last_two_pictures_are_shown():
    clock = Clock(10.0, 10.0)
    for decoded, shown in enumerate([0.0, 0.3, 0.1, 0.2, 0.6, 0.4, 0.5]):  # B-frames between others
        clock.see(decoded / 10, shown, 0.1, decoded)
    clock.see(60.0, 60.0, 0.1, 7)
    clock.finish()
    assert clock.lasts == [(0.3, 0.6), (60.0, 60.0)]


@pytest.mark.parametrize("pause", [12.0, 18.0])
def test_a_packet_that_seems_long_does_not_hide_a_jump(pause):
    clock = Clock(10.0, 10.0)
    for number, stamp in enumerate(first := _run(0)):
        clock.see(stamp, stamp, pause if number == len(first) - 1 else 0.1, number)
    for number, stamp in enumerate(_run(first[-1] + pause)):
        clock.see(stamp, stamp, 0.1, 100 + number)
    clock.finish()
    assert [stretch[0] for stretch in clock.stretches] == [0, pytest.approx(first[-1] + pause)]
    assert clock.stretches[0][1] == pytest.approx(first[-1] + 0.04, abs=0.1)
