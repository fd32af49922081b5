"""The reader of a set follows from its columns and folders."""

from pathlib import Path

import pytest

from manifests.errors import UserError
from pipelines.evaluate.readers.choice import read_set


@pytest.mark.parametrize(
    ("header", "row", "reader"),
    [
        ("audiocap_id,youtube_id,start_time,caption", "1,7fmOlUlwoNg,20,x", "audiocaps"),
        ("file_name,caption_1,caption_2", "a.wav,x,y", "clotho"),
        ("file,caption", "a.wav,x", "manifest"),
        ("file,youtube_id,caption", "a.wav,7fmOlUlwoNg,x", "manifest"),
        ("file,label,start", "a.wav,x,1", "manifest"),
    ],
)
def test_columns_tell(header: str, row: str, reader: str, tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text(f"{header}\n{row}\n")
    assert read_set(tmp_path / "set.csv").reader == reader


def test_folders_tell(tmp_path: Path) -> None:
    (tmp_path / "wav48").mkdir()
    (tmp_path / "txt" / "p225").mkdir(parents=True)
    (tmp_path / "txt" / "p225" / "p225_001.txt").write_text("Ask her")
    assert read_set(tmp_path).reader == "vctk"


def test_media_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "set.csv").write_text("file,caption\na.wav,x\n")
    (tmp_path / "a.wav").touch()
    assert read_set(tmp_path / "lists" / "set.csv").items[0].sound is None
    assert read_set(tmp_path / "lists" / "set.csv", media=tmp_path).items[0].sound is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "has no rows"), ("file,caption\n", "has no rows"), ("a,b\n1,2", '"file"')],
)
def test_a_list_that_is_none_is_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(UserError, match=told):
        read_set(tmp_path / "set.csv")


def test_a_folder_of_another_form_and_a_missing_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name the list of the set"):
        read_set(tmp_path, "audiocaps")
    (tmp_path / "set.csv").write_text("file,caption\na.wav,x\n")
    with pytest.raises(UserError, match="no such folder"):
        read_set(tmp_path / "set.csv", media=tmp_path / "gone")
