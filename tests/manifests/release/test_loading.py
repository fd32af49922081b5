"""A release is read by the libraries that its card names."""

import glob
import json
import subprocess
import sys
from pathlib import Path

import pytest

from manifests.release.card import card
from manifests.release.layout import DATA, Release
from manifests.release.statistics import statistics
from tests.manifests.release import made

TABLES = {"data": 32, "evidence": 80, "claims": 32}
"""Rows of the class "permissive"."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    release: Release = made.small(folder)
    _describe(folder, release)
    return folder


def _describe(folder: Path, release: Release) -> None:
    """Writes the card of a release."""
    counted = statistics(folder, release.of("data"))
    text = card(release.name, {}, release.inputs, release.books, release.files, counted)
    (folder / "README.md").write_text(text)


TRAIN = 28
"""Of these in the split to train on."""


def _lines(folder: Path, library: str) -> list[str]:
    """What the card says of a library, for this folder."""
    text = (folder / "README.md").read_text().replace("RELEASE", str(folder))
    return [line for line in text.splitlines() if line.startswith(library)]


def _files(folder: Path) -> list[str]:
    """The files that the card names."""
    (line,) = _lines(folder, "files =")
    files: list[str] = eval(line.removeprefix("files = "), {"glob": glob})
    return files


def test_pandas_reads_it(folder: Path) -> None:
    import pandas

    (line,) = _lines(folder, "pandas.")
    frame = eval(line, {"pandas": pandas, "files": _files(folder)})
    assert len(frame) == TRAIN and list(frame.columns) == DATA.names
    assert len(pandas.read_parquet(folder / "claims" / "permissive")) == 32


def test_polars_reads_it(folder: Path) -> None:
    import polars

    (line,) = _lines(folder, "polars.")
    assert eval(line).collect().shape == (TRAIN, len(DATA))
    spans = polars.read_parquet(f"{folder}/evidence/permissive/*.parquet")["span_starts_ms"]
    assert [0, 20] in spans.to_list()


def test_duckdb_reads_and_joins_it(folder: Path) -> None:
    import duckdb

    data, joined = _lines(folder, "duckdb.")
    assert eval(data, {"duckdb": duckdb}).shape == (TRAIN, len(DATA))
    assert eval(joined, {"duckdb": duckdb}).shape[0] == TRAIN


def test_datasets_reads_every_configuration_and_split(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    (line,) = _lines(folder, "datasets.")
    rows = eval(line.replace(")", f", cache_dir={str(tmp_path)!r})"))
    assert rows.num_rows == TRAIN and rows.column_names == DATA.names
    other = datasets.load_dataset(str(folder), "no-training", cache_dir=str(tmp_path))
    assert {split: each.num_rows for split, each in other.items()} == {"train": 4, "test": 4}


def test_datasets_reads_splits_whose_names_yaml_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    names = ("no", "yes", "on", "off", "true", "false", "null", "n", "e1", "train")
    folder = tmp_path / "release"
    release = made.write(folder, [made.clip(5 * n, name) for n, name in enumerate(names)])
    _describe(folder, release)
    assert datasets.get_dataset_config_names(str(folder)) == ["permissive"]
    loaded = datasets.load_dataset(str(folder), "permissive", cache_dir=str(tmp_path / "cache"))
    assert {split: rows.num_rows for split, rows in loaded.items()} == dict.fromkeys(names, 1)


_RAY = """
import json, sys
import ray
ray.init(address=sys.argv[1], log_to_driver=False)
files = json.loads(sys.argv[2])
rows = eval(sys.argv[3])
print(rows.count(), json.dumps(rows.columns()))
"""


@pytest.mark.exhaustive
@pytest.mark.run
def test_ray_reads_it(folder: Path, cluster: str) -> None:
    (line,) = _lines(folder, "ray.")
    command = (sys.executable, "-c", _RAY, cluster, json.dumps(_files(folder)), line)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{TRAIN} {json.dumps(DATA.names)}"
