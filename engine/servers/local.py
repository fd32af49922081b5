"""A model server for a command of its own, without Ray."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from captioners.contract import ModelServer
from captioners.weights.models import Models
from engine.servers.client import Bridge, Client, Endpoint
from engine.servers.server import Server
from engine.servers.spec import ServerSpec


@contextmanager
def serve(spec: ServerSpec, models: Models, logs: Path) -> Iterator[ModelServer]:
    """A server of a profile: the running one that it names, else one replica, started for the block.
    Raises PackMissing, ServerError."""
    if spec.urls:
        key = spec.api_key()
        with _bridge(spec, [Endpoint(url, key) for url in spec.urls]) as bridge:
            yield bridge
        return
    if spec.model:
        spec = spec.model_copy(update={"model": str(models.path(spec.model))})
    server = Server(spec.model_copy(update={"replicas": 1}), logs)
    server.start()
    try:
        url = server.wait_ready(spec.tries * spec.start_seconds)
        with _bridge(spec, [Endpoint(url, server.api_key(), ours=True)]) as bridge:
            yield bridge
    finally:
        server.stop()


@contextmanager
def _bridge(spec: ServerSpec, endpoints: list[Endpoint]) -> Iterator[ModelServer]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    client = Client(lambda: endpoints, spec.timeout_s, spec.timeout_s)
    try:
        yield Bridge(spec.name, client, loop)
    finally:
        asyncio.run_coroutine_threadsafe(client.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
