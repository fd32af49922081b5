"""Clotho's sounds are found though names were changed on their way."""

import os
import unicodedata
from pathlib import Path

import pytest

from pipelines.evaluate.items import Item
from pipelines.evaluate.readers.clotho import clotho

HEADER = "file_name,caption_1,caption_2,caption_3,caption_4,caption_5\n"


def _items(folder: Path, names: list[str], *files: str) -> tuple[Item, ...]:
    listed = folder / "clotho_captions_evaluation.csv"
    rows = [f'"{name}",' + ",".join(f"Sound {n}" for n in range(5)) for name in names]
    listed.write_text(HEADER + "\n".join(rows), "utf-8")
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return clotho(listed, folder).items


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Santa Motor.wav", "evaluation/Santa Motor.wav"),
        ("20080416.buses.wav", "evaluation/20080416.buses.wav"),
        ("Footsteps: 1, gravel.wav", "evaluation/Footsteps_ 1, gravel.wav"),
        ("two  spaces .wav", "evaluation/two spaces.wav"),
        ("caf\u00e9 Z\u00fcrich.wav", unicodedata.normalize("NFD", "caf\u00e9 Z\u00fcrich.wav")),
        ("Door.wav ", "Door.wav"),
        ("BIRDS.wav", "birds.wav"),
    ],
)
def test_a_sound_is_found_by_its_name_or_its_letters(name: str, file: str, tmp_path: Path) -> None:
    (item,) = _items(tmp_path, [name], file)
    assert item.sound == os.fsencode(tmp_path / file)
    assert item.captions == tuple(f"Sound {n}" for n in range(5))


def test_letters_that_two_files_share_are_no_name(tmp_path: Path) -> None:
    (item,) = _items(tmp_path, ["a:b.wav"], "a_b.wav", "a-b.wav")
    assert item.sound is None


def test_of_equal_names_that_of_the_split_is_taken(tmp_path: Path) -> None:
    (item,) = _items(tmp_path, ["a.wav"], "development/a.wav", "evaluation/a.wav")
    assert item.sound == os.fsencode(tmp_path / "evaluation" / "a.wav")


def test_a_path_out_of_the_folder_is_only_a_name(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").touch()
    (tmp_path / "set").mkdir()
    (item,) = _items(tmp_path / "set", ["../secret.wav"])
    assert item.sound is None
