import numpy as np
import pytest

from captioners.video._vision import chosen, pooled, spans
from manifests.media import Media
from tests.captioners.pictures import clip, noise


def test_spans_reach_half_way_to_the_neighbours_and_join() -> None:
    seen = [True, True, False, True]
    assert spans(seen, (500, 1500, 2500, 3500), 4000) == ((0, 2000), (3000, 4000))


def test_a_still_is_seen_for_the_whole_clip() -> None:
    assert spans([True], (0,), 40) == ((0, 40),)


def test_what_is_never_seen_has_no_span() -> None:
    assert spans([False, False], (1, 2), 3) == ()


def test_the_pool_is_the_mean_of_the_best_quarter() -> None:
    scores = np.array([[0.9], [0.0], [0.7], [0.1], [0.0], [0.0], [0.0], [0.2]])
    assert pooled(scores).tolist() == pytest.approx([0.8])


def test_the_pool_of_a_still_is_its_score() -> None:
    assert pooled(np.array([[0.4, 0.2]])).tolist() == [0.4, 0.2]


def test_frames_are_chosen_with_their_own_times() -> None:
    media = clip(noise(2, 2, 8), 8000)
    frames, times = chosen(media, 2)
    assert times == (2500, 6500)
    assert media.frames is not None
    assert np.array_equal(frames, media.frames[[2, 6]])


def test_times_that_do_not_match_the_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="times"):
        chosen(Media("c", "h", 1000, frames=noise(2, 2, 3), frame_times_ms=(1,)), 2)
