"""Requests to servers of several replicas, against real HTTP servers with scripted replies."""

import asyncio
import json
import socket
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from engine.servers.client import (
    Bridge,
    Client,
    Endpoint,
    Replicas,
    RequestRefused,
    ServerRefused,
    ServerUnavailable,
)
from engine.servers.spec import ServerSpec
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
