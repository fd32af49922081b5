"""The step of the pack `efficientnet-lite2`: stored torch weights as an ONNX model of any batch.

The nodes are made here, not exported from timm's network, whose outputs they give: torch's new exporter
needs a package more, and its old one is on its way out and leaves 645 nodes, most of which work out
paddings. Shape: Tan and Le, arXiv 1905.11946, without squeeze-and-excitation, ReLU6
(`efficientnet_lite_builder.py` of tensorflow/tpu); widths and depths are read off the weights.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Of the first block of each stage; a stage is a row of blocks of one width."""
_PIXELS = 260
_EPSILON = 1e-3
_OPSET, _IR = 20, 9


def efficientnet_lite2(laid: Path, pack: Path) -> None:
    """model.onnx and the licence. Input: (n, 3, 260, 260). Outputs: `logits` (n, 1000) and `features`
    (n, 1280), what the classifier sees. Raises ValueError for weights of another network."""
    import onnx
    import torch

    stored = torch.load(laid / "efficientnet-lite2.pth", map_location="cpu", weights_only=True)
    arrays = {name: tensor.numpy() for name, tensor in stored.items()}
    model = network({name: array for name, array in arrays.items() if array.ndim})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(pack / "model.onnx"))
    shutil.copy(laid / "LICENSE", pack)


def network(weights: Mapping[str, npt.NDArray[np.float32]]) -> Any:
    """The network of these weights, under the names of efficientnet_pytorch, as an ONNX model."""
    from onnx import TensorProto, helper, numpy_helper

    net = _Network(weights)
    x = net.conv("image", "_conv_stem", "_bn0", stride=2)
    x = net.conv(net.blocks(x), "_conv_head", "_bn1")
    net.make("GlobalAveragePool", [x], "pooled")
    net.make("Flatten", ["pooled"], "features")
    net.make("Gemm", ["features", "_fc.weight", "_fc.bias"], "logits", transB=1)
    classes, width = weights["_fc.weight"].shape
    shapes = {"image": (3, _PIXELS, _PIXELS), "logits": (classes,), "features": (width,)}
    image, *outputs = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])
        for name, shape in shapes.items()
    )
    arrays = {"zero": np.array(0, np.float32), "six": np.array(6, np.float32), **weights}
    made = {image.name, *(node.output[0] for node in net.nodes)}
    used = {name for node in net.nodes for name in node.input} - made
    if unlike := used ^ arrays.keys():
        raise ValueError(f"not the weights of an EfficientNet-Lite: {sorted(unlike)[:3]}")
    graph = helper.make_graph(
        net.nodes,
        "efficientnet-lite",
        [image],
        outputs,
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)


class _Network:
    """Nodes made so far, of weights by name."""

    def __init__(self, weights: Mapping[str, npt.NDArray[np.float32]]) -> None:
        self._weights = weights
        self.nodes: list[Any] = []

    def make(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def blocks(self, x: str) -> str:
        """All inverted residuals after x."""
        stage, width, number = -1, 0, 0
        while f"_blocks.{number}._project_conv.weight" in self._weights:
            block = f"_blocks.{number}."
            last, width = width, len(self._weights[f"{block}_project_conv.weight"])
            stage += width != last
            x = self._block(x, block, first=width != last, stride=_STRIDES[stage])
            number += 1
        return x

    def _block(self, x: str, block: str, first: bool, stride: int) -> str:
        """Widen, filter each channel, narrow; of a stage all but the first add what came in."""
        y = x
        if f"{block}_expand_conv.weight" in self._weights:
            y = self.conv(y, f"{block}_expand_conv", f"{block}_bn0")
        y = self.conv(y, f"{block}_depthwise_conv", f"{block}_bn1", stride if first else 1)
        y = self.conv(y, f"{block}_project_conv", f"{block}_bn2", bounded=False)
        return y if first else self.make("Add", [x, y], f"{block}sum")

    def conv(self, x: str, conv: str, norm: str, stride: int = 1, bounded: bool = True) -> str:
        """A convolution, its normalisation, and ReLU6 where it is bounded. It pads as TensorFlow does,
        with which the weights were trained: the odd pixel goes last."""
        each = len(self._weights[f"{conv}.weight"]) if conv.endswith("_depthwise_conv") else 1
        kernel = [x, f"{conv}.weight"]
        y = self.make("Conv", kernel, conv, strides=[stride] * 2, group=each, auto_pad="SAME_UPPER")
        parts = [f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        y = self.make("BatchNormalization", [y, *parts], norm, epsilon=_EPSILON)
        return self.make("Clip", [y, "zero", "six"], f"{norm}.bounded") if bounded else y
