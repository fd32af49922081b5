"""What `captionmill models` shows and does."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from captioners.weights.models import Models, known_on_hub, terms
from captioners.weights.packs import PackMissing, declared
from captioners.weights.terms import Terms
from engine.profile.profile import load
from pipelines.caption.licences import packaged_terms
from pipelines.caption.stage import CaptionStage


def listed(profile: str | None) -> list[dict[str, Any]]:
    """Models of a profile, or every one that is declared: what each is, under which terms, how large
    and where it lies (path None: not fetched). Of a profile also captioners that bring their own."""
    if profile is None:
        return [shown(name) for name in (*declared(), *known_on_hub())]
    stage = CaptionStage(load(profile))
    found = [shown(name) for name in stage.needed_models]
    return found + [
        _brought(name, own) for name, own in packaged_terms(stage.profile.captioners).items()
    ]


def shown(name: str) -> dict[str, Any]:
    """One model. Raises PackError for a name that means nothing."""
    models, said, pack = Models(), terms(name), declared().get(name)
    models.identity(name)
    try:
        path: str | None = str(models.path(name))
    except PackMissing:
        path = None
    return {
        "name": name,
        "role": pack.role if pack else "hub" if name.startswith("hub:") else "folder",
        "holds": pack.holds if pack else said.holds,
        "licence": said.licence,
        "licence_source": pack.licence_source if pack else said.source,
        "outputs_train": said.outputs_train,
        "gb": said.gb,
        "from": [f"{a.registry}: {a.package} {a.version}" for a in pack.archives] if pack else [],
        "path": path,
        "on_disk_gb": None if path is None else round(_bytes(path) / 1e9, 3),
    }


def _brought(captioner: str, own: Terms) -> dict[str, Any]:
    """What needs no fetching: weights inside an installed package, captions that exist already."""
    return {
        "name": captioner,
        "role": _BROUGHT,
        "holds": own.holds,
        "licence": own.licence,
        "licence_source": own.source,
        "outputs_train": own.outputs_train,
        "gb": own.gb,
        "from": [],
        "path": None,
        "on_disk_gb": None,
    }


def text(found: Sequence[dict[str, Any]]) -> str:
    """Models for people."""
    lines = []
    for model in found:
        lines.append(f"{model['name']}  ({model['role']}, {model['licence']})")
        if model["holds"]:
            lines.append(f"  {model['holds']}")
        if model["role"] not in _SILENT:
            told = _OUTPUTS[model["outputs_train"]]
            lines.append(f"  what it says may train other models: {told}")
        lines.append(f"  {_place(model)}")
    return "\n".join(lines)


def fetch(names: Sequence[str] | None, profile: str) -> Iterator[str]:
    """Brings and checks models; without names those of a profile. A line for each; raises PackError."""
    models = Models()
    for name in names or CaptionStage(load(profile)).needed_models:
        yield f"{name}: {models.fetch(name)}"


_BROUGHT = "brings its own"
_SILENT = ("media", "embedder")
"""Roles of what says nothing."""
_OUTPUTS = {True: "yes", False: "no", None: "not known to us"}


def _place(model: dict[str, Any]) -> str:
    if model["path"] is not None:
        return f"{model['on_disk_gb']:g} GB in {model['path']}"
    if model["role"] == _BROUGHT:
        source = f" ({model['licence_source']})" if model["licence_source"] else ""
        return f"nothing to fetch{source}"
    if model["role"] == "folder":
        return "there is no such folder"
    origin = ", ".join(model["from"]) or model["name"]
    size = f", about {model['gb']:g} GB" if model["gb"] is not None else ""
    return f"not fetched: {origin}{size}"


def _bytes(folder: str) -> int:
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
