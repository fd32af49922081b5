import numpy as np
import pytest

from captioners.measures import AudioMeasures, VideoMeasures, loudness
from captioners.weights.cache import Cache
from manifests.evidence import Claim, WeakCaption
from manifests.media import Audio, Frames, Media
from tests.captioners.pictures import clip, film, noise

_HZ = 16_000


def _heard(samples: Audio) -> WeakCaption:
    media = Media("c", "h", len(samples) * 1000 // _HZ, audio={_HZ: samples})
    return AudioMeasures("audio-measures", Cache()).caption([media])[0]


def _seen(media: Media) -> WeakCaption:
    return VideoMeasures("video-measures", Cache()).caption([media])[0]


def _claim(weak: WeakCaption, label: str) -> Claim:
    (claim,) = (c for c in weak.claims if c.label == label)
    assert claim.kind == "signal"
    return claim


def _sine(amplitude: float, seconds: float = 2.0, hertz: float = 997.0) -> Audio:
    at = np.arange(int(seconds * _HZ)) / _HZ
    return (amplitude * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def _painted(*colours: tuple[int, int, int]) -> Frames:
    return np.stack([np.full((90, 160, 3), colour, np.uint8) for colour in colours])


def test_zeros_are_silence_from_end_to_end() -> None:
    weak = _heard(np.zeros(2 * _HZ, np.float32))
    silence = _claim(weak, "silence")
    assert (silence.score, silence.text, silence.spans) == (1.0, "there is silence", ((0, 2000),))
    assert weak.text == "There is silence."
    assert _claim(weak, "loudness").score == -70


def test_no_samples_at_all_are_silence() -> None:
    weak = _heard(np.zeros(0, np.float32))
    assert _claim(weak, "silence").score == 1.0
    assert _claim(weak, "clipping").score == 0.0


def test_a_pause_is_a_span_and_not_a_sentence() -> None:
    tone = _sine(0.3, 1.0)
    weak = _heard(np.concatenate([tone, np.zeros(_HZ, np.float32), tone]))
    silence = _claim(weak, "silence")
    assert silence.score == pytest.approx(1 / 3, abs=0.02)
    assert silence.spans == ((1000, 2000),)
    assert (silence.text, weak.text) == ("", "")


def test_a_full_scale_sine_of_997_hertz_has_minus_3_lufs() -> None:
    # ITU-R BS.1770-4: -3.01 LKFS for one front channel.
    assert loudness(_sine(1.0)) == pytest.approx(-3.01, abs=0.1)
    assert loudness(_sine(0.1)) == pytest.approx(-23.01, abs=0.1)


def test_bass_counts_less_and_pauses_do_not_count() -> None:
    assert loudness(_sine(0.5, hertz=40)) < loudness(_sine(0.5)) - 4
    paused = np.concatenate([_sine(0.5, 4.0), np.zeros(8 * _HZ, np.float32)])
    assert loudness(paused) == pytest.approx(loudness(_sine(0.5)), abs=0.5)


def test_a_click_shorter_than_a_block_has_a_loudness() -> None:
    assert -40 < loudness(_sine(1.0, 0.05)) < -3


def test_clipping_is_the_share_of_full_scale_samples() -> None:
    samples = np.zeros(100, np.float32)
    samples[:25], samples[25:50] = 1.0, -1.0
    assert _claim(_heard(samples), "clipping").score == 0.5


def test_samples_that_are_no_numbers_do_no_harm() -> None:
    weak = _heard(np.full(_HZ, np.nan, np.float32))
    assert _claim(weak, "silence").score == 1.0


def test_black_frames_are_a_black_picture() -> None:
    weak = _seen(clip(_painted((0, 0, 0), (16, 16, 16), (0, 0, 0))))
    assert _claim(weak, "black").score == 1.0
    assert weak.text == "A black picture is seen."
    assert _claim(weak, "still").text == ""
    assert _claim(weak, "brightness").score < 0.03


def test_black_at_the_start_has_a_span() -> None:
    weak = _seen(clip(_painted((0, 0, 0), (200, 200, 200), (200, 200, 200), (200, 200, 200))))
    black = _claim(weak, "black")
    assert (black.score, black.text, black.spans) == (0.25, "", ((0, 1000),))


def test_a_picture_under_codec_noise_is_still() -> None:
    rng = np.random.default_rng(0)
    picture = noise(90, 160)[0].astype(int)
    frames = np.stack([picture + rng.integers(-3, 4, picture.shape) for _ in range(4)])
    weak = _seen(clip(frames.clip(0, 255).astype(np.uint8)))
    assert _claim(weak, "still").score == 1.0
    assert weak.text == "A still picture is seen."
    assert _claim(weak, "cuts").score == 0


def test_a_small_thing_that_moves_is_not_still() -> None:
    frames = _painted(*[(90, 90, 90)] * 4)
    for index in range(4):
        frames[index, 40:48, 10 * index : 10 * index + 5] = 200
    weak = _seen(clip(frames))
    assert _claim(weak, "still").score == 0.0
    assert 0 < _claim(weak, "motion").score < 0.02
    assert weak.text == ""


def test_a_change_of_all_colours_is_a_cut_between_two_frames() -> None:
    weak = _seen(clip(_painted((200, 10, 10), (200, 10, 10), (10, 10, 200), (10, 10, 200))))
    cuts = _claim(weak, "cuts")
    assert (cuts.score, cuts.spans) == (1.0, ((1500, 2500),))
    assert _claim(weak, "motion").score == 0.0


@pytest.mark.models
def test_a_film_of_shots_has_cuts_and_motion() -> None:
    weak = _seen(film("bikes.mp4", 16))
    assert 2 <= _claim(weak, "cuts").score <= 8
    assert _claim(weak, "motion").score > 0.01
    assert _claim(weak, "still").score < 0.2


def test_a_single_frame_is_still() -> None:
    weak = _seen(clip(noise(90, 160)))
    assert _claim(weak, "still").score == 1.0
    assert _claim(weak, "cuts").score == 0.0
    assert _claim(weak, "motion").score == 0.0
