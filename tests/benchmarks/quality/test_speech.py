"""The bench of what Whisper invents."""

import numpy as np
import pytest

from benchmarks.quality.speech.inventions import HZ, Segment, _quoted, former, reported
from benchmarks.quality.speech.noises import SECONDS, made
from captioners.audio._inventions import invention


def test_the_bench_s_phrases_are_many_and_not_the_filter_s() -> None:
    phrases = reported()
    assert len(phrases) >= 40 and len({code for code, _ in phrases}) >= 15
    assert sum(invention(phrase) is None for _, phrase in phrases) > 5


def test_made_sounds_are_the_same_every_time() -> None:
    first, again = list(made()), list(made())
    assert [w.name for w in first] == [w.name for w in again]
    assert all(np.array_equal(a.sound, b.sound) for a, b in zip(first, again, strict=True))
    assert {len(w.sound) for w in first} == {HZ * SECONDS}


@pytest.mark.models
def test_no_reported_phrase_is_quoted_over_hum_or_noise() -> None:
    segments = [Segment(phrase, 0.0, 3.0) for _, phrase in reported()]
    assert all(map(former, segments))
    for window in list(made())[:5]:
        assert _quoted(window.sound, segments) == []
