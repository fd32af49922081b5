import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from captioners._onnx import OnnxNetwork
from captioners.weights._tfjs import to_onnx

Array = npt.NDArray[Any]
Node = dict[str, Any]
IMAGES = np.arange(2 * 3 * 4 * 6, dtype=np.float32).reshape(2, 3, 4, 6)
"""Two images, NCHW."""


def node(name: str, op: str, inputs: list[str], **attr: Any) -> Node:
    return {"name": name, "op": op, "input": inputs, "attr": attr}


def sides(*values: int) -> Node:
    return {"list": {"i": [str(value) for value in values]}}


def text(value: str) -> Node:
    return {"s": base64.b64encode(value.encode()).decode()}


VALID: Node = {"padding": text("VALID"), "strides": sides(1, 2, 1, 1)}


def shape(values: tuple[int, ...]) -> Node:
    return {"dim": [{"size": str(value)} for value in values]}


def model(
    folder: Path,
    nodes: list[Node],
    arrays: dict[str, Array],
    given: tuple[int, ...] = (1, 3, 4, 6),
    out: tuple[int, ...] = (1, 3, 4, 6),
) -> Path:
    """A model with the input `x`, float16 or int32 weights, and the last node's output."""
    entries = []
    for name, array in arrays.items():
        entry: Node = {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
        if array.dtype == np.float16:
            entry |= {"dtype": "float32", "quantization": {"dtype": "float16"}}
        entries.append(entry)
    (folder / "w.bin").write_bytes(b"".join(array.tobytes() for array in arrays.values()))
    inputs = [node("x", "Placeholder", [], shape={"shape": shape(given)})]
    said = {
        "modelTopology": {"node": [*inputs, *(node(n, "Const", []) for n in arrays), *nodes]},
        "signature": {"outputs": {f"{nodes[-1]['name']}:0": {"tensorShape": shape(out)}}},
        "weightsManifest": [{"paths": ["w.bin"], "weights": entries}],
    }
    file = folder / "model.json"
    file.write_text(json.dumps(said))
    return file


def run(file: Path, images: npt.NDArray[np.float32] = IMAGES) -> npt.NDArray[np.float32]:
    import onnx

    made = to_onnx(file)
    onnx.save(made, str(file.with_suffix(".onnx")))
    (output,) = made.graph.output
    return OnnxNetwork(file.with_suffix(".onnx")).run([output.name], images)[0]


def nhwc(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return images.transpose(0, 2, 3, 1)


def test_weights_of_float16_are_widened_and_any_batch_goes_in(tmp_path: Path) -> None:
    file = model(tmp_path, [node("sum", "AddV2", ["x", "w"])], {"w": np.array([3], np.float16)})
    np.testing.assert_array_equal(run(file), IMAGES + 3)
    np.testing.assert_array_equal(run(file, IMAGES[:1]), IMAGES[:1] + 3)


def test_a_convolution_reads_nhwc_images_with_an_hwio_kernel(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).integers(-2, 3, (2, 3, 3, 5)).astype(np.float16)
    conv = node("y", "Conv2D", ["x", "k"], **VALID)
    file = model(tmp_path, [conv], {"k": kernel}, (1, 4, 6, 3), (1, 2, 4, 5))
    windows = np.lib.stride_tricks.sliding_window_view(nhwc(IMAGES), (2, 3), axis=(1, 2))[:, ::2]
    wanted = np.einsum("nhwcij,ijco->nhwo", windows, kernel.astype(np.float32))
    np.testing.assert_allclose(run(file, nhwc(IMAGES)), wanted)


def test_the_most_of_each_window(tmp_path: Path) -> None:
    pool = node("y", "MaxPool", ["x"], ksize=sides(1, 2, 3, 1), **VALID)
    file = model(tmp_path, [pool], {}, (1, 4, 6, 3), (1, 2, 4, 3))
    windows = np.lib.stride_tricks.sliding_window_view(nhwc(IMAGES), (2, 3), axis=(1, 2))[:, ::2]
    np.testing.assert_array_equal(run(file, nhwc(IMAGES)), windows.max(axis=(4, 5)))


@pytest.mark.parametrize(("op", "value"), [("Pad", 0.0), ("PadV2", -np.inf)])
def test_each_axis_is_padded_by_its_own(tmp_path: Path, op: str, value: float) -> None:
    arrays: dict[str, Array] = {"pads": np.array([[0, 0], [0, 0], [1, 2], [0, 3]], np.int32)}
    if op == "PadV2":
        arrays["value"] = np.array(value, np.float16)
    file = model(tmp_path, [node("y", op, ["x", *arrays])], arrays, out=(1, 3, 7, 9))
    wanted = np.pad(IMAGES, ((0, 0), (0, 0), (1, 2), (0, 3)), constant_values=value)
    np.testing.assert_array_equal(run(file), wanted)


@pytest.mark.models
@pytest.mark.parametrize("size", [(8, 12), (2, 3), (3, 9)])
def test_images_are_resized_from_pixel_centres_and_not_smoothed(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    import torch

    resize = node(
        "y",
        "ResizeBilinear",
        ["x", "s"],
        half_pixel_centers={"b": True},
        align_corners={"b": False},
    )
    arrays = {"s": np.array(size, np.int32)}
    file = model(tmp_path, [resize], arrays, (1, 4, 6, 3), (1, *size, 3))
    wanted = torch.nn.functional.interpolate(torch.tensor(IMAGES), size, mode="bilinear")
    np.testing.assert_allclose(run(file, nhwc(IMAGES)), nhwc(wanted.numpy()), atol=1e-4)


def test_the_second_part_of_a_split_has_a_number(tmp_path: Path) -> None:
    nodes = [
        node("parts", "SplitV", ["x", "sizes", "axis"]),
        node("y", "ConcatV2", ["parts:1", "parts", "axis"]),
    ]
    arrays = {"sizes": np.array([1, 2], np.int32), "axis": np.array(1, np.int32)}
    wanted = np.concatenate([IMAGES[:, 1:], IMAGES[:, :1]], axis=1)
    np.testing.assert_array_equal(run(model(tmp_path, nodes, arrays)), wanted)


def test_a_shape_that_is_worked_out_keeps_the_images_apart(tmp_path: Path) -> None:
    nodes = [
        node("zeros", "SparseToDense", ["places", "size", "values", "rest"]),
        node("shape", "AddV2", ["bare", "zeros"]),
        node("y", "Reshape", ["x", "shape"]),
    ]
    arrays = {
        "places": np.zeros((0, 1), np.int32),
        "size": np.array([3], np.int32),
        "values": np.zeros(0, np.int32),
        "rest": np.array(0, np.int32),
        "bare": np.array([1, 3, -1], np.int32),
    }
    file = model(tmp_path, nodes, arrays, out=(1, 3, 24))
    np.testing.assert_array_equal(run(file), IMAGES.reshape(2, 3, 24))


def test_what_is_below_zero_leaks_by_the_graphs_share(tmp_path: Path) -> None:
    file = model(tmp_path, [node("y", "LeakyRelu", ["x"], alpha={"f": 0.1})], {})
    np.testing.assert_allclose(run(file, -IMAGES), -IMAGES * 0.1, rtol=1e-6)


INTS = {"axes": np.array([1, 0, 2, 3], np.int32), "two": np.array([2, 36], np.int32)}
CENTRES = {"half_pixel_centers": {"b": False}, "align_corners": {"b": False}}
SAME: Node = {"padding": text("SAME"), "strides": sides(1, 1, 1, 1)}


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (node("y", "MatMul", ["x", "two"]), "MatMul"),
        (node("y", "Sigmoid", ["two"]), "Sigmoid"),
        (node("y", "MaxPool", ["x"], **SAME), "SAME"),
        (node("y", "Conv2D", ["x", "axes"], **SAME), "SAME"),
        (node("y", "Conv2D", ["x", "axes"], **VALID, dilations=sides(1, 2, 2, 1)), "dilations"),
        (node("y", "Conv2D", ["x", "x"], **VALID), "no constant"),
        (node("y", "Reshape", ["x", "x"]), "no constant"),
        (node("y", "Reshape", ["x", "two"]), "joins images"),
        (node("y", "Transpose", ["x", "axes"]), "axis of the images"),
        (node("y", "ResizeBilinear", ["x", "two"], **CENTRES), "half-pixel"),
    ],
)
def test_what_is_not_known_is_named(tmp_path: Path, refused: Node, why: str) -> None:
    with pytest.raises(ValueError, match=f"y: .*{why}"):
        to_onnx(model(tmp_path, [refused], INTS))


def test_a_weight_file_of_another_length_is_refused(tmp_path: Path) -> None:
    file = model(tmp_path, [node("y", "AddV2", ["x", "w"])], {"w": np.array([3], np.float16)})
    (tmp_path / "w.bin").write_bytes(b"1234")
    with pytest.raises(ValueError, match="bytes"):
        to_onnx(file)


def test_a_weight_of_an_unknown_type_is_refused(tmp_path: Path) -> None:
    file = model(tmp_path, [node("y", "AddV2", ["x", "w"])], {"w": np.array([3], np.uint8)})
    with pytest.raises(ValueError, match="uint8"):
        to_onnx(file)
