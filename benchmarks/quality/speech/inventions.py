"""What Whisper invents where nobody speaks, and whether the filter keeps what is said.

    python -m benchmarks.quality.speech.inventions [phrases] [thanks] [detector] [whisper]

Needs the pack `whisper-base`, Debian's espeak-ng, and `apt-get download` for the sounds (sounds.toml).
1. Phrases of public reports (reported.csv; not the list that the filter reads) as segments with ordinary
   scores over recorded sounds, as if Whisper had written them: how many are quoted.
2. Spoken thanks in five languages, several voices: of those that Whisper wrote down, how many stay.
3. Whisper base over an hour of sound without speech, with its detector and without: segments that pass
   Whisper's own bounds (how it was before the filter), and segments that are believed.
"""

import argparse
import csv
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.speech.noises import HZ, SECONDS, Window, made, recorded
from captioners.audio import whisper as captioner_module
from captioners.audio._inventions import invention
from captioners.audio._listed import key
from captioners.audio._speech import believed
from captioners.audio.whisper import Whisper
from captioners.weights.cache import Cache
from manifests.media import Audio, Media
from recipes import media

_HERE = Path(__file__).parent
# What an ordinary segment has: medians of Whisper base over espeak-ng's sentences.
_LOGPROB, _COMPRESSION, _NO_SPEECH = -0.3, 1.1, 0.1
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{4}")
_VOICES = ("", "+f2", "+m3")
# By language: what tells that thanks were written down, and what is spoken.
_THANKS = {
    "en": ("thank", ("Thank you.", "Thank you very much.", "Thanks a lot.")),
    "de": ("dank", ("Danke.", "Vielen Dank.", "Danke schön.")),
    "fr": ("merci", ("Merci.", "Merci beaucoup.", "Merci à tous.")),
    "es": ("gracias", ("Gracias.", "Muchas gracias.", "Gracias a todos.")),
    "ru": ("спасибо", ("Спасибо.", "Большое спасибо.", "Спасибо всем.")),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """What faster-whisper's segments have, as far as it is read."""

    text: str
    start: float
    end: float
    avg_logprob: float = _LOGPROB
    compression_ratio: float = _COMPRESSION
    no_speech_prob: float = _NO_SPEECH


class _Writes:
    """Stands for faster-whisper's model: writes these segments, and what is asked again once more."""

    supported_languages = ("en",)

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments

    def detect_language(self, audio: Audio) -> tuple[str, float, list[tuple[str, float]]]:
        return "en", 0.9, [("en", 0.9)]

    def transcribe(self, samples: Audio, **_: Any) -> tuple[list[Segment], None]:
        return list(self.segments), None


def reported() -> list[tuple[str, str]]:
    """(language, phrase) of the reports."""
    with (_HERE / "reported.csv").open(newline="", encoding="utf-8") as file:
        return [(row["language"], row["phrase"]) for row in csv.DictReader(file)]


def former(s: Any) -> bool:
    """Whether a segment passed before the filter: Whisper's own bounds, letters, no letter drawn out."""
    return (
        s.compression_ratio <= 2.4
        and s.avg_logprob >= -1.0
        and s.no_speech_prob <= 0.6
        and any(c.isalnum() for c in s.text)
        and not _DRAWN_OUT.search(s.text.casefold())
    )


def injected(windows: Sequence[Window]) -> None:
    """Part 1."""
    phrases = reported()
    listed = {
        key(row["phrase"])
        for row in csv.DictReader(
            (Path(captioner_module.__file__).parent / "inventions.csv").open(encoding="utf-8")
        )
    }
    words = [p for _, p in phrases if believed(p, _LOGPROB, _COMPRESSION, _NO_SPEECH)]
    alone = sum(invention(p) is not None for _, p in phrases)
    print(
        f"{len(phrases)} phrases in {len({code for code, _ in phrases})} languages; "
        f"{sum(key(p) in listed for _, p in phrases)} are also on the filter's list as they stand; "
        f"{alone} are known to it; {len(phrases) - len(words)} are refused by their words alone"
    )
    counts: Counter[tuple[str, str]] = Counter()
    for window in windows:
        for start, end in ((0.0, 2.0), (8.0, 11.0), (0.0, float(SECONDS))):
            quoted = _quoted(window.sound, [Segment(p, start, end) for _, p in phrases])
            counts[window.kind, "tried"] += len(phrases)
            # Before the filter a segment passed wherever the detector let anything of the sound through.
            counts[window.kind, "before"] += len(phrases) * _passes(window.sound)
            counts[window.kind, "quoted"] += len(quoted)
            if quoted:
                print(f"  quoted over {window.name}, {start:g}-{end:g} s: {quoted}")
    for kind in dict.fromkeys(kind for kind, _ in counts):
        print(
            f"  {kind}: {counts[kind, 'quoted']} of {counts[kind, 'tried']} quoted, "
            f"{counts[kind, 'before']} before"
        )


def _passes(sound: Audio) -> bool:
    """Whether the detector before Whisper finds speech in a sound."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    return bool(get_speech_timestamps(sound, VadOptions(**captioner_module._DETECTOR)))


def _quoted(sound: Audio, segments: Sequence[Segment]) -> list[str]:
    """The texts that would be quoted; a second pass always agrees."""
    found = captioner_module._voiced(sound)
    captioner = Whisper("whisper", Cache())
    quoted = []
    for segment in segments:
        captioner._model = _Writes([segment])
        if captioner._believed(sound, [segment], found, "en"):
            quoted.append(segment.text)
    return quoted


def clip(sound: Audio) -> Media:
    """A sound as a clip."""
    return Media("c" * 32, "h" * 64, round(len(sound) * 1000 / HZ), audio={HZ: sound})


def heard(captioner: Whisper, sound: Audio, *, detect: bool) -> tuple[list[Any], list[Any]]:
    """Segments that passed before the filter, and those that are believed."""
    voiced = captioner_module._voiced(sound)
    if detect:
        prepared = captioner._prepared(sound)
        if prepared is None:
            return [], []
        sound, voiced, language, _ = prepared
    else:
        language, _ = captioner._language(sound, [(0.0, len(sound) / HZ)])
    segments = captioner._read(sound, language, detect=detect)
    return list(filter(former, segments)), captioner._believed(sound, segments, voiced, language)


def invented(captioner: Whisper, windows: Sequence[Window], *, detect: bool) -> None:
    """Part 3. In an order of its own, so that what is stopped is of every kind."""
    counts: Counter[tuple[str, str]] = Counter()
    order = np.random.default_rng(12).permutation(len(windows))
    print("with the detector" if detect else "without the detector")
    for number, window in enumerate(windows[at] for at in order):
        counts[window.kind, "seconds"] += SECONDS
        before, after = heard(captioner, window.sound, detect=detect)
        counts[window.kind, "before"] += len(before)
        counts[window.kind, "after"] += len(after)
        for s in before:
            mark = "KEPT " if s in after else ""
            print(f"  {mark}{window.kind}, {window.name}: {s.text!r}", flush=True)
        if (number + 1) % 10 == 0 or number + 1 == len(windows):
            print(f"{number + 1} windows:", flush=True)
            _print(counts)


def _print(counts: Counter[tuple[str, str]]) -> None:
    """What was counted so far, by kind."""
    for kind in dict.fromkeys(kind for kind, _ in counts):
        print(
            f"  {kind}, {counts[kind, 'seconds'] / 60:g} min: {counts[kind, 'before']} segments before, "
            f"{counts[kind, 'after']} after",
            flush=True,
        )


def thanks() -> Iterator[tuple[str, str, Audio]]:
    """(language, text, sound) of spoken thanks with silence around them."""
    with tempfile.TemporaryDirectory() as folder:
        for code, (_, texts) in _THANKS.items():
            for voice in _VOICES:
                for text in texts:
                    path = Path(folder) / "said.wav"
                    media.spoken(path, f"{code}{voice}", text)
                    rest = np.zeros(HZ, np.float32)
                    yield code, text, np.concatenate([rest, media.samples(path), rest])


def kept(captioner: Whisper) -> None:
    """Part 2."""
    said = written = stayed = misread = refused = 0
    for code, text, sound in thanks():
        said += 1
        before, after = heard(captioner, sound, detect=True)
        if not before:
            continue
        texts = " ".join(s.text for s in before)
        if _THANKS[code][0] in texts.casefold():
            written, stayed = written + 1, stayed + bool(after)
        else:
            misread, refused = misread + 1, refused + (not after)
        if not after:
            print(f"  dropped: {code} {text!r}, written as {texts!r}", flush=True)
    print(
        f"{said} thanks spoken, {written} written down, {stayed} of these stay; {misread} written as "
        f"something else, {refused} of these dropped"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ("phrases", "thanks", "detector", "whisper")
    parser.add_argument("parts", nargs="*", default=parts, help=f"some of {', '.join(parts)}")
    chosen = list(parser.parse_args().parts)
    if unknown := set(chosen) - set(parts):
        parser.error(f"no part {', '.join(sorted(unknown))}")
    captioner = Whisper("whisper", Cache())
    recordings = [] if chosen == ["thanks"] else list(recorded(Cache()))
    windows = [*recordings, *made()]
    if "phrases" in chosen:
        hums = [w for w in made() if "hum" in w.name][:2]
        injected([*(w for w in recordings if w.name.endswith(" 0")), *hums])
    if chosen != ["phrases"]:
        captioner.load()
    if "thanks" in chosen:
        kept(captioner)
    if "detector" in chosen:
        invented(captioner, windows, detect=True)
    if "whisper" in chosen:
        invented(captioner, windows, detect=False)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{error.cmd} failed") from error
