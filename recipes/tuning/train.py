"""Tunes SmolLM2-135M-Instruct for evidence-to-caption: LoRA, on a CPU.

    python -m recipes.tuning.train adapter.safetensors

Data (`recipes.tuning.examples`) and order are seeded; the loss is on the tokens of the reply alone.
The learning rate is warmed up, kept, and over the last third brought to nothing, in each of `ROUNDS`. The
one in the repository has a NOTICE that tells what it was made with.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import distributed, multiprocessing
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from captioners.weights.models import Models
from recipes.tuning import lora
from recipes.tuning.examples import Example, examples

BASE = "smollm2-135m-instruct"
BATCH, SEED = 8, 0
_WARM = 15
_IGNORED = -100


@dataclass(frozen=True)
class Row:
    """One example as tokens; the first `asked` of them are the request."""

    ids: list[int]
    asked: int


def row(tokenizer: Any, example: Example) -> Row:
    """The tokens of an example as the server sees them, and the end of the turn."""
    messages = list(example.messages)
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    asked = tokenizer(text, add_special_tokens=False)["input_ids"]
    reply = tokenizer(example.reply, add_special_tokens=False)["input_ids"]
    return Row([*asked, *reply, tokenizer.eos_token_id], len(asked))


def batches(rows: Sequence[Row], size: int, seed: int) -> Iterator[list[Row]]:
    """Batches of rows of about one length, in random order, without end."""
    rng = random.Random(seed)
    while True:
        shuffled = rng.sample(list(rows), len(rows))
        pools = [shuffled[at : at + 16 * size] for at in range(0, len(shuffled), 16 * size)]
        cut = []
        for pool in pools:
            pool.sort(key=lambda one: len(one.ids))
            cut += [pool[at : at + size] for at in range(0, len(pool), size)]
        rng.shuffle(cut)
        yield from (batch for batch in cut if len(batch) == size)


def loss_of(model: Any, batch: Sequence[Row], pad: int) -> torch.Tensor:
    """Mean loss over the tokens of the replies."""
    longest = max(len(one.ids) for one in batch)
    ids = torch.full((len(batch), longest), pad)
    labels = torch.full((len(batch), longest), _IGNORED)
    for n, one in enumerate(batch):
        ids[n, : len(one.ids)] = torch.tensor(one.ids)
        labels[n, one.asked : len(one.ids)] = torch.tensor(one.ids[one.asked :])
    # Padding stands at the end, where a causal model can't see it: no mask is needed.
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
    wanted = labels[:, 1:]
    told = wanted != _IGNORED
    return functional.cross_entropy(model.lm_head(hidden[told]).float(), wanted[told])


def rate(step: int, steps: int, top: float) -> float:
    """The learning rate of a step."""
    end = (steps - step) / (steps / 3)
    return top * min(1.0, (step + 1) / _WARM, end)


@dataclass(frozen=True)
class Round:
    """Steps on data of their own, from where the round before ended, with a rate that rises and ends."""

    steps: int
    turned: float
    transcribed: float


ROUNDS = (Round(130, 0.25, 0.75), Round(610, 0.05, 0.6))
"""After the first, replies at times forgot a fact or quoted what nobody said: so the second turns the
order of facts less often, and has more speech of which no words are known. The adapter in the repository
had as many steps in five rounds, while the form of replies was still being settled (its NOTICE)."""


def train(number: int, args: argparse.Namespace, at: int, meeting: str) -> None:
    """A round, in one of several processes, each with one thread and a part of every batch: on a busy
    machine two threads that wait for each other after every product are much slower."""
    torch.set_num_threads(1)
    store = distributed.FileStore(meeting, args.processes)  # type: ignore[attr-defined]
    distributed.init_process_group("gloo", store=store, rank=number, world_size=args.processes)
    folder = Models().fetch(BASE)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    layers = lora.attach(model, args.rank, args.first, args.seed)
    if at:
        lora.restore(layers, args.adapter)
    plan = ROUNDS[at]
    made = examples(plan.steps * args.batch, args.seed + at, plan.turned, plan.transcribed)
    rows = [row(tokenizer, one) for one in made]
    if number == 0:
        print(f"{len(rows)} examples, {sum(len(one.ids) for one in rows)} tokens", flush=True)
    mine = list(lora.parameters(layers))
    optimizer = torch.optim.AdamW(mine, lr=args.rate, weight_decay=0.0, betas=(0.9, 0.98))
    model.train()
    began = time.monotonic()
    note = {"rounds": str(at + 1), "seed": str(args.seed), "first": str(args.first)}
    order = batches(rows, args.batch, args.seed + at)
    for step, batch in zip(range(plan.steps), order, strict=False):
        optimizer.param_groups[0]["lr"] = rate(step, plan.steps, args.rate)
        loss = loss_of(model, batch[number :: args.processes], tokenizer.pad_token_id)
        loss.backward()  # type: ignore[no-untyped-call]
        _average(mine, args.processes)
        torch.nn.utils.clip_grad_norm_(mine, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if number == 0:
            seconds = time.monotonic() - began
            print(f"step {step} loss {loss.item():.4f} {seconds:.0f} s", flush=True)
            if step % 10 == 9 or step == plan.steps - 1:
                lora.save(layers, args.adapter, note)
    distributed.destroy_process_group()


def _average(trained: Sequence[torch.nn.Parameter], processes: int) -> None:
    """The gradient of all processes in each of them."""
    flat = torch.cat([one.grad.flatten() for one in trained if one.grad is not None]) / processes
    distributed.all_reduce(flat)
    at = 0
    for one in trained:
        assert one.grad is not None
        one.grad.copy_(flat[at : at + one.numel()].view_as(one))
        at += one.numel()


def main() -> int:
    """Trains and saves."""
    parser = argparse.ArgumentParser(description="Tunes the writer.")
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--first", type=int, default=12, help="the first block that is tuned")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--go-on", type=int, default=0, help="rounds that the adapter is done with")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    for at in range(args.go_on, len(ROUNDS)):
        with tempfile.TemporaryDirectory() as folder:
            given = (args, at, f"{folder}/meeting")
            multiprocessing.spawn(train, given, args.processes)  # type: ignore[attr-defined, no-untyped-call]
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
