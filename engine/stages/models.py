"""The models of a stage: their classes, what decides their answers, and how hosts load them."""

import importlib
from collections.abc import Iterable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captioners.contract import Model, ModelServer
from captioners.weights.cache import Cache
from captioners.weights.models import Models
from engine.media.decode import DecodePlan
from engine.profile.profile import ModelSpec, Profile, ProfileError
from engine.servers import gpu_lock

if TYPE_CHECKING:
    from manifests.media import Needs

_ENTRY_POINTS = "captionmill.captioners"


def model_class(spec: ModelSpec) -> type[Model]:
    """The class that a profile names as `module:Class`, or by an entry point. Raises ProfileError."""
    use = spec.use if ":" in spec.use else _registered(spec)
    module, _, name = use.partition(":")
    try:
        named = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ProfileError(f"{spec.name}: can't import {use}: {error}") from error
    if not (isinstance(named, type) and issubclass(named, Model)):
        raise ProfileError(f"{spec.name}: {use} is not a captioner or any other kind of model")
    return named


def _registered(spec: ModelSpec) -> str:
    registered = {entry.name: entry.value for entry in entry_points(group=_ENTRY_POINTS)}
    if spec.use not in registered:
        raise ProfileError(
            f'{spec.name}: no installed package registers "{spec.use}" under the entry points '
            f"{_ENTRY_POINTS} (registered: {', '.join(sorted(registered)) or 'none'}); "
            'or write use = "module:Class"'
        )
    return registered[spec.use]


def weights(spec: ModelSpec, profile: Profile) -> tuple[str, ...]:
    """The models behind one spec: those it loads, and that of its server."""
    served = profile.server(spec.server).model if spec.server is not None else ""
    return (*model_class(spec).packs_of(spec.options), *([served] if served else []))


def identity(spec: ModelSpec, profile: Profile) -> list[Any]:
    """What decides the answers of a model, for digests: code version, options, weights, state, server."""
    kind, models = model_class(spec), Models()
    parts: list[Any] = [
        spec.use,
        kind.version,
        spec.options,
        [models.identity(name) for name in weights(spec, profile)],
    ]
    if state := kind.state_of(spec.options):
        parts.append(state)
    if spec.server is not None:  # what of a server decides its answers
        server = profile.server(spec.server)
        parts.append([server.name, server.dtype, server.quantization])
    return parts


def decode_plan(specs: Iterable[ModelSpec]) -> DecodePlan:
    """What to decode of a clip so that every one of these models has what it needs."""
    needs: Sequence[Needs] = [model_class(spec).needs_of(spec.options) for spec in specs]
    return DecodePlan(
        audio_hz=tuple(sorted({n.audio_hz for n in needs if n.audio_hz is not None})),
        frames=max((n.frames for n in needs), default=0),
        frame_px=max((n.frame_px for n in needs), default=0),
    )


def build(spec: ModelSpec, cache: Path, server: ModelServer | None = None) -> Model:
    """A model of a profile with its weights loaded."""
    model = model_class(spec)(spec.name, Models(Cache(cache)), spec.options)
    model.server = server
    with gpu_lock.alone(spec.num_gpus):
        model.load()
    return model
