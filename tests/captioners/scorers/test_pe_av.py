"""PE-AV on a tiny checkpoint of its own architecture with random weights, against the whole model's own
forward pass on one clip and one text."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoProcessor,
    CLIPConfig,
)

from captioners.contract import Captioner
from captioners.encoder.inputs import HZ
from captioners.scorers.pe_av import PeAudioScores, PeAudioVideoScores, PeVideoScores
from captioners.weights.models import Models, terms
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media, Needs
from tests.captioners.encoder import tiny
from tests.captioners.pictures import clip

pytestmark = pytest.mark.models

KINDS = {"audio": PeAudioScores, "video": PeVideoScores, "audio_video": PeAudioVideoScores}
TEXTS = ["a dog barks", "rain", "a man speaks while two cars pass by", "music plays"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.written(tmp_path_factory.mktemp("pe-av"))


@pytest.fixture(scope="module", params=KINDS)
def side(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def scores(side: str, checkpoint: Path) -> Captioner:
    captioner = KINDS[side](side, Models(), {"model": str(checkpoint)})
    captioner.load()
    return captioner


@pytest.fixture(scope="module")
def whole(checkpoint: Path) -> Any:
    """The model that was saved, made again without loading anything."""
    return tiny.whole()


def media(seed: int, texts: list[str], count: int = 16, seconds: float = 1.0) -> Media:
    """A clip of seeded noise, and what "other" said of it."""
    made = clip(tiny.film(seed, count), clip_id=f"{seed:032x}")
    claims = tuple(Claim(f"#{n}", t, "sound", "audio", 0.5) for n, t in enumerate(texts))
    said = {"other": WeakCaption(made.clip_id, made.content_hash, "other", claims=claims)}
    return replace(made, audio={HZ: tiny.sound(seed, seconds)}, said=said)


@pytest.fixture(scope="module")
def forward(whole: Any, checkpoint: Path) -> Callable[[int, float, str], Any]:
    """What the whole model's forward gives for one clip (seed 7) and one text: vectors of every side."""
    processor = AutoProcessor.from_pretrained(checkpoint)

    @cache
    def given(count: int, seconds: float, text: str) -> Any:
        made = media(7, TEXTS, count, seconds)
        heard = processor.feature_extractor([made.audio[HZ]], sampling_rate=HZ, return_tensors="pt")
        seen = processor.video_processor([made.frames], do_sample_frames=False, return_tensors="pt")
        read = processor.tokenizer([text], return_tensors="pt")
        with torch.inference_mode():
            return whole(**heard, **seen, **read)

    return given


def cosine(vectors: Any, side: str) -> float:
    pair = getattr(vectors, f"{side}_embeds"), getattr(vectors, f"text_{side}_embeds")
    return float(torch.nn.functional.cosine_similarity(*pair))


@pytest.mark.parametrize(("count", "seconds"), [(16, 1.0), (5, 0.71), (1, 0.01)])
def test_a_score_is_the_cosine_of_the_models_own_vectors(
    scores: Captioner,
    forward: Callable[[int, float, str], Any],
    side: str,
    count: int,
    seconds: float,
) -> None:
    (weak,) = scores.caption([media(7, TEXTS, count, seconds)])
    wanted = [cosine(forward(count, seconds, text), side) for text in TEXTS]
    assert np.ptp(wanted) > 0.005
    assert [claim.score for claim in weak.claims] == pytest.approx(wanted, abs=1e-5)
    assert all(claim.rank is not None for claim in weak.claims)


def test_scores_say_nothing_themselves(scores: Captioner) -> None:
    (weak,) = scores.caption([media(1, ["rain", "", " "])])
    assert (weak.text, weak.skipped) == ("", None)
    assert [(c.label, c.text, c.kind, c.modality) for c in weak.claims] == [
        ("other/#0", "", "score", scores.modality)
    ]


def test_scores_of_many_clips_are_those_of_each_alone(scores: Captioner) -> None:
    clips = [media(n, TEXTS[: n % 4 + 1], 3 * n + 2, 0.2 + 0.2 * n) for n in range(5)]
    assert scores.caption(clips) == [scores.caption([each])[0] for each in clips]


def test_a_longer_text_beside_it_changes_no_score(scores: Captioner) -> None:
    (one,) = scores.caption([media(2, TEXTS[1:2])])
    (among,) = scores.caption([media(2, [*TEXTS[1:3], "a long story " * 20])])
    assert among.claims[0].score == pytest.approx(one.claims[0].score, abs=1e-5)


def test_nobody_said_anything(scores: Captioner, side: str) -> None:
    (weak,) = scores.caption([media(3, [])])
    assert weak == WeakCaption(f"{3:032x}", "h" * 64, side)


def test_missing_media_is_never_scored(scores: Captioner, side: str) -> None:
    silent = replace(media(4, TEXTS), audio={HZ: np.zeros(0, np.float32)})
    blind = replace(media(4, TEXTS), frames=None, frame_times_ms=())
    for without, what in ((silent, "sound"), (blind, "picture")):
        if (what == "sound") == (side == "video") and side != "audio_video":
            assert len(scores.caption([without])[0].claims) == len(TEXTS)
        else:
            with pytest.raises(ValueError, match=f"no {what}"):
                scores.caption([without])


def test_each_asks_for_what_it_uses() -> None:
    asked = [kind.needs_of({}) for kind in KINDS.values()]
    assert asked == [Needs(HZ), Needs(None, 16, 598), Needs(HZ, 16, 598)]


@pytest.mark.parametrize("options", [{"of": "audio"}, {"model": 3}])
def test_wrong_options_are_refused(side: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        KINDS[side](side, Models(), options)


def test_another_model_is_refused(side: str, tmp_path: Path) -> None:
    CLIPConfig().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="clip"):
        KINDS[side](side, Models(), {"model": str(tmp_path)}).load()


def test_the_default_model_is_known(side: str) -> None:
    (name,) = KINDS[side].packs_of({})
    assert terms(name).licence == "Apache-2.0"
