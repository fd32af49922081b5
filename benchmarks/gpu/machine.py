"""Where a figure was measured."""

import contextlib
import platform
from importlib.metadata import PackageNotFoundError, version

import torch


def machine() -> dict[str, str]:
    """Card, and versions of what decides on speed, as far as they are installed."""
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    versions = {}
    for name in ("torch", "transformers", "ray", "vllm"):
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return {"card": card, "python": platform.python_version(), **versions}
