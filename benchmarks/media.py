"""What the makers of labelled media share: sounds as numbers, speech, and what Debian packages hold."""

import shutil
import subprocess
import tarfile
import tempfile
import wave
from collections.abc import Collection
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from captioners.contract import Audio
from manifests.ids import content_hash, digest

HZ = 16_000


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


def unpacked(root: Path, package: str, version: str, sha256: str, wanted: Collection[str]) -> Path:
    """A folder under `root` with the wanted files of a Debian package, brought once.

    Files lie there under their whole path in the package. Raises SystemExit when another build
    than the known one comes, or a file is not in it.
    """
    folder = root / f"debian-{package}-{digest([sha256, sorted(wanted)])}"
    if folder.is_dir():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".debian-") as scratch:
        file = debian(Path(scratch), package, version)
        if (came := content_hash(file)) != sha256:
            raise SystemExit(f"{file.name} is not the known build: its sha256 is {came}")
        part = Path(scratch) / "part"
        missing = set(wanted) - _extracted(file, part, set(wanted))
        if missing:
            raise SystemExit(f"{file.name} does not hold {', '.join(sorted(missing))}")
        part.rename(folder)
    return folder


def _extracted(file: Path, into: Path, wanted: set[str]) -> set[str]:
    """Copies the wanted files of a package; which of them it has."""
    found = set()
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", file], stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            name = member.name.removeprefix("./")
            data = archive.extractfile(member) if name in wanted else None
            if data is None:
                continue
            found.add(name)
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            with (into / name).open("wb") as out:
                shutil.copyfileobj(data, out)
    return found
