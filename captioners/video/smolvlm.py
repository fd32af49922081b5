"""SmolVLM2: a caption of frames, by a model small enough for a machine without a GPU.

Weights: a checkpoint of transformers' `smolvlm`, by default
`hub:HuggingFaceTB/SmolVLM2-500M-Video-Instruct` (Apache-2.0). Marafioti et al., arXiv 2504.05299. Frames
stand in one prompt with their times, in the words that the model was trained on for video (transformers,
processing_smolvlm.py); each is one square picture, not split into parts.

Decoding is greedy, and the prompts of a batch are padded on the left: but for rounding, a clip's caption
does not depend on its neighbours.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import Field

from captioners._transformers import (
    Options,
    TransformersCaptioner,
    caption_scores,
    checked,
    runs,
)
from captioners.sentences import clauses
from captioners.video._vision import chosen
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media, Needs
from manifests.sentences import finished

# The longest side of a frame in the model's training on video (`video_sampling` of its processor).
_FRAME_PX = 512
# Clips of one run of the model: bounds its memory.
_RUN = 8
_INTRO = "You are provided the following series of {} frames from a {} [H:MM:SS] video.\n"
_FRAME = "\nFrame from {:02d}:{:02d}:"
_ASK = "\n\nDescribe this video in one or two sentences."


class _Options(Options):
    """frames: evenly spaced ones of the clip that it sees. max_new_tokens: a caption ends there at
    last; what is unfinished then is left out."""

    frames: int = Field(default=8, ge=1, le=64)
    max_new_tokens: int = Field(default=96, ge=8, le=512)


class SmolVlm(TransformersCaptioner):
    """Claims of kind "caption", one for each statement of the caption.

    Options: `model`; `frames`: how many evenly spaced ones it sees, 8; `max_new_tokens`, 96: an
    unfinished last sentence is left out.

    score: exp of the mean log-probability of the caption's tokens, in (0, 1], of the whole caption.
    """

    modality = "video"
    packs = ("hub:HuggingFaceTB/SmolVLM2-500M-Video-Instruct",)
    _class = "SmolVLMForConditionalGeneration"
    _allowed = _Options
    _chosen: _Options

    @classmethod
    def needs_of(cls, options: Mapping[str, Any]) -> Needs:
        """As many frames as the options say."""
        return Needs(frames=checked(_Options, cls.__name__, options).frames, frame_px=_FRAME_PX)

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is seen in each clip, in order. Raises ValueError for one without a picture."""
        if self._model is None:
            raise RuntimeError(f"{self.name}: load() comes before caption()")
        return [weak for part in runs(batch, _RUN) for weak in self._run(part)]

    def _run(self, batch: Sequence[Media]) -> list[WeakCaption]:
        import torch

        inputs = self.prepare(batch).to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            out = self._model.generate(
                **inputs,
                do_sample=False,
                num_beams=1,
                max_new_tokens=self._chosen.max_new_tokens,
                return_dict_in_generate=True,
                output_scores=True,
            )
        written = out.sequences[:, inputs["input_ids"].shape[1] :]
        ends = torch.tensor(self._model.generation_config.eos_token_id, device=written.device)
        ended = torch.isin(written, ends).any(dim=1).tolist()
        texts = self._processor.tokenizer.batch_decode(written, skip_special_tokens=True)
        outputs = zip(batch, texts, ended, caption_scores(self._model, out), strict=True)
        return [self._weak(*each) for each in outputs]

    def prepare(self, batch: Sequence[Media]) -> Any:
        """The model's inputs for a batch: `input_ids` and `attention_mask` (clips, tokens), padded on
        the left, `pixel_values` (clips, frames, 3, side, side), of zeros where a clip has fewer."""
        shown = [chosen(media, self._chosen.frames) for media in batch]
        prompts = [self._prompt(t, m.duration_ms) for (_, t), m in zip(shown, batch, strict=True)]
        return self._processor(
            text=prompts,
            images=[list(frames) for frames, _ in shown],
            input_data_format="channels_last",
            do_image_splitting=False,
            # A frame becomes a square of this side either way; by default it grows to 2048 before.
            size=self._processor.image_processor.max_image_size,
            padding=True,
            padding_side="left",
            return_tensors="pt",
        )

    def _weak(self, media: Media, text: str, ended: bool, score: float) -> WeakCaption:
        text = tidied(text, ended)
        claims = tuple(Claim(clause, clause, "caption", "video", score) for clause in clauses(text))
        if not claims:
            return self.weak(media, skipped="the model said nothing")
        return self.weak(media, text=text, claims=claims)

    def _prompt(self, times_ms: Sequence[int], duration_ms: int) -> str:
        from num2words import num2words

        took = timedelta(seconds=duration_ms // 1000)
        content = [{"type": "text", "text": _INTRO.format(num2words(len(times_ms)), took)}]
        for time_ms in times_ms:
            minutes, seconds = divmod(time_ms // 1000, 60)
            content.append({"type": "text", "text": _FRAME.format(minutes, seconds)})
            content.append({"type": "image"})
        content.append({"type": "text", "text": _ASK})
        prompt: str = self._processor.tokenizer.apply_chat_template(
            [{"role": "user", "content": content}],
            chat_template=self._processor.chat_template,
            add_generation_prompt=True,
            tokenize=False,
        )
        return prompt


def tidied(text: str, ended: bool) -> str:
    """A generated text as whole sentences on one line.

    ended: the model itself came to an end; otherwise what follows the last whole sentence is left out,
    unless it is all there is.
    """
    text = " ".join(text.split())
    whole = None if ended else re.match(r".*[.!?](?= |$)", text)
    return finished(whole[0] if whole else text)
