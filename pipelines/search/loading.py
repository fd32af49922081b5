"""The encoder that made the vectors of a workspace or of a release."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from captioners.weights.models import Models
from engine.profile.profile import ModelSpec, available
from engine.profile.profile import load as profile_of
from engine.stages.models import identity, weights
from manifests.ids import digest
from manifests.release.layout import ReleaseEncoder
from pipelines.search.released import Released
from pipelines.search.stored import SearchError, Stored

if TYPE_CHECKING:
    from captioners.encoder.encoder import Encoder

_EMBEDDER = "captioners.encoder.model:Embedder"


def encoder_of(stored: Stored) -> "Encoder":
    """Loads the encoder that made the vectors. Raises SearchError where that can't be had, PackError
    where its weights are not here."""
    from captioners.encoder.load import load

    return load(model_of(stored), Models())


def model_of(stored: Stored) -> str:
    """The name of that encoder, as `captioners.encoder.load` knows it: of a workspace what its settings
    name, of a release the encoder of a built-in profile with the identity that its release.json names.
    Raises SearchError where there is none that is captionmill's own, PackMissing where its weights are
    not here.

    A workspace or a release may be somebody else's. So no class that it names is imported, and what is
    loaded are weights (safetensors) and configurations.
    """
    if isinstance(stored, Released):
        return _identical(stored.encoder)
    spec: Any = stored.settings["profile"].get("encoder")
    if not isinstance(spec, dict) or spec.get("use") != _EMBEDDER:
        raise SearchError(
            f"{stored.table} was not made by an encoder of captionmill: nothing can be embedded to "
            "compare with it. Search by a clip of the workspace: --like CLIP"
        )
    options = spec.get("options")
    return _model(options if isinstance(options, dict) else {})


def _model(options: dict[str, Any]) -> str:
    from captioners.encoder.load import SMALL

    return str(options.get("model", SMALL))


def _identical(wanted: ReleaseEncoder) -> str:
    """The encoder of this identity: the same code, options and weights."""
    same_name = []
    for profile, spec, own in _built_in():
        if own == wanted.identity:
            return _model(spec.options)
        if spec.name == wanted.name:
            same_name.append((profile, spec))
    for profile, spec in same_name:
        Models().require(weights(spec, profile_of(profile)), profile)
    why = "has other code, options or weights" if same_name else "is in no built-in profile"
    raise SearchError(
        f"this release was embedded by the encoder {wanted.name[:80]!r} (identity {wanted.identity}), "
        f"which {why} here: no text can be compared with its vectors. Ask the workspaces that it was "
        "built of, or build it again from workspaces that this version embedded"
    )


def _built_in() -> Iterator[tuple[str, ModelSpec, str]]:
    """Encoders of captionmill in built-in profiles: profile, encoder, and its identity."""
    for name in available():
        profile = profile_of(name)
        if (spec := profile.encoder) is not None and spec.use == _EMBEDDER:
            yield name, spec, digest(identity(spec, profile))
