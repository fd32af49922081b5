"""A task gives each pair its embeddings, valid clips and keys; parts of a batch equal the whole."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch

from captioners.encoder.accumulation import accumulate
from captioners.encoder.encoder import Features, batched
from captioners.encoder.loss import NO_CAPTION
from captioners.encoder.pairs import FINE_TUNING, PRE_TRAINING, CaptionKind, Pair
from captioners.encoder.task import CAPTION_KINDS, Examples, Task, caption_key
from tests.captioners.encoder import reference
from tests.captioners.encoder.stand_in import AUDIO, VIDEO, StandIn

CLIPS = 12


def _features(seed: int) -> list[Features]:
    """Clips of several lengths, every fourth without sound, every fifth without picture."""
    random = np.random.default_rng(seed)
    clips: list[Features] = []
    for number in range(CLIPS):
        clip = {}
        if number % 4 or number == 0:
            clip["audio"] = random.normal(size=(1 + number % 3, AUDIO))
        if number % 5:
            clip["video"] = random.normal(size=(1 + number % 2, VIDEO))
        clips.append(clip or {"video": random.normal(size=(1, VIDEO))})
    return clips


def _captions() -> dict[CaptionKind, list[str | None]]:
    """Some equal, some missing."""
    return {
        kind: [None if n % 6 == at else f"{kind} {n // 2 if at else n}" for n in range(CLIPS)]
        for at, kind in enumerate(CAPTION_KINDS)
    }


def _examples(which: Sequence[int] = range(CLIPS)) -> Examples:
    encoder, clips, captions = StandIn(), _features(1), _captions()
    return Examples(
        batched([clips[n] for n in which], encoder.widths),
        {
            kind: encoder.prepare([texts[n] or "" for n in which])
            for kind, texts in captions.items()
        },
        {
            kind: torch.tensor([caption_key(texts[n]) for n in which])
            for kind, texts in captions.items()
        },
    )


def _task(dropout: float = 0.0) -> Task:
    return Task(StandIn(dropout=dropout), FINE_TUNING).double()


def _double(examples: Examples) -> Examples:
    media = {m: type(s)(s.values.double(), s.mask) for m, s in examples.media.items()}
    return Examples(media, examples.texts, examples.keys)


def test_equal_captions_have_equal_keys_and_none_has_its_own() -> None:
    keys = [caption_key(text) for text in ("A dog.", "A dog.", "A cat.", None)]
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == NO_CAPTION and min(keys[:3]) >= 0


@pytest.mark.parametrize("number", range(len(FINE_TUNING)))
def test_each_pair_has_the_loss_of_the_formula(number: int) -> None:
    pair = FINE_TUNING[number]
    task, examples = _task(), _double(_examples())
    outputs = task(examples.media, examples.texts)
    marks = examples.marks()
    made = task.encoder(examples.media, examples.texts, task.asked)
    valid = torch.tensor([_has_both(pair, n) for n in range(CLIPS)])
    assert valid.any() and not valid.all()
    left = made[pair.left, pair.caption if "text" in pair.left else None]
    right = made[pair.right, pair.caption if "text" in pair.right else None]
    keys = torch.full((CLIPS,), NO_CAPTION) if pair.caption is None else examples.keys[pair.caption]
    sample = reference.Sample(left, right, valid, keys, task.scales[number], task.biases[number])
    loss = task.losses(outputs, marks)[pair.name]
    torch.testing.assert_close(loss, reference.loss(sample), rtol=0, atol=1e-12)


def _has_both(pair: Pair, clip: int) -> bool:
    """Whether a clip has the media of both sides of a pair, and its caption."""
    sides = f"{pair.left} {pair.right}".replace("text_audio_video", "").replace("text_audio", "")
    sides = sides.replace("text_video", "")
    features, captions = _features(1)[clip], _captions()
    return all(medium in features for medium in ("audio", "video") if medium in sides) and (
        pair.caption is None or captions[pair.caption][clip] is not None
    )


def test_captions_of_other_media_enter_no_pair() -> None:
    for pair in PRE_TRAINING:
        assert (pair.left, pair.caption) not in {
            ("audio", "visual_caption"),
            ("audio_video", "visual_caption"),
        }


@pytest.mark.parametrize("cuts", [[0, 6, 12], [0, 1, 7, 12]])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_parts_of_a_batch_give_its_gradients(cuts: list[int], dropout: float) -> None:
    whole, parts = _task(dropout), _task(dropout)
    pieces = [_double(_examples(range(a, b))) for a, b in pairwise(cuts)]
    torch.manual_seed(5)
    if (
        dropout
    ):  # the whole batch draws other numbers than its parts: they are compared twice instead
        first = accumulate(whole, pieces)
        torch.manual_seed(5)
    else:
        first = accumulate(whole, [_double(_examples())])
    second = accumulate(parts, pieces)
    torch.testing.assert_close(second, first, rtol=0, atol=1e-6)
    for (name, one), other in zip(whole.named_parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, rtol=0, atol=1e-6, msg=name)


def test_dropout_is_the_same_in_both_passes() -> None:
    task = _task(dropout=0.5)
    seen: list[torch.Tensor] = []
    task.register_forward_hook(lambda module, given, made: seen.append(made[0].detach()))
    pieces = [_double(_examples(range(6))), _double(_examples(range(6, 12)))]
    accumulate(task, pieces)
    torch.testing.assert_close(seen[2:], seen[:2], rtol=0, atol=0)
    assert not torch.equal(seen[0], task(pieces[0].media, pieces[0].texts)[0])
