"""The Croissant of a release is valid by the reference library, which reads rows by it."""

import json
from pathlib import Path

import mlcroissant
import pytest

from manifests.release.croissant import CONFORMS, croissant
from manifests.release.layout import DATA, Release
from manifests.release.statistics import statistics
from tests.manifests.release import made


@pytest.fixture
def release(tmp_path: Path) -> Release:
    release = made.small(tmp_path)
    counted = statistics(tmp_path, release.of("data"))
    (tmp_path / "croissant.json").write_bytes(croissant('made "é"\n', release.files, counted))
    return release


def test_it_is_valid_croissant_1_1(tmp_path: Path, release: Release) -> None:
    read = mlcroissant.Dataset(tmp_path / "croissant.json")
    assert read.metadata.ctx.issues.errors == set()
    assert not any("standard" in warning for warning in read.metadata.ctx.issues.warnings)
    assert json.loads((tmp_path / "croissant.json").read_bytes())["conformsTo"] == CONFORMS


def test_rows_are_read_by_it(tmp_path: Path, release: Release) -> None:
    read = mlcroissant.Dataset(tmp_path / "croissant.json")
    rows = list(read.records("data/permissive/rows"))
    assert len(rows) == 32
    assert len(rows[0]) == len(DATA)
    texts = {row["data/permissive/rows/audio_caption"].decode() for row in rows}
    assert "Sound 3 is heard." in texts


def test_every_file_is_named_with_its_sha256(tmp_path: Path, release: Release) -> None:
    told = json.loads((tmp_path / "croissant.json").read_bytes())["distribution"]
    objects = {each["@id"]: each["sha256"] for each in told if each["@type"] == "cr:FileObject"}
    assert objects == {file.path: file.sha256 for file in release.files}
