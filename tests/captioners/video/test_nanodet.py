from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from captioners.video.nanodet import NanoDet, _overlap, agreed, prepare
from captioners.weights.cache import Cache
from tests.captioners.pictures import clip, film, noise
from tests.captioners.video.recorded import STEPS, frames, recorded

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def nanodet() -> NanoDet:
    Cache().fetch("nanodet")
    captioner = NanoDet("nanodet", Cache())
    captioner.load()
    return captioner


@pytest.mark.parametrize("number", range(7))
def test_the_network_says_what_it_said_by_torch(nanodet: NanoDet, number: int) -> None:
    step, cells = STEPS["nd_in"], STEPS["cells"]
    was = {name: array[number] for name, array in recorded().items()}
    image = prepare(frames()[number])
    np.testing.assert_allclose(image[0, :, ::step, ::step], was["nd_in"], atol=1e-6)
    scores, sides = nanodet.outputs(frames()[number])
    assert (scores.shape, sides.shape) == ((3549, 80), (3549, 44))
    np.testing.assert_allclose(scores.max(axis=0), was["nd_best"], atol=1e-4)
    np.testing.assert_allclose(scores[::cells], was["nd_scores"], atol=1e-4)
    np.testing.assert_allclose(sides[::cells], was["nd_bins"], atol=1e-4)


def test_boxes_are_where_they_were_by_torch(nanodet: NanoDet) -> None:
    boxes = [
        [number, box.label, box.score, *box.corners]
        for number, frame in enumerate(frames())
        for box in nanodet.detect(frame)
    ]
    # Corners are pixels of frames up to 1280 wide.
    np.testing.assert_allclose(boxes, recorded()["boxes"], atol=2e-3)


def test_a_man_in_a_car_is_one_person(nanodet: NanoDet) -> None:
    (weak,) = nanodet.caption([film("carphone_pristine.mp4", 8)])
    first = weak.claims[0]
    assert (first.label, first.text, first.kind, first.modality) == (
        "person",
        "a person",
        "object",
        "video",
    )
    assert first.score > 0.6
    assert weak.text.startswith("A person")


def test_spans_are_those_of_the_shots_in_which_a_thing_is_seen(nanodet: NanoDet) -> None:
    media = film("bikes.mp4", 8)
    (weak,) = nanodet.caption([media])
    cars = next(c for c in weak.claims if c.label == "car")
    assert cars.text == "two cars"
    assert cars.spans
    # The last shot shows a bicycle at a wall and no car.
    assert all(0 <= start < end < media.duration_ms for start, end in cars.spans)


def test_the_box_of_the_man_covers_him(nanodet: NanoDet) -> None:
    frames = film("carphone_pristine.mp4", 1).frames
    assert frames is not None
    best = nanodet.detect(frames[0])[0]
    # Drawn by hand: he fills x 31..165 and y 13..142 of 176 x 144 pixels.
    by_hand = np.array([31.0, 13.0, 165.0, 142.0])
    assert _overlap(by_hand, np.array([best.corners]))[0] > 0.8


def test_boxes_of_a_wide_frame_are_in_its_own_pixels(nanodet: NanoDet) -> None:
    frames = film("carphone_pristine.mp4", 1).frames
    assert frames is not None
    wide = np.pad(frames[0], ((0, 0), (0, 176), (0, 0)))
    best = nanodet.detect(wide)[0]
    assert best.corners[2] <= 190
    assert best.corners[3] <= 144


def test_nothing_is_seen_in_noise_or_black(nanodet: NanoDet) -> None:
    black = np.zeros((3, 120, 160, 3), np.uint8)
    weak = nanodet.caption(
        [clip(noise(240, 320)), clip(black), clip(np.zeros_like(black[:, :1, :1]))]
    )
    assert [w.claims for w in weak] == [(), (), ()]


def test_the_same_clip_says_the_same_in_any_batch(nanodet: NanoDet) -> None:
    man, street = film("carphone_pristine.mp4", 2), film("bikes.mp4", 2)
    alone = [nanodet.caption([media])[0] for media in (man, street)]
    assert nanodet.caption([street, man]) == alone[::-1]


def test_threads_share_the_process_without_harm(
    nanodet: NanoDet, request: pytest.FixtureRequest
) -> None:
    man, street = film("carphone_pristine.mp4", 1), film("bikes.mp4", 1)
    alone = [nanodet.caption([media])[0] for media in (man, street)]
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    request.addfinalizer(lambda: torch.set_num_threads(before))
    with ThreadPoolExecutor(2) as pool:
        together = [pool.submit(nanodet.caption, [media]) for media in (man, street)]
        threads = list(pool.map(lambda _: torch.get_num_threads(), range(2)))
    assert [each.result()[0] for each in together] == alone
    assert threads == [1, 1]


@pytest.mark.parametrize(
    ("counts", "said"),
    [([3], 3), ([2, 1], 1), ([0, 0, 1], 1), ([2, 3, 1, 1, 1, 1, 1, 1], 2), ([4, 4, 0, 0], 4)],
)
def test_a_count_needs_several_frames_that_agree(counts: list[int], said: int) -> None:
    assert agreed(counts) == said


def test_boxes_that_share_half_overlap_by_a_third() -> None:
    one = np.array([0.0, 0.0, 2.0, 2.0])
    many = np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0], [5.0, 5.0, 6.0, 6.0]])
    assert _overlap(one, many).tolist() == pytest.approx([1, 1 / 3, 0])


def test_a_clip_without_a_picture_is_refused(nanodet: NanoDet) -> None:
    with pytest.raises(ValueError, match="no picture"):
        nanodet.caption([clip(np.zeros((0, 2, 2, 3), np.uint8))])
