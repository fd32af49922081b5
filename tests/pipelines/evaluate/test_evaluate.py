"""An encoder that knows tones and colours, measured on small files made for it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from captioners.encoder.encoder import Batch, Vectors
from engine.media.ffmpeg import run
from pipelines.evaluate import report
from pipelines.evaluate.evaluate import Evaluation, Zeroshot, evaluate
from pipelines.evaluate.items import SetError
from pipelines.evaluate.readers.choice import read_set
from tests.mediazoo.kitchen import AAC, X264, picture, silence, tone
from tests.pipelines.evaluate.fake import COLOURS, TONES, FakeEncoder

pytestmark = pytest.mark.run

PLACES = tuple(zip(TONES, COLOURS, strict=True))
ODD = "two words \N{DOG FACE} 100%25 [a]*.mp4"


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films of a tone and a colour each; broken, silent, short, long and oddly named files."""
    folder = tmp_path_factory.mktemp("media")
    for sound, colour in PLACES:
        options = [*picture(colour), *tone(TONES[sound]), *X264, *AAC]
        run([*options, f"file:{folder / colour}.mp4"])
    (folder / ODD).write_bytes((folder / "green.mp4").read_bytes())
    run([*tone(800, 0.01), f"file:{folder / '10 ms.wav'}"])
    run([*tone(800, 0.05), f"file:{folder / '50 ms.wav'}"])
    run([*tone(800, 33), f"file:{folder / 'long.wav'}"])
    run([*silence(), f"file:{folder / 'silent.wav'}"])
    run([*tone(200), f"file:{folder / 'sound.flac'}"])
    run([*picture("blue"), *X264, f"file:{folder / 'mute.mp4'}"])
    whole = (folder / "red.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "text.wav").write_text("no sound")
    (folder / "empty.wav").touch()
    return folder


def _measured(folder: Path, rows: Sequence[dict[str, Any]], **options: Any) -> Evaluation:
    listed = folder / "set.jsonl"
    listed.write_text("\n".join(map(json.dumps, rows)))
    encoder = options.pop("encoder", None) or FakeEncoder()
    return evaluate(read_set(listed), encoder, "fake", Zeroshot(**options))


def _films() -> list[dict[str, Any]]:
    return [{"file": f"{c}.mp4", "caption": [f"a {s} tone", f"it is {c}"]} for s, c in PLACES]


def test_every_direction_is_measured(media: Path) -> None:
    done = _measured(media, _films())
    assert [(each.query, each.item) for each in done.directions] == [
        *((q, i) for m in ("audio", "video", "audio_video") for q, i in (("text", m), (m, "text"))),
        ("audio", "video"),
        ("video", "audio"),
    ]
    both = next(each.plain for each in done.directions if each.item == "audio_video")
    assert (both.queries, both.items, both.recalls[1], both.median_rank) == (6, 3, 1.0, 1.0)
    across = done.directions[-1].plain
    assert (across.queries, across.items, across.recalls[1]) == (3, 3, 1.0)


def test_what_cannot_be_embedded_is_told_and_harms_nothing(media: Path) -> None:
    names = ["cut.mp4", "text.wav", "empty.wav", "gone.wav", "10 ms.wav", "50 ms.wav", ODD]
    names += ["silent.wav", "long.wav", "mute.mp4"]
    odd = [{"file": name, "caption": "a middle tone"} for name in names]
    done = _measured(media, [*_films(), *odd])
    assert {each.name: each.reason for each in done.clips.problems} == {
        "cut.mp4": "truncated",
        "text.wav": "not_media",
        "empty.wav": "empty_file",
        "gone.wav": "missing",
        "10 ms.wav": "not embedded",
    }
    assert (done.clips.silent, done.clips.short, done.clips.longer) == (1, 2, 1)
    assert max(done.clips.audio_ms) == 31_000
    assert len(done.clips.items["audio"]) == 7
    assert len(done.clips.items["video"]) == 5
    told = report.to_json(done)
    assert told["embedded"]["clips"] == 8
    assert told["embedded"]["longest_ms"] == 31_000
    assert [p["clip"] for p in told["problems"]] == names[:5]


def test_one_caption_of_several_clips_is_answered_by_each(media: Path) -> None:
    rows = [{"file": name, "caption": "a middle tone."} for name in ("green.mp4", ODD)]
    rows.append({"file": "sound.flac", "caption": "a low tone"})
    done = _measured(media, rows)
    text_to_audio, audio_to_text = done.directions[:2]
    assert text_to_audio.plain.recalls[1] == audio_to_text.plain.recalls[1] == 1.0
    assert text_to_audio.plain.mean_average_precision == 1.0


def test_a_span_of_a_file_is_a_clip_of_its_own(media: Path, tmp_path: Path) -> None:
    joined = tmp_path / "joined.wav"
    graph = "[0][1]concat=n=2:v=0:a=1"
    run([*tone(200, 3), *tone(2000, 3), "-filter_complex", graph, f"file:{joined}"])
    rows: list[dict[str, Any]] = [
        {"file": "joined.wav", "caption": "a low tone", "end": 2.5},
        {"file": "joined.wav", "caption": "a high tone", "start": "3.5", "end": "6"},
        {"file": "joined.wav", "caption": "what never was", "start": 60},
    ]
    done = _measured(tmp_path, rows)
    assert done.directions[0].plain.recalls[1] == 1.0
    assert done.clips.audio_ms == [2500, 2500]
    (problem,) = done.clips.problems
    assert "it ends at 6 s, before the clip begins at 60 s" in problem.message


def test_classes_need_no_training(media: Path, tmp_path: Path) -> None:
    rows = [{"file": f"{c}.mp4", "label": c} for c in COLOURS]
    (tmp_path / "templates.txt").write_text("a {} thing\nit is {}\n")
    done = _measured(media, rows, templates=tmp_path / "templates.txt")
    accuracies = {each.medium: each.accuracies[1] for each in done.classifications}
    assert accuracies == {"audio": 1.0, "video": 1.0, "audio_video": 1.0}
    assert all(each.mean_average_precision is None for each in done.classifications)
    assert [(e.clips, e.classes, e.templates) for e in done.classifications] == [(3, 3, 2)] * 3


def test_several_labels_have_a_mean_average_precision(media: Path) -> None:
    done = _measured(media, [{"file": f"{c}.mp4", "label": [s, c]} for s, c in PLACES])
    both = done.classifications[-1]
    assert both.classes == 6
    assert (both.accuracies[1], both.mean_average_precision) == (1.0, 1.0)


def test_sound_and_picture_may_be_two_files(media: Path, tmp_path: Path) -> None:
    for folder, name, source in (("audio", "x.flac", "sound.flac"), ("video", "x.mp4", "mute.mp4")):
        (tmp_path / folder).mkdir()
        name = name.replace("x", "abcdefghij-")
        (tmp_path / folder / name).write_bytes((media / source).read_bytes())
    (tmp_path / "test.csv").write_text(
        "audiocap_id,youtube_id,start_time,caption\n1,abcdefghij-,30,a low tone"
    )
    done = evaluate(read_set(tmp_path / "test.csv"), FakeEncoder(), "fake")
    assert done.clips.problems == []
    vector = done.clips.vectors["audio_video"][0]
    assert (vector[:3].argmax(), vector[3:].argmax()) == (0, 2)


class _Nan(FakeEncoder):
    def media(self, batch: Batch) -> Vectors:
        made = super().media(batch)
        made.embeddings["audio"][0] = torch.nan
        return made


def test_a_vector_that_is_no_number_is_told(media: Path) -> None:
    done = _measured(media, _films(), encoder=_Nan())
    assert [each.message for each in done.clips.problems] == [
        "its audio vector holds what is no number"
    ]
    assert done.clips.items["audio"] == [1, 2]
    assert np.isfinite(done.clips.vectors["audio"]).all()


def test_a_set_of_which_nothing_can_be_read_is_told(media: Path) -> None:
    with pytest.raises(SetError, match=r"none of its 2 clips could be embedded.*no such file"):
        _measured(media, [{"file": "a.wav", "caption": "x"}, {"file": "b.wav", "caption": "x"}])


def test_a_set_without_anything_to_compare_is_told(media: Path) -> None:
    with pytest.raises(SetError, match="nothing to compare"):
        _measured(media, [{"file": "sound.flac"}])


def test_people_see_figures_and_problems(media: Path) -> None:
    shown = report.text(_measured(media, [*_films(), {"file": "gone.wav", "caption": "x"}]))
    assert "set.jsonl (manifest), encoder fake: 3 of 4 clips embedded" in shown
    assert "  3 with sound, 3 with a picture, 3 with both" in shown
    assert "  problems: 1 missing\n    gone.wav: missing: no such file" in shown
    (row,) = [line for line in shown.splitlines() if line.startswith("text -> audio_video")]
    assert row.split()[3:9] == ["6", "3", "100.0", "100.0", "100.0", "1"]
    assert "* transductive" in shown
