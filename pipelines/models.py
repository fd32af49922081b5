"""What `captionmill models` shows and does."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from captioners.weights.models import Models, known_on_hub, terms
from captioners.weights.packs import PackMissing, declared
from captioners.weights.terms import Terms
from engine.profile.profile import Profile, load
from engine.stages.models import weights
from pipelines.caption.licences import packaged_terms
from pipelines.caption.stage import CaptionStage


def listed(profile: str | None) -> list[dict[str, Any]]:
    """Models of a profile, or all that are declared: what each is, its terms, its size and its folder
    (None: not downloaded). For a profile also captioners whose package contains their weights."""
    if profile is None:
        return [shown(name) for name in (*declared(), *known_on_hub())]
    read = load(profile)
    needed = [shown(name) for name in _needed(read)]
    return needed + [_brought(name, own) for name, own in packaged_terms(read.captioners).items()]


def _needed(profile: Profile) -> list[str]:
    """The models of a profile's captioners, writer, encoder and localizer."""
    names = CaptionStage(profile).needed_models
    for spec in (profile.encoder, profile.localizer):
        if spec is not None:
            names = names + list(weights(spec, profile))
    return list(dict.fromkeys(names))


def shown(name: str) -> dict[str, Any]:
    """One model. Raises PackError for a name that means nothing."""
    models, model_terms, pack = Models(), terms(name), declared().get(name)
    models.identity(name)
    try:
        path: str | None = str(models.path(name))
    except PackMissing:
        path = None
    return {
        "name": name,
        "role": pack.role if pack else "hub" if name.startswith("hub:") else "folder",
        "holds": pack.holds if pack else model_terms.holds,
        "licence": model_terms.licence,
        "licence_source": pack.licence_source if pack else model_terms.source,
        "outputs_train": model_terms.outputs_train,
        "gb": model_terms.gb,
        "from": [f"{a.registry}: {a.package} {a.version}" for a in pack.archives] if pack else [],
        "path": path,
        "on_disk_gb": None if path is None else round(_bytes(path) / 1e9, 3),
    }


def _brought(captioner: str, own: Terms) -> dict[str, Any]:
    """What needs no download: weights inside an installed package, captions that exist already."""
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


def text(models: Sequence[dict[str, Any]]) -> str:
    """Models for people."""
    lines = []
    for model in models:
        lines.append(f"{model['name']}  ({model['role']}, {model['licence']})")
        if model["holds"]:
            lines.append(f"  {model['holds']}")
        if model["role"] not in _SILENT:
            allowed = _OUTPUTS[model["outputs_train"]]
            lines.append(f"  outputs may train other models: {allowed}")
        lines.append(f"  {_place(model)}")
    return "\n".join(lines)


def fetch(names: Sequence[str] | None, profile: str) -> Iterator[str]:
    """Downloads and checks models; without names those of a profile. Yields a line for each.
    Raises PackError."""
    models = Models()
    for name in names or _needed(load(profile)):
        yield f"{name}: {models.fetch(name)}"


_BROUGHT = "weights in its package"
_SILENT = ("media", "embedder", "lexicon")
"""Roles of models whose outputs are not text."""
_OUTPUTS = {True: "yes", False: "no", None: "unknown"}


def _place(model: dict[str, Any]) -> str:
    if model["path"] is not None:
        return f"{model['on_disk_gb']:g} GB in {model['path']}"
    if model["role"] == _BROUGHT:
        source = f" ({model['licence_source']})" if model["licence_source"] else ""
        return f"nothing to download{source}"
    if model["role"] == "folder":
        return "no such folder"
    origin = ", ".join(model["from"]) or model["name"]
    size = f", about {model['gb']:g} GB" if model["gb"] is not None else ""
    return f"not downloaded: {origin}{size}"


def _bytes(folder: str) -> int:
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
