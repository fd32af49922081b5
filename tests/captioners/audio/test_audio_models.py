"""AST, CLAP and Whisper of transformers on tiny checkpoints with random weights: what is done is compared
with transformers' own pipelines and models on the same sound."""

import json
import string
from dataclasses import replace
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
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
    pipeline,
)

from captioners.audio._sound import windows
from captioners.audio._speech import voiced_of
from captioners.audio.ast_tags import AstTags
from captioners.audio.whisper_large import Segment, WhisperLarge, _is_speech
from captioners.contract import Captioner
from captioners.scorers.clap import HZ, ClapScores, ClapTags
from captioners.weights.models import Models, terms
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media

pytestmark = pytest.mark.models

LABELS = ["a dog barks", "rain falls", "a man speaks", "music plays"]
_AST_LABELS = ["Speech", "Dog", "Music", "Rain", "No class of AudioSet"]


def noise(hz: int, seconds: float, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Seeded noise whose colour hangs on the seed."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=int(hz * seconds))
    width = 1 + seed % 7
    return (np.convolve(samples, np.ones(width) / width, "same") * 0.2).astype(np.float32)


def clip(hz: int, seconds: float, seed: int = 0) -> Media:
    audio = {hz: noise(hz, seconds, seed)}
    return Media(f"{seed:032x}", "h" * 64, int(seconds * 1000), audio=audio)


def told(media: Media) -> Media:
    """The clip with some statements of another captioner, fewer or more by its number."""
    texts = LABELS[: 1 + int(media.clip_id, 16) % len(LABELS)]
    claims = tuple(Claim(text, text, "caption", "audio", 1.0) for text in texts)
    said = {"ears": WeakCaption(media.clip_id, media.content_hash, "ears", claims=claims)}
    return replace(media, said=said)


def ready(kind: type[Captioner], checkpoint: Path, **options: Any) -> Any:
    captioner = kind("it", Models(), {"model": str(checkpoint), **options})
    captioner.load()
    return captioner


def alone_and_together(
    captioner: Captioner, hz: int
) -> tuple[list[WeakCaption], list[WeakCaption]]:
    """The same eight clips of different lengths one by one, and in one batch."""
    clips = [told(clip(hz, 0.5 + seed, seed)) for seed in range(8)]
    return [captioner.caption([one])[0] for one in clips], captioner.caption(clips)


def same(one: WeakCaption, other: WeakCaption) -> bool:
    """Whether two weak captions say the same, scores to 1e-5."""
    plain = (one.clip_id, one.text, one.transcript, one.language)
    if plain != (other.clip_id, other.text, other.transcript, other.language):
        return False
    pairs = list(zip(one.claims, other.claims, strict=True))
    return all(
        a.label == b.label and a.spans == b.spans and abs(a.score - b.score) < 1e-5
        for a, b in pairs
    )


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


def _whisper_tokenizer(folder: Path) -> WhisperTokenizer:
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    plain = [*string.ascii_lowercase, "Ġ", *"ĠABC.,"][:33]
    special = ["<|endoftext|>", "<|startoftranscript|>"]
    special += [f"<|{code}|>" for code in list(LANGUAGES)[:99]]
    special += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
                "<|nospeech|>", "<|notimestamps|>"]  # fmt: skip
    vocab = {token: i for i, token in enumerate(dict.fromkeys([*plain, "<|endoftext|>"]))}
    tokenizer = WhisperTokenizer(vocab=vocab, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": special[1:]})
    tokenizer.add_tokens([f"<|{n * 0.02:.2f}|>" for n in range(1501)])
    return tokenizer


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper")
    tokenizer = _whisper_tokenizer(folder)
    ids = tokenizer.convert_tokens_to_ids
    torch.manual_seed(5)
    config = WhisperConfig(
        vocab_size=len(tokenizer), d_model=32, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
        num_mel_bins=80, max_target_positions=64, decoder_start_token_id=ids("<|startoftranscript|>"),
        eos_token_id=ids("<|endoftext|>"), bos_token_id=ids("<|endoftext|>"),
        pad_token_id=ids("<|endoftext|>"), begin_suppress_tokens=None, suppress_tokens=None,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    with torch.no_grad():  # letters are likely, and which one hangs on the sound
        model.model.decoder.embed_tokens.weight.normal_(std=0.3)
        model.model.decoder.embed_tokens.weight[:32].normal_(std=2.0)
        model.model.decoder.layers[0].encoder_attn.out_proj.weight.normal_(std=2.0)
    codes = [
        t for t in tokenizer.get_vocab() if len(t) <= 8 and t.startswith("<|") and t[2:-2].isalpha()
    ]
    generation = model.generation_config
    generation.lang_to_id = {code: ids(code) for code in codes}
    generation.task_to_id = {task: ids(f"<|{task}|>") for task in ("transcribe", "translate")}
    generation.no_timestamps_token_id = ids("<|notimestamps|>")
    generation._from_model_config = False  # else it is made anew at loading
    generation.is_multilingual = True
    generation.max_length = 40
    generation.return_timestamps = True
    model.save_pretrained(folder)
    WhisperProcessor(WhisperFeatureExtractor(), tokenizer).save_pretrained(folder)
    return folder


def test_whisper_s_words_hang_on_no_neighbour(whisper: Path) -> None:
    captioner = ready(WhisperLarge, whisper)
    sounds = [noise(16_000, 0.5 + 2 * seed, seed) for seed in range(8)]
    together = captioner.transcribe(sounds)
    assert len({str(said) for said in together}) > 1
    for window, (language, segments) in zip(sounds, together, strict=True):
        ((alone, by_itself),) = captioner.transcribe([window])
        assert alone == language
        for one, other in zip(by_itself, segments, strict=True):
            assert (one.text, one.start, one.end) == (other.text, other.start, other.end)
            assert one.logprob == pytest.approx(other.logprob, abs=1e-5)


def test_whisper_writes_what_the_pipeline_writes(whisper: Path) -> None:
    captioner = ready(WhisperLarge, whisper)
    theirs = pipeline("automatic-speech-recognition", model=str(whisper))
    for seed in range(4):
        samples = noise(16_000, 3.0, seed)
        ((language, segments),) = captioner.transcribe([samples])
        kwargs = {"language": language, "task": "transcribe", "num_beams": 1, "do_sample": False}
        said = theirs(samples, return_timestamps=True, generate_kwargs=kwargs)
        assert "".join(s.text for s in segments).strip() == said["text"].strip()
        assert said["text"].strip() and len(language) in (2, 3)
        assert all(segment.logprob < 0 for segment in segments)


def _voice(*spans: tuple[int, int], score: float = 0.99) -> dict[str, WeakCaption]:
    claim = Claim("Speech", "a person speaks", "speech", "audio", score, spans)
    return {"silero": WeakCaption("c" * 32, "d" * 64, "silero", claims=(claim,))}


def test_whisper_s_language_is_that_of_the_spans_with_speech(whisper: Path) -> None:
    captioner = ready(WhisperLarge, whisper)
    differed = 0
    for seed in range(4):
        music, voice = noise(16_000, 3.0, seed), noise(16_000, 2.0, seed + 50) / 20
        sound = np.concatenate([music, voice])
        features = captioner._features([voice]).input_features
        (((language, probability), _),) = captioner._heard(features)
        media = Media("c" * 32, "d" * 64, 5_000, audio={16_000: sound}, said=_voice((3_000, 5_000)))
        assert captioner._languages_of([media], [voiced_of(media.said)]) == {
            0: (language, pytest.approx(probability, abs=1e-4))
        }
        (((_, of_all), _),) = captioner._heard(captioner._features([sound]).input_features)
        differed += abs(of_all - probability) > 1e-3
    assert differed, "the whole sound would have told the same"


def test_whisper_s_language_is_one_of_those_asked_for(whisper: Path) -> None:
    captioner = ready(WhisperLarge, whisper, languages=["fr", "en"])
    sounds = [noise(16_000, 2.0, seed) for seed in range(8)]
    assert {language for language, _ in captioner.transcribe(sounds)} <= {"fr", "en"}
    free = ready(WhisperLarge, whisper)
    assert {language for language, _ in free.transcribe(sounds)} - {"fr", "en"}
    with pytest.raises(ValueError, match="languages names xx"):
        ready(WhisperLarge, whisper, languages=["xx"])


def test_whisper_drops_text_where_nobody_heard_a_voice(
    whisper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captioner = ready(WhisperLarge, whisper)
    segments = [
        Segment(" Rain falls.", 0.0, 2.0, -0.3, 0.1),
        Segment(" The train leaves.", 3.0, 5.0, -0.3, 0.1),
        Segment(" Thanks for watching!", 3.0, 5.0, -0.3, 0.1),
        Segment(" Thank you.", 4.0, 5.0, -0.9, 0.1),
    ]
    again = [Segment(" A bell rings.", 0.0, 1.0, -0.3, 0.1)]
    passes = [[(("en", 0.9), segments)], [(("en", 0.9), again)]]
    monkeypatch.setattr(captioner, "_transcribe", lambda *_: passes.pop(0))
    sound = noise(16_000, 5.0, 1)
    media = Media("c" * 32, "d" * 64, 5_000, audio={16_000: sound}, said=_voice((3_000, 5_000)))
    (weak,) = captioner.caption([media])
    assert weak.transcript == "The train leaves." and weak.claims[0].spans == ((3_000, 5_000),)
    assert weak.language is not None and 0 < (weak.language_probability or 0) <= 1


def test_whisper_s_language_and_no_speech_are_the_library_s(whisper: Path) -> None:
    captioner = ready(WhisperLarge, whisper)
    for seed in range(4):
        samples = noise(16_000, 2.0, seed)
        ((language, segments),) = captioner.transcribe([samples])
        features = WhisperFeatureExtractor()(samples, sampling_rate=16_000, return_tensors="pt")
        model = WhisperForConditionalGeneration.from_pretrained(whisper)
        guessed = model.detect_language(features.input_features)
        assert model.generation_config.lang_to_id[f"<|{language}|>"] == int(guessed)
        start = torch.tensor([[model.config.decoder_start_token_id]])
        nospeech = captioner._processor.tokenizer.convert_tokens_to_ids("<|nospeech|>")
        with torch.inference_mode():
            logits = model(features.input_features, decoder_input_ids=start).logits[0, -1]
        theirs = float(logits.softmax(-1)[nospeech])
        assert segments
        assert [s.no_speech for s in segments] == pytest.approx([theirs] * len(segments), rel=1e-4)


GOOD = Segment(" Yes, this is said.", 0.5, 2.0, logprob=-0.3, no_speech=0.1)


@pytest.mark.parametrize(
    "odd",
    [
        {"start": 3.0, "end": 4.0},
        {"no_speech": 0.66},
        {"logprob": -1.1},
        {"text": " la la" * 40},
        {"text": ""},
    ],
)
def test_a_segment_that_looks_invented_is_dropped(odd: dict[str, Any]) -> None:
    assert _is_speech(GOOD, 3.0)
    assert not _is_speech(replace(GOOD, **odd), 3.0)


@pytest.mark.parametrize(
    ("count", "starts"),
    [(1, [0]), (480_000, [0]), (480_013, [0]), (481_600, [0]), (482_000, [0, 480_000])],
)
def test_a_rest_that_holds_no_word_is_not_read(
    whisper: Path, count: int, starts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    captioner = ready(WhisperLarge, whisper)
    read: list[int] = []
    transcribe = captioner._transcribe
    monkeypatch.setattr(
        captioner,
        "_transcribe",
        lambda windows, known: read.extend(map(len, windows)) or transcribe(windows, known),
    )
    media = Media("c" * 32, "h" * 64, count // 16, audio={16_000: np.zeros(count, np.float32)})
    captioner.caption([media])
    assert read == [min(480_000, count - start) for start in starts]


def test_a_whisper_of_english_only_is_refused(whisper: Path, tmp_path: Path) -> None:
    for file in whisper.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    generation = json.loads((tmp_path / "generation_config.json").read_text())
    del generation["lang_to_id"]
    (tmp_path / "generation_config.json").write_text(json.dumps(generation))
    with pytest.raises(ValueError, match="is no multilingual Whisper"):
        ready(WhisperLarge, tmp_path)


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


@pytest.mark.parametrize("kind", [AstTags, ClapTags, ClapScores, WhisperLarge])
def test_no_sound_is_refused_and_wrong_options_are_told(
    kind: type[Captioner], request: pytest.FixtureRequest
) -> None:
    with pytest.raises(ValueError, match=r"options of it: wrong: .*allowed: model"):
        kind("it", Models(), {"wrong": 1})
    names = {AstTags: "ast", ClapTags: "clap", ClapScores: "clap", WhisperLarge: "whisper"}
    captioner = ready(kind, request.getfixturevalue(names[kind]))
    (hz,) = [captioner.needs.audio_hz]
    silent = Media("c" * 32, "h" * 64, 0, audio={hz: np.zeros(0, np.float32)})
    with pytest.raises(ValueError, match="has no sound"):
        captioner.caption([silent])


@pytest.mark.parametrize("kind", [AstTags, ClapTags, WhisperLarge])
def test_what_is_known_of_the_default_weights_is_told(kind: type[Captioner]) -> None:
    (name,) = kind.packs_of({})
    assert name.startswith("hub:") and terms(name).outputs_train is True
