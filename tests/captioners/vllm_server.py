"""A real vLLM server on the CPU, for the tests of captioners that ask one."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.client import Bridge, Client, Endpoint
from engine.server_spec import ServerSpec
from engine.service import Server


@contextmanager
def served(folder: Path, logs: Path, **spec: Any) -> Iterator[Bridge]:
    """The server of the small model in `folder`, in float32, as the engine starts it and hands it to a
    captioner. spec: fields of `ServerSpec`."""
    small: dict[str, Any] = {
        "dtype": "float32",
        "max_num_seqs": 8,
        "args": ("--enforce-eager",),
        "env": {"VLLM_CPU_KVCACHE_SPACE": "1"},
    }
    server = Server(ServerSpec(model=str(folder), **(small | spec)), logs)
    server.start()
    try:
        with asking(server.wait_ready(300), server.spec.name) as asked:
            yield asked
    finally:
        server.stop()


@contextmanager
def asking(url: str, model: str = "model") -> Iterator[Bridge]:
    """What the engine hands to a captioner that asks the server at `url`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    client = Client(lambda: [Endpoint(url)], timeout_s=60, patience_s=60)
    try:
        yield Bridge(model, client, loop)
    finally:
        asyncio.run_coroutine_threadsafe(client.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
