"""PE-AV as an encoder, over transformers' model: a public checkpoint, a trained one, or a new one.

Vyas et al., arXiv 2512.19687. The frozen part is the DAC-VAE's encoder, 25 features of 128 numbers a
second, and PE-L's logits of each frame, 1024 numbers of unit length. Each tower runs once a clip, and the
fusion reads what they gave. Transformers' model has methods for some of that, of which several fail
(5.17 to 5.19): encoders and heads are called one by one.

The embeddings of a public checkpoint are not of unit length. Those of one that begins from nothing are,
as scale and bias of the public code, both 0, would give raw ones no gradient.
"""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor, nn

from captioners._transformers import device, loaded
from captioners.encoder._card import written
from captioners.encoder.encoder import MEDIA, Batch, Encoder, Medium, Steps, Texts, Vectors
from captioners.encoder.inputs import (
    FRAME_PX,
    FRAMES,
    HZ,
    Inputs,
    has_picture,
    has_sound,
    model_class,
)
from captioners.encoder.pairs import HEADS, LOGITS, Embedding
from manifests.media import Media, Needs

Part = Literal["audio", "video", "fusion", "text", "heads"]
PARTS: tuple[Part, ...] = get_args(Part)

SCALE, BIAS = 10.0, -10.0
"""What each pair of a new encoder begins with: SigLIP's (arXiv 2303.15343)."""

_SETTINGS = "captionmill.json"


class _Settings(BaseModel):
    """What a folder says beside transformers' files; a public checkpoint says nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    normalised: bool = False


@dataclass(frozen=True, slots=True)
class _Towered:
    """What a tower made of the clips that have its medium; of one of zeros where none has it.

    present: (clips,), which have it. steps: of those. pooled: (those, width).
    """

    present: Tensor
    steps: Steps
    pooled: Tensor


class PeAv(Encoder):
    """PE-AV. model: transformers', whose own forward takes no media any more. inputs: its processor."""

    needs = Needs(audio_hz=HZ, frames=FRAMES, frame_px=FRAME_PX)

    def __init__(
        self, model: Any, inputs: Inputs, normalised: bool, kept: Sequence[Medium] = MEDIA
    ) -> None:
        """Takes over a `PeAudioVideoModel` and changes it.

        kept: the media that it shall embed; what only others need is dropped. Raises ValueError for a
        model whose copies of a tower are not the same weights.
        """
        super().__init__()
        _share(model)
        self.model, self.inputs, self.normalised, self.kept = model, inputs, normalised, tuple(kept)
        self._changed = len(self.kept) < len(MEDIA)
        self._lean = False
        audio, video = self.tower("audio").config, self.tower("video").config
        self.width = model.config.text_config.hidden_size
        self.widths = {
            "audio": audio.dac_config.codebook_dim,
            "video": video.vision_config.num_labels,
        }
        _begin_at_features(model)
        for frozen in self._frozen():
            frozen.requires_grad_(False)
        for name in LOGITS:
            for number in self._numbers(name):
                number.requires_grad_(False)
        if self._changed:
            _drop(model, [medium for medium in MEDIA if medium not in self.kept])

    @classmethod
    def from_folder(
        cls, folder: Path, dtype: torch.dtype | None = None, kept: Sequence[Medium] = MEDIA
    ) -> "PeAv":
        """That of a folder in the format of transformers, ready to embed, on the GPU where there is one.

        dtype: of its weights; None: bfloat16 on a GPU, else float32. Raises ValueError for a folder with
        another model or wrong settings, or that lacks weights.
        """
        settings = _settings(folder)
        model = loaded(model_class(), folder, dtype)
        return cls(model, Inputs.of(folder), settings.normalised, kept).eval()

    @classmethod
    def from_config(cls, config: Any, inputs: Inputs) -> "PeAv":
        """A new one, of unit vectors, with random weights in float32, on the GPU where there is one.

        config: a `PeAudioVideoConfig`. The frozen part is random too.
        """
        # transformers 5.19 prints while it imports the model.
        with contextlib.redirect_stdout(sys.stderr):
            model = model_class()(config)
        encoder = cls(model.to(device()), inputs, normalised=True)
        for name in LOGITS:
            encoder.set_logit(name, SCALE, BIAS)
        return encoder.eval()

    @torch.inference_mode()
    def features(self, media: Media) -> dict[Medium, npt.NDArray[np.float32]]:
        """See `Encoder.features`."""
        made: dict[Medium, Tensor] = {}
        if "audio" in self.kept and has_sound(media):
            made["audio"] = self.codes(self.inputs.sound(media))
        if "video" in self.kept and has_picture(media):
            made["video"] = self.logits(self.inputs.picture(media))
        if not made:
            names = {"audio": "no sound", "video": "no picture"}
            lacks = " and ".join(names[medium] for medium in self.kept)
            raise ValueError(f"clip {media.clip_id} has {lacks}")
        return {medium: values[0].float().cpu().numpy() for medium, values in made.items()}

    def codes(self, samples: Tensor) -> Tensor:
        """Codec features, (clips, steps, 128), of sounds of one length, (clips, 1, samples)."""
        embedder = self.tower("audio").embedder
        # As transformers runs it: without cuDNN.
        cudnn = torch.backends.cudnn.flags(enabled=False)
        with contextlib.nullcontext() if self._lean else cudnn:
            hidden = embedder.dac_encoder(self._moved(samples))
            codes: Tensor = embedder.bottleneck(hidden).transpose(1, 2)
        return codes

    def logits(self, frames: Tensor) -> Tensor:
        """Of unit length, (clips, frames, 1024), of frames (clips, frames, 3, height, width)."""
        pictures = self._moved(frames).flatten(0, 1)
        logits = self.tower("video").embedder.vision_model(pictures).logits
        return F.normalize(logits.unflatten(0, frames.shape[:2]), dim=-1)

    def prepare(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """Tokens: see `captioners.encoder.inputs`."""
        return self.inputs.tokens(texts)

    def states(self, texts: Texts) -> Tensor:
        """See `Encoder.states`."""
        output = self.model.text_model(
            input_ids=texts["input_ids"].to(self.model.device),
            attention_mask=texts["attention_mask"].to(self.model.device),
            output_hidden_states=True,
        )
        states: Tensor = output.hidden_states[-1][:, 0]
        return states

    def text(self, states: Tensor, head: Embedding) -> Tensor:
        """See `Encoder.text`."""
        return self._headed(head, states)

    def media(self, batch: Batch) -> Vectors:
        """See `Encoder.media`; of the media kept.

        Every tower and the fusion run on every batch, on zeros where no clip needs them: then all have
        gradients, as DDP wants it, and all ranks of FSDP gather the same weights.
        """
        towered = {medium: self._towered(medium, batch[medium]) for medium in self.kept}
        pooled = {medium: _spread(made.pooled, made.present) for medium, made in towered.items()}
        embeddings: dict[Embedding, Tensor] = {
            medium: _spread(self._headed(medium, made.pooled), made.present)
            for medium, made in towered.items()
        }
        if len(towered) == len(MEDIA):
            both = towered["audio"].present & towered["video"].present
            fused = self._headed(
                "audio_video", self._fused(towered["audio"], towered["video"], both)
            )
            embeddings["audio_video"] = _spread(fused, both)
        return Vectors(embeddings, pooled)

    def plus(self, medium: Medium, pooled: Tensor, states: Tensor) -> Tensor:
        """See `Encoder.plus`."""
        head: Embedding = "audio_plus_text" if medium == "audio" else "video_plus_text"
        return self._headed(head, torch.cat([pooled, states], dim=-1))

    def tower(self, medium: Medium) -> Any:
        """Transformers' encoder of a medium."""
        return (
            self.model.audio_model.audio_encoder
            if medium == "audio"
            else self.model.video_model.video_encoder
        )

    def parts(self) -> dict[Part, list[nn.Parameter]]:
        """The parameters that can be trained, each in one part.

        Not those of the frozen part, nor the six scales and biases: those of training are its own.
        """
        fusion = self.model.audio_video_encoder
        towers = {id(p) for medium in MEDIA for p in self.tower(medium).parameters()}
        heads = [self.model.get_submodule(name) for name in HEADS.values()]
        parameters: dict[Part, list[nn.Parameter]] = {
            "audio": list(self.tower("audio").parameters()),
            "video": list(self.tower("video").parameters()),
            "fusion": [p for p in fusion.parameters() if id(p) not in towers],
            "text": list(self.model.text_model.parameters()),
            "heads": [p for head in heads for p in head.parameters()],
        }
        frozen = {id(p) for module in self._frozen() for p in module.parameters()}
        return {part: [p for p in parameters[part] if id(p) not in frozen] for part in PARTS}

    def logit(self, name: str) -> tuple[float, float]:
        """Scale and bias of the model, by a name of `captioners.encoder.pairs.LOGITS`."""
        scale, bias = self._numbers(name)
        return float(scale.detach()), float(bias.detach())

    def set_logit(self, name: str, scale: float, bias: float) -> None:
        """Sets them, so that `save` writes them."""
        with torch.no_grad():
            for number, value in zip(self._numbers(name), (scale, bias), strict=True):
                number.fill_(value)

    def checkpoint_activations(self) -> None:
        """Computes what is inside the layers of towers, fusion and text tower again in the backward
        pass of training, instead of keeping it."""
        self.model.gradient_checkpointing_enable({"use_reentrant": False})

    def lean(self) -> "PeAv":
        """Makes it faster, for inference only: see `captioners.encoder.lean`. It can't be saved then."""
        from captioners.encoder.lean import lean

        encoders = [self.tower(medium) for medium in self.kept]
        if len(encoders) == len(MEDIA):
            encoders.append(self.model.audio_video_encoder)
        lean(encoders)
        self._lean = self._changed = True
        return self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "PeAv":
        """Training or inference; the frozen part is always in inference."""
        super().train(mode)
        for frozen in self._frozen():
            frozen.eval()
        return self

    def save(self, folder: Path, card: str = "") -> None:
        """Writes weights, config, processor, settings and a model card, README.md.

        card: Markdown that says what it was trained from. `PeAudioVideoModel.from_pretrained` loads the
        folder. Raises RuntimeError where towers were dropped or made lean.
        """
        if self._changed:
            raise RuntimeError("towers were dropped or made lean: only a whole PE-AV can be saved")
        self.model.save_pretrained(folder)
        self.inputs.save(folder)
        settings = _Settings(normalised=self.normalised)
        (folder / _SETTINGS).write_text(settings.model_dump_json() + "\n", "utf-8")
        (folder / "README.md").write_text(written(self.normalised, card), "utf-8")

    def _towered(self, medium: Medium, steps: Steps) -> _Towered:
        steps = Steps(steps.values.to(self.model.device), steps.mask.to(self.model.device))
        present = steps.present
        rows = _at_least_one(steps.of(present))
        output = self.tower(medium)(rows.values, rows.mask)
        return _Towered(present, Steps(output.last_hidden_state, rows.mask), output.pooler_output)

    def _fused(self, heard: _Towered, seen: _Towered, both: Tensor) -> Tensor:
        sound, picture = (
            _at_least_one(made.steps.of(both[made.present].nonzero()[:, 0]))
            for made in (heard, seen)
        )
        output = self.model.audio_video_encoder(
            sound.values, picture.values, padding_mask=sound.mask, padding_mask_videos=picture.mask
        )
        pooled: Tensor = output.pooler_output
        return pooled

    def _headed(self, head: Embedding, values: Tensor) -> Tensor:
        made: Tensor = self.model.get_submodule(HEADS[head])(values)
        return F.normalize(made, dim=-1) if self.normalised else made

    def _moved(self, values: Tensor) -> Tensor:
        return values.to(self.model.device, self.model.dtype)

    def _frozen(self) -> list[nn.Module]:
        frozen: list[nn.Module] = []
        if "audio" in self.kept:
            embedder = self.tower("audio").embedder
            frozen += [embedder.dac_encoder, embedder.bottleneck]
        if "video" in self.kept:
            frozen += [self.tower("video").embedder.vision_model]
        return frozen

    def _numbers(self, name: str) -> tuple[nn.Parameter, nn.Parameter]:
        scale, bias = (
            self.model.get_parameter(f"{LOGITS[name]}_{what}") for what in ("scale", "bias")
        )
        return scale, bias


def _share(model: Any) -> None:
    """Makes the copies of towers one. Raises ValueError where their weights are not the same ones."""
    join = model.audio_video_encoder.embedder
    for owner, name, tower in (
        (model.audio_model, "text_model", model.text_model),
        (model.video_model, "text_model", model.text_model),
        (join, "audio_encoder", model.audio_model.audio_encoder),
        (join, "video_encoder", model.video_model.video_encoder),
    ):
        copy = dict(getattr(owner, name).named_parameters())
        if any(copy[of] is not parameter for of, parameter in tower.named_parameters()):
            raise ValueError(
                f"the weights of {type(owner).__name__}.{name} differ from those of the tower that it "
                "should share: set tie_word_embeddings to true in config.json, and store shared "
                "weights once"
            )
        setattr(owner, name, tower)


def _begin_at_features(model: Any) -> None:
    """Lets the towers begin at frozen features, and the fusion at what the towers gave."""
    from captioners.encoder._stored import StoredPicture, StoredSound, TowerOutputs

    model.audio_model.audio_encoder.embedder.__class__ = StoredSound
    model.video_model.video_encoder.embedder.__class__ = StoredPicture
    model.audio_video_encoder.embedder.__class__ = TowerOutputs


def _drop(model: Any, media: Sequence[Medium]) -> None:
    """Frees the towers of some media and the fusion."""
    model.audio_video_encoder = None
    if "audio" in media:
        model.audio_model.audio_encoder = None
    if "video" in media:
        model.video_model.video_encoder = None


def _at_least_one(steps: Steps) -> Steps:
    """The same, or one clip of one step of zeros where there is none."""
    if len(steps.mask):
        return steps
    width = steps.values.shape[-1]
    return Steps(steps.values.new_zeros(1, 1, width), steps.mask.new_ones(1, 1))


def _spread(rows: Tensor, present: Tensor) -> Tensor:
    """The rows of the clips that are present, zeros for the others: (clips, width)."""
    spread = rows.new_zeros(len(present), rows.shape[-1])
    at = present.nonzero()[:, 0]
    # Where no clip is present the one row was made of zeros: it only keeps the graph whole.
    return spread.index_put((at,), rows) if len(at) else spread + 0 * rows.sum()


def _settings(folder: Path) -> _Settings:
    path = folder / _SETTINGS
    if not path.exists():
        return _Settings()
    try:
        return _Settings.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]
        raise ValueError(
            f'{path}: {problem["msg"]}. It should hold {{"normalised": true}} or false'
        ) from None
