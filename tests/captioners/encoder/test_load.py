"""Encoders by name: what a name means, and what is said of folders that hold none."""

import shutil
from pathlib import Path

import pytest

from captioners.encoder.load import SHIPPED, SMALL, is_pe_av, load
from captioners.weights.models import Models
from captioners.weights.packs import PackError

pytestmark = pytest.mark.models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped encoder."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "encoder"))


def test_a_name_tells_its_kind(folder: Path) -> None:
    assert not is_pe_av(SMALL) and not is_pe_av(str(folder))
    assert is_pe_av("hub:facebook/pe-av-large")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


@pytest.mark.parametrize("damage", [Path.unlink, _cut, lambda path: path.write_bytes(b"")])
def test_a_folder_without_whole_weights_is_told(folder: Path, damage: object) -> None:
    damage(folder / "model.safetensors")  # type: ignore[operator]
    with pytest.raises(PackError, match=r"can't be loaded"):
        load(str(folder), Models())


def test_a_folder_that_is_written_like_a_pack_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    with pytest.raises(PackError, match=r"write \./encoder"):
        load("encoder", Models())
