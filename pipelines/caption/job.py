"""A job: a profile with every version resolved, and the digests that name its tables."""

import importlib
import shutil
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import captioners.confidence.calibration
from captioners.contract import Captioner
from captioners.weights.models import Models, terms
from captioners.weights.terms import UNKNOWN, Terms
from engine.media.decode import DecodePlan
from engine.profile.profile import CaptionerSpec, Profile, ProfileError
from engine.servers.spec import ServerSpec
from manifests.ids import digest
from manifests.media import Needs

_ENTRY_POINTS = "captionmill.captioners"


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
    def plan(self) -> DecodePlan:
        """What to decode of a clip so that every captioner has what it needs."""
        needs = [self.needs(spec) for spec in self.profile.captioners]
        return DecodePlan(
            audio_hz=tuple(sorted({n.audio_hz for n in needs if n.audio_hz is not None})),
            frames=max((n.frames for n in needs), default=0),
            frame_px=max((n.frame_px for n in needs), default=0),
        )

    def needs(self, spec: CaptionerSpec) -> Needs:
        """The needs of one captioner."""
        return self.classes[spec.name].needs_of(spec.options)

    def models(self, spec: CaptionerSpec) -> tuple[str, ...]:
        """The models of one captioner: those it loads, and that of its server."""
        served = self.profile.server(spec.server).model if spec.server is not None else ""
        return (*self.classes[spec.name].packs_of(spec.options), *([served] if served else []))

    @cached_property
    def tables(self) -> dict[str, str]:
        """The weak table of each captioner, `weak/<name>-<digest>`: changed only by what changes
        its rows: cut, code version, options, weights, gate, and the captioners it asks."""
        tables: dict[str, str] = {}
        models = Models()
        for spec in self.profile.captioners:
            kind = self.classes[spec.name]
            seen = [self.plan.frames, self.plan.frame_px] if kind.modality == "video" else []
            parts = [
                self.cut,
                spec.use,
                kind.version,
                spec.options,
                [models.identity(name) for name in self.models(spec)],
                [c.model_dump() for c in spec.when],
                sorted(tables[name] for name in spec.asks),
                seen,
            ]
            if state := kind.state_of(spec.options):
                parts.append(state)
            if spec.server is not None:  # what of a server decides its answers
                server = self.profile.server(spec.server)
                parts.append([server.name, server.dtype, server.quantization])
            tables[spec.name] = f"weak/{spec.name}-{digest(parts)}"
        return tables

    @cached_property
    def calibrations(self) -> "captioners.confidence.calibration.Calibrations":
        """Confidences of the profile's captioners."""
        folder = self.profile.calibration
        return captioners.confidence.calibration.load(
            [spec.name for spec in self.profile.captioners], Path(folder) if folder else None
        )

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
            "licence": [self.licence, self.outputs_train],
        }

    @cached_property
    def licence(self) -> str:
        """Licences of all models behind a row, joined as SPDX does."""
        writer = self.profile.writer
        asked = [
            self.profile.server(spec.server) for spec in self.profile.captioners if spec.server
        ]
        known = [terms(name) for name in self._loaded] + [*self.own_terms.values()]
        known += [served_terms(server) for server in asked if server.model or server.urls]
        written = served_terms(self.profile.server(writer.model))
        if written != UNKNOWN or writer.licence is None:
            known.append(written)
        told = {writer.licence} if writer.licence else set()
        return " AND ".join(sorted({one.licence for one in known} | told))

    @cached_property
    def _loaded(self) -> list[str]:
        """Models that captioners load themselves."""
        specs = self.profile.captioners
        return [name for s in specs for name in self.classes[s.name].packs_of(s.options)]

    @cached_property
    def own_terms(self) -> dict[str, Terms]:
        """Terms of weights inside packages and of imported captions, by the captioner's name."""
        told = {s.name: self.classes[s.name].terms_of(s.options) for s in self.profile.captioners}
        return {name: own for name, own in told.items() if own is not None}

    @cached_property
    def _terms(self) -> dict[str, Terms]:
        """The terms of all models behind a row, by the name of a model, a captioner or a server."""
        served = {
            server.model or server.name: served_terms(server)
            for server in self.profile.servers
            if server.model or server.urls
        }
        return {name: terms(name) for name in self._loaded} | self.own_terms | served

    @cached_property
    def needed_models(self) -> list[str]:
        """Packs, hub models and folders that must be here before the run."""
        names = [name for spec in self.profile.captioners for name in self.models(spec)]
        names += [server.model for server in self.profile.servers if server.model]
        names += [self.profile.writer.embedder] if self.profile.writer.embedder else []
        return list(dict.fromkeys(names))

    @cached_property
    def outputs_train(self) -> bool | None:
        """Whether the licences of all models behind a row let it train others; None where one of them
        is not known to us and none forbids it."""
        told = [one.outputs_train for one in self._terms.values()]
        return False if False in told else None if None in told else True

    def check(self) -> None:
        """Raises ProfileError for what a run would find too late, or must not do: an interpreter that
        is not there, models that the profile's own rule refuses."""
        if self.profile.outputs_train and self.outputs_train is not True:
            refused = [name for name, one in self._terms.items() if one.outputs_train is not True]
            raise ProfileError(
                f"profile {self.profile.name} uses only models whose outputs may train others, and of "
                f"these that is not so or not known: {', '.join(refused)} (captionmill models show NAME)"
            )
        for spec in self.profile.captioners:
            if spec.python is not None and shutil.which(spec.python) is None:
                raise ProfileError(
                    f"captioner {spec.name}: there is no interpreter {spec.python}; "
                    "make its environment first (docs/captioners.md)"
                )

    def servers(self, models: Models) -> list[ServerSpec]:
        """The servers of the profile, each model found where it was fetched to. Raises PackMissing."""
        return [
            server.model_copy(update={"model": str(models.path(server.model))})
            if server.model
            else server
            for server in self.profile.servers
        ]


def served_terms(server: ServerSpec) -> Terms:
    """The terms of what a server says: those of its model, else what the profile tells."""
    known = terms(server.model) if server.model else UNKNOWN
    if known != UNKNOWN or server.licence is None:
        return known
    return Terms(licence=server.licence, outputs_train=server.outputs_train)


def captioner_class(spec: CaptionerSpec) -> type[Captioner]:
    """The class that a profile names as `module:Class`, or by an entry point. Raises ProfileError."""
    use = spec.use if ":" in spec.use else _registered(spec)
    module, _, name = use.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ProfileError(f"captioner {spec.name}: can't import {use}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Captioner)):
        raise ProfileError(f"captioner {spec.name}: {use} is not a Captioner")
    return found


def _registered(spec: CaptionerSpec) -> str:
    known = {entry.name: entry.value for entry in entry_points(group=_ENTRY_POINTS)}
    if spec.use not in known:
        raise ProfileError(
            f"captioner {spec.name}: no installed package registers «{spec.use}» under the entry "
            f"points {_ENTRY_POINTS} ({', '.join(sorted(known)) or 'there are none'}); "
            'or write use = "module:Class"'
        )
    return known[spec.use]
