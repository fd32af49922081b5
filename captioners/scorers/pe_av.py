"""PE-AV: how well a clip's sound, its picture, or both fit what other captioners say of it.

Weights: a checkpoint of transformers' `pe_audio_video`, by default `hub:facebook/pe-av-large`
(Apache-2.0). Vyas et al., arXiv 2512.19687: sound is 48 kHz mono through a DAC-VAE encoder, a picture is
16 evenly spaced frames through PE-L at 336 px, text goes through ModernBERT, and every pairing has heads
of its own. `hub:facebook/pe-av-large-16-frame` was trained on 16 frames, the default on all of them.

Its vectors are not of unit length. The score is their cosine; the model's own logit, which is
scale * product + bias, has another scale and bias for each pairing.

Clips go in one by one: a neighbour's padding would get into the end of a sound, as the DAC-VAE's
convolutions have no mask.
"""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from captioners._transformers import loaded, runs
from captioners.scorers._scores import Fits, Scorer
from captioners.video._vision import chosen
from manifests.evidence import WeakCaption
from manifests.media import Media, Needs

if TYPE_CHECKING:
    from torch import Tensor

HZ = 48_000
_FRAMES = 16
# A frame of 16:9 then has the 336 lines that PE-L sees.
_FRAME_PX = 598
# Texts of one run of ModernBERT, and their most tokens: bounds of its memory. Claims are far shorter.
_RUN = 64
_MOST_TOKENS = 512


class _PeAv(Scorer):
    """Claims of kind "score", one for each text of the captioners that it reads.

    score: the cosine of the clip's vector and the text's, in [-1, 1]. rank: see
    `captioners.scorers._scores`. A claim says nothing itself.
    """

    packs = ("hub:facebook/pe-av-large",)
    _text_head: ClassVar[str]

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """The scores of each clip, in order."""
        if self._model is None:
            raise RuntimeError(f"{self.name}: load() comes before caption()")
        return [self.scored(media) for media in batch]

    def fits(self, media: Media) -> Fits:
        """Cosines of a clip and texts. Raises ValueError where its sound or picture is missing."""
        import torch

        with torch.inference_mode():
            vector = self._clip(media).float()

        def cosines(texts: "Tensor") -> list[float]:
            found: list[float] = torch.nn.functional.cosine_similarity(vector, texts).tolist()
            return found

        return cosines

    def _loaded(self, folder: Path) -> Any:
        return self._part(loaded(_model_class(), folder))

    @abstractmethod
    def _part(self, model: Any) -> Any:
        """What this captioner needs of the whole model."""

    @abstractmethod
    def _clip(self, media: Media) -> "Tensor":
        """The clip as a vector, (1, width)."""

    def texts(self, texts: Sequence[str]) -> "Tensor":
        """Texts as vectors, float32, (n, width)."""
        import torch

        with torch.inference_mode():
            return torch.cat([self._run(part) for part in runs(texts, _RUN)]).float()

    def _run(self, texts: Sequence[str]) -> "Tensor":
        """One run of the text tower, with the head of this pairing."""

        tokens = self._processor.tokenizer(
            list(texts), padding=True, truncation=True, max_length=_MOST_TOKENS, return_tensors="pt"
        ).to(self._model.device)
        output = self._model.text_model(
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
            output_hidden_states=True,
        )
        # As in the model's own forward: its methods for texts alone lack the hidden states.
        vectors: Tensor = getattr(self._model, self._text_head)(output.hidden_states[-1][:, 0])
        return vectors

    def _sound(self, media: Media) -> dict[str, "Tensor"]:
        samples = media.audio[HZ]
        if len(samples) == 0:
            raise ValueError(f"clip {media.clip_id} has no sound")
        return self._moved(
            self._processor.feature_extractor([samples], sampling_rate=HZ, return_tensors="pt")
        )

    def _picture(self, media: Media) -> dict[str, "Tensor"]:
        frames, _ = chosen(media, _FRAMES)
        return self._moved(
            self._processor.video_processor(
                videos=[frames],
                do_sample_frames=False,
                input_data_format="channels_last",
                return_tensors="pt",
            )
        )

    def _moved(self, inputs: Any) -> dict[str, "Tensor"]:
        return dict(inputs.to(self._model.device, self._model.dtype))


class PeAudioScores(_PeAv):
    """How well the sound of a clip fits texts. Score: see `captioners.scorers.pe_av`."""

    modality = "audio"
    needs = Needs(audio_hz=HZ)
    _text_head = "text_audio_head"

    def vectors(self, clips: Sequence[Media], texts: Sequence[str]) -> tuple["Tensor", "Tensor"]:
        """Sounds and texts as the model has them, not of unit length: (clips, width), (texts, width)."""
        import torch

        with torch.inference_mode():
            sounds = torch.cat([self._clip(media) for media in clips])
            return sounds.float(), self.texts(texts)

    def _part(self, model: Any) -> Any:
        return model.audio_model

    def _clip(self, media: Media) -> "Tensor":
        vector: Tensor = self._model.get_audio_embeds(**self._sound(media))
        return vector


class PeVideoScores(_PeAv):
    """How well the picture of a clip fits texts. Score: see `captioners.scorers.pe_av`."""

    modality = "video"
    needs = Needs(frames=_FRAMES, frame_px=_FRAME_PX)
    _text_head = "text_video_head"

    def _part(self, model: Any) -> Any:
        return model.video_model

    def _clip(self, media: Media) -> "Tensor":
        # The model's get_video_embeds calls a method that does not exist (transformers 5.17 to 5.19).
        seen = self._model.video_encoder(**self._picture(media))
        vector: Tensor = self._model.video_head(seen.pooler_output)
        return vector


class PeAudioVideoScores(_PeAv):
    """How well sound and picture of a clip together fit texts. Score: see `captioners.scorers.pe_av`."""

    modality = "video"
    needs = Needs(audio_hz=HZ, frames=_FRAMES, frame_px=_FRAME_PX)
    _text_head = "text_audio_video_head"

    def _part(self, model: Any) -> Any:
        return model

    def _clip(self, media: Media) -> "Tensor":
        both = self._model.get_audio_video_embeds(**self._sound(media), **self._picture(media))
        vector: Tensor = both.audio_video_embeds
        return vector


def _model_class() -> Any:
    """PeAudioVideoModel, made to load beside timm 1.0.31.

    Its two video encoders share weights by patterns of names that leave out the buffers. timm 1.0.31
    keeps a buffer more in its rotary embedding (`bands`), at which transformers up to 5.19 stops.
    """
    from transformers import PeAudioVideoModel

    def wider(pattern: str) -> str:
        return pattern.replace(r"rope\.pos_embed", r"rope\.")

    shared: dict[str, str] = PeAudioVideoModel._tied_weights_keys
    wide = {wider(name): wider(source) for name, source in shared.items()}
    return type("PeAudioVideoModel", (PeAudioVideoModel,), {"_tied_weights_keys": wide})
