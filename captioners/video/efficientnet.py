"""Things and scenes in frames, ImageNet-1k: EfficientNet-Lite2, 77.5 % top-1, on the CPU.

Weights: pack `efficientnet-lite2` (Apache-2.0; made by Google, brought to torch by ml-illustrated), which
onnxruntime runs: 30 to 40 ms a frame on one thread of a busy machine. Input: 260 px, (x - 127) / 128.

ImageNet has one label a picture and no "nothing of these": on a street scene it names whatever comes
nearest, and noise is a bird. Kinds of one group ("a dog": 118 breeds) are added up where no single
one stands out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from captioners._onnx import OnnxNetwork
from captioners.contract import Captioner, Packs
from captioners.phrases.phrases import ImageNetClass, group_phrase, imagenet
from captioners.sentences import sentence
from captioners.video._vision import chosen, pooled, spans
from manifests.evidence import Claim, WeakCaption
from manifests.media import Frames, Media, Needs

_PIXELS = 260
# The middle 260 of 292: evaluation crop of the model's makers (CROP_PADDING 32).
_CROP = _PIXELS / (_PIXELS + 32)
_MEAN, _SCALE = 127.0, 128.0
# Below 0.3 the claims are noise; between 0.3 and 0.5 they may agree with another captioner.
_LEAST_SCORE = 0.3
_MOST_CLAIMS = 4


class Network:
    """The network in a folder of the pack `efficientnet-lite2`."""

    def __init__(self, folder: Path) -> None:
        self._network = OnnxNetwork(folder / "model.onnx")

    def run(self, frames: Frames) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        """Of RGB frames (n, height, width, 3), at least one: probabilities of the classes (n, 1000), and
        features (n, 1280), what the classifier sees."""
        # One by one: on one thread a batch is no faster and takes the room of all.
        outputs = [self._network.run(["logits", "features"], prepare(frame)) for frame in frames]
        logits, features = (np.concatenate(parts) for parts in zip(*outputs, strict=True))
        raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True), features


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
        self._network: Network | None = None
        self._classes = imagenet()

    def load(self) -> None:
        """Loads the network. Raises `captioners.weights.packs.PackMissing`."""
        import torch

        torch.set_num_threads(1)
        self._network = Network(self.weights.path("efficientnet-lite2"))

    def caption(self, batch: Sequence[Media]) -> list[WeakCaption]:
        """What is seen, the surest first."""
        import torch

        # One thread for each captioner: they share a process. OpenMP keeps this per thread.
        torch.set_num_threads(1)
        return [self._weak(media) for media in batch]

    def _weak(self, media: Media) -> WeakCaption:
        if self._network is None:
            raise RuntimeError(f"{self.name}: load() comes before caption()")
        frames, times = chosen(media, self.needs.frames)
        probabilities, _ = self._network.run(frames)
        detected = sorted(self._found(probabilities), key=lambda f: -f[1])
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


def prepare(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The middle of an RGB frame (height, width, 3) as the network's input (1, 3, 260, 260)."""
    import torch

    height, width = frame.shape[:2]
    side = max(1, round(min(height, width) * _CROP))
    top, left = (height - side) // 2, (width - side) // 2
    image = torch.tensor(frame[top : top + side, left : left + side]).permute(2, 0, 1)[None]
    resized = torch.nn.functional.interpolate(
        image.float(), (_PIXELS, _PIXELS), mode="bicubic", antialias=True
    )
    result: npt.NDArray[np.float32] = ((resized.clamp(0, 255) - _MEAN) / _SCALE).numpy()
    return result
