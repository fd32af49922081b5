"""The pages of the app and what they ask for."""

from contextlib import suppress
from typing import Any

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

from manifests.captions import CAPTIONS, possible
from manifests.errors import UserError
from pipelines.inspect import pages
from pipelines.inspect.answers import Answer, Static, Templates, routed
from pipelines.inspect.columns import lacking
from pipelines.inspect.lookup import Lookup, Page
from pipelines.inspect.meaning import Meaning
from pipelines.inspect.media import Media
from pipelines.inspect.pages import Link
from pipelines.inspect.players import Players, no_clip
from pipelines.inspect.reading import Row
from pipelines.inspect.reviewing import Change, Reviewing
from pipelines.inspect.security import LARGEST
from pipelines.inspect.sets import Inspected
from pipelines.inspect.terms import LONGEST, Query, QueryError
from pipelines.inspect.values import Asked
from pipelines.inspect.writing import writing
from pipelines.report.shown import visible
from pipelines.reviews.review import NEEDED


def build(
    shown: Inspected,
    lookup: Lookup,
    meaning: Meaning,
    media: Media,
    reviewing: Reviewing | None,
    reviewer: str,
) -> FastAPI:
    """The app. reviewing: None where reviews can't be stored."""
    pages_of = Pages(shown, lookup, meaning, reviewing, reviewer)
    players = Players(lookup.place_of, media)
    clip = "/clip/{clip_id}"
    gets: dict[str, Answer] = {
        "/": pages_of.list,
        "/static/{name}": Static(("common.js", "app.js", "icon.svg")).answer,
        clip: pages_of.clip,
        f"{clip}/playing": players.playing,
        f"{clip}/source": players.source,
        f"{clip}/glimpse": players.glimpse,
        f"{clip}/writing": pages_of.writing,
        f"{clip}/{{part}}": players.part,
    }
    return routed(gets, {f"{clip}/review": pages_of.review}, pages_of.missing, pages_of.failed)


class Pages:
    """The answers. Those that wait for a database or a disk run in threads of their own."""

    def __init__(
        self,
        shown: Inspected,
        lookup: Lookup,
        meaning: Meaning,
        reviewing: Reviewing | None,
        reviewer: str,
    ) -> None:
        self._shown, self._lookup, self._meaning = shown, lookup, meaning
        self._reviewing, self._reviewer = reviewing, reviewer
        self._page = Templates(
            set_name=shown.name,
            set_what=shown.what,
            reviewer=reviewer,
            can_review=reviewing is not None,
            reason_keys=pages.REASON_KEYS,
            plan=lookup.plan,
        ).page

    # Pages

    def list(self, request: Request) -> Response:
        """The table of clips."""
        if request.query_params.get("how") == "meaning":
            return self._by_meaning(request)
        asked, link, why = self._state(request)
        query = asked.query
        after, before = _number(request, "after"), _number(request, "before")
        page, total, counted = Page((), False, False), 0, []
        if not why:
            page = self._lookup.page(query, link.order, after, before)
            total, facets = self._lookup.overview(query)
            counted = pages.facets(facets, query, link)
        rows, numbers = page.rows, [row["number"] for row in page.rows]
        reviews = self._lookup.said.of(numbers)
        near = self._lookup.meant.near(query.meaning, numbers) if query.meaning is not None else {}
        return self._page(
            "list.html",
            link=link,
            why=why,
            notes=asked.notes,
            total=total,
            clips=pages.listed(page, link, reviews, self._reviewer, near),
            meant="" if why else pages.meant(query, self._meaning.encoder, self._meaning.clips),
            facets=counted,
            orders=pages.orders(self._lookup.columns, link.order, query.meaning is not None),
            earlier=link.to(before=rows[0]["number"]) if rows and page.before else "",
            later=link.to(after=rows[-1]["number"]) if rows and page.after else "",
            columns=self._lookup.columns,
            lacking=lacking(self._lookup.columns),
        )

    def _by_meaning(self, request: Request) -> Response:
        """To the page that asks for the same words by meaning."""
        text = request.query_params.get("q", "")[: LONGEST + 1]
        with suppress(QueryError):  # told by that page
            query = self._lookup.asked(text).query.by_meaning()
            text = query.text if query.meaning else f'{query.text} ~"'.strip()
        order = self._lookup.order(request.query_params.get("sort", ""))
        return RedirectResponse(Link(text, order).to(), 303)

    def clip(self, request: Request, clip_id: str) -> Response:
        """The page of a clip."""
        asked, link, why = self._state(request)
        entry = self._lookup.clip(clip_id)
        if entry is None:
            return self.missing(request, None)
        place = self._lookup.place(entry)
        row = self._shown.whole(place)
        neighbours: tuple[Row | None, Row | None] = (None, None)
        if not why:
            neighbours = self._lookup.neighbours(asked.query, link.order, entry["number"])
        reviews = self._lookup.said.of([entry["number"]]).get(entry["number"], [])
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

    def _beside(self, link: Link, row: Row | None) -> str:
        return "" if row is None else link.to(f"/clip/{row['clip_id']}")

    def missing(self, request: Request, error: Exception | None) -> Response:
        """The page for what is not there."""
        return self._page("error.html", 404, message="There is no such page, or no such clip here.")

    def failed(self, request: Request, error: Exception) -> Response:
        """The page for what can't be read."""
        return self._page("error.html", 500, message=str(error))

    def _state(self, request: Request) -> tuple[Asked, Link, str]:
        """What an address asks for, its state, and what is wrong with it."""
        text = request.query_params.get("q", "")[: LONGEST + 1]
        order = self._lookup.order(request.query_params.get("sort", ""))
        try:
            asked = self._lookup.asked(text)
            query = asked.query
            if query.meaning is not None and not self._lookup.meant.knows(query.meaning):
                self._lookup.meant.take(query.meaning, self._meaning.nearest(query.meaning))
        except UserError as error:
            return Asked(Query()), Link(text, order), str(error)
        return asked, Link(query.text, order), ""

    # What pages ask for

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
            return no_clip()
        if entry["row"] < 0:
            return PlainTextResponse("This clip has no captions to review.", 422)
        try:
            change = Change.model_validate_json(body)
            if (why := self._unfit(entry, change)) is not None:
                return PlainTextResponse(why, 422)
            review = self._reviewing.take(entry, change)
        except ValidationError as error:
            told = error.errors()[0]["msg"].removeprefix("Value error, ")
            return PlainTextResponse(f"That is no review: {told}.", 422)
        except OSError as error:
            return PlainTextResponse(f"It can't be stored: {error.strerror}.", 507)
        return JSONResponse(review.model_dump(mode="json"))

    def _unfit(self, entry: Row, change: Change) -> str | None:
        """Why the captions of a clip can't be edited so; None if they can."""
        edited = [name for name in CAPTIONS if getattr(change, name) is not None]
        if not edited:
            return None
        row = self._shown.whole(self._lookup.place(entry))
        fit = possible(row["has_audio"], row["has_video"])
        unfit = [NEEDED[name] for name in edited if name not in fit]
        return f"A clip without {unfit[0]} can't have this caption." if unfit else None

    def writing(self, request: Request, clip_id: str) -> Response:
        """How a clip's captions were written, of another job those that the address names, as a part of
        its page."""
        place = self._lookup.place_of(clip_id)
        if place is None or place.row < 0:
            return no_clip()
        job = request.query_params.get("job")
        if job is None:
            told = writing(self._shown, self._shown.whole(place))
            return self._page("writing.html", writing=told)
        for version in self._shown.versions(place):
            if version.job == job:
                told = writing(self._shown, version.row, job)
                return self._page("writing.html", writing=told)
        return no_clip()


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
