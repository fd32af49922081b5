"""The step of the pack `nanodet`: a frozen TensorFlow.js graph model as an ONNX model of any batch.

It knows the operations of convolutional detectors and no others: an unknown one, or a form of one that is
not known, is an error. Formats: `model.json` holds a GraphDef as JSON (`modelTopology.node`) and a
`weightsManifest` of named arrays that follow each other in binary files; an array stored as float16 says
so under `quantization`. Source: the tfjs-core file `io/io_utils.ts` (decodeWeights) and the definitions
of operations of TensorFlow and ONNX.

TensorFlow's images are NHWC, ONNX's NCHW: each operation on images stands between two transpositions,
which onnxruntime takes out again where they meet.
"""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_Node = dict[str, Any]
_Array = npt.NDArray[Any]
_Make = Callable[["_Graph", _Node], None]
_TO_NCHW, _TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
_OPSET, _IR = 20, 9


def nanodet(laid: Path, pack: Path) -> None:
    """model.onnx and the licences. Input: (n, 3, 416, 416), BGR. Outputs at strides of 8, 16 and 32 px:
    `Identity`, `Identity_1`, `Identity_2` (n, cells, 80), scores in [0, 1]; `Identity_3`, `Identity_4`,
    `Identity_5` (n, cells, 44), what the distributions of the four sides are the softmax of."""
    import onnx

    onnx.save(to_onnx(laid / "nanodet.json"), str(pack / "model.onnx"))
    shutil.copy(laid / "NOTICE", pack)


def to_onnx(model_json: Path) -> Any:
    """The graph of a `model.json` as an ONNX model, whose first axis of input and outputs is "n".

    The graph must treat each image of a batch by itself. Raises ValueError where the file holds
    something that is not known here.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = json.loads(model_json.read_text("utf-8"))
    nodes: list[_Node] = model["modelTopology"]["node"]
    graph = _Graph(_weights(model["weightsManifest"], model_json.parent))
    (source,) = (n for n in nodes if n["op"] == "Placeholder")
    for node in (n for n in nodes if n["op"] not in ("Const", "Placeholder")):
        graph.add(node)

    def tensor(name: str, shape: _Node) -> Any:
        sides = [int(dim["size"]) for dim in shape["dim"]]
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *sides[1:]])

    signed = {name.split(":")[0]: each for name, each in model["signature"]["outputs"].items()}
    used = {name for made in graph.nodes for name in made.input}
    made = helper.make_graph(
        graph.nodes,
        model_json.stem,
        [tensor(source["name"], source["attr"]["shape"]["shape"])],
        [tensor(name, signed[name]["tensorShape"]) for name in sorted(signed)],
        [numpy_helper.from_array(a, name) for name, a in graph.arrays.items() if name in used],
    )
    result = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR
    )
    onnx.checker.check_model(result, full_check=True)
    return result


class _Graph:
    """Nodes of ONNX made so far, and the arrays they use, by name."""

    def __init__(self, arrays: dict[str, _Array]) -> None:
        self.arrays = arrays
        self.nodes: list[Any] = []

    def add(self, node: _Node) -> None:
        """Adds one node; what depends on arrays alone becomes an array. Raises ValueError."""
        known = _ON_ARRAYS if all(name in self.arrays for name in node["input"]) else _OPS
        if node["op"] not in known:
            raise ValueError(f"{node['name']}: the operation {node['op']} is not known here")
        known[node["op"]](self, node)

    def array(self, node: _Node, at: int) -> _Array:
        """An input that must not hang on the image."""
        name = node["input"][at]
        if name not in self.arrays:
            raise ValueError(f"{node['name']}: its input {name} is no constant")
        return self.arrays[name]

    def constant(self, node: _Node, what: str, array: _Array) -> str:
        """The name of a new array."""
        name = f"{node['name']}/{what}"
        self.arrays[name] = array
        return name

    def make(self, op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, outputs, **attributes))

    def on_image(self, node: _Node, op: str, inputs: list[str], **attributes: Any) -> None:
        """An operation of which the first input and the output are images, NHWC outside."""
        name = node["name"]
        self.make("Transpose", [inputs[0]], [f"{name}/in"], perm=_TO_NCHW)
        self.make(op, [f"{name}/in", *inputs[1:]], [f"{name}/out"], **attributes)
        self.make("Transpose", [f"{name}/out"], [name], perm=_TO_NHWC)


def _weights(manifest: list[dict[str, Any]], folder: Path) -> dict[str, _Array]:
    """The arrays of the weight files, float16 widened to float32."""
    arrays: dict[str, _Array] = {}
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
            arrays[entry["name"]] = array.astype(entry["dtype"])
        if at != len(data):
            raise ValueError(f"{group['paths']}: {len(data)} bytes where the manifest names {at}")
    return arrays


def _strides(node: _Node) -> list[int]:
    """Rows and columns of an NHWC stride list."""
    return [int(v) for v in node["attr"]["strides"]["list"]["i"]][1:3]


def _require_valid(node: _Node) -> None:
    padding = base64.b64decode(node["attr"]["padding"]["s"]).decode()
    if padding != "VALID":
        raise ValueError(f"{node['name']}: padding {padding} is not known here")


def _conv(graph: _Graph, node: _Node) -> None:
    """Of an HWIO kernel, all input channels in one group."""
    _require_valid(node)
    if any(int(v) != 1 for v in node["attr"].get("dilations", {}).get("list", {}).get("i", [])):
        raise ValueError(f"{node['name']}: dilations are not known here")
    kernel = np.ascontiguousarray(graph.array(node, 1).transpose(3, 2, 0, 1))
    inputs = [node["input"][0], graph.constant(node, "kernel", kernel)]
    graph.on_image(node, "Conv", inputs, strides=_strides(node))


def _max_pool(graph: _Graph, node: _Node) -> None:
    _require_valid(node)
    size = [int(v) for v in node["attr"]["ksize"]["list"]["i"]][1:3]
    graph.on_image(node, "MaxPool", node["input"][:1], kernel_shape=size, strides=_strides(node))


def _resize(graph: _Graph, node: _Node) -> None:
    """Neither smooths where it reduces."""
    attributes = node["attr"]
    if not attributes["half_pixel_centers"]["b"] or attributes["align_corners"]["b"]:
        raise ValueError(f"{node['name']}: only half-pixel centres are known here")
    name = node["name"]
    size = graph.constant(node, "size", graph.array(node, 1).astype(np.int64))
    graph.make("Transpose", node["input"][:1], [f"{name}/in"], perm=_TO_NCHW)
    # onnxruntime 1.32 moves transpositions past a Resize of named axes wrongly: so all sides are given.
    graph.make("Shape", [f"{name}/in"], [f"{name}/kept"], start=0, end=2)
    graph.make("Concat", [f"{name}/kept", size], [f"{name}/sides"], axis=0)
    graph.make(
        "Resize",
        [f"{name}/in", "", "", f"{name}/sides"],
        [f"{name}/out"],
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    graph.make("Transpose", [f"{name}/out"], [name], perm=_TO_NHWC)


def _pad(graph: _Graph, node: _Node) -> None:
    """ONNX counts the paddings before all axes, then those behind them."""
    pads = graph.constant(node, "pads", graph.array(node, 1).T.ravel().astype(np.int64))
    graph.make("Pad", [node["input"][0], pads, *node["input"][2:]], [node["name"]])


def _concat(graph: _Graph, node: _Node) -> None:
    *parts, _ = node["input"]
    graph.make("Concat", parts, [node["name"]], axis=int(graph.array(node, -1)))


def _split(graph: _Graph, node: _Node) -> None:
    """A second output is called `name:1`, as TensorFlow names it."""
    sizes = graph.array(node, 1).astype(np.int64)
    inputs = [node["input"][0], graph.constant(node, "sizes", sizes)]
    outputs = [f"{node['name']}:{i}" if i else node["name"] for i in range(len(sizes))]
    graph.make("Split", inputs, outputs, axis=int(graph.array(node, 2)))


def _reshape(graph: _Graph, node: _Node) -> None:
    """One image becomes n: in ONNX a 0 keeps the side as it was."""
    shape = graph.array(node, 1).astype(np.int64)
    if shape[0] != 1:
        raise ValueError(f"{node['name']}: a shape that joins images is not known here")
    inputs = [node["input"][0], graph.constant(node, "shape", np.array([0, *shape[1:]]))]
    graph.make("Reshape", inputs, [node["name"]])


def _transpose(graph: _Graph, node: _Node) -> None:
    axes = [int(axis) for axis in graph.array(node, 1)]
    if axes[0] != 0:
        raise ValueError(f"{node['name']}: to move the axis of the images is not known here")
    graph.make("Transpose", node["input"][:1], [node["name"]], perm=axes)


def _same(op: str) -> _Make:
    """An operation that ONNX has as it is."""
    return lambda graph, node: graph.make(op, node["input"], [node["name"]])


def _leaky_relu(graph: _Graph, node: _Node) -> None:
    alpha = float(node["attr"]["alpha"]["f"])
    graph.make("LeakyRelu", node["input"], [node["name"]], alpha=alpha)


def _constant_sum(graph: _Graph, node: _Node) -> None:
    graph.arrays[node["name"]] = graph.array(node, 0) + graph.array(node, 1)


def _constant_dense(graph: _Graph, node: _Node) -> None:
    places, shape, values, rest = (graph.array(node, at) for at in range(4))
    dense = np.full(shape.tolist(), rest)
    dense[tuple(places.T)] = values
    graph.arrays[node["name"]] = dense


_ON_ARRAYS: dict[str, _Make] = {
    "Add": _constant_sum,
    "AddV2": _constant_sum,
    "SparseToDense": _constant_dense,
}
_OPS: dict[str, _Make] = {
    "Add": _same("Add"),
    "AddV2": _same("Add"),
    "ConcatV2": _concat,
    "Conv2D": _conv,
    "Identity": _same("Identity"),
    "LeakyRelu": _leaky_relu,
    "MaxPool": _max_pool,
    "Pad": _pad,
    "PadV2": _pad,
    "Reshape": _reshape,
    "ResizeBilinear": _resize,
    "Sigmoid": _same("Sigmoid"),
    "SplitV": _split,
    "Transpose": _transpose,
}
