"""A job: a profile with every version resolved, and the digests that name its tables."""

import importlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import captioners.confidence
from captioners import hub
from captioners.contract import Captioner
from captioners.packs import Cache, declared
from engine.decode import Plan
from engine.profile import CaptionerSpec, Profile, ProfileError
from engine.service import ServerSpec
from manifests.ids import digest

_PACK = "pack:"


@dataclass(frozen=True)
class Job:
    """What a run does. Everything here follows from the profile and the installed code."""

    profile: Profile

    @cached_property
    def cut(self) -> str:
        """Digest of how sources become clips: names the sources and clips tables."""
        return digest(self.profile.clips.model_dump())

    @cached_property
    def classes(self) -> dict[str, type[Captioner]]:
        """The class of each captioner. Raises ProfileError for one that can't be imported."""
        return {spec.name: captioner_class(spec) for spec in self.profile.captioners}

    @cached_property
    def plan(self) -> Plan:
        """What to decode of a clip so that every captioner has what it needs."""
        needs = [self.needs(spec) for spec in self.profile.captioners]
        return Plan(
            audio_hz=tuple(sorted({n.audio_hz for n in needs if n.audio_hz is not None})),
            frames=max((n.frames for n in needs), default=0),
            frame_px=max((n.frame_px for n in needs), default=0),
        )

    def needs(self, spec: CaptionerSpec) -> Any:
        """The needs of one captioner."""
        return self.classes[spec.name].needs

    @cached_property
    def tables(self) -> dict[str, str]:
        """The weak table of each captioner, `weak/<name>-<digest>`: changed only by what changes
        its rows: cut, code version, options, weights, gate, and the captioners the gate asks."""
        tables: dict[str, str] = {}
        packs = declared()
        for spec in self.profile.captioners:
            kind = self.classes[spec.name]
            seen = [self.plan.frames, self.plan.frame_px] if kind.modality == "video" else []
            parts = [
                self.cut,
                spec.use,
                kind.version,
                spec.options,
                [packs[name].digest for name in kind.packs],
                [c.model_dump() for c in spec.when],
                sorted({tables[c.of] for c in spec.when if c.of in tables}),
                seen,
            ]
            tables[spec.name] = f"weak/{spec.name}-{digest(parts)}"
        return tables

    @cached_property
    def calibrations(self) -> "captioners.confidence.Calibrations":
        """Confidences of the profile's captioners."""
        return captioners.confidence.load([spec.name for spec in self.profile.captioners])

    @cached_property
    def digest(self) -> str:
        """Digest of every setting that shapes a caption row: the config digest."""
        return digest(self.settings())

    def settings(self) -> dict[str, Any]:
        """The resolved settings, as kept in the workspace under the config digest."""
        return {
            "cut": self.cut,
            "filters": [f.model_dump() for f in self.profile.filters],
            "captioners": self.tables,
            "order": list(self.tables),
            "calibrations": self.calibrations.digest,
            "writer": self.profile.writer.settings(),
            "licence": self.licence,
        }

    @cached_property
    def licence(self) -> str:
        """Licences of all models behind a row, joined as SPDX does."""
        packs = declared()
        names = [name for kind in self.classes.values() for name in kind.packs]
        found = {packs[name].licence for name in names} | {self.profile.writer.licence}
        return " AND ".join(sorted(found))

    @cached_property
    def needed_packs(self) -> list[str]:
        """Packs, and `hub:` models, that must be here before the run."""
        names = [name for kind in self.classes.values() for name in kind.packs]
        if self.profile.server is not None:
            model = self.profile.server.model
            names += [model.removeprefix(_PACK)] if model.startswith((_PACK, hub.PREFIX)) else []
        return list(dict.fromkeys(names))

    def server(self, cache: Cache) -> ServerSpec | None:
        """The server to start, its model found where it was fetched to; None if the user has one."""
        spec = self.profile.server
        if spec is None or not spec.model.startswith((_PACK, hub.PREFIX)):
            return spec
        model = find(spec.model.removeprefix(_PACK), cache)
        return spec.model_copy(update={"model": str(model)})


def find(name: str, cache: Cache) -> Path:
    """Folder of a pack or of a `hub:` model. Raises PackMissing."""
    return hub.path(name) if name.startswith(hub.PREFIX) else cache.path(name)


def captioner_class(spec: CaptionerSpec) -> type[Captioner]:
    """The class that a profile names as `module:Class`. Raises ProfileError."""
    module, _, name = spec.use.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ProfileError(f"captioner {spec.name}: can't import {spec.use}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Captioner)):
        raise ProfileError(f"captioner {spec.name}: {spec.use} is not a Captioner")
    return found
