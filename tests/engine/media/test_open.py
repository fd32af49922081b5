"""Reading from containers that nobody vouches for."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.media.open import packets_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("known", [0, 1, 3])
def test_a_stream_that_appears_late_does_not_end_the_others(known):
    def demux(streams):
        yield from range(known)
        raise IndexError("list index out of range")

    container = cast(Any, SimpleNamespace(demux=demux))
    assert list(packets_of(container, [])) == list(range(known))
