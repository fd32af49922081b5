"""Weights from the Hugging Face hub: `hub:<owner>/<name>[@<revision>]`.

Only `fetch` reaches the network; a run takes what is in the hub's own cache ($HF_HOME) and nothing else.
"""

from pathlib import Path

from captioners.weights.packs import PackError, PackMissing

PREFIX = "hub:"


def path(name: str) -> Path:
    """Folder of a model that was fetched. Raises PackMissing."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    model, revision = _parts(name)
    try:
        return Path(snapshot_download(model, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        raise PackMissing(
            f"{name} is not in the hub's cache; run: captionmill models fetch {name}"
        ) from None


def fetch(name: str) -> Path:
    """Brings a model to the hub's cache and returns its folder. Raises PackError."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    model, revision = _parts(name)
    try:
        return Path(
            snapshot_download(model, revision=revision, ignore_patterns=["*.pth", "original/*"])
        )
    except (HfHubHTTPError, OSError) as error:
        raise PackError(
            f"{name} can't be had: {error}; "
            "is the network there, and does `hf auth whoami` name somebody who may read it?"
        ) from error


def _parts(name: str) -> tuple[str, str | None]:
    model, _, revision = name.removeprefix(PREFIX).partition("@")
    return model, revision or None
