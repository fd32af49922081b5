"""What the makers of labelled media share: sounds as numbers, speech, and what Debian packages hold."""

import shutil
import struct
import subprocess
import tarfile
import tempfile
import wave
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

from manifests.ids import content_hash, digest
from manifests.media import Audio

HZ = 16_000
_QT_ZLIB, _QT_FOLDER, _QT_ZSTD = 1, 2, 4
_OFFSET = 0x7FFFFFFF


def ffmpeg(*arguments: str | Path) -> bytes:
    """Runs ffmpeg quietly; what it wrote to standard output."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def samples(path: Path, hz: int = HZ, most_s: float = 30) -> Audio:
    """The sound of a file as one channel, of its first seconds."""
    raw = ffmpeg("-i", path, "-t", str(most_s), "-ac", "1", "-ar", str(hz), "-f", "f32le", "-")
    return np.frombuffer(raw, np.float32)


def write(path: Path, sound: Audio, hz: int = HZ) -> None:
    """A wave file of one channel, 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(hz)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def spoken(path: Path, voice: str, text: str) -> None:
    """A wave file of a sentence in a voice of espeak-ng."""
    subprocess.run(["espeak-ng", "-v", voice, "-w", path, text], check=True)


def debian(into: Path, package: str, version: str | None = None) -> Path:
    """Brings a Debian package as a file, without installing it. Needs the lists of `apt-get update`."""
    wanted = f"{package}={version}" if version else package
    command = ["apt-get", "download", "-qq", wanted]
    ran = subprocess.run(command, cwd=into, check=False, capture_output=True, text=True)
    found = sorted(into.glob(f"{package}_*.deb"))
    if ran.returncode or len(found) != 1:
        raise SystemExit(f"{' '.join(command)} failed, try apt-get update: {ran.stderr.strip()}")
    return found[0]


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package. root: where the files used lie in it, or in its archives. licence: of those."""

    name: str
    version: str
    sha256: str
    root: str
    licence: str
    archives: tuple[str, ...] = ()

    def folder(self, cache: Path, wanted: Collection[str]) -> Path:
        """Where `unpacked` has or will have the wanted files, or the archives."""
        held = sorted(self._held(wanted))
        return cache / f"debian-{self.name}-{digest([self.sha256, held])}"

    def unpacked(self, cache: Path, wanted: Collection[str]) -> Path:
        """A folder under `cache` with the wanted files of the package, brought once.

        wanted: names or globs below `root`. Files lie there under their whole path in the package;
        of archives, all that is in them. Raises SystemExit when another build than the known one
        comes, or a file is not in it.
        """
        folder = self.folder(cache, wanted)
        if folder.is_dir():
            return folder
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".debian-") as scratch:
            file = debian(Path(scratch), self.name, self.version)
            if (came := content_hash(file)) != self.sha256:
                raise SystemExit(f"{file.name} is not the known build: its sha256 is {came}")
            part = Path(scratch) / "part"
            held = self._held(wanted)
            missing = held - _extracted(file, part, held)
            if missing:
                raise SystemExit(f"{file.name} does not hold {', '.join(sorted(missing))}")
            if self.archives:
                part = _opened(part, Path(scratch) / "opened")
            part.rename(folder)
        return folder

    def _held(self, wanted: Collection[str]) -> set[str]:
        below = f"{self.root}/" if self.root else ""
        return set(self.archives) or {f"{below}{name}" for name in wanted}


def packages(table: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Package]:
    """Packages by name, out of tables of TOML."""
    return {
        name: Package(name=name, **{**told, "archives": tuple(told.get("archives", ()))})
        for name, told in table.items()
    }


def _extracted(file: Path, into: Path, wanted: set[str]) -> set[str]:
    """Copies the wanted files of a package; which of the names and globs it has."""
    found = set()
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", file], stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            name = member.name.removeprefix("./")
            globs = {glob for glob in wanted if name == glob or fnmatchcase(name, glob)}
            data = archive.extractfile(member) if globs and member.isfile() else None
            if data is None:
                continue
            found.update(globs)
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            with (into / name).open("wb") as out:
                shutil.copyfileobj(data, out)
    return found


def _opened(folder: Path, into: Path) -> Path:
    """Writes what is in the archives of a folder."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        for name, data in (_qt if file.suffix == ".rcc" else _openttd)(file.read_bytes()):
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return into


def _qt(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of Qt resources; not of those packed by Zstandard."""
    _, version, tree, data, names = struct.unpack_from(">4s4i", raw)
    size = 14 if version == 1 else 22

    def below(node: int, folder: str) -> Iterator[tuple[str, bytes]]:
        at = tree + node * size
        name_at, flags = struct.unpack_from(">iH", raw, at)
        (length,) = struct.unpack_from(">H", raw, names + name_at)
        begins = names + name_at + 6
        name = folder + raw[begins : begins + 2 * length].decode("utf-16-be") if node else ""
        if flags & _QT_FOLDER:
            count, first = struct.unpack_from(">2i", raw, at + 6)
            for child in range(first, first + count):
                yield from below(child, f"{name}/" if name else "")
        elif not flags & _QT_ZSTD:
            begins = data + struct.unpack_from(">i", raw, at + 10)[0] + 4
            (length,) = struct.unpack_from(">i", raw, begins - 4)
            content = raw[begins : begins + length]
            yield name, zlib.decompress(content[4:]) if flags & _QT_ZLIB else content

    return below(0, "")


def _openttd(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The sounds of an OpenTTD set, by the names that it gives them between quotes."""
    (first,) = struct.unpack_from("<I", raw)
    for at in range(0, first & _OFFSET, 8):
        begins, length = struct.unpack_from("<2I", raw, at)
        begins &= _OFFSET
        told = raw[begins + 1 : begins + 1 + raw[begins]].decode("latin-1")
        begins += 1 + raw[begins]
        name = told.split('"')[1].replace("/", "-").replace(":", "-")
        yield f"{name}.wav", raw[begins : begins + length]
