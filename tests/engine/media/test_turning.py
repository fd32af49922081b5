"""Mixes of clips in which the relation of the channels turns."""

import numpy as np
import pytest

from engine.media.levels import Block, Levels
from engine.media.mixing import Mix, choose, mono
from engine.media.turning import LOOKS_AHEAD_S, Turning

_HZ = 48_000
_STEREO = ("FL", "FR")
_FILM = ("FL", "FR", "FC", "LFE", "BL", "BR")
_LEVEL = 0.1


def _tone(seconds: float, hertz: float = 440, phase: float = 0) -> np.ndarray:
    at = np.arange(int(seconds * _HZ)) / _HZ
    return (_LEVEL * np.sqrt(2) * np.sin(2 * np.pi * hertz * at + phase)).astype(np.float32)


def _noise(seconds: float, seed: int = 0) -> np.ndarray:
    samples = np.random.default_rng(seed).normal(0, _LEVEL, int(seconds * _HZ))
    return samples.astype(np.float32)


def _chosen(names: tuple[str, ...], block: Block) -> Mix:
    levels = Levels(len(names))
    levels.add(block)
    return choose(names, levels)


def _mixed(
    block: Block, names: tuple[str, ...] = _STEREO, size: int = 40_000, rate: int = _HZ
) -> np.ndarray:
    """The clip, mixed in blocks of so many samples."""
    levels = Levels(len(names))
    turning = Turning(_chosen(names, block), levels)
    parts = [(at, block[:, at : at + size]) for at in range(0, block.shape[1], size)]
    for at, part in parts:
        levels.add(part, at, rate)
    turning.decide()
    return np.concatenate([turning.mixed(part, at, rate) for at, part in parts])


def _lost_db(mixed: np.ndarray, seconds: float = 0.1) -> float:
    """By how much the weakest part of this length is below the level of the channels."""
    size = int(seconds * _HZ)
    parts = mixed[: len(mixed) // size * size].reshape(-1, size).astype(np.float64)
    return float(20 * np.log10(_LEVEL / np.sqrt(np.mean(parts**2, axis=1).min())))


def _with(block: Block, channel: int, start: float, end: float, samples: np.ndarray) -> Block:
    block = block.copy()
    block[channel, int(start * _HZ) : int(end * _HZ)] = samples
    return block


_TEN = np.stack([_tone(10), _tone(10)])
_OPPOSITE = [
    (5, 10),
    (0, 5),
    (3.37, 10),
    (0, 9.95),
    (4.123, 4.6),
    (2, 2.35),
    (1, 9),
    (9.2, 10),
]


@pytest.mark.parametrize(("start", "end"), _OPPOSITE)
@pytest.mark.parametrize("sound", [_tone, _noise])
def test_no_part_cancels_where_the_phase_turns(start, end, sound):
    samples = sound(10)
    turned = -samples[int(start * _HZ) : int(end * _HZ)]
    mixed = _mixed(_with(np.stack([samples, samples]), 1, start, end, turned))
    assert _lost_db(mixed) < 1


def test_no_part_cancels_where_it_turns_often():
    samples, sign = _tone(10), np.ones(10 * _HZ, dtype=np.float32)
    for start in np.arange(0.3, 10, 1.4):
        sign[int(start * _HZ) : int((start + 0.7) * _HZ)] = -1
    assert _lost_db(_mixed(np.stack([samples, sign * samples]))) < 1


@pytest.mark.parametrize("degrees", [120, 150, 180])
def test_no_second_is_lost_where_the_phase_turns_by(degrees):
    shifted = _tone(5, phase=np.radians(degrees))
    assert _lost_db(_mixed(_with(_TEN, 1, 5, 10, shifted)), 1) < 1


@pytest.mark.parametrize("names", [_STEREO, ("FL", "FR", "SL", "SR"), _FILM])
def test_more_channels_turn_as_well(names):
    block = np.stack([_tone(10)] * len(names))
    if "LFE" in names:
        block[3] = 0
    for channel in range(1, len(names), 2):
        block = _with(block, channel, 5, 10, -block[channel, 5 * _HZ :])
    assert _lost_db(_mixed(block, names)) < 1


@pytest.mark.parametrize("louder", [1, 10 ** (4 / 20)])
def test_speakers_who_take_turns_on_two_channels_keep_their_level(louder):
    silence = np.zeros(5 * _HZ)
    first, second = np.r_[_tone(5) * louder, silence], np.r_[silence, _tone(5, 700)]
    assert _lost_db(_mixed(np.stack([first, second]).astype(np.float32)), 1) < 1


def test_a_voice_in_the_centre_keeps_its_level_between_music():
    block = np.zeros((6, 10 * _HZ), dtype=np.float32)
    for channel in (0, 1, 4, 5):
        block[channel, : 5 * _HZ] = _tone(5, 300)
    block[2, 5 * _HZ :] = _tone(5, 700)
    assert _lost_db(_mixed(block, _FILM)[5 * _HZ :], 1) < 1


@pytest.mark.parametrize(("start", "end"), _OPPOSITE)
def test_no_click_is_heard_where_it_turns(start, end):
    turned = -_TEN[1, int(start * _HZ) : int(end * _HZ)]
    mixed = _mixed(_with(_TEN, 1, start, end, turned))
    steepest = np.abs(np.diff(_TEN[0])).max()
    assert np.abs(np.diff(mixed)).max() < 1.05 * steepest


def test_speakers_who_take_turns_do_not_click():
    block = np.stack([np.r_[_tone(5), np.zeros(5 * _HZ)], np.r_[np.zeros(5 * _HZ), _tone(5, 700)]])
    mixed = _mixed(block.astype(np.float32))
    assert np.abs(np.diff(mixed)).max() < 1.1 * np.abs(np.diff(_tone(1, 700))).max()


def _music(seed: int) -> np.ndarray:
    """Stereo: a common part, and noise of its own on each channel, both of changing loudness."""
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.uniform(0.01, 1, (3, 100)), _HZ // 10, axis=1)
    common, left, right = (_noise(10, 10 * seed + i) * loud[i] for i in range(3))
    return np.stack([common + 0.5 * left, common + 0.5 * right]).astype(np.float32)


_STEADY = {
    "in phase": _TEN,
    "opposite": np.stack([_tone(10), -_tone(10)]),
    "delayed": np.stack([_tone(10), -np.roll(_tone(10), 7)]),
    "right is quieter": np.stack([_tone(10), 0.4 * _tone(10)]),
    "unrelated": np.stack([_noise(10, 1), _noise(10, 2)]),
    "unrelated and unequal": np.stack([_noise(10, 1), 0.4 * _noise(10, 2)]),
    "two tones": np.stack([_tone(10, 300), _tone(10, 700)]),
    "left alone": np.stack([_tone(10), np.zeros(10 * _HZ)]),
    "music": _music(1),
    "other music": _music(2),
    "phrases over noise": np.stack([_music(3)[0], _music(3)[0]])
    * np.repeat([1, 0, 1, 0, 1], 2 * _HZ).astype(np.float32)
    + 1e-4 * np.stack([_noise(10, 4), 3 * _noise(10, 5)]),
    "zeros": np.zeros((2, 10 * _HZ)),
    "not a number": np.stack([_tone(10), np.full(10 * _HZ, np.nan)]),
}


@pytest.mark.parametrize("block", _STEADY.values(), ids=_STEADY)
def test_clips_that_never_turn_keep_their_mix_in_each_sample(block):
    block = block.astype(np.float32)
    once = mono(block, _chosen(_STEREO, block).taken)
    assert np.array_equal(_mixed(block), once, equal_nan=True)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
def test_the_mix_is_the_same_however_it_comes_in_blocks(rate):
    block = _with(_TEN, 1, 3.37, 7, -_TEN[1, int(3.37 * _HZ) : 7 * _HZ])[:, : 10 * rate]
    whole = _mixed(block, size=block.shape[1], rate=rate)
    for size in (997, 4_096, 65_536):
        assert np.array_equal(_mixed(block, size=size, rate=rate), whole)


def test_quiet_noise_of_opposite_phase_in_pauses_keeps_the_mix():
    block = _with(_TEN, 0, 4, 8, 1e-4 * _noise(4))
    block = _with(block, 1, 4, 8, -1e-4 * _noise(4))
    assert np.array_equal(_mixed(block), mono(block, (0, 1)))


def test_long_clips_are_mixed_while_they_come():
    block = _with(_TEN, 1, 3.37, 7, -_TEN[1, int(3.37 * _HZ) : 7 * _HZ])
    levels = Levels(2)
    turning = Turning(_chosen(_STEREO, block), levels)
    size, ahead = 4_800, int(LOOKS_AHEAD_S * _HZ)
    mixed: list[np.ndarray] = []
    for at in range(0, block.shape[1] + ahead, size):
        levels.add(block[:, at : at + size], at, _HZ)
        turning.decide()
        if at >= ahead:
            first = at - ahead
            mixed.append(turning.mixed(block[:, first : first + size], first, _HZ))
    assert np.array_equal(np.concatenate(mixed), _mixed(block)[: sum(map(len, mixed))])
