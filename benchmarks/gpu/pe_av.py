"""PE-AV large: embeddings of 30 s of sound with 16 frames, as transformers runs it and as it could run.

    python -m benchmarks.gpu.pe_av [--batches 1,4,16] [--seconds 3] [--tiny]

Three ways, bfloat16, random weights at the shape of facebook/pe-av-large:
- eager: transformers' `get_audio_video_embeds`.
- compiled: the same, with `torch.compile` on the DAC-VAE encoder, the layers and the vision model of
  `audio_video_encoder.embedder`, whose modules are the ones that run.
- lean: `benchmarks.gpu.lean`, our encoder, compiled.

For each: clips/s by batch size, time of its parts, and the cosine of its vectors and float32's. The aim
is 3 times eager with vectors that are as close to float32's as eager's. Each batch size is compiled by
itself, which takes one to two minutes. JSON on standard output; each way on standard error as it is done.
--tiny: a small model on the CPU, traced and not compiled, whose figures say nothing.
"""

import argparse
import contextlib
import copy
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from transformers import PeAudioVideoConfig

from benchmarks.gpu.lean import Lean
from benchmarks.gpu.machine import machine

Embed = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Part = Callable[[], object]


def config(tiny: bool = False) -> PeAudioVideoConfig:
    """facebook/pe-av-large; transformers' defaults but for the layers of its sound tower."""
    if not tiny:
        audio = {"num_hidden_layers": 28}
        return PeAudioVideoConfig(audio_video_config={"audio_config": audio})
    size: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "initializer_range": 0.2,
    }
    dac = {"encoder_hidden_size": 4, "hidden_size": 32, "codebook_dim": 8}
    pe = {
        "architecture": "vit_pe_core_large_patch14_336",
        "num_classes": 24,
        "model_args": {"embed_dim": 32, "depth": 2, "num_heads": 2, "img_size": (28, 28)},
    }
    text = {
        **size,
        "vocab_size": 64,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "bos_token_id": 2,
        "cls_token_id": 2,
        "sep_token_id": 1,
    }
    both = {
        **size,
        "audio_config": {**size, "dac_config": dac},
        "video_config": {**size, "vision_config": pe},
    }
    return PeAudioVideoConfig(text_config=text, audio_video_config=both)


def made(tiny: bool, device: torch.device, dtype: torch.dtype) -> Any:
    """The model with random weights."""
    torch.manual_seed(0)
    with (
        contextlib.redirect_stdout(sys.stderr),
        device,
    ):  # transformers 5.19 prints while it loads it
        from transformers import PeAudioVideoModel

        model: Any = PeAudioVideoModel(config(tiny))
    return model.to(dtype).eval()


def clips(count: int, tiny: bool, device: torch.device, dtype: torch.dtype) -> list[torch.Tensor]:
    """Sound (count, 1, samples at 48 kHz) and frames (count, frames, 3, height, width)."""
    seconds, frames, side = (1, 4, 28) if tiny else (30, 16, 336)
    drawn = torch.Generator(device).manual_seed(count)
    shapes = (count, 1, 48_000 * seconds), (count, frames, 3, side, side)
    return [
        (torch.randn(shape, generator=drawn, device=device) * how).to(dtype)
        for shape, how in zip(shapes, (0.1, 0.5), strict=True)
    ]


def eager(model: Any) -> Embed:
    """As transformers runs it."""

    def embed(sound: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = model.get_audio_video_embeds(sound, frames).audio_video_embeds
        return found

    return embed


def compiled(model: Any, **how: Any) -> Embed:
    """`eager` with the parts compiled that take the time."""
    encoder = model.audio_video_encoder
    heard, seen = encoder.embedder.audio_encoder, encoder.embedder.video_encoder
    for module in (
        heard.embedder.dac_encoder,
        seen.embedder.vision_model,
        *heard.layers,
        *seen.layers,
        *encoder.layers,
    ):
        module.compile(**how)
    return eager(model)


def seconds_of(work: Part, least: float) -> float:
    """Seconds of one call, the mean of calls that take `least` seconds together; the first two, which
    compile, not counted."""
    cuda = torch.cuda.is_available()
    for _ in range(2):
        work()
    calls = 0
    if cuda:
        torch.cuda.synchronize()
    began = time.perf_counter()
    while calls == 0 or time.perf_counter() - began < least:
        work()
        calls += 1
        if cuda:
            torch.cuda.synchronize()
    return (time.perf_counter() - began) / calls


def parts(model: Any, sound: torch.Tensor, frames: torch.Tensor) -> dict[str, Part]:
    """What `get_audio_video_embeds` is made of; the rest is the fusion."""
    embedder = model.audio_video_encoder.embedder
    heard, seen = embedder.audio_encoder, embedder.video_encoder
    return {
        "dac": lambda: heard.embedder(sound),
        "audio_tower": lambda: heard(sound),
        "vision": lambda: seen.embedder(frames),
        "video_tower": lambda: seen(frames),
    }


def _cosine(found: torch.Tensor, exact: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(found.double(), exact.double()).min())


def measured(batches: Sequence[int], least: float, tiny: bool) -> dict[str, Any]:
    """All ways, over all batch sizes."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    how = {"backend": "aot_eager"} if tiny else {}
    torch.backends.cudnn.benchmark = True
    # Of a size that is measured too: each size is compiled by itself.
    probe = clips(min(batches), tiny, device, torch.float32)
    model = made(tiny, device, torch.float32)
    with torch.inference_mode():
        exact = eager(model)(*probe)
    model = model.to(torch.bfloat16)
    quick = copy.deepcopy(model)
    lean = Lean(copy.deepcopy(model))
    ways: dict[str, tuple[Embed, Callable[..., dict[str, Part]]]] = {
        "eager": (eager(model), lambda s, f: parts(model, s, f)),
        "compiled": (compiled(quick, **how), lambda s, f: parts(quick, s, f)),
        "lean": (lean.compiled(**how), lean.parts),
    }
    found: dict[str, Any] = {}
    with torch.inference_mode():
        for name, (embed, split) in ways.items():
            sound, frames = (part.to(torch.bfloat16) for part in probe)
            vectors = embed(sound, frames)
            found[name] = {"cosine_to_float32": _cosine(vectors, exact), "clips_per_s": {}}
            for count in batches:
                batch = clips(count, tiny, device, torch.bfloat16)
                each = seconds_of(partial(embed, *batch), least)
                found[name]["clips_per_s"][count] = count / each
            split_up = split(*batch)
            found[name]["ms_per_clip"] = {
                part: 1000 * seconds_of(work, least) / count for part, work in split_up.items()
            }
            print(name, found[name], file=sys.stderr, flush=True)
    best = {name: max(way["clips_per_s"].values()) for name, way in found.items()}
    return {**found, "times_eager": {name: rate / best["eager"] for name, rate in best.items()}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Measures PE-AV on one GPU.")
    parser.add_argument("--batches", default="1,4,16", help="clips of a batch")
    parser.add_argument("--seconds", type=float, default=3.0, help="least time of a figure")
    parser.add_argument("--tiny", action="store_true", help="a small model on the CPU")
    options = parser.parse_args(arguments)
    batches = [int(count) for count in options.batches.split(",")]
    found = measured(batches, options.seconds, options.tiny)
    print(json.dumps({"options": vars(options), **found, **machine()}, indent=1))


if __name__ == "__main__":
    main()
