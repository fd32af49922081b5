"""Runs a frozen TensorFlow.js graph model with torch, one image at a time.

It knows the operations of convolutional detectors and no others: an unknown one is an error when the
graph is loaded, not a wrong number later. Formats: `model.json` holds a GraphDef as JSON
(`modelTopology.node`) and a `weightsManifest` of named arrays that follow each other in binary
files; an array stored as float16 says so under `quantization`. Source: the tfjs-core file
`io/io_utils.ts` (decodeWeights) and the TensorFlow op definitions.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

_Node = dict[str, Any]
_Op = Callable[[_Node, list[Tensor]], "Tensor | tuple[Tensor, ...]"]


class Graph:
    """A loaded graph: call it with the one input it has.

    Raises ValueError where the file holds something this interpreter does not know.
    """

    def __init__(self, model_json: Path) -> None:
        model = json.loads(model_json.read_text())
        values = _weights(model["weightsManifest"], model_json.parent)
        nodes: list[_Node] = model["modelTopology"]["node"]
        unknown = {n["op"] for n in nodes} - set(_OPS) - {"Const", "Placeholder"}
        if unknown:
            raise ValueError(f"{model_json.name}: operations not known here: {sorted(unknown)}")
        (self._input,) = (n["name"] for n in nodes if n["op"] == "Placeholder")
        self.outputs: list[str] = sorted(n.split(":")[0] for n in model["signature"]["outputs"])
        self._constants: dict[str, Tensor] = values
        self._steps: list[_Node] = []
        # What does not hang on the input is worked once, here.
        for node in (n for n in nodes if n["op"] not in ("Const", "Placeholder")):
            if all(_producer(name) in values for name in node["input"]):
                _run(node, values)
            else:
                self._steps.append(node)

    def __call__(self, value: Tensor) -> dict[str, Tensor]:
        """All outputs by name, of one input tensor (its shape as the graph states it)."""
        values = dict(self._constants)
        values[self._input] = value
        for node in self._steps:
            _run(node, values)
        return {name: values[name] for name in self.outputs}


def _weights(manifest: list[dict[str, Any]], folder: Path) -> dict[str, Tensor]:
    """The arrays of the weight files, float16 widened to float32."""
    arrays: dict[str, Tensor] = {}
    for group in manifest:
        data = b"".join((folder / name).read_bytes() for name in group["paths"])
        at = 0
        for entry in group["weights"]:
            stored = np.dtype(entry.get("quantization", {}).get("dtype", entry["dtype"]))
            if stored not in (np.dtype("float16"), np.dtype("float32"), np.dtype("int32")):
                raise ValueError(f"{entry['name']}: arrays of {stored} are not known here")
            count = int(np.prod(entry["shape"], dtype=np.int64))
            array = np.frombuffer(data, stored, count, at).reshape(entry["shape"])
            at += count * stored.itemsize
            arrays[entry["name"]] = torch.from_numpy(array.astype(entry["dtype"]))
        if at != len(data):
            raise ValueError(f"{group['paths']}: {len(data)} bytes where the manifest names {at}")
    return arrays


def _producer(name: str) -> str:
    """`a:1` and `a` are both made by node `a`, whose first output is stored under its name."""
    return name.split(":")[0]


def _run(node: _Node, values: dict[str, Tensor]) -> None:
    """Works one node; a second output is stored as `name:1`, as TensorFlow names it."""
    result = _OPS[node["op"]](node, [values[name] for name in node["input"]])
    name = node["name"]
    if isinstance(result, Tensor):
        values[name] = result
        return
    for index, part in enumerate(result):
        values[f"{name}:{index}" if index else name] = part


def _strides(node: _Node) -> tuple[int, int]:
    """Rows and columns of an NHWC stride list."""
    values = [int(v) for v in node["attr"]["strides"]["list"]["i"]]
    return values[1], values[2]


def _valid(node: _Node) -> None:
    padding = base64.b64decode(node["attr"]["padding"]["s"]).decode()
    if padding != "VALID":
        raise ValueError(f"{node['name']}: padding {padding} is not known here")


def _conv(node: _Node, args: list[Tensor]) -> Tensor:
    """NHWC image, HWIO kernel. The group count is what the kernel's input width says."""
    _valid(node)
    image, kernel = args[0].permute(0, 3, 1, 2), args[1].permute(3, 2, 0, 1)
    groups = image.shape[1] // kernel.shape[1]
    return F.conv2d(image, kernel, stride=_strides(node), groups=groups).permute(0, 2, 3, 1)


def _max_pool(node: _Node, args: list[Tensor]) -> Tensor:
    _valid(node)
    size = [int(v) for v in node["attr"]["ksize"]["list"]["i"]]
    image = args[0].permute(0, 3, 1, 2)
    return F.max_pool2d(image, (size[1], size[2]), _strides(node)).permute(0, 2, 3, 1)


def _resize(node: _Node, args: list[Tensor]) -> Tensor:
    if not node["attr"]["half_pixel_centers"]["b"] or node["attr"]["align_corners"]["b"]:
        raise ValueError(f"{node['name']}: only half-pixel centres are known here")
    image = args[0].permute(0, 3, 1, 2)
    # On enlarging, torch's align_corners=False is TensorFlow's half_pixel_centers; on reducing too,
    # neither smooths.
    resized = F.interpolate(image, size=args[1].tolist(), mode="bilinear", align_corners=False)
    return resized.permute(0, 2, 3, 1)


def _pad(node: _Node, args: list[Tensor]) -> Tensor:
    """torch counts paddings from the last axis on."""
    flat = [int(v) for pair in reversed(args[1].tolist()) for v in pair]
    return F.pad(args[0], flat, value=float(args[2]) if len(args) > 2 else 0.0)


def _sparse_to_dense(node: _Node, args: list[Tensor]) -> Tensor:
    dense = args[3].expand(args[1].tolist()).clone()
    if args[0].numel():
        dense[tuple(args[0].T.long())] = args[2]
    return dense


_OPS: dict[str, _Op] = {
    "Add": lambda node, a: a[0] + a[1],
    "AddV2": lambda node, a: a[0] + a[1],
    "ConcatV2": lambda node, a: torch.cat(a[:-1], dim=int(a[-1])),
    "Conv2D": _conv,
    "Identity": lambda node, a: a[0],
    "LeakyRelu": lambda node, a: F.leaky_relu(a[0], node["attr"]["alpha"]["f"]),
    "MaxPool": _max_pool,
    "Pad": _pad,
    "PadV2": _pad,
    "Reshape": lambda node, a: a[0].reshape(a[1].tolist()),
    "ResizeBilinear": _resize,
    "Sigmoid": lambda node, a: torch.sigmoid(a[0]),
    "SparseToDense": _sparse_to_dense,
    "SplitV": lambda node, a: tuple(torch.split(a[0], a[1].tolist(), dim=int(a[2]))),
    "Transpose": lambda node, a: a[0].permute(a[1].tolist()),
}
