"""Examples come from workspaces by clip_id; sources are held out whole; weights follow their rules."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captioners.encoder.task import CAPTION_KINDS
from manifests.ids import path_of
from manifests.sources.list import ListError
from pipelines.train import examples as of
from pipelines.train.captions import Texts
from pipelines.train.card import terms
from pipelines.train.examples import examples, from_line, is_held_out, mixed, to_line, weights
from pipelines.train.real import real_captions
from pipelines.train.recipe import UpSampling
from pipelines.train.workspaces import Job
from tests.manifests.made import (
    FILTERED,
    JOB,
    PER_SHARD,
    QUARANTINED,
    SHARDS,
    Made,
    make,
)
from tests.pipelines.train.made import CLIPS, example


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The captions of a made-up workspace."""
    return _job(make(tmp_path / "work"))


def _job(made: Made) -> Job:
    class Status:
        digest, cut = JOB, "c" * 16

    return Job(made.workspace, made.state, Status())  # type: ignore[arg-type]


def test_captioned_clips_are_examples_and_others_are_not(job: Job) -> None:
    captions = {row["clip_id"]: row for row in job.captions()}
    made = examples([job], {})
    assert [each.clip_id for each in made] == sorted(captions)
    assert len(made) == SHARDS * (PER_SHARD - len({FILTERED, QUARANTINED}))
    for each in made:
        row = captions[each.clip_id]
        assert {kind: texts[0] for kind, texts in each.texts.synthetic.items()} == {
            kind: row[kind] for kind in CAPTION_KINDS
        }
        assert each.texts.transcript == row["transcript"]
        assert (each.content_hash, each.licence) == (row["content_hash"], "Apache-2.0")


def test_a_clip_of_two_workspaces_is_one_example(job: Job, tmp_path: Path) -> None:
    other = _job(make(tmp_path / "other"))
    assert examples([job, other], {}) == examples([job], {})


def test_variants_stand_behind_their_caption(job: Job) -> None:
    row = {
        **next(job.captions()),
        "variants": [
            {"caption": "audio_caption", "style": "brief", "text": "Sound."},
            {"caption": "visual_caption", "style": "brief", "text": "Thing."},
        ],
    }
    texts = of.captions_of(row, row["variants"])
    assert texts["audio_caption"] == (row["audio_caption"], "Sound.")
    assert texts["visual_caption"] == (row["visual_caption"], "Thing.")


def test_an_example_is_the_same_after_it_was_stored(job: Job) -> None:
    made = examples([job], {})
    assert [from_line(to_line(each)) for each in made] == made


def test_sources_are_held_out_whole() -> None:
    clips = [example(number) for number in range(2000)]
    held = {clip.content_hash for clip in clips if is_held_out(clip, 0.1)}
    assert 150 < len(held) < 250
    other_spans = [replace(clip, clip_id="f" * 32) for clip in clips]
    assert {clip.content_hash for clip in other_spans if is_held_out(clip, 0.1)} == held
    assert not any(is_held_out(clip, 0.0) for clip in clips)


def test_speech_and_rare_concepts_come_more_often() -> None:
    spoken = Texts({"audio_caption": ("A man speaks.",)}, {}, transcript="hello")
    clips = [example(number, concepts=("dog",)) for number in range(96)]
    clips += [example(96, texts=spoken, language="en", concepts=("dog",))]
    clips += [example(97, texts=spoken, language="de", concepts=())]
    clips += [example(98, concepts=("dog", "yak")), example(99, concepts=("gnu",))]
    rules = UpSampling(speech=2, languages=("en",), rare=0.09, most=2.5)
    factors = weights(clips, rules)
    assert factors[:96].tolist() == [1.0] * 96
    assert factors[96:].tolist() == pytest.approx([2.0, 1.0, 2.5, 2.5])
    assert weights(clips, rules.model_copy(update={"most": 9.0}))[98] == pytest.approx(3.0)


@pytest.mark.parametrize("with_real", [2, 20])
@pytest.mark.parametrize(("real", "synthetic"), [(1, 10), (1, 1), (0, 1)])
def test_real_and_synthetic_rows_are_in_their_ratio(
    with_real: int, real: float, synthetic: float
) -> None:
    texts = Texts({}, {"audio_caption": ("Dog.",)})
    clips = [example(n, **({"texts": texts} if n < with_real else {})) for n in range(CLIPS)]
    factors, often = mixed(clips, np.ones(CLIPS), real, synthetic)
    share = often * factors[:with_real].sum() / factors.sum()
    assert share == pytest.approx(real / (real + synthetic))
    assert (factors >= 1).all()


def test_without_real_captions_nothing_changes() -> None:
    factors, often = mixed([example(1), example(2)], np.array([1.0, 3.0]), 1, 10)
    assert (factors.tolist(), often) == ([1.0, 3.0], 0.0)


def test_terms_that_forbid_training_are_told() -> None:
    clips = [example(1, outputs_train=False), example(2, outputs_train=None), example(3)]
    licences, warnings = terms(clips)
    assert licences == {"Apache-2.0": 3}
    assert warnings[0].startswith("1 clip") and "do not let" in warnings[0]
    assert "not known" in warnings[1]


def _whole(made: Made) -> dict[str, str]:
    """Makes the first clip of each source all of it; clip ids by the path of their source."""
    places = {}

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows:
            row["whole"] = row["start_ms"] == 0
            if row["whole"]:
                places[path_of(row["uri"]).decode("utf-8", "surrogateescape")] = row["clip_id"]
        return rows

    made.edit("clips", change)
    return places


def test_a_list_gives_whole_clips_captions_by_people(tmp_path: Path) -> None:
    made = make(tmp_path / "work")
    places = _whole(made)
    (tmp_path / "real.jsonl").write_text("")
    first, second = sorted(places)[:2]
    rows = [
        {"file": first, "caption": "A dog.", "kind": "audio"},
        {"file": first, "caption": ["Dog.", "Barks."], "kind": "audio"},
        {"file": second, "caption": "A cat purrs.", "kind": None},
        {"file": "/elsewhere.wav", "caption": "A cow.", "kind": "audio"},
    ]
    listed = tmp_path / "real.jsonl"
    listed.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    real, missing = real_captions(listed, [_job(made)])
    assert real == {
        places[first]: {"audio_caption": ("A dog.", "Dog.", "Barks.")},
        places[second]: {"audio_visual_caption": ("A cat purrs.",)},
    }
    assert missing == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"file": "a.wav", "caption": "Dog.", "kind": "smell"}, "kind is 'smell'"),
        ({"file": "a.wav", "caption": "Dog.", "kind": ["audio"]}, "kind is"),
        ({"file": "", "caption": "Dog."}, "no file"),
        ({"file": "a\0b", "caption": "Dog."}, "zero byte"),
        ({"file": "a.wav", "caption": {"a": 1}}, "not text"),
    ],
)
def test_a_wrong_row_of_the_list_is_named(
    row: dict[str, Any], reason: str, job: Job, tmp_path: Path
) -> None:
    listed = tmp_path / "real.jsonl"
    rows = [{"file": "b.wav", "caption": "Fine.", "kind": "audio"}, row]
    listed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(ListError, match=f"row 2: .*{reason}"):
        real_captions(listed, [job])


def test_captions_of_no_clip_are_no_example() -> None:
    with pytest.raises(of.ExampleError, match="no clip"):
        examples([], {})
