"""The app that compares two caption sets blind: left or right, without knowing which is which.

Nothing on its pages, nor in what they ask for, tells the sides: neither names of sets and files, nor who
wrote, nor what guards and evidence say. The pages of `pipelines.inspect.app` are not there at all.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from typing import Any, Literal
from uuid import uuid4

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

from manifests.errors import UserError
from manifests.schemas import REVIEWS
from manifests.workspace import Workspace
from pipelines.inspect import pages
from pipelines.inspect.app import Pages
from pipelines.inspect.index import prepare
from pipelines.inspect.lookup import opened
from pipelines.inspect.meaning import Meaning
from pipelines.inspect.media import Media
from pipelines.inspect.pairs import Pair, Pairs, paired
from pipelines.inspect.planned import wanted
from pipelines.inspect.reviewing import commit
from pipelines.inspect.security import LARGEST, Guarded
from pipelines.inspect.sets import Inspected, InspectError
from pipelines.report.shown import visible
from pipelines.reviews.comparison import Comparison, Outcome
from pipelines.reviews.journal import Journal
from pipelines.reviews.stored import COMPARISONS, stored

Side = Literal["left", "tie", "right"]
_TITLES = ("heard", "seen", "together")
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


@contextmanager
def app(
    shown: Inspected,
    other: Inspected,
    reviews: Workspace | None,
    reviewer: str,
    token: str,
    cookie: str,
    told: Callable[[str], None],
    plan: str | None = None,
) -> Iterator[Guarded]:
    """The app with all that it needs, which is gone after the block; then what was said is committed.
    Raises UserError."""
    if reviews is None:
        raise InspectError("a release is never changed: name a folder with --reviews")
    with ExitStack() as stack:
        commit(reviews, told)
        stack.callback(commit, reviews, told)
        planned = None if plan is None else wanted(reviews, plan, shown.root)
        pairs = stack.enter_context(paired(shown, other, planned, told))
        if not pairs.count:
            raise InspectError(
                f"there is nothing to compare: {pairs.same:,} clips have captions in both sets, and they "
                "are the same"
            )
        index = prepare(shown, told)
        lookup = stack.enter_context(opened(index, shown.columns, REVIEWS.empty_table()))
        media = stack.enter_context(Media(shown, 1))
        comparing = Comparing(reviews, pairs, reviewer)
        stack.callback(comparing.close)
        yield Guarded(
            build(Pages(shown, lookup, Meaning(shown), media, None, reviewer), pairs, comparing),
            token,
            cookie,
        )


def build(media: Pages, pairs: Pairs, comparing: Comparing) -> FastAPI:
    """The pages. media: answers what players ask for."""
    blind = _Blind(media, pairs, comparing)
    made = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for path, answer in (
        ("/", blind.first),
        ("/static/{name}", blind.static),
        ("/pair/{clip_id}", blind.pair),
        ("/clip/{clip_id}/playing", media.playing),
        ("/clip/{clip_id}/source", media.source),
        ("/clip/{clip_id}/media", blind.preview),
    ):
        made.add_api_route(path, answer, methods=["GET"], response_model=None)
    made.add_api_route("/pair/{clip_id}", blind.take, methods=["POST"], response_model=None)
    made.add_exception_handler(404, blind.missing)
    made.add_exception_handler(UserError, blind.failed)
    return made


class _Blind:
    """The answers."""

    def __init__(self, media: Pages, pairs: Pairs, comparing: Comparing) -> None:
        self._media, self._pairs, self._comparing = media, pairs, comparing
        self._templates = pages.environment()
        self._order = pairs.order()
        static = files("pipelines.inspect") / "static"
        self._script = (static / "blind.js").read_bytes()

    def first(self, request: Request) -> Response:
        """The first pair that waits, or the end."""
        waiting = next((c for c in self._order if self._comparing.side(c) is None), None)
        if waiting is not None:
            return RedirectResponse(f"/pair/{waiting}", 303)
        return self._page("blind_end.html", last=self._order[-1])

    def pair(self, request: Request, clip_id: str) -> Response:
        """One pair."""
        pair = self._pairs.pair(clip_id)
        if pair is None:
            return self.missing(request, None)
        sides = [
            (side, tuple(zip(_TITLES, (visible(t or "", 4000) for t in texts), strict=True)))
            for side, texts in (("left", pair.left), ("right", pair.right))
        ]
        before, after = self._beside(pair.number - 1), self._beside(pair.number + 1)
        return self._page(
            "blind.html",
            pair=pair,
            sides=sides,
            choice=self._comparing.side(clip_id) or "",
            before=before,
            after=after,
        )

    def _beside(self, number: int) -> str:
        inside = 0 <= number < len(self._order)
        return f"/pair/{self._order[number]}" if inside else ""

    async def take(self, request: Request, clip_id: str) -> Response:
        """Takes a choice, and acknowledges it when it is on disk."""
        body = await request.body()
        if len(body) > LARGEST:
            return PlainTextResponse("That is more than a comparison holds.", 413)
        return await run_in_threadpool(self._take, clip_id, body)

    def _take(self, clip_id: str, body: bytes) -> Response:
        pair = self._pairs.pair(clip_id)
        if pair is None:
            return PlainTextResponse("There is no such clip here.", 404)
        try:
            choice = Choice.model_validate_json(body)
            self._comparing.take(pair, choice)
        except ValidationError as error:
            return PlainTextResponse(f"That is no choice: {error.errors()[0]['msg']}.", 422)
        except OSError as error:
            return PlainTextResponse(f"It can't be stored: {error.strerror}.", 507)
        return JSONResponse({"better": choice.better, "done": self._comparing.done})

    def preview(self, clip_id: str) -> Response:
        """What is played where the source does not."""
        return self._media.part(clip_id, "media")

    def static(self, name: str) -> Response:
        """A file of the app itself."""
        if name == "blind.js":
            return Response(self._script, media_type="text/javascript")
        if name == "app.js":
            return PlainTextResponse("There is no such file.", 404)
        return self._media.static(name)

    def missing(self, request: Request, error: Exception | None) -> Response:
        """The page for what is not there."""
        return self._page("blind_end.html", 404, last="")

    def failed(self, request: Request, error: Exception) -> Response:
        """What can't be read."""
        return PlainTextResponse(visible(str(error), 1000), 500)

    def _page(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        values |= {"count": len(self._order), "done": self._comparing.done, "status": status}
        text = self._templates.get_template(name).render(
            reviewer=self._comparing.reviewer, **values
        )
        return HTMLResponse(text.encode("utf-8", "replace"), status)
