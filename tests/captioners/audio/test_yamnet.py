import csv

import numpy as np
import pytest

from captioners.audio.audioset import classes, sound_class
from captioners.audio.yamnet import Network, YamNet, prepare
from captioners.weights.cache import Cache
from manifests.evidence import WeakCaption
from tests.captioners.sounds import HZ, animal, cartoon, clip, silence, speech

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(Cache().fetch("yamnet"))


@pytest.fixture(scope="module")
def yamnet() -> YamNet:
    Cache().fetch("yamnet")
    captioner = YamNet("yamnet", Cache())
    captioner.load()
    return captioner


def scores(weak: WeakCaption) -> dict[str, float]:
    return {claim.label: claim.score for claim in weak.claims}


@pytest.mark.parametrize(
    ("name", "label", "text", "at_least"),
    [
        ("dog", "Dog", "a dog barks", 0.9),
        ("cow", "Moo", "a cow moos", 0.9),
        ("rooster", "Crowing, cock-a-doodle-doo", "a rooster crows", 0.8),
        ("frog", "Frog", "a frog croaks", 0.9),
        ("duck", "Quack", "a duck quacks", 0.8),
    ],
)
def test_an_animal_is_named(
    yamnet: YamNet, name: str, label: str, text: str, at_least: float
) -> None:
    (weak,) = yamnet.caption([animal(name)])
    first = weak.claims[0]
    assert (first.label, first.text, first.modality) == (label, text, "audio")
    assert first.score > at_least
    assert weak.text.startswith(text[0].upper() + text[1:])


@pytest.mark.parametrize(
    ("name", "label"), [("dog", "Dog"), ("rooster", "Crowing, cock-a-doodle-doo"), ("frog", "Frog")]
)
def test_a_quiet_recording_is_named_like_a_loud_one(yamnet: YamNet, name: str, label: str) -> None:
    loud = animal(name).audio[HZ]
    quiet = loud * np.float32(10 ** (-62 / 20) / np.sqrt(np.mean(loud**2)))
    assert scores(yamnet.caption([clip(quiet)])[0])[label] > 0.7


def test_kinds_follow_the_class(yamnet: YamNet) -> None:
    kinds = {
        weak.claims[0].label: weak.claims[0].kind
        for weak in yamnet.caption([speech(), cartoon(), silence(3), animal("dog")])
    }
    assert kinds == {"Speech": "speech", "Music": "music", "Silence": "signal", "Dog": "sound"}


def test_silence_is_silent_and_nothing_else(yamnet: YamNet) -> None:
    (weak,) = yamnet.caption([silence(3)])
    assert [claim.label for claim in weak.claims] == ["Silence"]
    assert weak.text == "There is silence."


def test_a_pause_is_no_silence(yamnet: YamNet) -> None:
    bark = animal("dog").audio[HZ][: 2 * HZ]
    (weak,) = yamnet.caption([clip(np.concatenate([bark, np.zeros(4 * HZ, np.float32)]))])
    assert weak.claims[0].label == "Dog"
    assert scores(weak).get("Silence", 0.0) < 0.8


def test_a_short_event_of_a_long_clip_keeps_its_score_and_its_time(yamnet: YamNet) -> None:
    bark = animal("dog").audio[HZ][: 2 * HZ]
    quiet = np.zeros(10 * HZ, np.float32)
    (weak,) = yamnet.caption([clip(np.concatenate([quiet, bark, quiet]))])
    (dog,) = (claim for claim in weak.claims if claim.label == "Dog")
    assert dog.score > 0.7
    assert all(9_000 <= start < end <= 13_000 for start, end in dog.spans)


def test_what_a_surer_narrow_class_implies_is_left_out(yamnet: YamNet) -> None:
    (weak,) = yamnet.caption([animal("dog")])
    assert "Dog" in scores(weak)
    assert not {"Animal", "Domestic animals, pets"} & set(scores(weak))
    assert {"Animal", "Domestic animals, pets"} <= sound_class("Dog").implies


def test_no_two_claims_say_the_same(yamnet: YamNet) -> None:
    (weak,) = yamnet.caption([animal("dog")])
    texts = [claim.text for claim in weak.claims]
    assert 1 < len(texts) == len(set(texts)) <= 8


def test_scores_of_less_than_a_second_say_less(yamnet: YamNet) -> None:
    bark = animal("dog").audio[HZ][: HZ // 4]
    (weak,) = yamnet.caption([clip(bark)])
    assert weak.claims
    assert all(claim.score <= 0.25 / 0.97 for claim in weak.claims)


@pytest.mark.parametrize("count", [0, 1, 399, 15600, 15601])
def test_any_length_is_worked(network: Network, count: int) -> None:
    probabilities, embedding = network.run(prepare(np.zeros(count, np.float32)))
    patches = 2 if count == 15601 else 1
    assert (probabilities.shape, embedding.shape) == ((patches, 521), (patches, 1024))
    assert np.isfinite(probabilities).all() and np.isfinite(embedding).all()


def test_the_embedding_is_what_the_classifier_sees(network: Network) -> None:
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(Cache().path("yamnet") / "model.onnx")).graph
    (gemm,) = (node for node in graph.node if node.op_type == "Gemm")
    arrays = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    weight, bias = (arrays[name] for name in gemm.input[1:])
    probabilities, embedding = network.run(prepare(animal("dog").audio[HZ]))
    wanted = 1 / (1 + np.exp(-(embedding @ weight.T + bias)))
    np.testing.assert_allclose(probabilities, wanted, atol=1e-5)


def test_a_long_sound_is_worked_in_parts(network: Network) -> None:
    bark = animal("dog").audio[HZ][: 3 * HZ]
    samples = np.tile(bark, 16)  # more patches than one run holds
    patches = len(prepare(samples))
    probabilities, embedding = network.run(prepare(samples))
    assert (len(probabilities), len(embedding)) == (patches, patches)
    start = 70 * 48 * 160
    alone, _ = network.run(prepare(samples[start : start + 15_600]))
    np.testing.assert_allclose(probabilities[70], alone[0], atol=1e-5)


def test_a_clip_never_depends_on_its_neighbours(yamnet: YamNet) -> None:
    alone = yamnet.caption([animal("cow")])
    among = yamnet.caption([animal("dog"), animal("cow"), silence(1)])
    assert among[1] == alone[0]


def test_the_network_was_freed_of_its_eight_bits(network: Network) -> None:
    probabilities, _ = network.run(prepare(animal("dog").audio[HZ]))
    assert len(np.unique(probabilities)) > 0.9 * probabilities.size


@pytest.mark.parametrize(("band", "hz"), [(5, 320), (20, 1032), (34, 2141), (50, 4300), (63, 7215)])
def test_a_tone_shows_in_its_band(band: int, hz: int) -> None:
    # Centres of the 64 bands between 125 and 7500 Hz that are even in 1127 ln(1 + hz / 700).
    tone = np.sin(2 * np.pi * hz * np.arange(HZ) / HZ).astype(np.float32)
    patches = prepare(tone)
    assert patches.shape == (2, 1, 96, 64)
    assert set(patches[0, 0].argmax(axis=1).tolist()) == {band}


def test_every_class_has_a_clause_and_every_clause_a_class() -> None:
    folder = Cache().fetch("yamnet")
    with (folder / "yamnet_class_map.csv").open(newline="") as file:
        labels = [row["display_name"] for row in csv.DictReader(file)]
    assert len(labels) == 521
    assert set(labels) == set(classes())


def test_broader_classes_exist_and_never_imply_the_narrower() -> None:
    for label in classes():
        assert label not in sound_class(label).implies
        assert sound_class(label).implies <= set(classes())


def test_clauses_are_clauses() -> None:
    for clause in (sound_class(label).clause for label in classes()):
        assert len(clause.split()) >= 2
        assert clause == clause.strip() and clause[-1].isalpha()
