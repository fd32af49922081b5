"""Whisper of transformers on tiny checkpoints with random weights: what is done is compared
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
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
    pipeline,
)

from captioners.audio._speech import voiced_of
from captioners.audio.whisper_large import Segment, WhisperLarge, _is_speech
from captioners.weights.models import terms
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media
from tests.captioners.listening import (
    noise,
    ready,
    refuses_what_it_must,
)

pytestmark = pytest.mark.models


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


def test_no_sound_is_refused_and_wrong_options_are_told(whisper: Path) -> None:
    refuses_what_it_must(WhisperLarge, ready(WhisperLarge, whisper))


def test_what_is_known_of_the_default_weights_is_told() -> None:
    (name,) = WhisperLarge.packs_of({})
    assert name.startswith("hub:") and terms(name).outputs_train is True
