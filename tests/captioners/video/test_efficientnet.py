import csv
from pathlib import Path

import numpy as np
import pytest

from captioners.phrases.phrases import imagenet
from captioners.video.efficientnet import EfficientNet, Network, prepare
from captioners.weights.cache import Cache
from tests.captioners.pictures import clip, film, noise
from tests.captioners.video.recorded import STEPS, frames, recorded

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(Cache().fetch("efficientnet-lite2"))


@pytest.fixture(scope="module")
def efficientnet() -> EfficientNet:
    Cache().fetch("efficientnet-lite2")
    captioner = EfficientNet("efficientnet", Cache())
    captioner.load()
    return captioner


def _ball() -> np.ndarray:
    """An orange disc, lit from above, on white."""
    y, x = np.mgrid[-1:1:260j, -1:1:260j]
    lit = np.clip(0.75 - 0.35 * y - 0.2 * x, 0, 1)[..., None]
    inside = (x**2 + y**2 < 0.45)[..., None]
    return np.where(inside, lit * np.array([255, 140, 10]), 255.0).astype(np.uint8)


@pytest.mark.parametrize("number", range(7))
def test_the_network_says_what_it_said_by_torch(network: Network, number: int) -> None:
    step = STEPS["ef_in"]
    was = {name: array[number] for name, array in recorded().items()}
    frame = frames()[number]
    np.testing.assert_allclose(prepare(frame)[0, :, ::step, ::step], was["ef_in"], atol=1e-6)
    probabilities, features = network.run(frame[None])
    raised = np.exp(was["ef_logits"].astype(np.float64))
    np.testing.assert_allclose(probabilities[0], raised / raised.sum(), atol=1e-4)
    np.testing.assert_allclose(features[0], was["ef_features"], atol=1e-4)


def test_an_orange_disc_is_taken_for_something_round(network: Network) -> None:
    each, _ = network.run(_ball()[None])
    assert each.sum() == pytest.approx(1)
    names = [entry.label for entry in imagenet()]
    best = {names[i] for i in np.argsort(-each[0])[:3]}
    assert best <= {"orange", "lemon", "balloon", "ping-pong ball", "croquet ball", "tennis ball"}


def test_kinds_of_one_group_add_up(efficientnet: EfficientNet) -> None:
    # A drawn rabbit, which it takes for several birds: wrong, and still a sum of albatross and peacock.
    (weak,) = efficientnet.caption([film("bigbuckbunny.mp4", 8)])
    (bird,) = weak.claims
    assert (bird.label, bird.text, bird.kind) == ("bird", "a bird", "object")
    assert bird.spans
    assert weak.text == "A bird is seen."


def test_black_and_grey_are_nothing(efficientnet: EfficientNet) -> None:
    black = np.zeros((2, 90, 160, 3), np.uint8)
    weak = efficientnet.caption([clip(black), clip(black + 120)])
    assert [w.claims for w in weak] == [(), ()]
    assert weak[0].text == "Nothing distinct is seen."


def test_a_frame_of_one_pixel_does_no_harm(efficientnet: EfficientNet) -> None:
    (weak,) = efficientnet.caption([clip(np.zeros((1, 1, 1, 3), np.uint8))])
    assert weak.clip_id == "c" * 32


def test_the_same_clip_says_the_same_in_any_batch(efficientnet: EfficientNet) -> None:
    one, two = film("bigbuckbunny.mp4", 2), film("bikes.mp4", 2)
    alone = [efficientnet.caption([media])[0] for media in (one, two)]
    assert efficientnet.caption([two, one]) == alone[::-1]


def test_each_frame_has_features_and_probabilities_whatever_stands_beside_it(
    network: Network,
) -> None:
    shown = noise(90, 160, 3)
    probabilities, features = network.run(shown)
    assert (probabilities.shape, features.shape) == ((3, 1000), (3, 1280))
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(3))
    assert features.dtype == np.float32 and (features >= 0).all()
    alone = [network.run(frame[None]) for frame in shown]
    np.testing.assert_array_equal(np.concatenate([each for _, each in alone]), features)
    np.testing.assert_array_equal(np.concatenate([each for each, _ in alone]), probabilities)


def test_each_class_has_a_phrase_of_its_own() -> None:
    entries = imagenet()
    assert len(entries) == 1000
    assert len({entry.label for entry in entries}) == 1000
    articles = ("a ", "an ")
    assert [e.phrase for e in entries if not e.phrase.startswith(articles)] == ["parallel bars"]
    wrong = [e.phrase for e in entries if e.phrase[:3] in ("a a", "a e", "a i", "a o")]
    assert wrong == []


def test_the_table_has_four_columns() -> None:
    file = Path(__file__).parents[3] / "captioners" / "phrases" / "imagenet.csv"
    rows = list(csv.reader(file.read_text().splitlines()))
    assert {len(row) for row in rows} == {4}
    assert {row[2] for row in rows[1:]} == {"object", "scene"}
