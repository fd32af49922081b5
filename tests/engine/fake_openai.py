"""A small real HTTP server on loopback that answers /v1/chat/completions with scripted replies."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]
Reply = str | int | dict[str, Any]
"""The text of a reply, or the whole of it, or the HTTP status of a refusal; -1 closes the connection
without a word."""


class FakeOpenAI:
    """named `fake` wherever it serves. script: from a request and its number (from 0) to a reply.
    refusal: the message of an error status.

    requests: what came in, in order of arrival. A context manager: leaving it frees the port, and raises
    what a script raised, an assertion for example.
    """

    def __init__(
        self,
        script: Callable[[Request, int], Reply],
        port: int = 0,
        finish_reason: str = "stop",
        refusal: str = "scripted refusal",
    ) -> None:
        self.requests: list[Request] = []
        self.keys: list[str | None] = []
        self._failures: list[BaseException] = []
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with fake._lock:
                    number = len(fake.requests)
                    fake.requests.append(body)
                    fake.keys.append(self.headers.get("Authorization"))
                try:
                    reply = script(body, number)
                except BaseException as error:
                    fake._failures.append(error)
                    reply = 500
                if reply == -1:
                    self.close_connection = True
                elif isinstance(reply, dict):
                    self._send(200, reply)
                elif isinstance(reply, int):
                    self._send(reply, {"error": {"message": refusal}})
                else:
                    self._send(200, _completion(body, reply, finish_reason))

            def _send(self, status: int, value: dict[str, Any]) -> None:
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._failures:
            raise self._failures[0]

    def __enter__(self) -> "FakeOpenAI":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _completion(request: Request, text: str, finish_reason: str) -> dict[str, Any]:
    return {
        "id": "fake",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": len(text.split()),
            "total_tokens": 100 + len(text.split()),
        },
    }
