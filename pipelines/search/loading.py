"""The encoder that made the vectors of a workspace."""

from typing import TYPE_CHECKING

from pipelines.search.stored import SearchError, Stored

if TYPE_CHECKING:
    from captioners.encoder.encoder import Encoder


def encoder_of(stored: Stored) -> "Encoder":
    """Loads the encoder that the settings of the embed job name. Raises SearchError where they name
    none, PackMissing where its weights were not fetched."""
    from captioners.encoder.load import load  # type: ignore[import-not-found]

    from captioners.weights.cache import Cache

    name = stored.settings["settings"].get("encoder")
    if not isinstance(name, str):
        raise SearchError(
            f"the settings of job {stored.job.digest} name no encoder: run captionmill embed again"
        )
    encoder: Encoder = load(name, Cache())
    return encoder
