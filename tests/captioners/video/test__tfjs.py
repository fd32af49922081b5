import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from captioners.video._tfjs import Graph

pytestmark = pytest.mark.models


def _node(name: str, op: str, inputs: list[str], **attr: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "input": inputs, "attr": attr}


def _model(folder: Path, nodes: list[dict[str, Any]], output: str, spare: bytes = b"") -> Path:
    """A model of one input, one float16 weight `w` of value 3 and the given nodes."""
    (folder / "w.bin").write_bytes(np.array([3], np.float16).tobytes() + spare)
    weight = {"name": "w", "shape": [1], "dtype": "float32", "quantization": {"dtype": "float16"}}
    model = {
        "modelTopology": {
            "node": [_node("x", "Placeholder", []), _node("w", "Const", []), *nodes],
        },
        "signature": {"outputs": {f"{output}:0": {}}},
        "weightsManifest": [{"paths": ["w.bin"], "weights": [weight]}],
    }
    file = folder / "model.json"
    file.write_text(json.dumps(model))
    return file


def test_a_graph_adds_its_weight(tmp_path: Path) -> None:
    graph = Graph(_model(tmp_path, [_node("sum", "AddV2", ["x", "w"])], "sum"))
    assert graph(torch.tensor([1.0]))["sum"].tolist() == [4.0]


def test_what_hangs_on_weights_alone_is_worked_when_loading(tmp_path: Path) -> None:
    nodes = [_node("six", "Add", ["w", "w"]), _node("sum", "AddV2", ["x", "six"])]
    graph = Graph(_model(tmp_path, nodes, "sum"))
    assert [node["name"] for node in graph._steps] == ["sum"]
    assert graph(torch.tensor([1.0]))["sum"].tolist() == [7.0]


def test_an_unknown_operation_is_named_when_loading(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MatMul"):
        Graph(_model(tmp_path, [_node("y", "MatMul", ["x", "w"])], "y"))


def test_a_weight_file_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bytes"):
        Graph(_model(tmp_path, [_node("y", "Add", ["x", "w"])], "y", spare=b"12"))


def test_padding_that_is_not_known_is_refused(tmp_path: Path) -> None:
    same = {"s": base64.b64encode(b"SAME").decode()}
    pool = _node("y", "MaxPool", ["x"], padding=same)
    with pytest.raises(ValueError, match="SAME"):
        Graph(_model(tmp_path, [pool], "y"))(torch.zeros(1, 2, 2, 1))
