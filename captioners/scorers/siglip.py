"""SigLIP 2: what is seen, out of a list of phrases, and how well frames fit what others say.

Weights: any checkpoint of transformers' `siglip`, which those of SigLIP 2 with a fixed picture size are
too (not NaFlex); by default `hub:google/siglip2-base-patch16-384` (Apache-2.0). Tschannen et al.,
arXiv 2502.14786. A picture and a text are one vector each; P(they belong together) is
sigmoid(scale * cosine + bias) with the scale and the bias that were trained, each text for itself: other
labels don't change a score, and it may be that none fits.

Texts go in as in training: lower case, padded to the full length (64 tokens), without a mask. Frames go
through the checkpoint's own processor, and clip by clip, so that no clip depends on its neighbours.
"""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from captioners._transformers import Options, TransformersCaptioner, runs
from captioners.phrases.phrases import coco, group_phrase, imagenet
from captioners.scorers._scores import Fits, Scorer
from captioners.sentences import sentence
from captioners.video._vision import chosen, pooled, spans
from manifests.evidence import Claim, WeakCaption
from manifests.media import Frames, Media, Needs

if TYPE_CHECKING:
    from torch import Tensor

_FRAMES = 8
# A frame of 16:9 then has the 384 lines that the default checkpoint sees.
_FRAME_PX = 683
# The prompt of transformers' zero-shot pipeline (zero_shot_image_classification.py), in lower case.
_PROMPT = "this is a photo of {}."
# Texts of one run of the text tower: bounds its memory.
_RUN = 64
# Our choices, low on purpose: its probabilities are those of a web picture and its own text, and how far
# to believe them is for a calibration to say.
_FLOOR = 0.05
_MOST_CLAIMS = 8

_Floats = npt.NDArray[np.float64]


class _Label(NamedTuple):
    """label: the captioner's own name; phrase: a noun phrase that can follow "a photo of"."""

    label: str
    phrase: str
    kind: Literal["object", "scene"]


class _TagOptions(Options):
    """labels: noun phrases ("a red car") in place of the default list."""

    labels: tuple[str, ...] | None = Field(default=None, min_length=1)


class _Siglip(TransformersCaptioner):
    """The two towers of a checkpoint."""

    modality = "video"
    needs = Needs(frames=_FRAMES, frame_px=_FRAME_PX)
    packs = ("hub:google/siglip2-base-patch16-384",)
    _class = "SiglipModel"

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """One weak caption for each clip, in order."""
        if self._model is None:
            raise RuntimeError(f"{self.name}: load() comes before caption()")
        return [self._weak(media) for media in batch]

    @abstractmethod
    def _weak(self, media: Media) -> WeakCaption:
        """What is said of one clip. Raises ValueError for one without a picture."""

    def pictures(self, frames: Frames) -> "Tensor":
        """Unit vectors of RGB frames (n, height, width, 3): float32, (n, width of the model)."""
        import torch

        inputs = self._processor.image_processor(
            images=list(frames), input_data_format="channels_last", return_tensors="pt"
        ).to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            return _unit(self._model.get_image_features(**inputs).pooler_output)

    def _together(self, pictures: "Tensor", texts: "Tensor") -> _Floats:
        """P(picture and text belong together) of n and m unit vectors: (n, m)."""
        scale = self._model.logit_scale.detach().float().exp()
        logits = pictures @ texts.T * scale + self._model.logit_bias.detach().float()
        result: _Floats = logits.double().sigmoid().cpu().numpy()
        return result

    def texts(self, texts: Sequence[str]) -> "Tensor":
        """Unit vectors of texts: float32, (n, width of the model)."""
        import torch

        length = self._model.config.text_config.max_position_embeddings
        vectors = []
        for part in runs(texts, _RUN):
            tokens = self._processor.tokenizer(
                [text.lower() for text in part],
                padding="max_length",
                max_length=length,
                truncation=True,
                return_tensors="pt",
            )
            with torch.inference_mode():
                ids = tokens["input_ids"].to(self._model.device)
                vectors.append(_unit(self._model.get_text_features(input_ids=ids).pooler_output))
        return torch.cat(vectors)


class SiglipTags(_Siglip):
    """Claims of kind "object" or "scene", by phrase, the surest first.

    Options: `model`; `labels`: noun phrases to look for, all of kind "object". By default those of
    COCO and of ImageNet: its scenes, its things that stand alone, and of a group ("dog": 118 breeds)
    the group.

    score: mean over the best quarter of the frames of P(the frame and "this is a photo of <phrase>."
    belong together), from 0.05 on; at most 8 claims. spans: frames with at least half of the score.
    """

    _allowed = _TagOptions
    _chosen: _TagOptions

    def load(self) -> None:
        """Loads the towers and reads the labels. Raises PackMissing, ValueError."""
        super().load()
        named = self._chosen.labels
        self._labels = _labels() if named is None else [_Label(n, n, "object") for n in named]
        self._wanted = self.texts([_PROMPT.format(label.phrase) for label in self._labels])

    def probabilities(self, frames: Frames) -> _Floats:
        """P(frame and label belong together) of RGB frames (n, height, width, 3): (n, labels)."""
        return self._together(self.pictures(frames), self._wanted)

    def _weak(self, media: Media) -> WeakCaption:
        frames, times = chosen(media, _FRAMES)
        each = self.probabilities(frames)
        scores = pooled(each)
        likely = [i for i in np.argsort(-scores, kind="stable") if scores[i] >= _FLOOR]
        claims = tuple(
            Claim(
                label=self._labels[i].label,
                text=self._labels[i].phrase,
                kind=self._labels[i].kind,
                modality="video",
                score=float(scores[i]),
                spans=spans((each[:, i] >= scores[i] / 2).tolist(), times, media.duration_ms),
            )
            for i in likely[:_MOST_CLAIMS]
        )
        return self.weak(media, text=sentence(claims, "video"), claims=claims)


class SiglipScores(_Siglip, Scorer):
    """Claims of kind "score": how well frames fit each text of the captioners that it reads.

    score: mean over the best quarter of the frames of P(the frame and the text belong together). rank:
    see `captioners.scorers._scores`. A claim says nothing itself.
    """

    def fits(self, media: Media) -> Fits:
        """Probabilities that frames and texts belong together. Raises ValueError without a picture."""
        frames, _ = chosen(media, _FRAMES)
        pictures = self.pictures(frames)
        return lambda texts: pooled(self._together(pictures, texts)).tolist()

    def _weak(self, media: Media) -> WeakCaption:
        return self.scored(media)


def _unit(vectors: "Tensor") -> "Tensor":
    import torch

    return torch.nn.functional.normalize(vectors.float(), dim=-1)


@cache
def _labels() -> list[_Label]:
    """The default list, each phrase once."""
    by_phrase: dict[str, _Label] = {}
    for thing in coco():
        by_phrase.setdefault(thing.one, _Label(thing.label, thing.one, "object"))
    for label, phrase, kind, group in imagenet():
        if group:
            label, phrase = group, group_phrase(group)
        by_phrase.setdefault(phrase, _Label(label, phrase, kind))
    return list(by_phrase.values())
