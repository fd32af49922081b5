"""PerceptionLM: fine-grained captions of video, by a model whose language half vLLM serves.

Weights: a checkpoint of transformers' `perception_lm`, by default `hub:facebook/Perception-LM-3B` (FAIR
Noncommercial Research License: what it says may not train other models for commercial use). Cho et al.,
arXiv 2504.13180. vLLM has no PerceptionLM, so the model is cut in two:

- the captioner holds the vision tower, the projector and the table of token embeddings. It makes the
  prompt as embeddings, with the projected frames in their places, as PerceptionLmForConditionalGeneration
  does before its decoder;
- a server of plain vLLM holds the decoder, a Llama, and takes prompts as embeddings. Its folder is made
  once: `python -m captioners.video.perception_lm hub:facebook/Perception-LM-3B FOLDER`.

    [[servers]]
    name = "perception-lm"
    model = "FOLDER"             # its path, as given above
    prompt_embeds = true         # such a server never leaves loopback
    max_model_len = 8192         # 256 tokens a frame and the answer
    num_gpus = 0.5

    [[captioners]]
    name = "perception-lm"
    use = "captioners.video.perception_lm:PerceptionLM"
    server = "perception-lm"
    group = "perception-lm"
    num_gpus = 0.2
"""

import base64
import io
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from captioners._transformers import Options, TransformersCaptioner, checked, device, runs, settings
from captioners.replies import cleaned
from captioners.sentences import clauses
from captioners.video._vision import chosen
from manifests.atomic import new_folder
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media, Needs

if TYPE_CHECKING:
    from torch import Tensor

# The side of a frame in the released checkpoints (transformers, video_processing_perception_lm.py).
_FRAME_PX = 448
# The released checkpoints were trained on up to 32 frames (facebookresearch/perception_models,
# apps/plm/configs/sft/plm_3b.yaml, `max_video_frames`); transformers' processor chooses none itself. Half
# of them halve what a clip sends: 25 MB of embeddings at 256 tokens a frame and a width of 3072.
_FRAMES = 16
# Clips whose prompts are sent together: bounds the memory that embeddings take on their way.
_TOGETHER = 8
_ASK = (
    "Describe this video in detail, in a few plain sentences: who and what is seen, where, and what "
    "happens in which order. Say only what you see."
)


class _Options(Options):
    """frames: evenly spaced ones of the clip. prompt: the question. max_tokens: of an answer."""

    frames: int = Field(default=_FRAMES, ge=1, le=64)
    prompt: str = Field(default=_ASK, min_length=1)
    max_tokens: int = Field(default=160, ge=8, le=1024)


class PerceptionLM(TransformersCaptioner):
    """Claims of kind "caption", one for each statement of the caption.

    Options: `model`, the whole checkpoint; `frames`, 16: how many evenly spaced ones it sees; `prompt`, a
    question of one's own; `max_tokens`, 160: an unfinished last sentence is left out.

    score: exp of the mean log-probability of the answer's tokens, in (0, 1], of the whole caption.
    """

    modality = "video"
    needs = Needs(frames=_FRAMES, frame_px=_FRAME_PX)
    packs = ("hub:facebook/Perception-LM-3B",)
    version = 2
    _allowed = _Options
    _chosen: _Options

    @classmethod
    def needs_of(cls, options: Mapping[str, Any]) -> Needs:
        """As many frames as the options say."""
        return Needs(frames=checked(_Options, cls.__name__, options).frames, frame_px=_FRAME_PX)

    def load(self) -> None:
        """Loads all but the decoder. Raises `captioners.weights.packs.PackMissing`, ValueError for
        another model and where the profile names no server."""
        if self.server is None:
            raise ValueError(f"{self.name} needs a server: the profile names none for it")
        super().load()

    def _loaded(self, folder: Path) -> Any:
        return _without_decoder(folder)

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is seen in each clip, in order. Raises ValueError for one without a picture, and what
        the server raises."""
        if self._model is None or self.server is None:
            raise RuntimeError(f"{self.name}: load() comes before caption()")
        captions: list[WeakCaption] = []
        for part in runs(batch, _TOGETHER):
            replies = self.server.post("/completions", [self._request(media) for media in part])
            captions += [self._weak(*pair) for pair in zip(part, replies, strict=True)]
        return captions

    def embeddings(self, media: Media) -> "Tensor":
        """The prompt of a clip as the decoder takes it: (tokens, width), on the CPU."""
        import torch

        inputs = self._inputs(media).to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            words = self._model.get_input_embeddings()(inputs["input_ids"])
            seen = self._model.get_image_features(inputs["pixel_values_videos"], return_dict=True)
            features = seen.pooler_output.to(words.dtype)
            _, places = self._model.get_placeholder_mask(
                inputs["input_ids"], inputs_embeds=words, video_features=features
            )
            prompt: Tensor = words.masked_scatter(places, features)[0].cpu()
        return prompt

    def _inputs(self, media: Media) -> Any:
        """The processor's inputs: `input_ids` (1, tokens), `pixel_values_videos` (1, frames, 3, h, w)."""
        frames, _ = chosen(media, self._chosen.frames)
        asked = {"type": "text", "text": self._chosen.prompt}
        return self._processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "video", "video": frames}, asked]}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            processor_kwargs={"do_sample_frames": False, "return_tensors": "pt"},
        )

    def _request(self, media: Media) -> dict[str, Any]:
        import torch

        file = io.BytesIO()
        torch.save(self.embeddings(media), file)
        return {
            "prompt_embeds": base64.b64encode(file.getvalue()).decode(),
            "max_tokens": self._chosen.max_tokens,
            "temperature": 0.0,
            "logprobs": 0,  # of the chosen tokens, and of no others
        }

    def _weak(self, media: Media, reply: Mapping[str, Any]) -> WeakCaption:
        (choice,) = reply["choices"]
        text = cleaned(choice["text"], choice["finish_reason"] == "length")
        logprobs: list[float] = choice["logprobs"]["token_logprobs"]
        score = math.exp(sum(logprobs) / max(1, len(logprobs)))
        claims = tuple(Claim(clause, clause, "caption", "video", score) for clause in clauses(text))
        if not claims:
            return self.weak(media, skipped="the model said nothing")
        return self.weak(media, text=text, claims=claims)


def language_model(folder: Path, into: Path) -> None:
    """Writes the decoder of the checkpoint in `folder` to the new folder `into`, as vLLM serves it.

    A Llama of its own with the checkpoint's tokenizer and rules of generation, in the dtype that its
    weights have. Raises ValueError for another model, FileExistsError for a folder that is there.
    """
    import torch
    import transformers

    llama: Any = transformers.LlamaForCausalLM
    tokenizer: Any = transformers.AutoTokenizer
    perception_lm: Any = transformers.PerceptionLMForConditionalGeneration
    if into.exists():
        raise FileExistsError(f"{into} is there already")
    config = _config(folder)
    whole = perception_lm.from_pretrained(folder, dtype="auto", local_files_only=True)
    text = config.text_config
    text.tie_word_embeddings = config.tie_word_embeddings
    text.dtype = whole.dtype
    with torch.device("meta"):
        decoder = llama(text)
    decoder.model, decoder.lm_head = whole.model.language_model, whole.lm_head
    if (folder / "generation_config.json").is_file():
        decoder.generation_config = transformers.GenerationConfig.from_pretrained(folder)
    with new_folder(into) as unfinished:
        decoder.save_pretrained(unfinished)
        tokenizer.from_pretrained(folder, local_files_only=True).save_pretrained(unfinished)


def _config(folder: Path) -> Any:
    """The configuration in a folder. Raises ValueError unless it is of a PerceptionLM upon a Llama."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if config.model_type != "perception_lm" or config.text_config.model_type != "llama":
        raise ValueError(f"{folder} holds no PerceptionLM upon a Llama but {config.model_type!r}")
    return config


def _without_decoder(folder: Path) -> Any:
    """Vision tower, projector and token embeddings of a checkpoint, on `device()`."""
    from transformers import PerceptionLMModel

    perception_lm: Any = PerceptionLMModel
    config = _config(folder)
    config.text_config.num_hidden_layers = 0
    model, report = perception_lm.from_pretrained(
        folder, config=config, output_loading_info=True, **settings()
    )
    if report["missing_keys"]:
        some = ", ".join(sorted(report["missing_keys"])[:3])
        raise ValueError(f"{folder} lacks {len(report['missing_keys'])} weights: {some}")
    return model.to(device()).eval()


def main() -> None:
    """`python -m captioners.video.perception_lm MODEL FOLDER`: what `language_model` does, of a
    model that was fetched (`captionmill models fetch MODEL`)."""
    from captioners.weights.models import Models
    from captioners.weights.packs import PackError

    try:
        name, into = sys.argv[1:]
        language_model(Models().path(name), Path(into))
    except (PackError, ValueError, OSError) as error:
        sys.exit(f"usage: python -m captioners.video.perception_lm MODEL FOLDER\n{error}")


if __name__ == "__main__":
    main()
