"""Speech in the folders of VCTK, with the gaps that it has."""

import os
from pathlib import Path

import pytest

from pipelines.evaluate.items import Set, SetError
from pipelines.evaluate.readers.vctk import vctk


def _read(folder: Path, sounds: list[str], texts: dict[str, bytes]) -> Set:
    for path in sounds:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    (folder / "txt").mkdir(exist_ok=True)
    for name, text in texts.items():
        path = folder / "txt" / name[:4] / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    return vctk(folder)


def _names(read: Set) -> dict[str, str | None]:
    return {i.name: i.sound and os.fsdecode(os.path.basename(i.sound)) for i in read.items}


def test_the_second_microphone_counts_or_the_first(tmp_path: Path) -> None:
    folder = "wav48_silence_trimmed"
    sounds = [f"{folder}/p225/p225_001_mic{n}.flac" for n in (1, 2)]
    sounds.append(f"{folder}/p280/p280_001_mic1.flac")
    read = _read(tmp_path, sounds, {"p225_001": b"Please call Stella.\n", "p280_001": b"Ask her"})
    assert _names(read) == {
        "p225/p225_001": "p225_001_mic2.flac",
        "p280/p280_001": "p280_001_mic1.flac",
    }
    assert [item.captions for item in read.items] == [("Please call Stella.",), ("Ask her",)]
    assert read.notes == ()


def test_lost_transcripts_and_recordings_are_told(tmp_path: Path) -> None:
    sounds = ["wav48/p315/p315_001.wav", "wav48/p315/p315_002.wav", "wav48/p225/p225_001.wav"]
    texts = {"p225_001": b"Please call Stella.", "p362_001": b"Ask her", "p225_002": b" \n"}
    read = _read(tmp_path, sounds, texts)
    assert _names(read) == {"p225/p225_001": "p225_001.wav", "p362/p362_001": None}
    assert read.notes == (
        "transcripts that are empty or no text: 1",
        "recordings without a transcript: 2",
    )


def test_trimmed_recordings_come_before_the_others(tmp_path: Path) -> None:
    sounds = ["wav48/p225/p225_001.wav", "wav48_silence_trimmed/p225/p225_001_mic2.flac"]
    assert _names(_read(tmp_path, sounds, {"p225_001": b"Ask"})) == {
        "p225/p225_001": "p225_001_mic2.flac"
    }


def test_the_corpus_may_lie_one_folder_deeper(tmp_path: Path) -> None:
    inside = tmp_path / "VCTK-Corpus-0.92"
    inside.mkdir()
    _read(inside, ["wav48/p225/p225_001.wav"], {"p225_001": b"Ask"})
    assert len(vctk(tmp_path).items) == 1


def test_transcripts_in_other_encodings_and_none_at_all(tmp_path: Path) -> None:
    texts = {"p225_001": "Ask caf\u00e9".encode("utf-16"), "p225_002": bytes(range(256)) * 400}
    read = _read(tmp_path, ["wav48/p225/p225_001.wav"], texts)
    assert [item.captions for item in read.items] == [("Ask caf\u00e9",)]


def test_another_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetError, match=r"no folders txt and wav48\*"):
        vctk(tmp_path)
