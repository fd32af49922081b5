"""The documents of a release tell of its embeddings and its media."""

import json
import random
from pathlib import Path

import mlcroissant
import pytest

from manifests.release.layout import Release
from pipelines.rebuild.describing import described
from tests.manifests.release import made
from tests.pipelines.rebuild import built
from tests.pipelines.rebuild.built import embedded, release, rules, with_files
from tests.pipelines.rebuild.packed import of_file, packed


@pytest.fixture
def with_media(tmp_path: Path) -> Release:
    """A release of three clips with their media, in `out`."""
    paths = [tmp_path / f"{number}.mp4" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(random.Random(number).randbytes(1000))
    clips = [of_file(number, path) for number, path in enumerate(paths)]
    tar = packed(tmp_path / "out", clips)
    bare = made.write(tmp_path / "out", clips, tables=["data"])
    return described(with_files(bare, [*bare.files, tar]), tmp_path / "out")


def test_the_card_says_that_licences_of_media_are_not_known(
    with_media: Release, tmp_path: Path
) -> None:
    text = (tmp_path / "out" / "README.md").read_text()
    assert "The media is in `media/`" in text
    assert "**The licences of the media in `media/` are not known.**" in text
    assert "media/permissive/train-*.tar" in text


def test_what_the_card_says_of_webdataset_is_so(with_media: Release, tmp_path: Path) -> None:
    import glob

    import webdataset

    text = (tmp_path / "out" / "README.md").read_text().replace("RELEASE", str(tmp_path / "out"))
    (line,) = (line for line in text.splitlines() if line.startswith("webdataset."))
    samples = list(eval(line, {"webdataset": webdataset, "glob": glob}))
    assert len(samples) == 3 and all({"mp4", "json"} <= set(each) for each in samples)


def test_croissant_names_the_tars_and_is_valid(with_media: Release, tmp_path: Path) -> None:
    path = tmp_path / "out" / "croissant.json"
    read = mlcroissant.Dataset(path)
    assert read.metadata.ctx.issues.errors == set()
    told = json.loads(path.read_bytes())
    objects = {each["@id"]: each for each in told["distribution"] if "sha256" in each}
    (tar,) = with_media.of("media")
    assert objects[tar.path]["sha256"] == tar.sha256
    assert objects[tar.path]["encodingFormat"] == "application/x-tar"
    assert "media is in `media/`" in told["description"]


def test_documents_tell_whose_vectors_there_are(tmp_path: Path) -> None:
    (given,) = built.workspace(tmp_path / "work" / "out")
    inputs = [embedded(given, tmp_path / "vectors")]
    wanted = rules(tmp_path, output={"embeddings": True})
    told = release(wanted, inputs, tmp_path / "out")
    assert told.encoder == built.ENCODER
    text = (tmp_path / "out" / "README.md").read_text()
    assert "by the encoder `small`" in text and "The media is not included" in text
    read = mlcroissant.Dataset(tmp_path / "out" / "croissant.json")
    assert read.metadata.ctx.issues.errors == set()
