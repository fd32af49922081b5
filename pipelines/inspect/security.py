"""Who may ask the app: a browser on this machine that was given the link of this run.

Any page that is open in the browser can send requests to this machine, and a name can be made to point
to it. So the app listens on loopback only; a request must name loopback as its host; it must carry the
cookie that the link of this run sets; and one that changes something must come from a page of the app
itself. Its pages run no script but its own file.
"""

import hmac
import re
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
"""Whatever the port: it is another one where the app is reached through a tunnel."""
LARGEST = 1 << 16
"""Bytes of a request's body."""
_ONLY_READ = frozenset({"GET", "HEAD"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    b"content-security-policy": _POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
}
_YEAR_S = 365 * 24 * 3600


class Guarded:
    """An app behind all of these checks. token: of this run. cookie: its name."""

    def __init__(self, app: App, token: str, cookie: str) -> None:
        self._app, self._token, self._cookie = app, token, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, _with_headers(send))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        if (why := _foreign(scope["method"], headers)) is not None:
            await _answer(send, 403, why)
            return
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get("token")
        if given is not None and scope["method"] == "GET":
            await self._enter(scope, query, given, send)
        elif not self._is_ours(_cookie(headers.get("cookie", ""), self._cookie)):
            await _answer(
                send,
                403,
                "Open the link that captionmill inspect printed: it lets this browser in.",
            )
        elif not headers.get("content-length", "0").isdecimal() or (
            int(headers.get("content-length", "0")) > LARGEST
        ):
            await _answer(send, 413, "That is more than a review holds.")
        else:
            await self._app(scope, receive, send)

    async def _enter(
        self, scope: Scope, query: list[tuple[str, str]], given: str, send: Send
    ) -> None:
        """Gives the cookie to who has the token, and goes on to the address without it."""
        if not self._is_ours(given):
            await _answer(
                send, 403, "This link is of an earlier run: open the one that was printed last."
            )
            return
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        place = quote(scope["path"].lstrip("/"))
        location = f"/{place}?{rest}" if rest else f"/{place}"
        cookie = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={_YEAR_S}"
        await _answer(
            send,
            303,
            "",
            (b"location", location.encode("ascii", "ignore")),
            (b"set-cookie", cookie.encode()),
        )

    def _is_ours(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())


def _foreign(method: str, headers: dict[str, str]) -> str | None:
    """Why a request is not from a page of the app; None if it may be."""
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        return "This app answers to 127.0.0.1 and localhost only."
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and (
        method not in _ONLY_READ or headers.get("sec-fetch-mode") != "navigate"
    ):
        return "This request comes from another site."
    if "origin" in headers and headers["origin"].lower() != f"http://{host}".lower():
        return "This request comes from another site."
    if method not in _ONLY_READ and "origin" not in headers:
        return "A request that changes something has to say where it comes from (Origin)."
    return None


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by name; of those that must be there once, two make none that is accepted."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        text, key = value.decode("latin-1"), name.decode("latin-1").lower()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _cookie(header: str, name: str) -> str:
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            named = {name.lower() for name, _ in given}
            given += [(name, value) for name, value in _HEADERS.items() if name not in named]
            if b"cache-control" not in named:
                given.append((b"cache-control", b"no-store"))
            message["headers"] = given
        await send(message)

    return sending


async def _answer(send: Send, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
    plain = [(b"content-type", b"text/plain; charset=utf-8"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": text.encode()})
