"""What captioners of transformers' models share, on tiny random models of real architectures."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
)

from captioners._transformers import Options, caption_scores, checked, loaded, runs

pytestmark = pytest.mark.models

EOS = 5


@pytest.fixture(scope="module")
def decoder() -> GPT2LMHeadModel:
    """Ends a sequence with one token or the other, soon."""
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"n_embd": 16, "n_layer": 2, "n_head": 2, "vocab_size": 9}
    config = GPT2Config(
        **sizes, n_positions=64, eos_token_id=[EOS, 7], pad_token_id=0, initializer_range=0.6
    )
    return GPT2LMHeadModel(config).eval()


@pytest.fixture(scope="module")
def encoder_decoder() -> BartForConditionalGeneration:
    torch.manual_seed(1)
    layers: dict[str, Any] = {
        f"{side}_{what}": size
        for side in ("encoder", "decoder")
        for what, size in (("layers", 1), ("attention_heads", 2), ("ffn_dim", 16))
    }
    config = BartConfig(
        vocab_size=9,
        d_model=16,
        **layers,
        bos_token_id=4,
        eos_token_id=EOS,
        pad_token_id=0,
        decoder_start_token_id=EOS,
        forced_eos_token_id=None,
        init_std=0.6,
    )
    return BartForConditionalGeneration(config).eval()


def said(model: Any, tokens: list[list[int]], **how: Any) -> Any:
    ids = torch.tensor(tokens)
    torch.manual_seed(0)
    return model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=12,
        return_dict_in_generate=True,
        output_scores=True,
        **how,
    )


def by_forward(model: Any, row: torch.Tensor, prompt: int) -> float:
    """The score of prompt and continuation, by one pass over the tokens up to their end."""
    ends = [i for i in range(prompt, len(row)) if row[i] in (EOS, 7)]
    whole = row[: ends[0] + 1] if ends else row
    with torch.inference_mode():
        logprobs = model(input_ids=whole[None]).logits[0].log_softmax(dim=-1)
    each = [float(logprobs[i - 1, whole[i]]) for i in range(prompt, len(whole))]
    return float(torch.tensor(each).mean().exp())


PROMPTS = [[1, 2], [3, 4], [6, 6], [8, 1], [2, 8]]


@pytest.mark.parametrize("how", [{}, {"do_sample": True}, {"num_beams": 3}])
def test_a_score_is_that_of_a_pass_over_the_tokens_to_their_end(
    decoder: GPT2LMHeadModel, how: dict[str, Any]
) -> None:
    generated = said(decoder, PROMPTS, **how)
    expected = [by_forward(decoder, row, 2) for row in generated.sequences]
    assert caption_scores(decoder, generated) == pytest.approx(expected, abs=1e-5)


def test_a_score_never_depends_on_how_long_the_others_are(decoder: GPT2LMHeadModel) -> None:
    generated = said(decoder, PROMPTS)
    assert len({(row[2:] != 0).sum().item() for row in generated.sequences}) > 1
    together = caption_scores(decoder, generated)
    alone = [caption_scores(decoder, said(decoder, [prompt]))[0] for prompt in PROMPTS]
    assert together == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("beams", [1, 3])
def test_an_encoder_is_no_prompt(encoder_decoder: BartForConditionalGeneration, beams: int) -> None:
    generated = said(encoder_decoder, PROMPTS, num_beams=beams)
    scores = caption_scores(encoder_decoder, generated)
    for prompt, row, score in zip(PROMPTS, generated.sequences, scores, strict=True):
        ends = [i for i in range(1, len(row)) if row[i] == EOS]
        whole = row[: ends[0] + 1] if ends else row
        with torch.inference_mode():
            logits = encoder_decoder(
                input_ids=torch.tensor([prompt]), decoder_input_ids=whole[None, :-1]
            ).logits[0]
        each = logits.log_softmax(dim=-1).gather(1, whole[1:, None])
        assert score == pytest.approx(float(each.mean().exp()), abs=1e-5)


def test_a_model_comes_back_from_its_folder(decoder: GPT2LMHeadModel, tmp_path: Path) -> None:
    decoder.save_pretrained(tmp_path)
    again = loaded(GPT2LMHeadModel, tmp_path)
    assert not again.training
    assert torch.equal(again.transformer.wte.weight.cpu().float(), decoder.transformer.wte.weight)


def test_another_model_is_refused(decoder: GPT2LMHeadModel, tmp_path: Path) -> None:
    decoder.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="type 'gpt2', not 'bart'"):
        loaded(BartForConditionalGeneration, tmp_path)


def test_missing_weights_are_refused(decoder: GPT2LMHeadModel, tmp_path: Path) -> None:
    weights = {k: v for k, v in decoder.state_dict().items() if "h.1.mlp" not in k}
    decoder.save_pretrained(tmp_path, state_dict=weights)
    with pytest.raises(ValueError, match="lacks 4 weights of GPT2LMHeadModel"):
        loaded(GPT2LMHeadModel, tmp_path)


def test_options_say_what_is_wrong_and_what_is_allowed() -> None:
    class Mine(Options):
        size: int = 1

    assert checked(Mine, "mine", {"size": 3}).size == 3
    with pytest.raises(ValueError, match=r"options of mine: colour: .*allowed: model, size"):
        checked(Mine, "mine", {"colour": "red"})
    with pytest.raises(ValueError, match="options of mine: size: "):
        checked(Mine, "mine", {"size": "big"})


def test_runs_keep_the_order() -> None:
    assert list(runs([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(runs([], 2)) == []
