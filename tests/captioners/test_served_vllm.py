"""Captions by a real vLLM server on the CPU, with a tiny SmolVLM of random weights: what comes back is
what transformers' own model writes of the same frames."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoProcessor, SmolVLMForConditionalGeneration

from captioners.replies import cleaned
from captioners.served import VideoChat
from captioners.weights.models import Models
from engine.servers.client import Bridge
from manifests.media import Media
from tests.captioners.test_served import film
from tests.captioners.video import test_smolvlm
from tests.captioners.vllm_server import served

# What is asked is shown by `test_served.py`, and a real server by `test_perception_lm.py`.
pytestmark = [pytest.mark.models, pytest.mark.exhaustive, pytest.mark.xdist_group("vllm")]

# vLLM's attention on the CPU knows no head narrower than 32.
_WIDTH = 128
# Frames are not split into parts, as the tests of SmolVlm have it.
_FRAMES = json.dumps({"size": {"longest_edge": 32}})
_TOKENS = 24


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return test_smolvlm.write(tmp_path_factory.mktemp("served"), _WIDTH)


@pytest.fixture(scope="module")
def server(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    args = ("--enforce-eager", "--mm-processor-kwargs", _FRAMES)
    logs = tmp_path_factory.mktemp("logs")
    with served(checkpoint, logs, name="tiny", media={"image": 8}, args=args) as asked:
        yield asked


@pytest.fixture
def eyes(server: Bridge) -> VideoChat:
    captioner = VideoChat("eyes", Models(), {"frames": 4, "max_tokens": _TOKENS})
    captioner.server = server
    captioner.load()
    return captioner


def _theirs(checkpoint: Path, body: dict[str, Any]) -> str:
    """What transformers' own model writes to the same message."""
    processor: Any = AutoProcessor
    processor = processor.from_pretrained(checkpoint)
    model = SmolVLMForConditionalGeneration.from_pretrained(checkpoint)
    content, images = [], []
    for part in body["messages"][0]["content"]:
        if part["type"] == "text":
            content.append(part)
            continue
        data = part["image_url"]["url"].partition(",")[2]
        images.append(Image.open(io.BytesIO(base64.b64decode(data))))
        content.append({"type": "image"})
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True
    )
    inputs = processor(text=prompt, images=images, size={"longest_edge": 32}, return_tensors="pt")
    with torch.inference_mode():
        out = model.generate(**inputs, do_sample=False, max_new_tokens=_TOKENS)
    new = out[0, inputs["input_ids"].shape[1] :]
    return str(processor.tokenizer.decode(new, skip_special_tokens=True))


def test_a_served_model_writes_what_transformers_writes(eyes: VideoChat, checkpoint: Path) -> None:
    clips = [film(seed) for seed in range(6)]
    ours = [weak.text for weak in eyes.caption(clips)]
    theirs = [_theirs(checkpoint, eyes.request(clip)) for clip in clips]
    assert ours == [cleaned(text) for text in theirs]
    assert len(set(ours)) > 1


def test_a_batch_of_eight_is_eight_batches_of_one(eyes: VideoChat) -> None:
    clips: list[Media] = [film(seed, count=1 + seed) for seed in range(8)]
    together = eyes.caption(clips)
    alone = [eyes.caption([clip])[0] for clip in clips]
    assert [weak.text for weak in together] == [weak.text for weak in alone]
    for one, other in zip(together, alone, strict=True):
        assert one.clip_id == other.clip_id
        np.testing.assert_allclose(
            [claim.score for claim in one.claims],
            [claim.score for claim in other.claims],
            atol=1e-4,
        )
