"""A real vLLM server on the CPU, for the tests of captioners that ask one."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from captioners.contract import ModelServer
from captioners.weights.models import Models
from engine.servers.local import serve
from engine.servers.spec import ServerSpec


def served(folder: Path, logs: Path, **spec: Any) -> AbstractContextManager[ModelServer]:
    """The server of the small model in `folder`, in float32, as the engine starts it and hands it to a
    captioner; without torch.compile, which vLLM asks for log-probabilities though it runs eagerly, and
    which takes a C++ compiler half a minute. spec: fields of `ServerSpec`."""
    small: dict[str, Any] = {
        "dtype": "float32",
        "max_num_seqs": 8,
        "args": ("--enforce-eager",),
        "env": {"VLLM_CPU_KVCACHE_SPACE": "1", "TORCHDYNAMO_DISABLE": "1"},
    }
    started = ServerSpec(model=str(folder), **(small | spec))
    return serve(started, Models(), logs)


def asking(url: str, model: str = "model") -> AbstractContextManager[ModelServer]:
    """The server that runs at `url` already."""
    running = ServerSpec(name=model, urls=(url,), timeout_s=60)
    return serve(running, Models(), Path())
