"""What `captionmill models` shows and does."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from captioners.models import Models, known_on_hub, terms
from captioners.packs import PackMissing, declared
from engine.job import Job
from engine.profile import load


def listed(profile: str | None) -> list[dict[str, Any]]:
    """Models of a profile, or every one that is declared: what each is, under which terms, how large
    and where it lies (path None: not fetched)."""
    names = Job(load(profile)).needed_models if profile else [*declared(), *known_on_hub()]
    return [shown(name) for name in names]


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


def text(found: Sequence[dict[str, Any]]) -> str:
    """Models for people."""
    lines = []
    for model in found:
        lines.append(f"{model['name']}  ({model['role']}, {model['licence']})")
        if model["holds"]:
            lines.append(f"  {model['holds']}")
        lines.append(f"  what it says may train other models: {_OUTPUTS[model['outputs_train']]}")
        lines.append(f"  {_place(model)}")
    return "\n".join(lines)


def fetch(names: Sequence[str] | None, profile: str) -> Iterator[str]:
    """Brings and checks models; without names those of a profile. A line for each; raises PackError."""
    models = Models()
    for name in names or Job(load(profile)).needed_models:
        yield f"{name}: {models.fetch(name)}"


_OUTPUTS = {True: "yes", False: "no", None: "not known to us"}


def _place(model: dict[str, Any]) -> str:
    if model["path"] is not None:
        return f"{model['on_disk_gb']:g} GB in {model['path']}"
    origin = ", ".join(model["from"]) or model["name"]
    size = f", about {model['gb']:g} GB" if model["gb"] is not None else ""
    return f"not fetched: {origin}{size}"


def _bytes(folder: str) -> int:
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
