"""The pages of the app and what they ask for."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from engine.media.open import MediaError
from manifests.errors import UserError
from pipelines.inspect import pages, ranges
from pipelines.inspect.lookup import Lookup, Page
from pipelines.inspect.meaning import Meaning
from pipelines.inspect.media import PARTS, Media
from pipelines.inspect.pages import Link
from pipelines.inspect.prompt import asked
from pipelines.inspect.reading import Row
from pipelines.inspect.reviewing import Change, Reviewing, own
from pipelines.inspect.security import LARGEST
from pipelines.inspect.sets import Inspected, Place
from pipelines.inspect.terms import LONGEST, Query, QueryError, parse
from pipelines.report.shown import visible

_KEEP = {"cache-control": "private, max-age=3600"}
"""For what follows from a clip's id."""
_STATIC = {"app.js": "text/javascript", "icon.svg": "image/svg+xml"}


def build(
    shown: Inspected,
    lookup: Lookup,
    meaning: Meaning,
    media: Media,
    reviewing: Reviewing | None,
    reviewer: str,
) -> FastAPI:
    """The app. reviewing: None where reviews can't be stored."""
    pages_of = Pages(shown, lookup, meaning, media, reviewing, reviewer)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/", pages_of.list, methods=["GET"], response_model=None)
    app.add_api_route("/static/{name}", pages_of.static, methods=["GET"], response_model=None)
    app.add_api_route("/clip/{clip_id}", pages_of.clip, methods=["GET"], response_model=None)
    for name, answer in (
        ("review", pages_of.review),
        ("playing", pages_of.playing),
        ("source", pages_of.source),
        ("glimpse", pages_of.glimpse),
        ("prompt", pages_of.prompt),
    ):
        methods = ["POST"] if name == "review" else ["GET"]
        app.add_api_route(f"/clip/{{clip_id}}/{name}", answer, methods=methods, response_model=None)
    app.add_api_route("/clip/{clip_id}/{part}", pages_of.part, methods=["GET"], response_model=None)
    app.add_exception_handler(404, pages_of.missing)
    app.add_exception_handler(UserError, pages_of.failed)
    return app


class Pages:
    """The answers. Those that wait for a database or a disk run in threads of their own."""

    def __init__(
        self,
        shown: Inspected,
        lookup: Lookup,
        meaning: Meaning,
        media: Media,
        reviewing: Reviewing | None,
        reviewer: str,
    ) -> None:
        self._shown, self._lookup, self._media = shown, lookup, media
        self._meaning = meaning
        self._reviewing, self._reviewer = reviewing, reviewer
        self._templates = pages.environment()
        static = files("pipelines.inspect") / "static"
        self._static = {name: (static / name).read_bytes() for name in _STATIC}
        self._style = pages.style().encode()

    # Pages

    def list(self, request: Request) -> Response:
        """The table of clips."""
        if request.query_params.get("how") == "meaning":
            return self._by_meaning(request)
        query, link, why = self._state(request)
        after, before = _number(request, "after"), _number(request, "before")
        page, total, counted = Page((), False, False), 0, []
        if not why:
            page = self._lookup.page(query, link.order, after, before)
            total, facets = self._lookup.overview(query)
            counted = pages.facets(facets, query, link)
        rows, numbers = page.rows, [row["number"] for row in page.rows]
        reviews = self._reviews(numbers)
        near = self._lookup.meant.near(query.meaning, numbers) if query.meaning is not None else {}
        return self._page(
            "list.html",
            link=link,
            why=why,
            total=total,
            clips=pages.listed(page, link, reviews, self._reviewer, near),
            meant="" if why else pages.meant(query, self._meaning.encoder),
            facets=counted,
            orders=pages.orders(self._lookup.columns, link.order, query.meaning is not None),
            earlier=link.to(before=rows[0]["number"]) if rows and page.before else "",
            later=link.to(after=rows[-1]["number"]) if rows and page.after else "",
            columns=self._lookup.columns,
        )

    def _by_meaning(self, request: Request) -> Response:
        """To the page that asks for the same words by meaning."""
        text = request.query_params.get("q", "")[: LONGEST + 1]
        with suppress(QueryError):  # told by that page
            text = parse(text, self._lookup.columns).by_meaning().text
        order = self._lookup.order(request.query_params.get("sort", ""))
        return RedirectResponse(Link(text, order).to(), 303)

    def clip(self, request: Request, clip_id: str) -> Response:
        """The page of a clip."""
        query, link, why = self._state(request)
        entry = self._lookup.clip(clip_id)
        if entry is None:
            return self.missing(request, None)
        place = self._lookup.place(entry)
        row = self._shown.whole(place)
        neighbours: tuple[Row | None, Row | None] = (None, None)
        if not why:
            neighbours = self._lookup.neighbours(query, link.order, entry["number"])
        reviews = self._reviews([entry["number"]]).get(entry["number"], [])
        review = pages.reviewed(reviews, self._reviewer, entry)
        common: dict[str, Any] = {
            "link": link,
            "entry": pages.listed(Page((entry,), False, False), link, {}, self._reviewer)[0],
            "review": review,
            "up": link.to(after=None if neighbours[0] is None else neighbours[0]["number"]),
            "previous": self._beside(link, neighbours[0]),
            "following": self._beside(link, neighbours[1]),
        }
        if place.row < 0:
            told = [visible(row.get(name) or "", 4000) for name in ("message", "reproduce")]
            return self._page("uncaptioned.html", told=told, **common)
        localized = self._shown.localized(place, row)
        shown = pages.clip(row, entry, review, self._shown.versions(place), localized)
        return self._page("clip.html", clip=shown, card=shown.card, **common)

    def _reviews(self, numbers: Sequence[int]) -> Mapping[int, Sequence[Row]]:
        """Reviews of clips. In a plan one judges before one sees what others say: else they would agree
        more than they do."""
        reviews = self._lookup.said.of(numbers)
        if self._lookup.plan is None:
            return reviews
        mine = {n for n, each in reviews.items() if own(each, self._reviewer) is not None}
        return {number: each for number, each in reviews.items() if number in mine}

    def _beside(self, link: Link, row: Row | None) -> str:
        return "" if row is None else link.to(f"/clip/{row['clip_id']}")

    def missing(self, request: Request, error: Exception | None) -> Response:
        """The page for what is not there."""
        return self._page("error.html", 404, message="There is no such page, or no such clip here.")

    def failed(self, request: Request, error: Exception) -> Response:
        """The page for what can't be read."""
        return self._page("error.html", 500, message=str(error))

    def _page(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        common = {
            "set_name": self._shown.name,
            "set_what": self._shown.what,
            "reviewer": self._reviewer,
            "can_review": self._reviewing is not None,
            "reason_keys": pages.REASON_KEYS,
            "plan": self._lookup.plan,
        }
        text = self._templates.get_template(name).render(**common | values)
        return HTMLResponse(text.encode("utf-8", "replace"), status)

    def _state(self, request: Request) -> tuple[Query, Link, str]:
        """What an address asks for, its state, and what is wrong with it."""
        text = request.query_params.get("q", "")[: LONGEST + 1]
        order = self._lookup.order(request.query_params.get("sort", ""))
        try:
            query = parse(text, self._lookup.columns)
            if query.meaning is not None and not self._lookup.meant.knows(query.meaning):
                self._lookup.meant.take(query.meaning, self._meaning.nearest(query.meaning))
        except UserError as error:
            return Query(), Link(text, order), str(error)
        return query, Link(query.text, order), ""

    # What pages ask for

    def static(self, name: str) -> Response:
        """A file of the app itself."""
        if name == "style.css":
            return Response(self._style, media_type="text/css")
        if name not in _STATIC:
            return PlainTextResponse("There is no such file.", 404)
        return Response(self._static[name], media_type=_STATIC[name])

    async def review(self, request: Request, clip_id: str) -> Response:
        """Takes a review, and acknowledges it when it is on disk."""
        body = b""
        async for block in request.stream():
            body += block
            if len(body) > LARGEST:
                return PlainTextResponse("That is more than a review holds.", 413)
        return await run_in_threadpool(self._take, clip_id, body)

    def _take(self, clip_id: str, body: bytes) -> Response:
        if self._reviewing is None:
            return PlainTextResponse(
                "A release is never changed: start again with --reviews FOLDER.", 409
            )
        entry = self._lookup.clip(clip_id)
        if entry is None:
            return PlainTextResponse("There is no such clip here.", 404)
        try:
            review = self._reviewing.take(entry, Change.model_validate_json(body))
        except ValidationError as error:
            return PlainTextResponse(f"That is no review: {error.errors()[0]['msg']}.", 422)
        except OSError as error:
            return PlainTextResponse(f"It can't be stored: {error.strerror}.", 507)
        return JSONResponse(review.model_dump(mode="json"))

    def playing(self, clip_id: str) -> Response:
        """From where a clip is played: its source, or a preview; and the preview if the source fails."""
        place = self._place(clip_id)
        if place is None:
            return _no_clip()
        preview = f"/clip/{clip_id}/media"
        direct = self._media.playing(place)
        if direct is None:
            return JSONResponse({"src": preview, "fallback": None})
        span = "" if direct.start is None else f"#t={direct.start:.3f},{direct.end:.3f}"
        return JSONResponse({"src": f"/clip/{clip_id}/source{span}", "fallback": preview})

    def source(self, request: Request, clip_id: str) -> Response:
        """The source of a clip as it is, or the part that is asked for."""
        place = self._place(clip_id)
        if place is None:
            return _no_clip()
        direct = self._media.playing(place)
        if direct is None:
            return PlainTextResponse("This source is not played as it is.", 404)
        stack = ExitStack()
        try:
            file = stack.enter_context(self._media.source(place))
            size = file.seek(0, 2)
            part = ranges.asked(request.headers.get("range"), size)
        except MediaError as error:
            return PlainTextResponse(visible(str(error), 400), 404)
        except ranges.Unsatisfiable:
            _closed(stack)
            return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
        first, end = part or (0, size)
        headers = {"accept-ranges": "bytes", "content-length": str(end - first), **_KEEP}
        if part is not None:
            headers["content-range"] = f"bytes {first}-{end - 1}/{size}"
        return StreamingResponse(
            ranges.blocks(file, first, end),
            206 if part is not None else 200,
            headers,
            direct.media_type,
            BackgroundTask(_closed, stack),
        )

    def part(self, clip_id: str, part: str) -> Response:
        """A part of a preview."""
        place = self._place(clip_id)
        if place is None or part not in PARTS:
            return _no_clip()
        shown = self._media.part(place, part)
        if shown.path is None:
            return PlainTextResponse(visible(shown.why or "It has none.", 400), 404)
        headers = {**_KEEP, "x-why": visible(shown.why, 400).encode("ascii", "replace").decode()}
        return FileResponse(shown.path, headers=headers, media_type=shown.media_type)

    def glimpse(self, clip_id: str) -> Response:
        """A small picture of a clip."""
        place = self._place(clip_id)
        shown = None if place is None else self._media.glimpse(place)
        if shown is None or shown.path is None:
            return PlainTextResponse("There is no picture.", 404)
        return FileResponse(shown.path, headers=_KEEP, media_type=shown.media_type)

    def prompt(self, clip_id: str) -> Response:
        """What the writer was first asked about a clip, as text."""
        place = self._place(clip_id)
        if place is None or place.row < 0:
            return _no_clip()
        return PlainTextResponse(asked(self._shown, self._shown.whole(place)))

    def _place(self, clip_id: str) -> Place | None:
        entry = self._lookup.clip(clip_id)
        return None if entry is None else self._lookup.place(entry)


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _no_clip() -> Response:
    return PlainTextResponse("There is no such clip here.", 404)


def _closed(stack: ExitStack) -> None:
    """Closes a source; that it changed meanwhile is told by the next request."""
    try:
        stack.close()
    except MediaError:
        return
