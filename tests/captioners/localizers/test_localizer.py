"""What localizers share: what they are asked, and spans out of probabilities."""

import numpy as np
import pytest

from captioners.localizers.dummy import DummyLocalizer
from captioners.localizers.localizer import Heard, asked, heard_at, texts_of
from captioners.weights.models import Models
from manifests.media import Media

TEXTS = {"a dog barks": ("Bark", "Dog"), "rain": (), "a person speaks": ("Speech",)}


def _media(clip_id: str = "c" * 32, duration_ms: int = 1000) -> Media:
    return Media(clip_id, "h" * 64, duration_ms, said=asked(clip_id, "h" * 64, TEXTS))


def _heard(*probabilities: float, duration_ms: int = 10_000) -> Heard:
    return heard_at(np.array(probabilities, np.float32), 40, 40, duration_ms)


def test_a_localizer_is_shown_the_texts_and_their_labels() -> None:
    assert texts_of(_media()) == TEXTS
    assert list(texts_of(_media())) == list(TEXTS)


def test_nothing_asked_is_nothing_to_look_for() -> None:
    assert texts_of(Media("c", "h", 10)) == {}


@pytest.mark.parametrize(
    ("probabilities", "spans"),
    [
        ((0.9, 0.9, 0.1, 0.5), ((0, 80), (120, 160))),
        ((0.1, 0.31, 0.1), ((40, 80),)),
        ((0.3, 0.3), ()),
        ((0.9,), ((0, 40),)),
        ((), ()),
    ],
)
def test_a_span_is_a_run_of_steps_above_the_threshold(
    probabilities: tuple[float, ...], spans: tuple[tuple[int, int], ...]
) -> None:
    assert _heard(*probabilities).spans == spans


def test_steps_that_overlap_make_one_span() -> None:
    above = np.array([0.9, 0.1, 0.9, 0.1, 0.1, 0.9])
    assert heard_at(above, 480, 960, 10_000).spans == ((0, 1920), (2400, 3360))


def test_a_span_ends_where_the_clip_does() -> None:
    assert _heard(0.1, 0.9, duration_ms=61).spans == ((40, 61),)


def test_inside_and_outside_are_means_of_the_steps() -> None:
    heard = _heard(0.5, 0.75, 0.125, 0.25)
    assert (heard.inside, heard.outside) == (0.625, 0.1875)


def test_without_steps_there_is_no_mean() -> None:
    assert (_heard(0.9).outside, _heard(0.1).inside) == (None, None)


def test_the_stand_in_answers_by_clip_and_text_alone() -> None:
    localizer = DummyLocalizer("localizer", Models(), {"batch_ms": 0})
    clips = [_media(), _media("d" * 32)]
    one, other = localizer.answer(clips)
    assert (one.clip_id, one.content_hash, one.by) == ("c" * 32, "h" * 64, "dummy")
    assert localizer.answer(clips[::-1]) == [other, one]
    assert one.heard.keys() == TEXTS.keys() and one.heard != other.heard
    assert all(heard.spans for heard in one.heard.values())
