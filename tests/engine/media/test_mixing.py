import numpy as np
import pytest

from engine.media.levels import Block, Levels
from engine.media.mixing import block_of, choose, mono

_HZ = 16_000
_STEREO = ("FL", "FR")
_FILM = ("FL", "FR", "FC", "LFE", "BL", "BR")


def _tone(hertz: float = 440, level: float = 0.1, seconds: float = 2.0) -> np.ndarray:
    at = np.arange(int(seconds * _HZ)) / _HZ
    return (level * np.sqrt(2) * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def _noise(seed: int, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, 2 * _HZ).astype(np.float32)


def _block(*channels: np.ndarray) -> Block:
    return np.stack(channels).astype(np.float32)


def _taken(names: tuple[str, ...], *blocks: Block) -> tuple[int, ...]:
    levels, first = Levels(len(names)), 0
    for block in blocks:
        levels.add(block, first)
        first += block.shape[1]
    return choose(names, levels).taken


def _lost_db(names: tuple[str, ...], block: Block, level: float = 0.1) -> float:
    """By how much the mix is below `level` of RMS."""
    mixed = mono(block, _taken(names, block))
    return float(20 * np.log10(level / np.sqrt(np.mean(np.square(mixed)))))


_ZERO = np.zeros(2 * _HZ)


@pytest.mark.parametrize(
    ("names", "block"),
    [
        (_STEREO, _block(_tone(), -_tone())),
        (_STEREO, _block(_tone(), -np.roll(_tone(), 3))),
        (_STEREO, _block(_noise(1), -0.9 * _noise(1))),
        (("NONE", "NONE"), _block(_tone(), -_tone())),
        (("FL", "FR", "SL", "SR"), _block(_tone(), -_tone(), _tone(), -_tone())),
    ],
)
def test_opposite_phase_does_not_cancel(names, block):
    assert abs(_lost_db(names, block)) < 1


@pytest.mark.parametrize("channel", range(6))
def test_sound_in_one_channel_of_six_keeps_its_level(channel):
    channels = [_ZERO] * 6
    channels[channel] = _tone()
    assert abs(_lost_db(_FILM, _block(*channels))) < 0.01


def test_sound_in_one_channel_keeps_its_level_beside_hum_and_dither():
    hum = _tone(50, 0.1 * 10 ** (-40 / 20))
    assert abs(_lost_db(_STEREO, _block(_tone(), hum))) < 0.1
    assert abs(_lost_db(_STEREO, _block(hum, _tone()))) < 0.1
    dither = [_noise(i, 2**-15) for i in range(8)]
    dither[2] = _tone()
    assert abs(_lost_db(("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"), _block(*dither))) < 0.1


def test_the_same_in_every_channel_is_their_mean():
    assert _taken(_STEREO, _block(_tone(), _tone())) == (0, 1)
    assert _taken(("FL", "FR", "FC"), _block(*[_noise(1)] * 3)) == (0, 1, 2)
    louder = _block(_noise(1), 0.5 * _noise(1))
    assert np.allclose(mono(louder, _taken(_STEREO, louder)), 0.75 * _noise(1))


def test_two_speakers_each_on_a_channel_are_both_heard():
    assert _taken(_STEREO, _block(_tone(300), _tone(700))) == (0, 1)
    assert _taken(_STEREO, _block(_noise(1), _noise(2))) == (0, 1)


def test_silent_channels_do_not_weaken_the_mean():
    stereo_in_film = _block(_tone(), _tone(), _ZERO, _ZERO, _ZERO, _ZERO)
    assert _taken(_FILM, stereo_in_film) == (0, 1)


def test_low_frequencies_of_a_film_are_left_out_unless_they_are_alone():
    rumble = _tone(40, 0.5)
    assert _taken(_FILM, _block(_tone(), _tone(), _ZERO, rumble, _ZERO, _ZERO)) == (0, 1)
    assert _taken(_FILM, _block(_ZERO, _ZERO, _ZERO, rumble, _ZERO, _ZERO)) == (3,)
    assert _taken(("LFE",), _block(rumble)) == (0,)


def test_a_channel_that_only_has_an_offset_does_not_sound():
    assert _taken(_STEREO, _block(np.full(2 * _HZ, 0.5), _tone())) == (1,)


def test_silence_stays_silence():
    block = _block(*[_ZERO] * 6)
    assert not mono(block, _taken(_FILM, block)).any()


def test_what_all_blocks_have_decides():
    quiet_in_phase, loud_opposite = (
        _block(0.01 * _tone(), 0.01 * _tone()),
        _block(_tone(), -_tone()),
    )
    assert len(_taken(_STEREO, quiet_in_phase, loud_opposite)) == 1


def test_the_direct_channel_of_ambisonics_is_taken_when_others_cancel():
    first_order = _block(_tone(), -0.7 * _tone(), 0.1 * _tone(), -0.7 * _tone())
    assert _taken(("AMBI0", "AMBI1", "AMBI2", "AMBI3"), first_order) == (0,)


def test_broken_float_sound_does_not_win():
    broken = np.full(2 * _HZ, np.nan)
    block = _block(broken, _tone())
    taken = _taken(_STEREO, block)
    assert taken == (1,)
    assert np.isfinite(mono(block, taken)).all()


@pytest.mark.parametrize(
    ("kind", "full"),
    [("u1", (0, 128, 192)), ("i2", (-(2**15), 0, 2**14)), ("i4", (-(2**31), 0, 2**30))],
)
def test_integers_become_floats_of_full_scale(kind, full):
    packed = np.array([full, full], dtype=kind).T.reshape(1, -1)
    for pieces in ([packed], [packed[:, :2], packed[:, 2:]]):
        assert np.array_equal(block_of(pieces, 2), [[-1, 0, 0.5], [-1, 0, 0.5]])


def test_planar_floats_are_joined_as_they_are():
    block = _block(_tone(300), _tone(700))
    assert np.array_equal(block_of([block[:, :100], block[:, 100:]], 2), block)
