"""What a server's entry in a profile becomes on the command line and in the environment."""

from typing import Any

import pytest

from engine.servers.spec import ServerSpec, command, environment, lacks


def arguments(**spec: Any) -> dict[str, str]:
    """Options of the command line by name; those without a value are \"\"."""
    line = command(ServerSpec(model="/m", **spec), 8000)
    pairs = zip(line, [*line[1:], "--"], strict=True)
    return {
        name: "" if value.startswith("--") else value
        for name, value in pairs
        if name.startswith("--")
    }


def test_on_a_gpu_a_replica_takes_its_share_of_the_card() -> None:
    assert arguments(num_gpus=0.5)["--gpu-memory-utilization"] == "0.460"
    assert arguments(num_gpus=1)["--gpu-memory-utilization"] == "0.920"
    assert "--no-enable-chunked-prefill" not in arguments(num_gpus=1)


def test_without_a_gpu_prompts_are_not_cut_in_chunks() -> None:
    found = arguments(max_model_len=4096)
    assert "--gpu-memory-utilization" not in found
    assert found["--max-num-batched-tokens"] == "4096"
    assert environment(ServerSpec(model="/m"))["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"


def test_large_models_are_spread_and_quantised() -> None:
    found = arguments(num_gpus=4, tensor_parallel=4, quantization="fp8")
    assert (found["--tensor-parallel-size"], found["--quantization"]) == ("4", "fp8")


def test_media_and_prompt_embeddings_are_allowed_where_the_profile_says_so() -> None:
    found = arguments(media={"audio": 1, "image": 8}, prompt_embeds=True)
    assert found["--limit-mm-per-prompt"] == '{"audio": 1, "image": 8}'
    assert "--enable-prompt-embeds" in found
    assert not {"--limit-mm-per-prompt", "--enable-prompt-embeds"} & arguments().keys()


def test_what_the_user_adds_comes_last_and_is_stronger() -> None:
    line = command(ServerSpec(model="/m", args=("--max-model-len", "7")), 8000)
    assert line[-2:] == ["--max-model-len", "7"]
    assert environment(ServerSpec(model="/m", env={"HF_HUB_OFFLINE": "0"}))["HF_HUB_OFFLINE"] == "0"


def test_a_model_that_is_not_there_is_told_before_the_start(tmp_path: Any) -> None:
    assert "models fetch" in str(lacks(ServerSpec(model=str(tmp_path))))
    (tmp_path / "config.json").write_text("{}")
    assert lacks(ServerSpec(model=str(tmp_path))) is None


@pytest.mark.parametrize(
    ("host", "local"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False)]
)
def test_only_loopback_is_local(host: str, local: bool) -> None:
    assert ServerSpec(host=host).is_local is local
