from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from captioners._onnx import OnnxNetwork
from captioners.weights._efficientnet import network
from captioners.weights.cache import Cache

Arrays = dict[str, npt.NDArray[np.float32]]


def conv(name: str, norm: str, *shape: int) -> Arrays:
    rng = np.random.default_rng(len(name))
    parts = {part: np.ones(shape[0], np.float32) for part in ("weight", "running_var")}
    parts |= {part: np.zeros(shape[0], np.float32) for part in ("bias", "running_mean")}
    kernel = rng.standard_normal(shape).astype(np.float32)
    return {f"{name}.weight": kernel} | {f"{norm}.{p}": array for p, array in parts.items()}


def tiny() -> Arrays:
    """A stem, a stage of one block and one of two, and a head, of a few channels."""
    block = "_blocks.{}._{}".format
    return {
        **conv("_conv_stem", "_bn0", 4, 3, 3, 3),
        **conv(block(0, "depthwise_conv"), block(0, "bn1"), 4, 1, 3, 3),
        **conv(block(0, "project_conv"), block(0, "bn2"), 5, 4, 1, 1),
        **conv(block(1, "expand_conv"), block(1, "bn0"), 10, 5, 1, 1),
        **conv(block(1, "depthwise_conv"), block(1, "bn1"), 10, 1, 5, 5),
        **conv(block(1, "project_conv"), block(1, "bn2"), 6, 10, 1, 1),
        **conv(block(2, "expand_conv"), block(2, "bn0"), 12, 6, 1, 1),
        **conv(block(2, "depthwise_conv"), block(2, "bn1"), 12, 1, 3, 3),
        **conv(block(2, "project_conv"), block(2, "bn2"), 6, 12, 1, 1),
        **conv("_conv_head", "_bn1", 8, 6, 1, 1),
        "_fc.weight": np.ones((7, 8), np.float32),
        "_fc.bias": np.arange(7, dtype=np.float32),
    }


def test_widths_and_stages_are_read_off_the_weights(tmp_path: Path) -> None:
    import onnx

    made = network(tiny())
    onnx.checker.check_model(made, full_check=True)
    convs = [node for node in made.graph.node if node.op_type == "Conv"]
    told = {
        n.output[0]: {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute}
        for n in convs
    }
    strided = [name for name, attributes in told.items() if attributes["strides"] == [2, 2]]
    assert strided == ["_conv_stem", "_blocks.1._depthwise_conv"]
    groups = [each["group"] for name, each in told.items() if name.endswith("depthwise_conv")]
    assert groups == [4, 10, 12]
    assert [n.output[0] for n in made.graph.node if n.op_type == "Add"] == ["_blocks.2.sum"]
    onnx.save(made, str(tmp_path / "model.onnx"))
    images = np.zeros((2, 3, 260, 260), np.float32)
    logits, features = OnnxNetwork(tmp_path / "model.onnx").run(["logits", "features"], images)
    assert (logits.shape, features.shape) == ((2, 7), (2, 8))
    np.testing.assert_allclose(
        logits, features.sum(axis=1, keepdims=True) + np.arange(7), rtol=1e-5
    )


def test_weights_of_another_network_are_refused() -> None:
    squeeze = {"_blocks.0._se_reduce.weight": np.ones((1, 4, 1, 1), np.float32)}
    with pytest.raises(ValueError, match="_se_reduce"):
        network(tiny() | squeeze)
    with pytest.raises(ValueError, match="_bn1"):
        network({name: array for name, array in tiny().items() if name != "_bn1.bias"})


@pytest.mark.models
@pytest.mark.exhaustive
def test_it_gives_what_timms_network_gives_with_the_stored_weights(tmp_path: Path) -> None:
    import onnx
    import timm
    import torch
    from onnx import numpy_helper

    path = Cache().fetch("efficientnet-lite2") / "model.onnx"
    graph = onnx.load(str(path)).graph
    stored = {i.name: torch.tensor(numpy_helper.to_array(i)) for i in graph.initializer}
    net = timm.create_model("tf_efficientnet_lite2").eval()
    wanted = {n: a for n, a in net.state_dict().items() if a.ndim}
    ours = [array for name, array in stored.items() if name not in ("six", "zero")]
    net.load_state_dict(dict(zip(wanted, ours, strict=True)), strict=False)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 3, 260, 260)).astype(np.float32)
    with torch.inference_mode():
        logits = net(torch.tensor(images)).numpy()
    (got,) = OnnxNetwork(path).run(["logits"], images)
    np.testing.assert_allclose(got, logits, atol=1e-4)
