"""How much of a clip an encoder is given: one rule for embedding, search, training and evaluation."""

from collections.abc import Mapping
from typing import Any

LONGEST_MS = 31_000
"""What comes later is not read. Clips are shorter by default: 30 s, and less than a second more where a
source ends (`manifests.sources.cut`). Files that are evaluated, and clips of other profiles, can be
longer."""


def is_longer(clip: Mapping[str, Any]) -> bool:
    """Whether a clip (a row of the clip table) goes on after what is embedded of it."""
    return bool(clip["end_ms"] - clip["start_ms"] > LONGEST_MS)


def beginning(clip: Mapping[str, Any]) -> dict[str, Any]:
    """The clip as far as it is embedded, to be decoded; its id stays."""
    return {**clip, "end_ms": min(clip["end_ms"], clip["start_ms"] + LONGEST_MS)}


def told(longer: int) -> dict[str, int]:
    """For `--json`, in all of them the same. longer: clips that go on after what is embedded of them."""
    return {"longest_ms": LONGEST_MS, "longer": longer}


def sentence(longer: int) -> str:
    """For people."""
    cut = f"; {longer} {'clip is' if longer == 1 else 'clips are'} longer" if longer else ""
    return f"at most the first {LONGEST_MS / 1000:g} s of a clip are embedded{cut}"
