"""Objects of the 80 COCO classes in frames: NanoDet-g 416, 22.9 mAP, on the CPU.

Weights: pack `nanodet` (MIT, weights of RangiLyu/nanodet, Apache-2.0), which onnxruntime runs: 60 to
70 ms a frame on one thread of a busy machine. Preprocessing, decoding of boxes and thresholds of
suppression follow RangiLyu/nanodet (`config/legacy_v0.x_configs/nanodet-g.yml`,
`nanodet/model/head/gfl_head.py`): BGR, letterboxed with black to 416x416, a box side is the mean of a
distribution over 0..10 strides from the centre of its grid cell.

It is a small detector: it finds people and vehicles well, names a cup a vase with ease, and calls a
drawn animal a bird. Its calibration says how far to believe it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from captioners._onnx import OnnxNetwork
from captioners.contract import Captioner, Packs
from captioners.phrases.phrases import CocoClass, coco
from captioners.sentences import sentence
from captioners.video._vision import chosen, pooled, spans
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media, Needs

_SIDE = 416
_STRIDES = (8, 16, 32)
_BINS = 11  # reg_max 10
_MEAN_BGR = (103.53, 116.28, 123.675)
_STD_BGR = (57.375, 57.12, 58.395)
# A box counts from 0.35 on, what NanoDet's own demo shows (`demo/demo.py`, score_thresh).
_LEAST_SCORE = 0.35
# Only what is this sure is counted: below, half of a second box is a hand or a shadow of the first.
_COUNTED = 0.5
# One thing gets one name: of boxes this alike the surest class stays, whatever the others are.
_SAME = 0.6
_MOST_CLAIMS = 8
_WORDS = {2: "two", 3: "three", 4: "four"}

# Of strides 8, 16 and 32, as the pack's graph names them.
_SCORES, _SIDES = (
    ["Identity", "Identity_1", "Identity_2"],
    ["Identity_3", "Identity_4", "Identity_5"],
)

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Box:
    """One object: index of its class, score in [0, 1], corners x1, y1, x2, y2 in frame pixels."""

    label: int
    score: float
    corners: tuple[float, float, float, float]


class NanoDet(Captioner):
    """Claims of kind "object", each a noun phrase with a count ("two cars").

    score: the mean over the best quarter of the frames of the best box of that class, from 0.35 on.
    Counted are boxes from 0.5 on that at least two frames and a quarter of them show at once; from
    five on it is "several". spans: where a box of that class was seen.
    """

    modality = "video"
    needs = Needs(frames=8, frame_px=_SIDE)
    packs = ("nanodet",)

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._network: OnnxNetwork | None = None
        self._classes = coco()

    def load(self) -> None:
        """Loads the network. Raises `captioners.weights.packs.PackMissing`."""
        import torch

        torch.set_num_threads(1)
        self._network = OnnxNetwork(self.weights.path("nanodet") / "model.onnx")

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is seen, the surest first."""
        import torch

        # One thread for each captioner: they share a process. OpenMP keeps this per thread.
        torch.set_num_threads(1)
        return [self._weak(media) for media in batch]

    def detect(self, frame: npt.NDArray[np.uint8]) -> list[Box]:
        """The objects of one RGB frame (height, width, 3), the surest first."""
        scores, sides = self.outputs(frame)
        height, width = frame.shape[:2]
        scale, left, top, _ = _letterbox(height, width)
        return [
            Box(b.label, b.score, _unletterbox(b.corners, scale, left, top, width, height))
            for b in _boxes(scores, sides)
        ]

    def outputs(self, frame: npt.NDArray[np.uint8]) -> tuple[_Floats, _Floats]:
        """What the network says of one RGB frame (height, width, 3): of each grid cell the scores of the
        classes, (3549, 80), and the distributions of four sides before their softmax, (3549, 44)."""
        if self._network is None:
            raise RuntimeError(f"{self.name}: load() comes before caption()")
        # Frame by frame: on one thread a batch is no faster and takes the room of all.
        outputs = self._network.run([*_SCORES, *_SIDES], prepare(frame))
        strides = len(_STRIDES)
        scores = np.concatenate([output[0] for output in outputs[:strides]])
        sides = np.concatenate([output[0] for output in outputs[strides:]])
        return scores.astype(np.float64), sides.astype(np.float64)

    def _weak(self, media: Media) -> WeakCaption:
        frames, times = chosen(media, self.needs.frames)
        best = np.zeros((len(frames), len(self._classes)))
        counts = np.zeros_like(best, dtype=np.int64)
        for index, frame in enumerate(frames):
            for box in self.detect(frame):
                best[index, box.label] = max(best[index, box.label], box.score)
                counts[index, box.label] += box.score >= _COUNTED
        scores = pooled(best)
        likely = [i for i in np.argsort(-scores, kind="stable") if scores[i] >= _LEAST_SCORE]
        claims = tuple(
            Claim(
                label=self._classes[i].label,
                text=_counted(agreed(counts[:, i].tolist()), self._classes[i]),
                kind="object",
                modality="video",
                score=float(scores[i]),
                spans=spans((best[:, i] > 0).tolist(), times, media.duration_ms),
            )
            for i in likely[:_MOST_CLAIMS]
        )
        return self.weak(media, text=sentence(claims, "video"), claims=claims)


def agreed(counts: Sequence[int]) -> int:
    """The most that at least two frames and a quarter of all show at once; of a still, what it shows.

    At least 1: something was seen.
    """
    needed = min(len(counts), max(2, len(counts) // 4))
    return max(1, sorted(counts, reverse=True)[needed - 1])


def _counted(count: int, named: CocoClass) -> str:
    return named.one if count == 1 else f"{_WORDS.get(count, 'several')} {named.many}"


def prepare(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """An RGB frame (height, width, 3) as the network's input (1, 3, 416, 416)."""
    import torch

    _, left, top, (height, width) = _letterbox(*frame.shape[:2])
    image = torch.tensor(frame).permute(2, 0, 1).flip(0).float()[None]
    image = torch.nn.functional.interpolate(image, (height, width), mode="bilinear", antialias=True)
    canvas = torch.zeros(1, 3, _SIDE, _SIDE)
    canvas[:, :, top : top + height, left : left + width] = image
    canvas -= torch.tensor(_MEAN_BGR)[:, None, None]
    canvas /= torch.tensor(_STD_BGR)[:, None, None]
    result: npt.NDArray[np.float32] = canvas.numpy()
    return result


def _letterbox(height: int, width: int) -> tuple[float, int, int, tuple[int, int]]:
    """How a frame lies in the network's square: scale, left and top in px, height and width in px."""
    scale = _SIDE / max(height, width)
    shape = (max(1, round(height * scale)), max(1, round(width * scale)))
    return scale, (_SIDE - shape[1]) // 2, (_SIDE - shape[0]) // 2, shape


@cache
def _centres() -> tuple[_Floats, _Floats]:
    """Centre (x, y) and stride of each grid cell, in the order of the outputs: (3549, 2), (3549,)."""
    centres, strides = [], []
    for stride in _STRIDES:
        line = (np.arange(_SIDE // stride) + 0.5) * stride
        y, x = np.meshgrid(line, line, indexing="ij")
        centres.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full(len(line) ** 2, float(stride)))
    return np.concatenate(centres), np.concatenate(strides)


def _boxes(scores: _Floats, sides: _Floats) -> list[Box]:
    """Boxes of one frame after suppression, from scores (cells, 80) and side bins (cells, 44)."""
    label = scores.argmax(axis=1)
    score = scores.max(axis=1)
    (order,) = np.nonzero(score >= _LEAST_SCORE)
    order = order[np.argsort(-score[order], kind="stable")]
    bins = sides[order].reshape(-1, 4, _BINS)
    bins = np.exp(bins - bins.max(axis=2, keepdims=True))
    reach = (bins * np.arange(_BINS)).sum(axis=2) / bins.sum(axis=2)
    centres, strides = _centres()
    reach *= strides[order, None]
    corners = np.concatenate([centres[order] - reach[:, :2], centres[order] + reach[:, 2:]], axis=1)
    result: list[Box] = []
    while len(order):
        result.append(Box(int(label[order[0]]), float(score[order[0]]), tuple(corners[0].tolist())))
        apart = _overlap(corners[0], corners) < _SAME
        apart[0] = False
        order, corners = order[apart], corners[apart]
    return result


def _overlap(box: _Floats, boxes: _Floats) -> _Floats:
    """Intersection over union of one box (4,) with many (n, 4): (n,)."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    union: _Floats = areas - shared
    result: _Floats = shared / np.maximum(union, 1e-9)
    return result


def _unletterbox(
    corners: tuple[float, float, float, float],
    scale: float,
    left: int,
    top: int,
    width: int,
    height: int,
) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = corners
    return (
        min(max((x1 - left) / scale, 0.0), float(width)),
        min(max((y1 - top) / scale, 0.0), float(height)),
        min(max((x2 - left) / scale, 0.0), float(width)),
        min(max((y2 - top) / scale, 0.0), float(height)),
    )
