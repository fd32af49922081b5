"""The writer of a job that a workspace keeps, made of what is installed here.

The settings may be somebody else's, and they name files: prompts and an embedder. None of them can run
code, and what they name is read only if it is built in or a regular file of a moderate size.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captioners.weights.hub import PREFIX
from captioners.weights.models import Models
from captioners.weights.packs import PackError, declared
from engine.profile.writer import WriterSpec
from pipelines.caption.guarding import guards
from prompts.guards import Guards
from prompts.render import Template, available

_LARGEST = 64 << 20
"""Bytes of a file that settings may name."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What wrote the captions of a job: its settings, its prompts by name, its guards."""

    spec: WriterSpec
    templates: Mapping[str, Template]
    guards: Guards

    @classmethod
    def of(cls, spec: WriterSpec) -> "Installed":
        """Loads prompts and guards. Raises PackMissing where a model of the guards is not here."""
        return cls(spec, spec.templates(), guards(spec))


def installed_spec(settings: Mapping[str, Any]) -> WriterSpec | None:
    """The writer's settings of a job; None where its prompts or guards are others today. Raises
    PackMissing where a model of the guards is not here."""
    try:
        writer = settings["profile"]["writer"]
        models = (writer["embedder"], writer["thesaurus"])
        if not all(map(_is_installed, models)) or not all(map(_is_prompt, prompts_of(writer))):
            return None
        spec = WriterSpec(**writer)
        if spec.settings() != settings["settings"]["writer"]:
            return None
        for model in models:
            if model is not None:
                Models().path(model)
        return spec
    except PackError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def installed_writer(settings: Mapping[str, Any]) -> Installed | None:
    """The writer of a job's settings, loaded; None and errors as of `installed_spec`."""
    spec = installed_spec(settings)
    return None if spec is None else Installed.of(spec)


def are_data(paths: Iterable[Path]) -> bool:
    """Whether all are regular files of a moderate size."""
    return all(path.is_file() and path.stat().st_size <= _LARGEST for path in paths)


def prompts_of(writer: Mapping[str, Any]) -> Iterator[str]:
    """What a stored writer names as prompts."""
    for rung in writer["ladder"]:
        yield from (rung["prompt"], *rung["domains"].values(), *rung["rich"].values())


def _is_prompt(name: str) -> bool:
    """Whether it is built in, or a .toml file that can be read safely: a path without this suffix is
    no prompt, but loading it by name would open it."""
    return are_data([Path(name)]) if name.endswith(".toml") else name in available()


def _is_installed(embedder: str | None) -> bool:
    """Whether it is none, or a model that the user fetched by name."""
    return embedder is None or embedder.startswith(PREFIX) or embedder in declared()
