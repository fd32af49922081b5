"""Questions that a server's watch asks it over HTTP, never through a proxy."""

import json
import re
import urllib.request
from dataclasses import dataclass, field

from engine.servers.address import in_url

_IN_WORK = re.compile(r"^vllm:num_requests_(?:running|waiting)\{[^}]*\} (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Health:
    """One replica, asked by the process that started it. seconds: how long an answer may take."""

    host: str
    port: int
    key: str | None = field(repr=False)
    seconds: float

    @property
    def url(self) -> str:
        """Base URL of its API for clients."""
        return f"{self._root}/v1"

    @property
    def is_well(self) -> bool:
        """Whether it answers /health."""
        return self._ask("/health") is not None

    def serves(self, model: str) -> bool:
        """Whether it is well and serves our model: a stranger might have taken the port."""
        if not self.is_well:
            return False
        models = self._ask("/v1/models")
        try:
            return any(entry["id"] == model for entry in json.loads(models or b"{}")["data"])
        except (ValueError, KeyError, TypeError):
            return False

    def warm_up(self, model: str) -> None:
        """Has it answer once, whatever the answer: what a server does only at its first request (kernels,
        the first pass) must not slow down a clip."""
        body = {"model": model, "prompt": "Hello", "max_tokens": 1}
        self._ask("/v1/completions", json.dumps(body).encode())

    def in_work(self) -> float | None:
        """Requests that it works on or holds in its queue, by vLLM's own counters; None without them."""
        counters = self._ask("/metrics")
        if counters is None:
            return None
        return sum(float(count) for count in _IN_WORK.findall(counters.decode("utf-8", "replace")))

    @property
    def _root(self) -> str:
        return f"http://{in_url(self.host)}:{self.port}"

    def _ask(self, path: str, body: bytes | None = None) -> bytes | None:
        """The answer to a GET, or to a POST of `body`, if its status is 200, else None."""
        request = urllib.request.Request(f"{self._root}{path}", body)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if self.key is not None:
            request.add_header("Authorization", f"Bearer {self.key}")
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=self.seconds) as answer:
                return bytes(answer.read())
        except (OSError, ValueError):  # URLError is an OSError
            return None
