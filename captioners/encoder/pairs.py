"""What PE-AV's training compares with what (Vyas et al., arXiv 2512.19687, section 3).

Media: A (sound), V (picture), AV (both). Captions: Ac, Vc, AVc. Each pair has a scale and a bias of its
own. The paper does not say which text head reads the caption: here it is the head of the media that the
caption is compared with, as in the public model, which has one for each of A, V and AV. Nor has the
public model a scale for each pair: what a pair begins with is that of the same two heads.
"""

from dataclasses import dataclass
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
