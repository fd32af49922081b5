"""Which recognised text is believed, and what it is worth."""

from typing import Any

import pytest

from captioners.audio._speech import believed, speech_score

GOOD: dict[str, Any] = {"text": " Yes.", "logprob": -0.3, "compression": 1.0, "no_speech": 0.1}


@pytest.mark.parametrize(
    "odd",
    [
        {"compression": 2.5},
        {"logprob": -1.1},
        {"no_speech": 0.66},
        {"text": " ..."},
        {"text": " Mmmmmm"},
    ],
)
def test_a_segment_that_looks_invented_is_dropped(odd: dict[str, Any]) -> None:
    assert believed(**GOOD)
    assert not believed(**(GOOD | odd))


def test_longer_segments_weigh_more() -> None:
    assert speech_score([(1.0, -1.0)]) == pytest.approx(0.3679, abs=1e-4)
    assert speech_score([(3.0, 0.0), (1.0, -1.0)]) == pytest.approx(0.7788, abs=1e-4)
