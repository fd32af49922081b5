"""Encoders by name: "small", which captionmill ships, a hub model, or the path of a folder."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from captioners.contract import Packs
from captioners.weights.packs import PackError
from manifests.ids import content_hash, digest
from manifests.media import Needs

if TYPE_CHECKING:
    from captioners.encoder.encoder import Encoder

SMALL = "small"
PE_AV = "pe_audio_video"
_FOLDER = ("/", "./", "../")
SHIPPED = Path(__file__).parent / "shipped"
"""Where the small encoder's weights lie."""


def load(name: str, packs: Packs) -> "Encoder":
    """The encoder, ready to embed. Raises PackError (`captioners.weights`) for a name that means nothing,
    weights that are not here, or a folder with another kind of model."""
    if name != SMALL and not name.startswith(_FOLDER) and Path(name).is_dir():
        raise PackError(f"{name}: for the folder of that name write ./{name}")
    folder = SHIPPED if name == SMALL else packs.path(name)
    kind = model_type(folder)
    try:
        if kind == PE_AV:
            from captioners.encoder.pe_av import PeAv

            return PeAv.from_folder(folder)
        if kind == "captionmill-small-encoder":
            from captioners.encoder.small import Small

            return Small.from_folder(folder, packs)
    except (OSError, ValueError, SafetensorError) as error:  # no weights, some, or damaged ones
        raise PackError(f"{name} can't be loaded: {error}") from error
    raise PackError(
        f"{name} holds a model of type {kind}, not an encoder: "
        "pe_audio_video, or captionmill-small-encoder"
    )


def model_type(folder: Path) -> str:
    """What the folder's config.json says it holds. Raises PackError."""
    return str(_config(folder).get("model_type"))


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PackError(f"{folder} holds no model of transformers: {error!r}") from error
    if not isinstance(config, dict):
        raise PackError(f"{folder} holds no model of transformers: its config.json is no object")
    return config


def is_pe_av(name: str) -> bool:
    """Whether a name means PE-AV: a hub model does, a folder by its config. Raises PackError."""
    if name.startswith(_FOLDER):
        return model_type(Path(name)) == PE_AV
    return name != SMALL


def packs_of(name: str) -> tuple[str, ...]:
    """The packs and hub models that must be here before `load`."""
    own = () if name == SMALL else (name,)
    return own if is_pe_av(name) else (*own, *_frozen())


def needs_of(name: str) -> Needs:
    """What the encoder wants decoded. Raises PackError."""
    if not is_pe_av(name):
        from captioners.encoder.frozen import NEEDS

        return NEEDS
    return Needs(audio_hz=48_000, frames=16, frame_px=598)


def width_of(name: str, packs: Packs) -> int:
    """The width of its embeddings, from its configuration. Raises PackError."""
    folder = SHIPPED if name == SMALL else packs.path(name)
    if model_type(folder) != PE_AV:
        return int(_config(folder)["embedding_size"])
    from transformers import PeAudioVideoConfig

    # What has its default value is not in the file.
    config: Any = PeAudioVideoConfig.from_pretrained(folder)
    return int(config.text_config.hidden_size)


def shipped_digest() -> str:
    """A digest of the shipped weights."""
    return digest(sorted([file.name, content_hash(file)] for file in SHIPPED.iterdir()))


def _frozen() -> tuple[str, ...]:
    from captioners.encoder.frozen import PACKS

    return PACKS
