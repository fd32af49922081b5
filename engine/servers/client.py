"""Requests to a model server: the least loaded of its replicas, waiting while all are away.

A request is sent again only where sending it twice does no harm: nothing came back, or the server said
that it is busy or shutting down. Any other status of 400 and more is a refusal, raised at once: of this
request, or of whatever we send (a wrong key, a model that is not there).

Requests to loopback and to servers that captionmill started never go through a proxy; those to other
URLs honour HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY. No error repeats a key, nor the user name,
password or query of a URL.
"""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.servers.address import is_loopback_url
from engine.servers.connection import Connection, NoAnswer, WrongProxy
from engine.servers.redact import public_url, without
from engine.servers.spec import ServerSpec

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0
_BUSY = frozenset({408, 409, 429, 500, 502, 503, 504})
"""HTTP statuses of a server that is starting, overloaded or shutting down: asked again later."""
_THIS_REQUEST = frozenset({400, 413, 422})
"""HTTP statuses that speak of one request: too long, media that can't be read."""
_SHUN_S = 2.0
"""A replica that gave no answer is asked again after that long, sooner only if there is no other."""
_FOLLOW_EVERY_S = 0.25
_LONGEST_BACKOFF_S = 60.0


class ServerUnavailable(Exception):
    """No replica answered within the limit; says which and why."""


class ServerRefused(Exception):
    """A replica refuses whatever we send; says why."""


class RequestRefused(Exception):
    """A replica refuses one request; says why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One replica: base URL ("http://127.0.0.1:8000/v1") and the key it wants. ours: captionmill started
    it, so that it is reached without a proxy."""

    url: str
    key: str | None = field(default=None, repr=False)
    ours: bool = False


class Client:
    """Requests to one server, on one event loop.

    endpoints: asked before every request, for the replicas that are ready now. timeout_s: of one
    request. patience_s: how long all of them may be away.
    """

    def __init__(
        self,
        endpoints: Callable[[], Sequence[Endpoint]],
        timeout_s: float = 300.0,
        patience_s: float = 900.0,
    ) -> None:
        self._endpoints = endpoints
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._load: Counter[Endpoint] = Counter()
        self._shunned: dict[Endpoint, float] = {}
        self._connections: dict[Endpoint, Connection] = {}
        self.seconds = 0.0

    def warm(self) -> None:
        """Imports what a connection needs, which takes a part of a second."""
        import aiohttp  # noqa: F401

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON reply. path: below /v1. Raises ServerUnavailable, ServerRefused, RequestRefused."""
        wait, why = _FIRST_WAIT_S, "no server yet"
        until = time.monotonic() + self._patience_s
        while True:
            endpoint = self._least_loaded()
            if endpoint is not None:
                try:
                    return await self._once(endpoint, path, body)
                except NoAnswer as error:
                    why = _public(endpoint, str(error))
                except WrongProxy as error:
                    raise ServerRefused(_public(endpoint, str(error))) from None
                except _Status as error:
                    why = _public(endpoint, f"HTTP {error.status}: {error}")
                    # Not `from error`: a traceback would show its text, and a key that it repeats.
                    if error.status in _THIS_REQUEST:
                        raise RequestRefused(f"the server refused a request: {why}") from None
                    if error.status not in _BUSY:
                        raise ServerRefused(f"the server refused: {why}") from None
                self._shunned[endpoint] = time.monotonic() + _SHUN_S
                if self._least_loaded(shunned=False) is not None:
                    continue
            if time.monotonic() + wait > until:
                raise ServerUnavailable(f"no answer for {self._patience_s:g} s ({why})")
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_S)

    async def close(self) -> None:
        """Closes the connections."""
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            await connection.close()

    async def _once(self, endpoint: Endpoint, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._load[endpoint] += 1
        began = time.perf_counter()
        try:
            status, text = await self._connection(endpoint).post(path, body)
        finally:
            self._load[endpoint] -= 1
        reply = _object(text)
        if status >= 400 or reply is None:
            raise _Status(status, text.strip() if status >= 400 else "the reply is no JSON object")
        self.seconds += time.perf_counter() - began
        self._shunned.pop(endpoint, None)
        return reply

    def _least_loaded(self, shunned: bool = True) -> Endpoint | None:
        """Of the replicas that answer, else (with `shunned`) of all that are ready."""
        ready = self._endpoints()
        now = time.monotonic()
        answering = [e for e in ready if self._shunned.get(e, 0.0) < now]
        return min(
            answering or (ready if shunned else ()), key=self._load.__getitem__, default=None
        )

    def _connection(self, endpoint: Endpoint) -> Connection:
        if endpoint not in self._connections:
            direct = endpoint.ours or is_loopback_url(endpoint.url)
            made = Connection(endpoint.url, endpoint.key, direct, self._timeout_s)
            self._connections[endpoint] = made
        return self._connections[endpoint]


class _Status(Exception):
    """A reply that is none. status: of HTTP."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, None for any other text."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _public(endpoint: Endpoint, message: str) -> str:
    """What may be said of an endpoint and of its error."""
    return f"{public_url(endpoint.url)}: {without(public_url(message), [endpoint.key])}"


class Replicas:
    """The replicas of a server that are ready now, as seen from a Ray actor.

    spec: of the server. actors: names of the actors that watch its replicas
    (`engine.servers.fleet`); none when the profile names the URLs of running servers. Their key is read
    here, in the driver: on another machine of a cluster the variable need not be set. Raises ServerError
    when it is not set here.
    """

    def __init__(self, spec: ServerSpec, actors: Sequence[str]) -> None:
        self.spec = spec
        self._actors = actors
        key = spec.api_key() if spec.urls else None
        self._running = [Endpoint(url, key) for url in spec.urls]
        self._started: dict[str, Endpoint] = {}

    def __call__(self) -> list[Endpoint]:
        """Those that are ready."""
        return self._running or list(self._started.values())

    async def ready(self) -> None:
        """Returns when one of them is. Raises ServerUnavailable once their start must have failed."""
        until = time.monotonic() + self.spec.tries * (self.spec.start_seconds + _LONGEST_BACKOFF_S)
        while not self():
            if time.monotonic() > until:
                raise ServerUnavailable(f"the server {self.spec.name} did not start")
            await asyncio.sleep(_FOLLOW_EVERY_S)

    async def follow(self) -> None:
        """Keeps what `__call__` gives true; runs until cancelled."""
        await asyncio.gather(*(self._follow(name) for name in self._actors))

    async def _follow(self, name: str) -> None:
        import ray
        from ray.exceptions import RayActorError

        while True:
            try:
                actor: Any = ray.get_actor(name)
                endpoint: tuple[str, str | None] | None = await actor.endpoint.remote()
            except (ValueError, RayActorError):  # not made yet, or gone
                endpoint = None
            if endpoint is None:
                self._started.pop(name, None)
            else:
                self._started[name] = Endpoint(*endpoint, ours=True)
            await asyncio.sleep(_FOLLOW_EVERY_S)


class Bridge:
    """A server for one captioner, which lives in a thread (`captioners.contract.ModelServer`).

    loop: the event loop that the requests run on. tokens_in, tokens_out: read and written so far, as far
    as the server reports them.
    """

    def __init__(self, model: str, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        self.model = model
        self.tokens_in = self.tokens_out = 0
        self._client = client
        self._loop = loop

    def post(self, path: str, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """All replies, in order. Raises ServerUnavailable, ServerRefused, RequestRefused."""
        if threading.get_ident() == getattr(self._loop, "_thread_id", None):
            raise RuntimeError("a captioner must not ask its server on the event loop itself")

        async def together() -> list[dict[str, Any]]:
            requests = (self._client.post(path, {"model": self.model, **b}) for b in bodies)
            return list(await asyncio.gather(*requests))

        replies = asyncio.run_coroutine_threadsafe(together(), self._loop).result()
        for usage in (reply.get("usage") or {} for reply in replies):
            self.tokens_in += usage.get("prompt_tokens", 0)
            self.tokens_out += usage.get("completion_tokens", 0)
        return replies
