"""Where a figure was measured."""

import platform
from importlib.metadata import version

import torch


def machine() -> dict[str, str]:
    """Card, and versions of what decides on speed."""
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    names = ("torch", "transformers", "ray")
    return {"card": card, "python": platform.python_version(), **{n: version(n) for n in names}}
