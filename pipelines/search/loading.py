"""The encoder that made the vectors of a workspace."""

from typing import TYPE_CHECKING, Any

from pipelines.search.stored import SearchError, Stored

if TYPE_CHECKING:
    from captioners.encoder.encoder import Encoder

_EMBEDDER = "captioners.encoder.model:Embedder"


def encoder_of(stored: Stored) -> "Encoder":
    """Loads the encoder that the settings of the embed job name. Raises SearchError where they name
    none that is captionmill's own, PackError where its weights are not here.

    A workspace may be somebody else's. So the class that its settings name is never imported, and what
    is loaded are weights (safetensors) and configurations.
    """
    from captioners.encoder.load import SMALL, load
    from captioners.weights.models import Models

    spec: Any = stored.settings["profile"].get("encoder")
    if not isinstance(spec, dict) or spec.get("use") != _EMBEDDER:
        raise SearchError(
            f"{stored.table} was not made by an encoder of captionmill: nothing can be embedded to "
            "compare with it. Search by a clip of the workspace: --like CLIP"
        )
    options = spec.get("options")
    name = options.get("model", SMALL) if isinstance(options, dict) else SMALL
    return load(str(name), Models())
