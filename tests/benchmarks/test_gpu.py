"""The GPU benchmarks as far as a CPU takes them: small models, the whole way, JSON at the end."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.gpu import stage1
from benchmarks.gpu.lean import Lean
from benchmarks.gpu.pe_av import clips, eager, made
from engine.profile.profile import load
from pipelines.caption.stage import CaptionStage

pytestmark = [pytest.mark.models, pytest.mark.xdist_group("vllm")]

CPU = torch.device("cpu")


def told(name: str, *options: str) -> dict[str, Any]:
    """What a benchmark prints."""
    command = [sys.executable, "-m", f"benchmarks.gpu.{name}", "--tiny", *options]
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=500)
    assert done.stdout.startswith("{"), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("count", [1, 3])
def test_lean_pe_av_gives_what_transformers_gives(count: int) -> None:
    model = made(True, CPU, torch.float32)
    batch = clips(count, True, CPU, torch.float32)
    with torch.inference_mode():
        theirs, ours = eager(model)(*batch), Lean(copy.deepcopy(model))(*batch)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert theirs.abs().max() > 0.1


@pytest.mark.exhaustive
def test_pe_av_is_measured_three_ways() -> None:
    found = told("pe_av", "--seconds", "0.01", "--batches", "2")
    for way in ("eager", "compiled", "lean"):
        assert found[way]["cosine_to_float32"] > 0.99
        assert all(rate > 0 for rate in found[way]["clips_per_s"].values())
        assert found[way]["ms_per_clip"].keys() == {"dac", "audio_tower", "vision", "video_tower"}
    assert found["card"] == "none"


@pytest.mark.exhaustive
def test_training_steps_are_measured() -> None:
    found = told("train", "--seconds", "0.01", "--parts", "2", "--recomputed", "2")
    assert [step["parts"] for step in found["steps"]] == [1, 1, 2, 1]
    assert all(step["samples_per_s"] > 0 for step in found["steps"])
    assert found["tflop_per_clip"] > 0


@pytest.mark.exhaustive
def test_the_writer_is_measured_against_a_bare_client() -> None:
    found = told("writer", "--clips", "4", "--runs", "1")
    assert found["share"] > 0 and found["tokens_out_per_clip"] > 10


@pytest.mark.exhaustive
def test_the_profile_of_stage_1_asks_every_model_about_every_clip(tmp_path: Path) -> None:
    """The run takes three servers and five minutes: `python -m benchmarks.gpu.stage1 --tiny`."""
    stage = CaptionStage(load(str(stage1.profile(tmp_path / "models", fp8=False, tiny=True))))
    asked = {"ast", "whisper-large", "siglip", "qwen2-audio", "qwen2.5-vl", "clap", "siglip-scores"}
    captioners = {spec.name: spec for spec in stage.profile.captioners}
    assert asked <= captioners.keys()
    assert not any(captioners[name].when for name in asked - {"clap", "siglip-scores"})
    assert {stage.profile.server(name).kind for name in ("qwen2-audio", "qwen2.5-vl")} == {"vllm"}
    assert stage.needed_models
