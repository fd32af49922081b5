"""What players and pictures of a page ask for: media of clips, by the clips' ids."""

from collections.abc import Callable
from contextlib import ExitStack

from fastapi import Request
from starlette.background import BackgroundTask
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)

from engine.media.open import MediaError
from pipelines.inspect import ranges
from pipelines.inspect.media import PARTS, Media
from pipelines.inspect.sets import Place
from pipelines.report.shown import visible

_KEEP = {"cache-control": "private, max-age=3600"}
"""For what follows from a clip's id."""


class Players:
    """The answers. place: finds where the row of a clip is; None for one that is not there."""

    def __init__(self, place: Callable[[str], Place | None], media: Media) -> None:
        self._place, self._media = place, media

    def playing(self, clip_id: str) -> Response:
        """From where a clip is played: its source, or a preview; and the preview if the source fails."""
        place = self._place(clip_id)
        if place is None:
            return no_clip()
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
            return no_clip()
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
            return no_clip()
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


def no_clip() -> Response:
    """The answer about a clip that is not there."""
    return PlainTextResponse("There is no such clip here.", 404)


def _closed(stack: ExitStack) -> None:
    """Closes a source; that it changed meanwhile is told by the next request."""
    try:
        stack.close()
    except MediaError:
        return
