"""Steps that turn the files of a fetched archive into a pack, named by `prepare` in packs.toml.

Run in a process of their own (`python -m captioners.weights._prepare STEP LAID PACK`), so that what they
import and load goes away with them. Each reads the folder LAID and fills the empty folder PACK.
"""

import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from captioners.weights._efficientnet import efficientnet_lite2
from captioners.weights._tfjs import nanodet
from captioners.weights._wordnet import wordnet


def yamnet(laid: Path, pack: Path) -> None:
    """model.onnx in plain float32 with a free batch, and the class names.

    The package's graph quantizes to 8 bits and back after every operation, its output in steps of
    0.76 logits, though the stored weights are float32. Without those pairs the same weights give
    smooth numbers. Outputs: `logits` (n, 521) and `embedding` (n, 1024), what the classifier sees.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    with zipfile.ZipFile(laid / "model.zip") as archive:
        archive.extractall(laid / "model")
    (source,) = (laid / "model").rglob("*.onnx")
    stored = onnx.load(str(source)).graph
    arrays = {i.name: numpy_helper.to_array(i) for i in stored.initializer}
    (reshape,) = (n for n in stored.node if n.op_type == "Reshape")
    (classifier,) = (n for n in stored.node if n.op_type == "Gemm")
    width = arrays["model.classifier.weight"].shape[1]
    arrays[reshape.input[1]] = arrays[reshape.input[1]] * 0 + [-1, width]
    nodes = _without_quantization(stored, {classifier.output[0]: "logits"})
    (reshape,) = (n for n in nodes if n.op_type == "Reshape")
    (classifier,) = (n for n in nodes if n.op_type == "Gemm")
    nodes.append(helper.make_node("Identity", [reshape.output[0]], ["embedding"]))
    used = {name for n in nodes for name in n.input}
    patches = [stored.input[0].name, TensorProto.FLOAT, ["n", 1, 96, 64]]
    graph = helper.make_graph(
        nodes,
        "yamnet",
        [helper.make_tensor_value_info(*patches)],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 521]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", width]),
        ],
        [numpy_helper.from_array(a, name) for name, a in arrays.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(pack / "model.onnx"))
    shutil.copy(laid / "yamnet_class_map.csv", pack)


def _without_quantization(graph: Any, renamed: dict[str, str]) -> list[Any]:
    """The nodes of `graph` less its Quantize and Dequantize ones, with outputs renamed."""
    passes = {
        n.output[0]: n.input[0]
        for n in graph.node
        if n.op_type in ("QuantizeLinear", "DequantizeLinear")
    }
    nodes = [n for n in graph.node if n.output[0] not in passes]
    for node in nodes:
        for i, name in enumerate(node.input):
            while name in passes:
                name = passes[name]
            node.input[i] = name
        node.output[0] = renamed.get(node.output[0], node.output[0])
    return nodes


def smollm2(laid: Path, pack: Path) -> None:
    """A folder in the transformers format, bfloat16, that vLLM serves, from the GGUF.

    With an adapter.safetensors beside it, that adapter is merged in. Raises ValueError where the
    conversion lost what chat needs: the template, or that the model ends its turn with <|im_end|>.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    model = AutoModelForCausalLM.from_pretrained(
        laid,
        gguf_file="model.gguf",
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    tokenizer = AutoTokenizer.from_pretrained(laid, gguf_file="model.gguf")
    turn_end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    if not tokenizer.chat_template or tokenizer.eos_token_id != turn_end:
        raise ValueError("the GGUF's chat template or end-of-turn token did not come through")
    if tokenizer.encode("<|im_end|>", add_special_tokens=False) != [turn_end]:
        raise ValueError("<|im_end|> is not one token")
    if (laid / "adapter.safetensors").exists():
        merge(model, laid / "adapter.safetensors")
    model.generation_config.eos_token_id = turn_end
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(pack)
    tokenizer.save_pretrained(pack)
    shutil.copy(laid / "LICENSE", pack)
    config = json.loads((pack / "config.json").read_text())
    if "quantization_config" in config or config["dtype"] != "bfloat16":
        raise ValueError("the saved model is not plain bfloat16")


def merge(model: Any, adapter: Path) -> None:
    """Adds a LoRA adapter to the weights of a model: W + B A for each layer NAME of which the file holds
    NAME.A and NAME.B. Raises ValueError where the file and the model don't fit."""
    import torch
    from safetensors.torch import load_file

    thin = load_file(adapter)
    names = {name.rpartition(".")[0] for name in thin}
    if not names or thin.keys() != {f"{name}.{part}" for name in names for part in "AB"}:
        raise ValueError("the adapter does not hold pairs of matrices")
    weights = dict(model.named_parameters())
    for name in sorted(names):
        change = thin[f"{name}.B"].float() @ thin[f"{name}.A"].float()
        weight = weights.get(f"{name}.weight")
        if weight is None or weight.shape != change.shape:
            raise ValueError(f"the adapter's layer {name} does not fit the model")
        with torch.no_grad():
            weight.copy_(weight.float() + change)


STEPS: dict[str, Callable[[Path, Path], None]] = {
    "yamnet": yamnet,
    "nanodet": nanodet,
    "efficientnet-lite2": efficientnet_lite2,
    "smollm2": smollm2,
    "wordnet": wordnet,
}

if __name__ == "__main__":
    STEPS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
