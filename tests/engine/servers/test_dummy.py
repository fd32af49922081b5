"""The dummy server over real HTTP."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import aiohttp
import pytest
from openai import AuthenticationError, OpenAI

from engine.servers.dummy import DummyServer, reply

Start = Callable[..., str]
_NAMES = ("audio_caption", "visual_caption")


def _format(**properties: dict[str, object]) -> dict[str, object]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "json_schema", "json_schema": {"name": "captions", "schema": schema}}


_CAPTIONS = _format(**{name: {"type": "string", "maxLength": 60} for name in _NAMES})


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a dummy server with these arguments; its base URL."""
    servers: list[subprocess.Popen[str]] = []

    def starting(*args: str, **env: str) -> str:
        command = [sys.executable, "-m", "engine.servers.dummy", "--port", "0", *args]
        environment = {**os.environ, **env}
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        servers.append(server)
        assert server.stdout is not None
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found is not None
        return found.group()

    yield starting
    for server in servers:
        server.kill()
        server.wait()


def test_drafts_of_the_last_user_message_become_the_captions() -> None:
    messages = [
        {"role": "system", "content": "DRAFT audio_caption: not this"},
        {"role": "user", "content": "DRAFT audio_caption: nor this"},
        {"role": "user", "content": "Evidence.\n DRAFT audio_caption: A dog barks. \nEnd."},
    ]
    captions = json.loads(reply(messages, _CAPTIONS))
    assert captions["audio_caption"] == "A dog barks."
    assert captions["visual_caption"] == "Nothing certain is known of this clip."


def test_values_stay_within_the_schema() -> None:
    form = _format(
        short={"type": "string", "maxLength": 5},
        long={"type": "string", "minLength": 60},
        choice={"enum": ["yes", "no"]},
        maybe={"type": ["string", "null"]},
        number={"type": "integer"},
    )
    values = json.loads(reply([{"role": "user", "content": "DRAFT short: abcdefgh"}], form))
    assert values["short"] == "abcde"
    assert len(values["long"]) == 60
    assert (values["choice"], values["maybe"], values["number"]) == ("yes", None, 0)


def test_without_a_schema_the_answer_is_text() -> None:
    assert reply([{"role": "user", "content": "DRAFT caption: A cat."}], None) == "A cat."


@pytest.mark.run
def test_an_openai_client_gets_captions_and_usage(start: Start) -> None:
    with OpenAI(base_url=start("--name", "writer") + "/v1", api_key="none") as client:
        assert [model.id for model in client.models.list()] == ["writer"]
        answer = client.chat.completions.create(
            model="writer",
            messages=[{"role": "user", "content": "DRAFT audio_caption: Ein Hahn kräht."}],
            response_format=_CAPTIONS,  # type: ignore[call-overload]
        )
    assert json.loads(answer.choices[0].message.content)["audio_caption"] == "Ein Hahn kräht."
    assert answer.usage.prompt_tokens == 5
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.run
def test_a_key_from_the_environment_is_demanded(start: Start) -> None:
    url = start(VLLM_API_KEY="secret") + "/v1"
    with OpenAI(base_url=url, api_key="wrong", max_retries=0) as client:
        with pytest.raises(AuthenticationError):
            client.models.list()
        assert client.with_options(api_key="secret").models.list().data


@pytest.mark.run
def test_bad_requests_are_refused_and_harm_no_other(start: Start) -> None:
    url = start("--batch-ms", "0")

    async def ask() -> list[int]:
        async with aiohttp.ClientSession(url) as session:
            statuses = []
            for body in ("no json", "[]", '{"messages": 1}'):
                async with session.post("/v1/chat/completions", data=body) as answer:
                    statuses.append(answer.status)
            async with session.get("/nothing") as answer:
                statuses.append(answer.status)
            async with session.get("/health") as answer:
                statuses.append(answer.status)
        return statuses

    assert asyncio.run(ask()) == [400, 400, 400, 404, 200]


@pytest.mark.run
def test_at_most_so_many_requests_are_worked_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sleeps as long as a batch takes: how many sleep at once is the rate."""
    asleep: list[float] = []
    most = 0
    sleep = asyncio.sleep

    async def counted(seconds: float) -> None:
        nonlocal most
        asleep.append(seconds)
        most = max(most, len(asleep))
        for _ in range(20):
            await sleep(0)
        asleep.remove(seconds)

    async def ask() -> list[int]:
        server = DummyServer("dummy", batch_ms=100, slots=4)
        monkeypatch.setattr("engine.servers.dummy.asyncio.sleep", counted)
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        host, port = listening.sockets[0].getsockname()
        body = {"messages": [{"role": "user", "content": "x"}]}
        async with listening, aiohttp.ClientSession(f"http://{host}:{port}") as session:

            async def one() -> int:
                async with session.post("/v1/chat/completions", json=body) as answer:
                    return answer.status

            return await asyncio.gather(*(one() for _ in range(12)))

    assert asyncio.run(ask()) == [200] * 12
    assert most == 4 and asleep == []
