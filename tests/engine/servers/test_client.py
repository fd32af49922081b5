"""Requests to servers of several replicas, against real HTTP servers with scripted replies."""

import asyncio
import json
import pickle
import socket
import threading
import traceback
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from captioners.weights.models import Models
from engine.servers.client import (
    Bridge,
    Client,
    Endpoint,
    Replicas,
    RequestRefused,
    ServerRefused,
    ServerUnavailable,
)
from engine.servers.local import serve
from engine.servers.spec import ServerError, ServerSpec
from tests.engine.fake_openai import FakeOpenAI

BODY = {"model": "writer", "messages": [{"role": "user", "content": "Hello"}]}
CHAT = "/chat/completions"


def ask(*urls: str, times: int = 1, patience_s: float = 5) -> list[dict[str, Any]]:
    """The replies to `times` requests, one after another."""

    async def asking() -> list[dict[str, Any]]:
        client = Client(lambda: [Endpoint(url) for url in urls], patience_s=patience_s)
        try:
            return [await client.post(CHAT, BODY) for _ in range(times)]
        finally:
            await client.close()

    return asyncio.run(asking())


def said(reply: dict[str, Any]) -> str:
    text: str = reply["choices"][0]["message"]["content"]
    return text


def nobody() -> str:
    """A URL where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


@pytest.mark.run
def test_a_busy_server_is_asked_again() -> None:
    with FakeOpenAI(lambda r, n: (503, -1)[n] if n < 2 else "well") as fake:
        (reply,) = ask(fake.url)
    assert said(reply) == "well" and len(fake.requests) == 3


@pytest.mark.run
def test_a_dead_replica_costs_no_request() -> None:
    with FakeOpenAI(lambda r, n: "well") as fake:
        replies = ask(nobody(), fake.url, times=5)
    assert [said(reply) for reply in replies] == ["well"] * 5


@pytest.mark.run
def test_a_server_that_moves_is_followed() -> None:
    with FakeOpenAI(lambda r, n: 503) as old, FakeOpenAI(lambda r, n: "new") as new:

        async def moving() -> dict[str, Any]:
            where = [Endpoint(old.url)]
            client = Client(lambda: where, patience_s=5)
            task = asyncio.create_task(client.post(CHAT, BODY))
            while not old.requests:
                await asyncio.sleep(0.01)
            where[0] = Endpoint(new.url)
            return await task

        assert said(asyncio.run(moving())) == "new"


@pytest.mark.run
def test_requests_go_to_the_least_loaded_replica() -> None:
    inside = threading.Barrier(4)

    def script(request: Any, number: int) -> str:
        inside.wait(30)  # all four are in work at once: two at each, or somebody waits in vain
        return "well"

    async def together(urls: Sequence[str]) -> None:
        client = Client(lambda: [Endpoint(url) for url in urls])
        await asyncio.gather(*(client.post(CHAT, BODY) for _ in range(4)))

    with FakeOpenAI(script) as one, FakeOpenAI(script) as other:
        asyncio.run(together([one.url, other.url]))
    assert len(one.requests) == len(other.requests) == 2


@pytest.mark.run
def test_a_server_that_stays_away_is_an_error() -> None:
    with pytest.raises(ServerUnavailable, match=r"no answer for 0\.5 s"):
        ask(nobody(), patience_s=0.5)


def test_no_server_yet_is_waited_for() -> None:
    with pytest.raises(ServerUnavailable, match="no server yet"):
        ask(patience_s=0.3)


@pytest.mark.run
@pytest.mark.parametrize(
    ("status", "error"), [(400, RequestRefused), (401, ServerRefused), (404, ServerRefused)]
)
def test_a_server_that_refuses_is_an_error_at_once(status: int, error: type[Exception]) -> None:
    refused = pytest.raises(error, match=str(status))
    with FakeOpenAI(lambda request, number: status) as fake, refused:
        ask(fake.url)
    assert len(fake.requests) == 1


@pytest.mark.run
def test_a_server_that_speaks_no_json_is_an_error_at_once() -> None:
    async def asking() -> None:
        async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")
            writer.close()

        async with await asyncio.start_server(page, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            client = Client(lambda: [Endpoint(f"http://127.0.0.1:{port}/v1")], patience_s=5)
            try:
                await client.post(CHAT, BODY)
            finally:
                await client.close()

    with pytest.raises(ServerRefused, match="HTTP 200: the reply is no JSON object"):
        asyncio.run(asking())


@pytest.mark.run
def test_a_proxy_that_can_not_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    with pytest.raises(ServerRefused, match="speaks socks5"):
        ask("http://models.example/v1")


@pytest.mark.run
def test_servers_that_run_already_get_the_key_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_KEY", "hidden")
    with FakeOpenAI(lambda r, n: "well") as fake:
        spec = ServerSpec(name="writer", urls=(fake.url,), api_key_env="SOME_KEY")
        asyncio.run(Client(Replicas(spec, [])).post(CHAT, BODY))
    assert fake.keys == ["Bearer hidden"]


@pytest.mark.run
def test_a_captioner_s_thread_gets_its_replies_in_order() -> None:
    with FakeOpenAI(lambda request, n: request["messages"][0]["content"]) as fake:

        async def bridged() -> tuple[list[dict[str, Any]], tuple[int, int]]:
            loop = asyncio.get_running_loop()
            bridge = Bridge("writer", Client(lambda: [Endpoint(fake.url)]), loop)
            bodies = [{"messages": [{"role": "user", "content": str(n)}]} for n in range(8)]
            replies = await asyncio.to_thread(bridge.post, CHAT, bodies)
            return replies, (bridge.tokens_in, bridge.tokens_out)

        replies, tokens = asyncio.run(bridged())
    assert tokens == (8 * 100, 8)
    assert [said(reply) for reply in replies] == [str(n) for n in range(8)]
    assert {json.dumps(request["model"]) for request in fake.requests} == {'"writer"'}


SECRET = "sk-0123456789"


@pytest.mark.run
@pytest.mark.parametrize("status", [400, 401, 503])
def test_an_error_does_not_repeat_the_key(status: int) -> None:
    def script(request: Any, number: int) -> int:
        return status

    with FakeOpenAI(script, refusal=f"Incorrect API key: {SECRET}") as fake:

        async def asking() -> None:
            client = Client(lambda: [Endpoint(fake.url, SECRET)], patience_s=0.3)
            try:
                await client.post(CHAT, BODY)
            finally:
                await client.close()

        with pytest.raises((RequestRefused, ServerRefused, ServerUnavailable)) as raised:
            asyncio.run(asking())
    shown = "".join(traceback.format_exception(raised.value))
    assert "Incorrect API key" in shown and fake.url in shown
    assert SECRET not in shown


def test_a_key_is_not_in_the_text_of_an_endpoint() -> None:
    assert SECRET not in repr(Endpoint("http://host/v1", SECRET))


def test_a_key_that_is_not_set_is_an_error_that_names_server_and_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    spec = ServerSpec(name="ears", urls=("http://host/v1",), api_key_env="SOME_KEY")
    with pytest.raises(ServerError, match="server ears: the environment variable SOME_KEY"):
        Replicas(spec, [])


def test_actors_get_the_key_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "hidden")
    replicas = Replicas(ServerSpec(urls=("http://host/v1",), api_key_env="SOME_KEY"), [])
    monkeypatch.delenv("SOME_KEY")
    assert [endpoint.key for endpoint in pickle.loads(pickle.dumps(replicas))()] == ["hidden"]


class Proxy:
    """A little HTTP proxy on loopback that records what it is asked for and refuses it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                proxy.asked.append(self.path)
                self.send_error(403)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(params=["HTTP_PROXY", "ALL_PROXY"])
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    little = Proxy()
    monkeypatch.setenv(request.param, little.url)
    yield little
    little.close()


@pytest.mark.run
def test_requests_to_loopback_use_no_proxy(proxy: Proxy) -> None:
    with FakeOpenAI(lambda r, n: "well") as fake:
        (reply,) = ask(fake.url)
    assert said(reply) == "well" and proxy.asked == []


@pytest.mark.run
def test_requests_to_other_urls_use_the_proxy(proxy: Proxy) -> None:
    with pytest.raises(ServerRefused, match="403"):
        ask("http://models.example/v1")
    assert proxy.asked == ["http://models.example/v1/chat/completions"]


@pytest.mark.run
def test_requests_to_servers_of_ours_use_no_proxy(proxy: Proxy) -> None:
    async def asking() -> None:
        # No address of this machine is sure to be no loopback one; nobody answers on this.
        client = Client(lambda: [Endpoint("http://0.0.0.0:9/v1", ours=True)], patience_s=0.1)
        try:
            await client.post(CHAT, BODY)
        finally:
            await client.close()

    with pytest.raises(ServerUnavailable):
        asyncio.run(asking())
    assert proxy.asked == []


@pytest.mark.run
def test_a_server_of_a_profile_is_started_and_asked_past_a_dead_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = nobody().removesuffix("/v1")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, dead)
    spec = ServerSpec(kind="dummy", batch_ms=0, timeout_s=10)
    with serve(spec, Models(), tmp_path) as server:
        (reply,) = server.post(CHAT, [{"messages": BODY["messages"]}])
    assert said(reply)
