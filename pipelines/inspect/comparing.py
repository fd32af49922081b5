"""Comparisons from a page: on disk before they are acknowledged."""

import threading
import time
from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from manifests.workspace import Workspace
from pipelines.inspect.pairs import Pair, Pairs
from pipelines.reviews.comparison import Comparison, Outcome
from pipelines.reviews.journal import Journal
from pipelines.reviews.stored import COMPARISONS, stored

Side = Literal["left", "tie", "right"]
_OUTCOMES: dict[Side, Outcome] = {"left": "win", "tie": "tie", "right": "loss"}
"""Where the first set is on the left."""
_FLIPPED: dict[Outcome, Outcome] = {"win": "loss", "tie": "tie", "loss": "win"}


class Choice(BaseModel):
    """Which side a page says is better; None takes it back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    better: Side | None


class Comparing:
    """Takes the comparisons of one reviewer: on disk before they are acknowledged. To be closed."""

    def __init__(self, workspace: Workspace, pairs: Pairs, reviewer: str) -> None:
        self.reviewer, self._pairs = reviewer, pairs
        self._journal = Journal(workspace.open_comparisons)
        self._lock = threading.Lock()
        self._last_ms = 0
        self._outcomes: dict[str, Side | None] = {}
        said = stored(workspace, COMPARISONS).to_pylist()
        for row in sorted(said, key=lambda r: (r["compared_ms"], r["comparison_id"])):
            pair = pairs.pair(row["clip_id"]) if row["reviewer"] == reviewer else None
            if pair is not None and {row["caption_digest"], row["other_digest"]} == {
                pair.own,
                pair.other,
            }:
                self._outcomes[pair.clip_id] = _side(pair, row)
                self._last_ms = row["compared_ms"]

    def take(self, pair: Pair, choice: Choice) -> None:
        """What a reviewer says of a pair; it is on disk when this returns. Raises OSError."""
        outcome = None if choice.better is None else _OUTCOMES[choice.better]
        if outcome is not None and not pair.is_left:
            outcome = _FLIPPED[outcome]
        with self._lock:
            self._last_ms = max(self._last_ms + 1, time.time_ns() // 1_000_000)
            self._journal.append(
                Comparison(
                    comparison_id=uuid4().hex,
                    clip_id=pair.clip_id,
                    reviewer=self.reviewer,
                    compared_ms=self._last_ms,
                    caption_digest=pair.own,
                    other_digest=pair.other,
                    outcome=outcome,
                )
            )
            self._outcomes[pair.clip_id] = choice.better

    def side(self, clip_id: str) -> Side | None:
        """Which side this reviewer says is better."""
        return self._outcomes.get(clip_id)

    @property
    def done(self) -> int:
        """How many pairs they have compared."""
        return sum(side is not None for side in self._outcomes.values())

    def close(self) -> None:
        """No more come."""
        self._journal.close()


def _side(pair: Pair, row: dict[str, Any]) -> Side | None:
    """The side that was better, of a stored row."""
    if row["outcome"] is None:
        return None
    outcome: Outcome = row["outcome"]
    if (row["caption_digest"] == pair.own) != pair.is_left:
        outcome = _FLIPPED[outcome]
    return next(side for side, told in _OUTCOMES.items() if told == outcome)
