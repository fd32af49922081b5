"""Where Ray's sockets may lie: real folders, real sockets."""

import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.run.scratch import RAYS, NoScratchFolder, scratch_folder, scratch_folders

pytestmark = pytest.mark.run

NAME = f"captionmill-{os.getpid():x}"


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary folder, with a path of some 13 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="cm", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    for place in (folder, Path("/tmp") / NAME, Path("/var/tmp") / NAME):
        shutil.rmtree(place, ignore_errors=True)


def test_the_temporary_folder_is_taken_where_it_will_do(temporary: Path) -> None:
    assert scratch_folder(NAME) == temporary / NAME


def test_under_a_long_temporary_folder_it_has_a_short_path_and_is_private(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = temporary / "scratch" / "user" / "job.1234567"
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    folder = scratch_folder(NAME)
    assert folder == Path("/tmp") / NAME
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    session = folder / RAYS / "session_2026-11-26_20-25-03_123456_4194304" / "sockets"
    session.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as plasma:
        plasma.bind(str(session / "plasma_store"))


def test_it_is_the_same_for_the_next_run(temporary: Path) -> None:
    assert scratch_folder(NAME) == scratch_folder(NAME)
    assert scratch_folders(NAME) == [temporary / NAME]


def test_a_link_in_its_place_is_not_followed(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (temporary / NAME).symlink_to(elsewhere)
    assert scratch_folder(NAME) == Path("/tmp") / NAME
    assert temporary / NAME not in scratch_folders(NAME)
    assert not any(elsewhere.iterdir())


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_folder_that_others_can_enter_is_not_taken_but_found(temporary: Path, mode: int) -> None:
    (temporary / NAME).mkdir()
    (temporary / NAME).chmod(mode)
    assert scratch_folder(NAME) == Path("/tmp") / NAME
    assert scratch_folders(NAME) == [temporary / NAME, Path("/tmp") / NAME]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("mode", [0o700, 0o777])
def test_a_folder_of_another_user_is_neither_taken_nor_found(temporary: Path, mode: int) -> None:
    (temporary / NAME).mkdir()
    (temporary / NAME).chmod(mode)
    os.chown(temporary / NAME, 65534, 65534)
    assert scratch_folder(NAME) == Path("/tmp") / NAME
    assert temporary / NAME not in scratch_folders(NAME)


def test_in_a_place_where_others_can_replace_it_none_is_taken_or_found(temporary: Path) -> None:
    (temporary / NAME).mkdir(mode=0o700)
    temporary.chmod(0o777)
    assert scratch_folder(NAME) == Path("/tmp") / NAME
    assert temporary / NAME not in scratch_folders(NAME)


def test_where_nothing_will_do_the_error_says_what_to_set(temporary: Path) -> None:
    with pytest.raises(NoScratchFolder, match=f"{temporary}, /tmp, /var/tmp.*Set TMPDIR"):
        scratch_folder(NAME + "x" * 30)
    assert not (temporary / (NAME + "x" * 30)).exists()
