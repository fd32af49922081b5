"""What people said elsewhere, as it comes in."""

import time
from collections.abc import Mapping
from typing import Any

from manifests.ids import digest


def completed(values: Mapping[str, Any], key: str, when: str) -> dict[str, Any]:
    """Values of a review or comparison with those that may be left out: under `key` an id that follows
    from the rest, so that the same file that is imported twice adds nothing, and under `when` the time of
    now, ms since 1970."""
    named = {name: value for name, value in values.items() if value is not None}
    if key not in named:
        named = {key: digest(named) + digest([named]), **named}
    return {when: time.time_ns() // 1_000_000} | named
