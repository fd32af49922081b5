"""What a server's entry in a profile becomes on the command line and in the environment."""

from typing import Any

import pytest
from pydantic import ValidationError

from engine.servers.spec import ServerError, ServerSpec, command, environment, lacks


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


@pytest.mark.parametrize("url", ["http://me:word@host/v1", "http://host/v1?token=word"])
def test_a_url_that_holds_a_secret_is_refused_without_a_word_of_it(url: str) -> None:
    with pytest.raises(ValidationError, match="api_key_env") as raised:
        ServerSpec(urls=(url,))
    assert all("word@" not in e["msg"] and "=word" not in e["msg"] for e in raised.value.errors())


@pytest.mark.parametrize("key", ["sk-live-0123", "1KEY", "A KEY", "", "KEY\n"])
def test_a_key_in_place_of_its_variable_is_refused_without_a_word_of_it(key: str) -> None:
    with pytest.raises(
        ValidationError, match="must be the name of an environment variable"
    ) as raised:
        ServerSpec(urls=("http://host/v1",), api_key_env=key)
    assert "sk-live" not in str(raised.value)
    assert all("sk-live" not in e["msg"] for e in raised.value.errors())


def test_a_key_is_read_from_the_named_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ServerSpec(urls=("http://host/v1",), api_key_env="SOME_KEY")
    monkeypatch.setenv("SOME_KEY", "hidden")
    assert spec.api_key() == "hidden"
    monkeypatch.setenv("SOME_KEY", "")
    with pytest.raises(ServerError, match=r"server writer: .* SOME_KEY .* is not set"):
        spec.api_key()
    assert ServerSpec().api_key() is None
