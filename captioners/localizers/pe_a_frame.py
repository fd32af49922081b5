"""PE-A-Frame: when a text is heard, by one vector every 40 ms of sound.

Weights: a checkpoint of transformers' `pe_audio`, by default `hub:facebook/pe-a-frame-large` (Apache-2.0,
as `-base` and `-small`). Vyas et al., arXiv 2512.19687, and its public code: a text is heard in the steps
of 1920 samples of 48 kHz where sigmoid(scale * <sound, text> + bias) is above 0.3, and a span is a run of
such steps. We cut spans at the end of the clip, as the last step may pass it.

Clips go in one by one: a neighbour's padding would get into the end of a sound.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from captioners._transformers import Options, checked, loaded, runs
from captioners.contract import Packs
from captioners.localizers.localizer import Heard, Localizer, Texts, heard_at
from manifests.media import Media, Needs

if TYPE_CHECKING:
    from torch import Tensor

HZ = 48_000
STEP_MS = 40
# Texts of one run of ModernBERT, and their most tokens: bounds of its memory. Claims are far shorter.
_RUN = 64
_MOST_TOKENS = 512


class PeAFrame(Localizer):
    """Looks for any text."""

    by = "pe-a-frame"
    needs = Needs(audio_hz=HZ)
    packs = ("hub:facebook/pe-a-frame-large",)

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        checked(Options, name, self.options)
        self._model: Any = None
        self._processor: Any = None

    def load(self) -> None:
        """Loads model and processor. Raises `captioners.weights.packs.PackMissing`, ValueError for
        another model."""
        import torch  # noqa: F401 - before transformers, which looks for what torch has hidden
        from transformers import AutoProcessor, PeAudioFrameLevelModel

        processor: Any = AutoProcessor
        (name,) = self.packs_of(self.options)
        folder = self.weights.path(name)
        self._model = loaded(PeAudioFrameLevelModel, folder)
        self._processor = processor.from_pretrained(folder, local_files_only=True)

    def heard(self, media: Media, texts: Texts) -> dict[str, Heard]:
        """When each text is heard."""
        probabilities = self.probabilities(media, list(texts))
        return {
            text: heard_at(column, STEP_MS, STEP_MS, media.duration_ms)
            for text, column in zip(texts, probabilities.T.numpy(), strict=True)
        }

    def probabilities(self, media: Media, texts: Sequence[str]) -> "Tensor":
        """Probability of each text in each step: (steps, texts), float32 on the CPU. Raises ValueError
        for a clip without sound."""
        import torch

        if self._model is None:
            raise RuntimeError(f"{self.name}: load() comes before answer()")
        samples = media.audio[HZ]
        if len(samples) == 0:
            raise ValueError(f"clip {media.clip_id} has no sound")
        sound = self._processor.feature_extractor(
            [samples], sampling_rate=HZ, return_tensors="pt"
        ).to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            steps = self._model.get_audio_embeds(**sound)[0].float()
            vectors = [steps.new_zeros(0, steps.shape[1])]
            vectors += [self._texts(part).float() for part in runs(texts, _RUN)]
            products = steps @ torch.cat(vectors).T
            scale, bias = self._model.text_audio_logit_scale, self._model.text_audio_logit_bias
            probabilities: Tensor = (products * scale.float() + bias.float()).sigmoid()
        return probabilities.cpu()

    def _texts(self, texts: Sequence[str]) -> "Tensor":
        """Texts as vectors, (texts, width)."""
        tokens = self._processor.tokenizer(
            list(texts), padding=True, truncation=True, max_length=_MOST_TOKENS, return_tensors="pt"
        ).to(self._model.device)
        # As in the model's own forward: its method for texts alone lacks the hidden states.
        output = self._model.text_model(
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
            output_hidden_states=True,
        )
        vectors: Tensor = self._model.text_audio_head(output.hidden_states[-1][:, 0])
        return vectors
