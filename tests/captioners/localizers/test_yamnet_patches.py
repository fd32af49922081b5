"""When real sounds are heard, by YAMNet's patches."""

from dataclasses import replace

import numpy as np
import pytest

from captioners.audio.yamnet import Network, YamNet, prepare
from captioners.localizers.localizer import Localized, Texts, asked
from captioners.localizers.yamnet_patches import YamNetPatches
from captioners.weights.cache import Cache
from manifests.media import Audio
from tests.captioners.sounds import HZ, animal, clip, speech

pytestmark = pytest.mark.models

DOG = {"a dog barks": ("Dog", "Bark")}


@pytest.fixture(scope="module")
def localizer() -> YamNetPatches:
    Cache().fetch("yamnet")
    made = YamNetPatches("localizer", Cache())
    made.load()
    return made


def localized(localizer: YamNetPatches, samples: Audio, texts: Texts) -> Localized:
    media = clip(samples)
    said = asked(media.clip_id, media.content_hash, texts)
    return localizer.answer([replace(media, said=said)])[0]


def test_a_bark_is_heard_where_it_is(localizer: YamNetPatches) -> None:
    quiet, bark = np.zeros(5 * HZ, np.float32), animal("dog").audio[HZ][: 2 * HZ]
    found = localized(localizer, np.concatenate([quiet, bark, quiet]), DOG)
    heard = found.heard["a dog barks"]
    assert found.by == "yamnet patches"
    assert len(heard.spans) == 1
    ((start, end),) = heard.spans
    assert 4000 < start <= 5500 and 6000 <= end < 8000
    assert heard.inside is not None and heard.outside is not None
    assert heard.inside > 0.5 > 0.1 > heard.outside


def test_what_is_heard_at_other_times_is_told_apart(localizer: YamNetPatches) -> None:
    bark, voice = animal("dog").audio[HZ][: 3 * HZ], speech().audio[HZ][: 3 * HZ]
    texts = DOG | {"a person speaks": ("Speech",)}
    heard = localized(localizer, np.concatenate([bark, voice]), texts).heard
    assert heard["a dog barks"].spans[0][0] == 0
    assert heard["a dog barks"].spans[-1][1] < 4500
    assert heard["a person speaks"].spans[0][0] >= 1900


def test_the_likeliest_class_of_a_claim_counts(localizer: YamNetPatches) -> None:
    samples = animal("dog").audio[HZ][: 3 * HZ]
    network = Network(Cache().path("yamnet"))
    classes, (each, _) = network.classes, network.run(prepare(samples))
    both = each[:, [classes.index("Dog"), classes.index("Piano")]].max(axis=1)
    found = localized(localizer, samples, {"noise": ("Piano", "Dog")}).heard["noise"]
    assert found.inside == pytest.approx(float(both[both > 0.3].mean()))


def test_a_claim_without_a_class_is_not_told_of(localizer: YamNetPatches) -> None:
    texts = {"a person speaks": ("Speech",), "«sit»": (), "it rains": ("weather-model/12",)}
    assert localized(localizer, speech().audio[HZ], texts).heard.keys() == {"a person speaks"}
    assert localized(localizer, speech().audio[HZ], {"«sit»": ()}).heard == {}


def test_what_is_not_there_is_heard_nowhere(localizer: YamNetPatches) -> None:
    heard = localized(localizer, animal("dog").audio[HZ], {"a piano plays": ("Piano",)}).heard
    assert heard["a piano plays"].spans == ()
    assert heard["a piano plays"].inside is None


def test_a_short_sound_counts_for_its_share_of_a_patch(localizer: YamNetPatches) -> None:
    short = animal("dog").audio[HZ][: HZ // 10]
    heard = localized(localizer, short, DOG).heard["a dog barks"]
    assert heard.spans == () and heard.outside is not None and heard.outside <= 0.11


def test_a_clip_without_sound_is_never_measured(localizer: YamNetPatches) -> None:
    with pytest.raises(ValueError, match="no sound"):
        localized(localizer, np.zeros(0, np.float32), DOG)


def test_it_loads_what_the_captioner_does() -> None:
    assert YamNetPatches.packs_of({}) == YamNet.packs_of({})
    assert str(YamNet.version) in YamNetPatches.state_of({})
