"""Debian packages as sources of labelled media, and what calibration takes of them."""

import struct
import subprocess
import zlib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from manifests.ids import content_hash
from recipes import media
from recipes.calibration import cpu as calibrate_cpu


def _package(folder: Path, files: dict[str, bytes]) -> Path:
    """A Debian package of these files."""
    tree = folder / "tree"
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    (tree / "DEBIAN").mkdir()
    told = (
        "Package: toy\nVersion: 1\nArchitecture: all\nMaintainer: me <me@here>\nDescription: toy\n"
    )
    (tree / "DEBIAN" / "control").write_text(told)
    subprocess.run(
        ["dpkg-deb", "-b", tree, folder / "toy_1_all.deb"], check=True, capture_output=True
    )
    return folder / "toy_1_all.deb"


def _toy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, bytes],
    archives: tuple[str, ...] = (),
) -> media.Package:
    made = _package(tmp_path, files)
    monkeypatch.setattr(media, "debian", lambda into, name, version: made)
    root = "opened" if archives else "usr/share/toy"
    return media.Package("toy", "1", content_hash(made), root, "CC0-1.0", archives)


@pytest.mark.run
def test_wanted_names_and_globs_come_out_of_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        f"usr/share/toy/{name}": name.encode() for name in ("a.wav", "b1.ogg", "b2.ogg", "c.wav")
    }
    toy = _toy(tmp_path, monkeypatch, files)
    folder = toy.unpacked(tmp_path / "cache", ["a.wav", "b*"])
    assert folder == toy.folder(tmp_path / "cache", ["a.wav", "b*"])
    found = {file.name: file.read_text() for file in (folder / toy.root).iterdir()}
    assert found == {name: name for name in ("a.wav", "b1.ogg", "b2.ogg")}


@pytest.mark.run
def test_a_name_that_the_package_lacks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = _toy(tmp_path, monkeypatch, {"usr/share/toy/a.wav": b"a"})
    with pytest.raises(SystemExit, match=r"does not hold usr/share/toy/d\*"):
        toy.unpacked(tmp_path / "cache", ["a.wav", "d*"])


@pytest.mark.run
def test_another_build_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _toy(tmp_path, monkeypatch, {"usr/share/toy/a.wav": b"a"})
    other = media.Package("toy", "1", "0" * 64, "usr/share/toy", "CC0-1.0")
    with pytest.raises(SystemExit, match="not the known build"):
        other.unpacked(tmp_path / "cache", ["a.wav"])


@pytest.mark.run
def test_an_openttd_set_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = [(b'"Cow". By me.\0', b"RIFFmoo"), (b'"A/B: c". By me.\0', b"RIFFbc")]
    at, table, body = 8 * len(sounds), b"", b""
    for told, sound in sounds:
        table += struct.pack("<2I", (at + len(body)) | 0x80000000, len(sound))
        body += bytes([len(told)]) + told + sound
    toy = _toy(tmp_path, monkeypatch, {"usr/x.cat": table + body}, ("usr/x.cat",))
    folder = toy.unpacked(tmp_path / "cache", ["anything"])
    found = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert found == {"Cow.wav": b"RIFFmoo", "A-B- c.wav": b"RIFFbc"}


@pytest.mark.run
def test_qt_resources_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = b"\0\0\0\5" + zlib.compress(b"hello")
    toy = _toy(tmp_path, monkeypatch, {"usr/x.rcc": _rcc(b"plain", packed)}, ("usr/x.rcc",))
    folder = toy.unpacked(tmp_path / "cache", ["anything"])
    assert (folder / "opened" / "a.ogg").read_bytes() == b"plain"
    assert (folder / "opened" / "b.ogg").read_bytes() == b"hello"


def _rcc(plain: bytes, packed: bytes) -> bytes:
    """Qt resources of version 3: a folder "opened" with a plain and a packed file."""
    names, at = b"", []
    for name in ("opened", "a.ogg", "b.ogg"):
        at.append(len(names))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    data = struct.pack(">I", len(plain)) + plain + struct.pack(">I", len(packed)) + packed
    tree = struct.pack(">IHIIQ", 0, 2, 1, 1, 0)
    tree += struct.pack(">IHIIQ", at[0], 2, 2, 2, 0)
    tree += struct.pack(">IHIIQ", at[1], 0, 0, 0, 0)
    tree += struct.pack(">IHIIQ", at[2], 1, 0, 4 + len(plain), 0)
    head = 24
    offsets = (head + len(data) + len(names), head, head + len(data))
    return struct.pack(">4s4iI", b"qres", 3, *offsets, 0) + data + names + tree


def test_calibration_states_where_each_package_comes_from() -> None:
    packages = calibrate_cpu.packages()
    for package in packages.values():
        assert len(package.sha256) == 64
        assert package.version
        assert package.licence
    assert all(calibrate_cpu.wanted(name) for name in packages)


def test_what_a_true_label_implies_is_true() -> None:
    found = calibrate_cpu._implied(["Bark", "no class"])
    assert found[:2] == ["Bark", "no class"]
    assert {"Dog", "Animal", "Domestic animals, pets", "Canidae, dogs, wolves"} <= set(found)


def test_no_entry_for_sounds_is_hidden_by_one_before_it() -> None:
    seen: list[str] = []
    for entry in calibrate_cpu._table("audio")["sound"]:
        for glob in entry["files"]:
            assert not any(fnmatchcase(glob, before) for before in seen), glob
        seen += entry["files"]
