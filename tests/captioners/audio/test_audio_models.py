"""AST and CLAP of transformers on tiny checkpoints with random weights: what is done is compared
with transformers' own pipelines and models on the same sound."""

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    ASTForAudioClassification,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    ClapProcessor,
    RobertaTokenizer,
    pipeline,
)

from captioners.audio._sound import windows
from captioners.audio.ast_tags import AstTags
from captioners.contract import Captioner
from captioners.scorers.clap import HZ, ClapScores, ClapTags
from captioners.weights.models import terms
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media
from tests.captioners.listening import (
    LABELS,
    alone_and_together,
    clip,
    noise,
    ready,
    refuses_what_it_must,
    same,
)

pytestmark = pytest.mark.models

_AST_LABELS = ["Speech", "Dog", "Music", "Rain", "No class of AudioSet"]


@pytest.fixture(scope="module")
def ast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ast")
    torch.manual_seed(0)
    config = ASTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_length=128, num_mel_bins=32, num_labels=len(_AST_LABELS),
        id2label=dict(enumerate(_AST_LABELS)), label2id={n: i for i, n in enumerate(_AST_LABELS)},
    )  # fmt: skip
    model = ASTForAudioClassification(config)
    torch.nn.init.normal_(model.classifier.dense.weight, std=2.0)
    model.save_pretrained(folder)
    ASTFeatureExtractor(max_length=128, num_mel_bins=32).save_pretrained(folder)
    return folder


def test_ast_scores_as_the_library(ast: Path) -> None:
    media = clip(16_000, 1.0, 3)
    front = ASTFeatureExtractor.from_pretrained(ast)
    model = ASTForAudioClassification.from_pretrained(ast)
    with torch.inference_mode():
        logits = model(
            **front(media.audio[16_000], sampling_rate=16_000, return_tensors="pt")
        ).logits
    theirs = dict(zip(_AST_LABELS, logits[0].sigmoid().tolist(), strict=True))
    assert max(theirs.values()) - min(theirs.values()) > 0.05
    (weak,) = ready(AstTags, ast).caption([media])
    assert weak.claims
    for claim in weak.claims:
        assert claim.score == pytest.approx(theirs[claim.label], abs=1e-5)
    assert {claim.label for claim in weak.claims} <= set(_AST_LABELS[:-1])


def test_ast_hears_all_of_a_long_clip_in_windows(ast: Path) -> None:
    captioner = ready(AstTags, ast)
    samples = noise(16_000, 3.0, 1)
    each = captioner.probabilities(samples)
    assert each.shape == (3, len(_AST_LABELS))  # 1.28 s a window
    first = captioner.probabilities(samples[:20_480])
    np.testing.assert_allclose(each[:1], first, atol=1e-5)


@pytest.mark.parametrize("count", [1, 399, 20_480, 20_481, 20_480 + 399, 30_000])
def test_ast_works_any_length(ast: Path, count: int) -> None:
    each = ready(AstTags, ast).probabilities(noise(16_000, 2.0)[:count])
    assert each.shape == (1 if count <= 20_480 else 2, len(_AST_LABELS))
    assert np.isfinite(each).all()


def test_ast_s_last_window_is_whole(ast: Path) -> None:
    captioner = ready(AstTags, ast)
    samples = noise(16_000, 2.0, 1)
    last = captioner.probabilities(samples[-20_480:])
    np.testing.assert_allclose(captioner.probabilities(samples)[1:], last, atol=1e-5)


def test_windows_cover_a_sound_and_are_whole() -> None:
    samples = np.arange(25, dtype=np.float32)
    starts = {n: [start for start, _ in windows(samples[:n], 10)] for n in (3, 10, 11, 20, 25)}
    assert starts == {3: [0], 10: [0], 11: [0, 1], 20: [0, 10], 25: [0, 10, 15]}
    assert [part.tolist() for _, part in windows(samples[:12], 10)] == [
        list(range(10)),
        list(range(2, 12)),
    ]


def test_ast_of_another_label_set_is_refused(ast: Path, tmp_path: Path) -> None:
    for file in ast.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["id2label"] = {str(i): f"x{i}" for i in range(len(_AST_LABELS))}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="names none of AudioSet's classes"):
        ready(AstTags, tmp_path)


def _roberta(folder: Path) -> RobertaTokenizer:
    letters = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", *string.ascii_lowercase]
    return RobertaTokenizer(vocab={t: i for i, t in enumerate(letters)}, merges=[])


@pytest.fixture(scope="module")
def clap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clap")
    torch.manual_seed(1)
    text = {
        "vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": 80, "pad_token_id": 1,
    }  # fmt: skip
    sound = {
        "hidden_size": 32, "num_mel_bins": 64, "spec_size": 256, "patch_embeds_hidden_size": 16,
        "depths": [1, 1], "num_attention_heads": [2, 2], "window_size": 8, "num_hidden_layers": 2,
        "enable_fusion": False, "projection_dim": 16,
    }  # fmt: skip
    config = ClapConfig(text_config=text, audio_config=sound, projection_dim=16)
    ClapModel(config).save_pretrained(folder)
    front = ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad", max_length_s=2)
    ClapProcessor(front, _roberta(folder)).save_pretrained(folder)
    return folder


def test_clap_tags_score_as_the_pipeline(clap: Path) -> None:
    media = clip(HZ, 1.5, 2)
    theirs = pipeline("zero-shot-audio-classification", model=str(clap))
    said = theirs(media.audio[HZ], candidate_labels=LABELS, hypothesis_template="{}")
    (weak,) = ready(ClapTags, clap, labels=LABELS).caption([media])
    ours = {claim.label: claim.score for claim in weak.claims}
    assert ours == pytest.approx({one["label"]: one["score"] for one in said}, abs=1e-5)


def test_clap_scores_what_others_said_by_cosine(clap: Path) -> None:
    media = clip(HZ, 1.5, 2)
    claims = tuple(Claim(text, text, "caption", "audio", 1.0) for text in LABELS)
    said = {"ears": WeakCaption(media.clip_id, "h" * 64, "ears", claims=claims)}
    captioner = ready(ClapScores, clap)
    (weak,) = captioner.caption(
        [Media(media.clip_id, "h" * 64, 1500, audio=media.audio, said=said)]
    )
    model, processor = ClapModel.from_pretrained(clap), ClapProcessor.from_pretrained(clap)
    inputs = processor(text=LABELS, audio=media.audio[HZ], sampling_rate=HZ, padding=True,
                       return_tensors="pt")  # fmt: skip
    with torch.inference_mode():
        out = model(**inputs)
    cosines = torch.nn.functional.cosine_similarity(out.audio_embeds, out.text_embeds)
    assert [claim.label for claim in weak.claims] == [f"ears/{text}" for text in LABELS]
    assert [claim.score for claim in weak.claims] == pytest.approx(cosines.tolist(), abs=1e-5)
    assert {(claim.text, claim.kind) for claim in weak.claims} == {("", "score")}
    assert all(claim.rank is not None and 0 <= claim.rank <= 1 for claim in weak.claims)


def test_clap_hears_all_of_a_long_clip_and_nothing_at_random(clap: Path) -> None:
    captioner = ready(ClapTags, clap, labels=LABELS)
    media = clip(HZ, 5.0, 1)
    assert captioner.sounds(media.audio[HZ]).shape == (3, 16)
    assert same(captioner.caption([media])[0], captioner.caption([media])[0])


def test_clap_of_the_fused_kind_draws_nothing_at_random_either(clap: Path, tmp_path: Path) -> None:
    config = ClapConfig.from_pretrained(clap)
    config.audio_config.enable_fusion, config.audio_config.fusion_type = True, None
    torch.manual_seed(1)
    ClapModel(config).save_pretrained(tmp_path)
    front = ClapFeatureExtractor(truncation="fusion", padding="repeatpad", max_length_s=2)
    ClapProcessor(front, _roberta(tmp_path)).save_pretrained(tmp_path)
    captioner = ready(ClapTags, tmp_path, labels=LABELS)
    samples = noise(HZ, 5.0, 1)
    answers = [captioner.sounds(samples) for _ in range(8)]
    assert all(torch.equal(answer, answers[0]) for answer in answers)


def test_clap_makes_no_window_of_a_rest(clap: Path) -> None:
    captioner = ready(ClapTags, clap, labels=LABELS)
    samples = noise(HZ, 3.0, 1)
    vectors = captioner.sounds(samples[: 2 * HZ + 1])
    assert len(vectors) == 2
    torch.testing.assert_close(vectors[1:], captioner.sounds(samples[1 : 2 * HZ + 1]))


def test_clap_s_default_labels_are_audioset_s_clauses(clap: Path) -> None:
    captioner = ready(ClapTags, clap)
    clauses = [clause for _, clause, _ in captioner._labels]
    assert len(clauses) == len(set(clauses)) > 300 and "a dog barks" in clauses


@pytest.mark.parametrize(
    ("kind", "hz", "options"),
    [
        (AstTags, 16_000, {}),
        (ClapTags, HZ, {"labels": LABELS}),
        (ClapScores, HZ, {}),
    ],
)
def test_a_clip_s_answer_hangs_on_no_neighbour(
    kind: type[Captioner], hz: int, options: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    names = {AstTags: "ast", ClapTags: "clap", ClapScores: "clap"}
    captioner = ready(kind, request.getfixturevalue(names[kind]), **options)
    one_by_one, together = alone_and_together(captioner, hz)
    assert all(same(a, b) for a, b in zip(one_by_one, together, strict=True))
    assert len({weak.text for weak in together} | {str(weak.claims) for weak in together}) > 1


@pytest.mark.parametrize("kind", [AstTags, ClapTags, ClapScores])
def test_no_sound_is_refused_and_wrong_options_are_told(
    kind: type[Captioner], request: pytest.FixtureRequest
) -> None:
    names = {AstTags: "ast", ClapTags: "clap", ClapScores: "clap"}
    refuses_what_it_must(kind, ready(kind, request.getfixturevalue(names[kind])))


@pytest.mark.parametrize("kind", [AstTags, ClapTags])
def test_what_is_known_of_the_default_weights_is_told(kind: type[Captioner]) -> None:
    (name,) = kind.packs_of({})
    assert name.startswith("hub:") and terms(name).outputs_train is True
