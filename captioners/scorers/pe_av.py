"""PE-AV: how well a clip's sound, its picture, or both fit what other captioners say of it.

Weights: a checkpoint of transformers' `pe_audio_video`, by default `hub:facebook/pe-av-large`
(Apache-2.0), run by `captioners.encoder.pe_av`. `hub:facebook/pe-av-large-16-frame` was trained on 16
frames, the default on all of them.

Its vectors are not of unit length. The score is their cosine; the model's own logit, which is
scale * product + bias, has another scale and bias for each pairing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from captioners._transformers import runs
from captioners.encoder.inputs import FRAME_PX, FRAMES, HZ
from captioners.scorers._scores import Fits, Scorer
from manifests.evidence import WeakCaption
from manifests.media import Media, Needs

if TYPE_CHECKING:
    from torch import Tensor

# Texts of one run of ModernBERT, a bound of its memory.
_RUN = 64


class _PeAv(Scorer):
    """Claims of kind "score", one for each text of the captioners that it reads.

    score: the cosine of the clip's vector and the text's, in [-1, 1]. rank: see
    `captioners.scorers._scores`. A claim says nothing itself.
    """

    packs = ("hub:facebook/pe-av-large",)
    _embedding: ClassVar[Literal["audio", "video", "audio_video"]]

    def load(self) -> None:
        """Loads the encoder. Raises `captioners.weights.packs.PackMissing`, ValueError for another
        model."""
        (name,) = self.packs_of(self.options)
        self._model = self._loaded(self.weights.path(name))

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """The scores of each clip, in order."""
        if self._model is None:
            raise RuntimeError(f"{self.name}: load() comes before caption()")
        return [self.scored(media) for media in batch]

    def fits(self, media: Media) -> Fits:
        """Cosines of a clip and texts. Raises ValueError where its sound or picture is missing."""
        import torch

        vector = self._clip(media)

        def cosines(texts: "Tensor") -> list[float]:
            cosine: list[float] = torch.nn.functional.cosine_similarity(vector, texts).tolist()
            return cosine

        return cosines

    def texts(self, texts: Sequence[str]) -> "Tensor":
        """Texts as vectors, float32, (n, width)."""
        import torch

        from captioners.encoder.encoder import TEXT_OF

        encoder, head = self._model, TEXT_OF[self._embedding]
        with torch.inference_mode():
            parts = [
                encoder.text(encoder.states(encoder.prepare(part)), head)
                for part in runs(texts, _RUN)
            ]
            return torch.cat(parts).float()

    def _loaded(self, folder: Path) -> Any:
        from captioners.encoder.encoder import MEDIA
        from captioners.encoder.pe_av import PeAv

        return PeAv.from_folder(folder, kept=[m for m in MEDIA if m in self._embedding])

    def _clip(self, media: Media) -> "Tensor":
        """The clip as a vector, float32, (1, width)."""
        import torch

        from captioners.encoder.encoder import batched

        features = self._model.features(media)
        for medium, what in (("audio", "sound"), ("video", "picture")):
            if medium in self._embedding and medium not in features:
                raise ValueError(f"clip {media.clip_id} has no {what}")
        with torch.inference_mode():
            vectors = self._model.media(batched([features], self._model.widths))
        vector: Tensor = vectors.embeddings[self._embedding].float()
        return vector


class PeAudioScores(_PeAv):
    """How well the sound of a clip fits texts. Score: see `captioners.scorers.pe_av`."""

    modality = "audio"
    needs = Needs(audio_hz=HZ)
    _embedding = "audio"


class PeVideoScores(_PeAv):
    """How well the picture of a clip fits texts. Score: see `captioners.scorers.pe_av`."""

    modality = "video"
    needs = Needs(frames=FRAMES, frame_px=FRAME_PX)
    _embedding = "video"


class PeAudioVideoScores(_PeAv):
    """How well sound and picture of a clip together fit texts. Score: see `captioners.scorers.pe_av`."""

    modality = "video"
    needs = Needs(audio_hz=HZ, frames=FRAMES, frame_px=FRAME_PX)
    _embedding = "audio_video"
