"""Things and scenes in frames, ImageNet-1k: EfficientNet-Lite2, 77.5 % top-1, on the CPU.

Weights: pack `efficientnet-lite2` (Apache-2.0; made by Google, brought to torch by ml-illustrated),
loaded weights-only into the network written here. Shape: Tan and Le, arXiv 1905.11946, width 1.1 and
depth 1.2, without squeeze-and-excitation, ReLU6, stem and head not scaled
(`efficientnet_lite_builder.py` of tensorflow/tpu). Its convolutions pad as torch does by default for
such weights: see `_same`. Input: 260 px, (x - 127) / 128. About 60 ms a frame on one thread.

ImageNet has one label a picture and no "nothing of these": on a street scene it names whatever comes
nearest, and noise is a bird. Kinds of one group ("a dog": 118 breeds) are added up where no single
one stands out.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from captioners.contract import Captioner, Packs
from captioners.phrases.phrases import ImageNetClass, group_phrase, imagenet
from captioners.sentences import sentence
from captioners.video._vision import chosen, pooled, spans
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media, Needs

PIXELS = 260
# The middle 260 of 292: evaluation crop of the model's makers (CROP_PADDING 32).
_CROP = PIXELS / (PIXELS + 32)
_MEAN, _SCALE = 127.0, 128.0
FEATURES = 1280
# Below 0.3 the claims are noise; between 0.3 and 0.5 they may agree with another captioner.
_LEAST_SCORE = 0.3
_MOST_CLAIMS = 4

_WIDTH, _DEPTH = 1.1, 1.2
# kernel, stride, expansion, channels in and out, repeats: EfficientNet-B0 before scaling.
_STAGES = (
    (3, 1, 1, 32, 16, 1),
    (3, 2, 6, 16, 24, 2),
    (5, 2, 6, 24, 40, 2),
    (3, 2, 6, 40, 80, 3),
    (5, 1, 6, 80, 112, 3),
    (5, 2, 6, 112, 192, 4),
    (3, 1, 6, 192, 320, 1),
)


class EfficientNet(Captioner):
    """Claims of kind "object" or "scene", by class.

    score: mean over the best quarter of the frames of the softmax probability, from 0.3 on; of a
    group, of the sum over its classes. At most 4 claims. spans: frames in which it was above 0.3.
    """

    modality = "video"
    needs = Needs(frames=8, frame_px=520)
    packs = ("efficientnet-lite2",)

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._net: Lite2 | None = None
        self._classes = imagenet()

    def load(self) -> None:
        """Loads the network. Raises `captioners.weights.packs.PackMissing`."""
        torch.set_num_threads(1)
        self._net = load(self.weights)

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is seen, the surest first."""
        # One thread for each captioner: they share a process. OpenMP keeps this per thread.
        torch.set_num_threads(1)
        return [self._weak(media) for media in batch]

    def probabilities(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Softmax over the 1,000 classes of RGB frames (n, height, width, 3): (n, 1000)."""
        if self._net is None:
            raise RuntimeError(f"{self.name}: load() comes before caption()")
        with torch.inference_mode():
            # One by one: on one thread a batch is no faster and takes the room of all.
            logits = torch.cat([self._net(prepare(frame)) for frame in frames])
            result: npt.NDArray[np.float64] = torch.softmax(logits.double(), dim=1).numpy()
        return result

    def _weak(self, media: Media) -> WeakCaption:
        frames, times = chosen(media, self.needs.frames)
        detected = sorted(self._found(self.probabilities(frames)), key=lambda f: -f[1])
        claims = tuple(
            Claim(
                label=named.label,
                text=named.phrase,
                kind=named.kind,
                modality="video",
                score=score,
                spans=spans((each >= _LEAST_SCORE).tolist(), times, media.duration_ms),
            )
            for named, score, each in detected[:_MOST_CLAIMS]
        )
        return self.weak(media, text=sentence(claims, "video"), claims=claims)

    def _found(
        self, each: npt.NDArray[np.float64]
    ) -> list[tuple[ImageNetClass, float, npt.NDArray[np.float64]]]:
        """Classes that stand out, and groups of which no class does: class, score, score by frame."""
        scores = pooled(each)
        detected = [
            (self._classes[i], float(scores[i]), each[:, i])
            for i in np.nonzero(scores >= _LEAST_SCORE)[0]
        ]
        groups = {named.group for named, _, _ in detected}
        members: dict[str, list[int]] = {}
        for index, named in enumerate(self._classes):
            if named.group and named.group not in groups:
                members.setdefault(named.group, []).append(index)
        for group, indices in members.items():
            total = each[:, indices].sum(axis=1)
            score = float(pooled(total[:, None])[0])
            if score >= _LEAST_SCORE:
                kind = self._classes[indices[0]].kind
                wider = ImageNetClass(group, group_phrase(group), kind, group)
                detected.append((wider, score, total))
        return detected


class Lite2(nn.Module):
    """The network. Names of its parts are those of the stored weights."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, stride=2, bias=False)
        self._bn0 = _norm(32)
        blocks: list[nn.Module] = []
        width = 32
        for index, (kernel, stride, expansion, _, base, repeats) in enumerate(_STAGES):
            out = _round(base)
            ends = index in (0, len(_STAGES) - 1)
            for repeat in range(repeats if ends else math.ceil(repeats * _DEPTH)):
                blocks.append(_Block(kernel, stride if repeat == 0 else 1, expansion, width, out))
                width = out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(width, FEATURES, 1, bias=False)
        self._bn1 = _norm(FEATURES)
        self._fc = nn.Linear(FEATURES, 1000)

    def features(self, image: Tensor) -> Tensor:
        """Pooled features of prepared images (n, 3, 260, 260): (n, 1280)."""
        x = F.relu6(self._bn0(_same(self._conv_stem, image)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))

    def forward(self, image: Tensor) -> Tensor:
        """Logits of prepared images: (n, 1000)."""
        logits: Tensor = self._fc(self.features(image))
        return logits


class _Block(nn.Module):
    """Inverted residual: widen, filter each channel, narrow."""

    def __init__(self, kernel: int, stride: int, expansion: int, width: int, out: int) -> None:
        super().__init__()
        inner = width * expansion
        self._adds = stride == 1 and width == out
        self._expand_conv: nn.Module | None = None
        if expansion != 1:
            self._expand_conv = nn.Conv2d(width, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._depthwise_conv = nn.Conv2d(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, out, 1, bias=False)
        self._bn2 = _norm(out)

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, h, w) to (n, out, h / stride, w / stride)."""
        y = x
        if self._expand_conv is not None:
            y = F.relu6(self._bn0(self._expand_conv(y)))
        y = F.relu6(self._bn1(_same(self._depthwise_conv, y)))
        narrowed: Tensor = self._bn2(self._project_conv(y))
        return x + narrowed if self._adds else narrowed


def load(packs: Packs) -> Lite2:
    """The network with its weights, in evaluation mode. Raises `captioners.weights.packs.PackMissing`."""
    net = Lite2()
    path = next(packs.path("efficientnet-lite2").glob("*.pth"))
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net.eval()


def prepare(frame: npt.NDArray[np.uint8]) -> Tensor:
    """The middle of an RGB frame (height, width, 3) as the network's input (1, 3, 260, 260)."""
    height, width = frame.shape[:2]
    side = max(1, round(min(height, width) * _CROP))
    top, left = (height - side) // 2, (width - side) // 2
    image = torch.tensor(frame[top : top + side, left : left + side]).permute(2, 0, 1)[None]
    image = F.interpolate(image.float(), (PIXELS, PIXELS), mode="bicubic", antialias=True)
    return (image.clamp(0, 255) - _MEAN) / _SCALE


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3)


def _round(channels: int) -> int:
    """Scaled width, a multiple of 8 that is not below 90 % of it."""
    scaled = channels * _WIDTH
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _same(conv: nn.Module, x: Tensor) -> Tensor:
    """TensorFlow's SAME padding, with which the weights were trained: the odd pixel goes last."""
    assert isinstance(conv, nn.Conv2d)
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    pads: list[int] = []
    for size in (x.shape[3], x.shape[2]):
        total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    filtered: Tensor = conv(F.pad(x, pads))
    return filtered
