"""A stand-in for vLLM's server, for the `dummy` profile and for tests: real HTTP, no model.

    python -m engine.servers.dummy --port 8000 [--batch-ms 100] [--slots 16]

It answers as an OpenAI-compatible server does, deterministically and within the reply schema: for
each string property NAME of the schema, the text after "DRAFT NAME: " in the last user message, else a
fixed sentence. At most `slots` requests are worked at a time and each takes
`batch-ms`, so that its rate is known: slots * 1000 / batch-ms requests a second. HTTP is parsed by
hand, with keep-alive: the server must cost a fraction of a core, or it would be what is measured.
"""

import argparse
import asyncio
import json
import os
import re
import time
from typing import Any, NamedTuple

from engine.servers.address import in_url

_FALLBACK = "Nothing certain is known of this clip."
_MAX_BODY = 16 << 20
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 413: "Too Large"}
_DRAFT = re.compile(r"^[ \t]*DRAFT (\w+):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


class _Request(NamedTuple):
    method: str
    path: str
    key: str | None
    body: bytes


class _Refused(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def reply(messages: list[dict[str, Any]], response_format: dict[str, Any] | None) -> str:
    """The text of the answer to a chat request: JSON if it names a schema, else one sentence."""
    prompt = _last_user_text(messages)
    drafts = {name: text for name, text in _DRAFT.findall(prompt) if text}
    if not response_format or response_format.get("type") != "json_schema":
        return next(iter(drafts.values()), _FALLBACK)
    schema = response_format["json_schema"]["schema"]
    values = {n: _value(part, drafts.get(n)) for n, part in schema.get("properties", {}).items()}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _last_user_text(messages: list[dict[str, Any]]) -> str:
    content = next((m.get("content") for m in reversed(messages) if m.get("role") == "user"), "")
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content)
    return content or ""


def _value(schema: dict[str, Any], draft: str | None) -> Any:
    """A value that one property's schema allows: the draft where it is text."""
    if "enum" in schema:
        return draft if draft in schema["enum"] else schema["enum"][0]
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = "string" if draft and "string" in kind else kind[-1]
    if kind == "string":
        text = (draft or _FALLBACK)[: schema.get("maxLength")]
        return text.ljust(schema.get("minLength", 0), ".")
    return {"integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}.get(str(kind))


class DummyServer:
    """Serves `/health`, `/v1/models` and `/v1/chat/completions` on one event loop."""

    def __init__(self, model: str, batch_ms: float, slots: int, key: str | None = None) -> None:
        self.model = model
        self.seconds = batch_ms / 1000
        self.slots = asyncio.Semaphore(slots)
        self.key = key

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request, until the client closes it."""
        try:
            while request := await _read(reader):
                writer.write(_response(200, await self._answer(request)))
                await writer.drain()
        except _Refused as refused:
            error = {"error": {"message": str(refused), "type": "invalid_request_error"}}
            writer.write(_response(refused.status, error))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: _Request) -> dict[str, Any]:
        if request.path == "/health":
            return {}
        if self.key is not None and request.key != self.key:
            raise _Refused(401, "wrong or no API key")
        if request.path == "/v1/models":
            return {"object": "list", "data": [{"id": self.model, "object": "model"}]}
        if request.path != "/v1/chat/completions" or request.method != "POST":
            raise _Refused(404, f"no {request.method} {request.path} here")
        async with self.slots:
            await asyncio.sleep(self.seconds)
            return self._completion(request.body)

    def _completion(self, body: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(body)
            messages = asked["messages"]
            text = reply(messages, asked.get("response_format"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _Refused(400, f"not a chat request: {error!r}") from error
        words_in = sum(len(str(message.get("content")).split()) for message in messages)
        words_out = len(text.split())
        return {
            "id": f"dummy-{asked.get('seed', 0)}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": self.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                    "logprobs": None,
                }
            ],
            "usage": {
                "prompt_tokens": words_in,
                "completion_tokens": words_out,
                "total_tokens": words_in + words_out,
            },
        }


async def _read(reader: asyncio.StreamReader) -> _Request | None:
    """The next request of a connection, None when the client has closed it."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    first, *lines = head.split("\r\n")
    method, _, rest = first.partition(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _MAX_BODY or "transfer-encoding" in headers:
        raise _Refused(413, f"a body needs a length of at most {_MAX_BODY} bytes")
    body = await reader.readexactly(int(length))
    key = headers.get("authorization", "").removeprefix("Bearer ") or None
    return _Request(method, rest.partition(" ")[0].partition("?")[0], key, body)


def _response(status: int, value: dict[str, Any]) -> bytes:
    body = json.dumps(value, ensure_ascii=False).encode()
    closing = "" if status == 200 else "Connection: close\r\n"
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{closing}\r\n"
    )
    return head.encode() + body


async def _main(args: argparse.Namespace) -> None:
    server = DummyServer(args.name, args.batch_ms, args.slots, os.environ.get("VLLM_API_KEY"))
    listener = await asyncio.start_server(server.serve, args.host, args.port, backlog=1024)
    port = listener.sockets[0].getsockname()[1]
    print(f'dummy server "{args.name}" listens on http://{in_url(args.host)}:{port}', flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for an OpenAI-compatible server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port and prints it")
    parser.add_argument("--name", default="dummy", help="name of the model to serve")
    parser.add_argument("--batch-ms", type=float, default=100.0, help="time for each request")
    parser.add_argument("--slots", type=int, default=16, help="requests worked on at a time")
    asyncio.run(_main(parser.parse_args()))
