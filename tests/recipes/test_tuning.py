"""The tuning of the writer: what it is taught passes the guards and holds nothing that is held out."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from captioners.weights._prepare import merge
from prompts.fallback import template
from prompts.render import load
from recipes.evidences import Vocabulary
from recipes.tuning import facts, lora
from recipes.tuning.examples import Example, examples, is_held_out, quoted, right
from recipes.tuning.train import rate
from recipes.world import world


@pytest.fixture(scope="module")
def some() -> list[Example]:
    return list(examples(150, seed=11))


def test_every_target_passes_the_guards(some: list[Example]) -> None:
    prompt = load("tuned")
    assert all(right(one.reply, prompt, one.names, one.facts) for one in some)


def test_a_target_that_leaves_out_or_adds_is_not_right(some: list[Example]) -> None:
    prompt, one = load("tuned"), next(one for one in some if len(one.facts.heard) == 2)
    reply = json.loads(one.reply)
    key = next(iter(reply))
    for wrong in ("Something rattles.", f"{reply[key][:-1]}, with a brontosaurus."):
        assert not right(json.dumps(reply | {key: wrong}), prompt, one.names, one.facts)


def test_the_same_seed_gives_the_same_examples_and_another_others() -> None:
    def texts(seed: int) -> list[str]:
        return [one.reply for one in examples(20, seed)]

    assert texts(1) == texts(1)
    assert not set(texts(1)) & set(texts(2))


def test_nothing_held_out_is_taught(some: list[Example]) -> None:
    held_out = Vocabulary("held-out")
    sounds = {sound[1] for sound in held_out.sounds}
    things = {row[1] for row in held_out.things + held_out.imagenet}
    taught = {fact.text for one in some for fact in one.facts.heard + one.facts.seen}
    assert not (taught & (sounds | things) - {"a person"})
    assert not any(said in one.messages[-1]["content"] for one in some for said in held_out.spoken)


@pytest.mark.parametrize(
    ("text", "heard", "held"), [("an apricot", False, False), ("a person", False, False)]
)
def test_what_is_held_out_is_told_by_its_words(text: str, heard: bool, held: bool) -> None:
    assert is_held_out(text, heard) is held
    thing = next(row[1] for row in Vocabulary("held-out").things if row[0] != "person")
    assert is_held_out(f"{thing} on a table", heard=False)


def test_the_truth_benchs_own_phrasings_are_not_taught(some: list[Example]) -> None:
    bench = {text for entry in world.load("bench").entries.values() for text in entry.bench}
    bench -= {text for entry in world.load("train").entries.values() for text in entry.train}
    taught = {fact.text for one in some for fact in one.facts.heard + one.facts.seen}
    assert not taught & bench


def test_targets_differ_from_the_template(some: list[Example]) -> None:
    drawn = [template(one.facts) for one in some]
    same = total = 0
    for one, texts in zip(some, drawn, strict=True):
        for name in one.names:
            same += json.loads(one.reply)[load("tuned").keys[name]] == texts[name]
            total += 1
    assert same / total < 0.1


def test_a_quotation_is_the_start_of_what_was_said() -> None:
    assert quoted("Take the lid off. Then wait.") == "Take the lid off"
    assert quoted("Stop! Wait!") == "Stop!"
    long = quoted(
        "one two three four five, six seven eight nine ten eleven twelve thirteen fourteen"
    )
    assert long == "one two three four five"


@pytest.mark.parametrize(
    ("verb", "third", "gerund"),
    [("bark", "barks", "barking"), ("hum", "hums", "humming"), ("hiss", "hisses", "hissing"),
     ("cry", "cries", "crying"), ("idle then rev", "idles then revs", "idling then revving")],
)  # fmt: skip
def test_verbs_take_their_forms(verb: str, third: str, gerund: str) -> None:
    assert (facts.third(verb), facts.gerund(verb)) == (third, gerund)


def test_clauses_are_taken_apart() -> None:
    piece = facts.parsed("wind chimes ring", "sound")
    assert "wind chimes are ringing" in piece.clauses
    assert "the sound of water" in facts.parsed("water is heard", "sound").nouns
    assert facts.whole("a rapper delivers rhymes about rain", "music").nouns == ()


def test_the_rate_rises_stays_and_ends_at_nothing() -> None:
    rates = [rate(step, 90, 1.0) for step in range(91)]
    assert rates[0] < 0.1 and rates[30] == 1.0 and rates[90] == 0.0
    assert all(a >= b for a, b in pairwise(rates[60:]))


@pytest.mark.models
def test_what_is_merged_answers_as_what_was_trained(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=50, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1,
    )  # fmt: skip
    plain, tuned = LlamaForCausalLM(config), LlamaForCausalLM(config)
    tuned.load_state_dict(plain.state_dict())
    layers = lora.attach(tuned, rank=3, first=1)
    assert {name.split(".")[2] for name in layers} == {"1"} and len(layers) == 7
    for layer in layers.values():
        torch.nn.init.normal_(layer.B, std=0.3)
        layer.A.data, layer.B.data = (
            layer.A.data.bfloat16().float(),
            layer.B.data.bfloat16().float(),
        )
    lora.save(layers, tmp_path / "adapter.safetensors", {})
    before = plain(torch.arange(8)[None]).logits
    merge(plain, tmp_path / "adapter.safetensors")
    wanted, got = tuned(torch.arange(8)[None]).logits, plain(torch.arange(8)[None]).logits
    assert torch.allclose(got, wanted, atol=1e-4) and not torch.allclose(got, before, atol=1e-2)
    with pytest.raises(ValueError, match="does not fit the model"):
        merge(
            LlamaForCausalLM(LlamaConfig(**config.to_dict() | {"num_hidden_layers": 1})),
            tmp_path / "adapter.safetensors",
        )
