"""What PE-AV's training compares with what (Vyas et al., arXiv 2512.19687, section 3).

Media: A (sound), V (picture), AV (both). Captions: Ac, Vc, AVc. Each pair has a scale and a bias of its
own. The paper does not say which text head reads the caption: here it is the head of the media that the
caption is compared with, as in the public model, which has one for each of A, V and AV. Nor has the
public model a scale for each pair: what a pair begins with is that of the same two heads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Embedding = Literal[
    "audio",
    "video",
    "audio_video",
    "audio_plus_text",
    "video_plus_text",
    "text_audio",
    "text_video",
    "text_audio_video",
]
"""What a head gives; those of text are named after the media that they are compared with."""

CaptionKind = Literal["audio_caption", "visual_caption", "audio_visual_caption"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two embeddings of one clip that shall be near to each other.

    name: as in the paper. left, right: the embeddings. caption: which caption either holds, None for
    media alone. scale: of the public model, what this pair's scale and bias begin with there.
    """

    name: str
    left: Embedding
    right: Embedding
    caption: CaptionKind | None
    scale: str


PRE_TRAINING: tuple[Pair, ...] = (
    Pair("A-Ac", "audio", "text_audio", "audio_caption", "text_audio"),
    Pair("A-V", "audio", "video", None, "audio_video"),
    Pair("A-AVc", "audio", "text_audio", "audio_visual_caption", "text_audio"),
    Pair("AV-Ac", "audio_video", "text_audio_video", "audio_caption", "text_audio_video"),
    Pair("AV-AVc", "audio_video", "text_audio_video", "audio_visual_caption", "text_audio_video"),
    Pair("V-Ac", "video", "text_video", "audio_caption", "text_video"),
    Pair("V-Vc", "video", "text_video", "visual_caption", "text_video"),
    Pair("V-AVc", "video", "text_video", "audio_visual_caption", "text_video"),
)
"""The eight of pre-training. A-Vc and AV-Vc are absent."""

FINE_TUNING: tuple[Pair, ...] = (
    *PRE_TRAINING,
    Pair("(A+Vc)-V", "audio_plus_text", "video", "visual_caption", "audio_plus_text"),
    Pair("(V+Ac)-A", "video_plus_text", "audio", "audio_caption", "video_plus_text"),
)
"""Those and two more."""

HEADS: Mapping[Embedding, str] = MappingProxyType(
    {
        "audio": "audio_model.audio_head",
        "video": "video_model.video_head",
        "audio_video": "audio_video_head",
        "audio_plus_text": "audio_plus_text_head",
        "video_plus_text": "video_plus_text_head",
        "text_audio": "audio_model.text_audio_head",
        "text_video": "video_model.text_video_head",
        "text_audio_video": "text_audio_video_head",
    }
)
"""Where the public model has its heads."""

LOGITS: Mapping[str, str] = MappingProxyType(
    {
        "audio_video": "audio_video_logit",
        "text_audio": "audio_model.text_audio_logit",
        "text_video": "video_model.text_video_logit",
        "text_audio_video": "text_audio_video_logit",
        "audio_plus_text": "audio_plus_text_logit",
        "video_plus_text": "video_plus_text_logit",
    }
)
"""Where the public model has the scales and biases of `Pair.scale`; add `_scale` or `_bias`."""

SAVED_FROM: Mapping[str, str] = MappingProxyType(
    {
        "audio_video": "A-V",
        "text_audio": "A-Ac",
        "text_video": "V-Vc",
        "text_audio_video": "AV-AVc",
        "audio_plus_text": "(A+Vc)-V",
        "video_plus_text": "(V+Ac)-A",
    }
)
"""The pair whose trained scale and bias each of them gets when a checkpoint is saved: our choice."""
