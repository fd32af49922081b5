"""`captionmill push`: a release to a hub, whole and once; the hub is a fake of the tests."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from manifests.release.layout import RELEASE
from tests.manifests.release import made
from tests.pipelines import fake_hub
from tests.pipelines.fake_hub import Hub

pytestmark = pytest.mark.run
REPO = "someone/captions"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A fake hub that is empty."""
    with fake_hub.running() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small release."""
    made.small(tmp_path / "release")
    return tmp_path / "release"


def _push(
    hub: Hub, folder: Path, *options: str, token: str = "writer"
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": token,
        "HF_HOME": str(folder.parent / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
    }
    command = [sys.executable, "-m", "captionmill", "push", str(folder), f"hf://{REPO}", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_release_lies_on_the_hub_byte_for_byte_and_its_document_comes_last(
    hub: Hub, folder: Path
) -> None:
    ran = _push(hub, folder)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"{hub.url}/datasets/{REPO} holds release ")
    assert hub.files[REPO] == {".gitattributes": b"", **_files(folder)}
    assert hub.private[REPO]
    assert hub.commits[-1][1] == [RELEASE]
    assert all(RELEASE not in names for _, names in hub.commits[:-1])


def test_after_a_stop_only_what_is_missing_is_sent(hub: Hub, folder: Path) -> None:
    hub.fails_after = 2
    stopped = _push(hub, folder)
    assert stopped.returncode == 1
    assert RELEASE not in hub.files[REPO]
    hub.fails_after = None
    assert _push(hub, folder).returncode == 0
    assert len(hub.sent) == len(set(hub.sent))
    again = len(hub.sent)
    told = _push(hub, folder, "--json")
    assert json.loads(told.stdout)["files"] == len(_files(folder))
    assert len(hub.sent) == again


def test_a_dataset_with_other_files_is_not_touched(hub: Hub, folder: Path) -> None:
    hub.files[REPO] = {"train.csv": b"of somebody else"}
    ran = _push(hub, folder)
    assert ran.returncode == 1
    assert "holds other files, such as train.csv" in ran.stderr
    assert hub.files[REPO] == {"train.csv": b"of somebody else"}


def test_a_dataset_with_another_release_is_not_touched(
    hub: Hub, folder: Path, tmp_path: Path
) -> None:
    assert _push(hub, folder).returncode == 0
    before = dict(hub.files[REPO])
    made.small(tmp_path / "other", count=20)
    ran = _push(hub, tmp_path / "other")
    assert ran.returncode == 1
    assert "releases are never changed" in ran.stderr
    assert hub.files[REPO] == before


def test_a_damaged_release_is_not_pushed(hub: Hub, folder: Path) -> None:
    part = next((folder / "data").rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    ran = _push(hub, folder)
    assert ran.returncode == 1
    assert "is not as it was built" in ran.stderr
    assert not hub.files


def test_own_files_among_those_of_the_release_are_not_uploaded(hub: Hub, folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    assert _push(hub, folder).returncode == 0
    assert "notes.txt" not in hub.files[REPO]
    (folder / "data" / "notes.txt").write_text("mine")
    ran = _push(hub, folder)
    assert ran.returncode == 1
    assert "notes.txt" in ran.stderr


def test_a_token_that_may_not_write_is_told(hub: Hub, folder: Path) -> None:
    ran = _push(hub, folder, token="reader")
    assert ran.returncode == 1
    assert "hf auth login" in ran.stderr


def test_a_hub_that_is_not_there_is_told(hub: Hub, folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # it does not listen
        hub.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        pushed = _push(hub, folder)
    assert pushed.returncode == 1
    assert "Run the same command again; it goes on" in pushed.stderr
    assert "Traceback" not in pushed.stderr


def test_a_target_that_is_no_dataset_is_told(hub: Hub, folder: Path) -> None:
    command = [sys.executable, "-m", "captionmill", "push", str(folder), "s3://bucket/x"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "name it as hf://owner/name" in ran.stderr
