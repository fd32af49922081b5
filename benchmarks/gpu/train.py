"""A training step of PE-AV large with the eight pairs: samples/s, share of the card's peak, memory.

    python -m benchmarks.gpu.train [--parts 8,16,32] [--recomputed 32,64] [--seconds 8] [--tiny]

`pipelines.train`'s own step without its files: stored features of 30 s of sound and 16 frames, three
captions of 48 tokens, random weights at the shape of facebook/pe-av-large, all towers trained with AdamW,
forward passes in bfloat16. Clips embedded at once (`part`), with and without computing layers again
backward, with the layers as transformers has them and compiled; `accumulated`: a batch of two parts,
embedded twice each. Figures of a step's middle: the first two, which compile, are not counted.

The share counts the products of one forward and backward pass, whatever was computed again, against a
product of two 8192 x 8192 matrices on the same card, and against the datasheet of the H100 and the H200
(989 TFLOP/s dense). JSON on standard output; each figure on standard error as it is done. --tiny: a
small model on the CPU, whose figures say nothing.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu.machine import machine
from benchmarks.gpu.pe_av import config, seconds_of
from captioners.encoder.accumulation import accumulate
from captioners.encoder.encoder import Steps
from captioners.encoder.inputs import Inputs
from captioners.encoder.pe_av import PeAv
from captioners.encoder.task import CAPTION_KINDS, Examples, Task
from pipelines.train import loop
from pipelines.train.parallel import Place, Spread, spread
from pipelines.train.recipe import Recipe

_DATASHEET = 989e12


@dataclass(frozen=True, slots=True)
class Case:
    """part: clips embedded at once. parts: of a batch. compiled, recompute: what layers are."""

    part: int
    compiled: bool = True
    recompute: bool = False
    parts: int = 1


def recipe(case: Case) -> Recipe:
    """Its recipe; what it says of a whole training is not used."""
    return Recipe(
        pairs="pre-training",
        steps=1000,
        batch=max(2, case.part * case.parts),
        part=case.part,
        learning_rate=1e-4,
        warm_up=100,
        recompute=case.recompute,
        evaluate_every=1000,
        save_every=1000,
    )


def examples(encoder: PeAv, clips: int, tiny: bool, seed: int) -> Examples:
    """Features and captions of clips, drawn."""
    drawn = torch.Generator().manual_seed(seed)
    lengths, tokens = ({"audio": 6, "video": 2}, 5) if tiny else ({"audio": 750, "video": 16}, 48)
    words = encoder.model.config.text_config.vocab_size
    mask = torch.ones(clips, tokens, dtype=torch.int64)
    return Examples(
        {
            medium: Steps(
                torch.randn(clips, lengths[medium], width, generator=drawn),
                torch.ones(clips, lengths[medium], dtype=torch.bool),
            )
            for medium, width in encoder.widths.items()
        },
        {
            kind: {
                "input_ids": torch.randint(3, words, (clips, tokens), generator=drawn),
                "attention_mask": mask,
            }
            for kind in CAPTION_KINDS
        },
        {kind: torch.randint(2**62, (clips,), generator=drawn) for kind in CAPTION_KINDS},
    )


def peak(device: torch.device) -> float:
    """Operations a second of a large bfloat16 product."""
    side = 8192 if device.type == "cuda" else 64
    left, right = torch.randn(2, side, side, device=device, dtype=torch.bfloat16)
    return 2 * side**3 / seconds_of(lambda: left @ right, 0.5)


def operations(parts: Spread, batch: Sequence[Examples], place: Place) -> float:
    """Operations of a forward and backward pass, a clip."""
    torch.compiler.set_stance("force_eager")
    with FlopCounterMode(display=False) as counted:
        accumulate(parts.task, batch[:1], parts.module, parts.around, place.precision())
    torch.compiler.set_stance("default")
    total: int = counted.get_total_flops()
    return total / len(batch[0])


def step(case: Case, parts: Spread, place: Place, batch: Sequence[Examples], least: float) -> Any:
    """What a step takes and holds."""
    cuda = place.device.type == "cuda"
    torch.compiler.set_stance("default" if case.compiled else "force_eager")
    rules = recipe(case)
    optimizer = loop.make_optimizer(parts.task, rules)
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()

    def work() -> None:
        loop.run_step(parts, optimizer, rules, 1, batch, place)

    each = seconds_of(work, least)
    torch.compiler.set_stance("default")
    clips = case.part * case.parts
    return {
        **asdict(case),
        "step_s": each,
        "samples_per_s": clips / each,
        "peak_gb": torch.cuda.max_memory_allocated() / 1e9 if cuda else None,
    }


def measured(cases: Sequence[Case], least: float, tiny: bool) -> dict[str, Any]:
    """All cases; one that does not fit says so."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    place = Place(device=device)
    best = peak(device)
    torch.manual_seed(0)
    with device:
        encoder = PeAv.from_config(config(tiny), Inputs(None))
    weights = sum(p.numel() for part in encoder.parts().values() for p in part)
    found: list[Any] = []
    count = 0.0
    for recompute in (False, True):
        # Layers that are computed again stay so: those cases come last.
        parts = spread(
            Task(encoder, recipe(Case(1)).compared), recipe(Case(2, recompute=recompute)), place
        )
        parts.task.train()
        if not count:
            count = operations(parts, [examples(encoder, 2, tiny, 0).to(device)], place)
        for case in (case for case in cases if case.recompute == recompute):
            batch = [examples(encoder, case.part, tiny, n) for n in range(case.parts)]
            began = time.perf_counter()
            try:
                line = step(case, parts, place, batch, least)
            except torch.OutOfMemoryError:
                line = {**asdict(case), "samples_per_s": None}
            else:
                rate = count * line["samples_per_s"]
                line |= {"share_of_product": rate / best, "share_of_datasheet": rate / _DATASHEET}
            found.append(line)
            print(f"{time.perf_counter() - began:.0f} s", line, file=sys.stderr, flush=True)
    return {
        "trained_weights": weights,
        "tflop_per_clip": count / 1e12,
        "product_tflops": best / 1e12,
        "steps": found,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Measures a training step of PE-AV on one GPU.")
    parser.add_argument("--parts", default="8,16,32", help="clips embedded at once")
    parser.add_argument("--recomputed", default="32,64", help="the same, layers computed again")
    parser.add_argument("--seconds", type=float, default=8.0, help="least time of a figure")
    parser.add_argument("--tiny", action="store_true", help="a small model on the CPU")
    options = parser.parse_args(arguments)
    parts = [int(part) for part in options.parts.split(",")]
    again = [int(part) for part in options.recomputed.split(",")]
    cases = [
        Case(parts[0], compiled=False),
        *map(Case, parts),
        Case(parts[0], parts=2),
        *(Case(part, recompute=True) for part in again),
    ]
    found = measured(cases, options.seconds, options.tiny)
    print(json.dumps({"options": vars(options), **found, **machine()}, indent=1))


if __name__ == "__main__":
    main()
