"""Files and folders appear whole or not at all."""

from pathlib import Path

import pytest

from manifests.atomic import create_atomic, new_folder, replacing, write_atomic


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    for data in (b"old", b"newer"):
        write_atomic(tmp_path / "a" / "x", data)
        assert (tmp_path / "a" / "x").read_bytes() == data
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["x"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder" / "below").mkdir(parents=True)
    with pytest.raises(OSError):
        write_atomic(tmp_path / "folder", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_creating_does_not_replace(tmp_path: Path) -> None:
    create_atomic(tmp_path / "x", b"first")
    with pytest.raises(FileExistsError):
        create_atomic(tmp_path / "x", b"second")
    assert (tmp_path / "x").read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_block_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    write_atomic(tmp_path / "x", b"old")
    with pytest.raises(RuntimeError), replacing(tmp_path / "x") as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_folder_appears_when_it_is_filled(tmp_path: Path) -> None:
    (tmp_path / ".x.part").mkdir()
    (tmp_path / ".x.part" / "left by a killed process").touch()
    with new_folder(tmp_path / "x") as part:
        (part / "file").touch()
        assert not (tmp_path / "x").exists()
    assert [p.name for p in (tmp_path / "x").iterdir()] == ["file"]
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_folder_that_could_not_be_filled_is_removed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_folder(tmp_path / "x") as part:
        (part / "file").touch()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
