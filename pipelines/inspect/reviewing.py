"""Reviews while the app runs: on disk before they are acknowledged, then seen by every question."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from engine.run.lease import LeaseHeld
from manifests.captions import CAPTIONS
from manifests.workspace import Workspace
from pipelines.inspect.lookup import Lookup
from pipelines.inspect.reading import Row
from pipelines.reviews.journal import Journal
from pipelines.reviews.review import Reason, Review, Verdict, drawn_id, plain
from pipelines.reviews.stored import collect


class Change(BaseModel):
    """What a page changes of its reviewer's review: what it does not name stays, so that two pages of a
    clip do not undo each other. reasons: whether each is to be there. A caption is None where its edit is
    taken back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Verdict | None = None
    reasons: Mapping[Reason, bool] = {}
    audio_caption: str | None = None
    visual_caption: str | None = None
    audio_visual_caption: str | None = None

    @field_validator(*CAPTIONS)
    @classmethod
    def _tells(cls, text: str | None) -> str | None:
        if text is not None and not plain(text):
            raise ValueError(
                "an edit can't be empty. If a caption should not be there, mark the clip as bad: invented"
            )
        return text


class Reviewing:
    """Takes the reviews of one reviewer. To be closed."""

    def __init__(self, workspace: Workspace, lookup: Lookup, reviewer: str) -> None:
        self.reviewer = reviewer
        self._lookup = lookup
        self._journal = Journal(workspace.open_reviews)
        self._lock = threading.Lock()
        self._last_ms = 0

    def take(self, clip: Row, change: Change) -> Review:
        """The review of a clip after a change; it is on disk when this returns. Raises ValidationError,
        OSError."""
        with self._lock:
            named = change.model_fields_set - {"reasons"}
            values = self._own(clip) | {name: getattr(change, name) for name in named}
            had = values["reasons"] if values["verdict"] == "bad" else ()
            kept = [reason for reason in had if change.reasons.get(reason, True)]
            values["reasons"] = (*kept, *(r for r, is_there in change.reasons.items() if is_there))
            # Of two reviews in a millisecond the later one counts, whatever the clock does.
            self._last_ms = max(self._last_ms + 1, time.time_ns() // 1_000_000)
            review = Review(
                review_id=drawn_id(),
                clip_id=clip["clip_id"],
                reviewer=self.reviewer,
                reviewed_ms=self._last_ms,
                caption_digest=clip["caption_digest"],
                **values,
            )
            self._journal.append(review)
            self._lookup.said.take(clip["number"], review)
        return review

    def _own(self, clip: Row) -> dict[str, Any]:
        """What this reviewer said of these captions so far."""
        names = ("verdict", "reasons", *CAPTIONS)
        last = own(self._lookup.said.of([clip["number"]]).get(clip["number"], ()), self.reviewer)
        if last is None or last["caption_digest"] != clip["caption_digest"]:
            return dict.fromkeys(names) | {"reasons": ()}
        self._last_ms = max(self._last_ms, last["reviewed_ms"])
        return {name: last[name] for name in names}

    def close(self) -> None:
        """No more reviews come."""
        self._journal.close()


def commit(reviews: Workspace, told: Callable[[str], None]) -> None:
    """Commits what journals hold, unless a run is at work or nothing can be written. told: is called with
    what became of it."""
    place = reviews.open_reviews.parent
    stay = f"reviews stay in {place}, where they are safe, until captionmill inspect"
    try:
        if count := collect(reviews):
            told(f"reviews committed: {count:,}")
    except LeaseHeld:
        told(f"a run is at work in {reviews.root}: {stay} starts or ends without one")
    except OSError as error:
        told(f"reviews can't be committed, {error.strerror}: {stay} can write there")


def own(reviews: Any, reviewer: str) -> Mapping[str, Any] | None:
    """The review of a reviewer among those of a clip."""
    return next((review for review in reviews if review["reviewer"] == reviewer), None)
