"""Sounds that the real part of the truth bench makes: by numbers, by voices, by sampled instruments."""

import math
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.quality.real.sources import PROMPTS, SOUNDFONT, Sound, unsure_list
from manifests.media import Audio
from recipes import media

HZ = 32_000
_EDGE_S = 0.01


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a voice says. engine: espeak, flite, festival, or recorded; voice: of that engine, or the name
    of the recording."""

    name: str
    engine: str
    voice: str
    text: str
    heard: tuple[str, ...]


_WOMAN, _MAN, _VOICE = ("woman_speaks",), ("man_speaks",), ("speech",)
_ALLISON = {
    "dialed": ("cannot-complete-as-dialed", "Your call cannot be completed as dialed."),
    "check": ("check-number-dial-again", "Please check the number and dial again."),
    "busy": (
        "queue-periodic-announce",
        "All of our representatives are currently busy. Please stay on the line and your call will be"
        " answered by the next available representative.",
    ),
    "first": (
        "queue-youarenext",
        "Your call is now first in line and will be answered by the next available representative.",
    ),
    "phone": ("privacy-prompt", "Please enter your phone number, starting with the area code."),
    "service": (
        "ss-noservice",
        "The number you have dialed is not in service. Please check the number and try again.",
    ),
    "nobody": ("vm-nobodyavail", "Nobody is available to take your call at the moment"),
    "sorry": ("vm-sorry", "I'm sorry I did not understand your response."),
    "newuser": (
        "vm-newuser",
        "Welcome to Comedian Mail. First, I will guide you through a short setup process.",
    ),
    "folder": ("vm-savefolder", "Which folder should I save the message to?"),
}
_MADE = (
    ("recipe", "flite", "slt", "Stir the soup slowly until the carrots are soft.", _WOMAN),
    ("weather", "flite", "rms", "Tomorrow will be windy with heavy rain in the north.", _MAN),
    ("museum", "flite", "awb", "The museum opens at ten and closes at half past six.", _MAN),
    ("garden", "flite", "kal16", "She planted three apple trees behind the old barn.", _MAN),
    ("ferry", "festival", "cmu_us_slt_arctic_hts", "The ferry leaves in twenty minutes.", _WOMAN),
    ("library", "festival", "kal_diphone", "Please return the books before Friday.", _MAN),
    (
        "night",
        "espeak",
        "en-gb-scotland+m3",
        "The lighthouse keeper never sleeps at night.",
        _VOICE,
    ),
    ("market", "espeak", "en-us+f4", "Fresh bread is sold at the market every Sunday.", _VOICE),
    ("dog", "espeak", "en-gb+m1", "My neighbour has a very large dog and two cats.", _VOICE),
    ("storm", "espeak", "en-us+f1", "A thunderstorm closed the airport this afternoon.", _VOICE),
    ("german", "espeak", "de+f4", "Im Winter ist der See ganz zugefroren.", _VOICE),
    ("french", "espeak", "fr+m4", "Le boulanger ferme sa boutique à midi.", _VOICE),
    ("spanish", "espeak", "es+f3", "El tren sale del andén número cuatro.", _VOICE),
    ("swedish", "espeak", "sv", "Barnen leker i skogen bakom huset.", _VOICE),
)
SENTENCES: Mapping[str, Sentence] = {
    **{
        name: Sentence(name, "recorded", file, text, _WOMAN)
        for name, (file, text) in _ALLISON.items()
    },
    **{told[0]: Sentence(*told) for told in _MADE},
}

_SPOKEN_UNSURE = frozenset(
    ("narration", "announcement", "robot_voice", "radio_voice", "conversation", "child_speaks")
)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A program of the General MIDI set, from 0."""

    program: int
    heard: str
    unsure: str


INSTRUMENTS: Mapping[str, Instrument] = {
    "piano": Instrument(0, "piano", "mallets"),
    "marimba": Instrument(12, "xylophone", "mallets"),
    "church_organ": Instrument(19, "organ", "winds"),
    "accordion": Instrument(21, "accordion", "winds"),
    "nylon_guitar": Instrument(24, "acoustic_guitar", "strings"),
    "overdriven_guitar": Instrument(29, "electric_guitar", "strings"),
    "fiddle": Instrument(40, "violin", "strings"),
    "harp": Instrument(46, "harp", "strings"),
    "brass_trumpet": Instrument(56, "trumpet", "winds"),
    "saxophone": Instrument(66, "saxophone", "winds"),
    "clarinet": Instrument(71, "clarinet", "winds"),
    "flute": Instrument(73, "flute", "winds"),
    "sitar": Instrument(104, "sitar", "strings"),
}


def _seconds(duration_s: float) -> Audio:
    return np.asarray(np.arange(int(duration_s * HZ)) / HZ, np.float32)


def edged(sound: Audio) -> Audio:
    """A sound whose first and last hundredths of a second rise and fall."""
    ramp = np.minimum(1, np.arange(len(sound)) / (_EDGE_S * HZ)).astype(np.float32)
    return np.asarray(sound * ramp * ramp[::-1], np.float32)


def tone(frequencies: Sequence[float], duration_s: float) -> Audio:
    """Sines of equal level at once."""
    at = _seconds(duration_s)
    waves = [np.sin(2 * np.pi * frequency * at) for frequency in frequencies]
    return edged(np.asarray(np.mean(waves, axis=0), np.float32))


def repeated(sound: Audio, times: int, pause_s: float) -> Audio:
    """A sound several times, with pauses between."""
    pause = np.zeros(int(pause_s * HZ), np.float32)
    return np.concatenate([sound, *([pause, sound] * (times - 1))])


def _swept(low: float, high: float, period_s: float, duration_s: float) -> Audio:
    """A tone that rises and falls between two frequencies."""
    at = _seconds(duration_s)
    frequency = low + (high - low) * (0.5 - 0.5 * np.cos(2 * np.pi * at / period_s))
    return edged(np.sin(2 * np.pi * np.cumsum(frequency) / HZ).astype(np.float32))


def _noise(duration_s: float, seed: int) -> Audio:
    noise = np.random.default_rng(seed).standard_normal(int(duration_s * HZ))
    return edged((noise / 4).clip(-1, 1).astype(np.float32))


def _beeps(times: int) -> Audio:
    return repeated(tone([1000], 0.25), times, 0.5)


def _clicks(times: int) -> Audio:
    at = _seconds(0.02)
    click = np.exp(-at * 400) * np.sin(2 * np.pi * 2500 * at)
    return repeated(np.asarray(click, np.float32), times, 0.6)


def _thump() -> Audio:
    at = _seconds(0.15)
    return edged(np.asarray(np.exp(-at * 25) * np.sin(2 * np.pi * 60 * at), np.float32))


def _heart(beats: int) -> Audio:
    beat = np.concatenate([_thump(), np.zeros(int(0.12 * HZ), np.float32), 0.7 * _thump()])
    return repeated(beat, beats, 0.45)


def _touch_tones(digits: str) -> Audio:
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)
    keys = "123456789*0#"
    tones = [tone((rows[keys.index(d) // 3], columns[keys.index(d) % 3]), 0.2) for d in digits]
    gap = np.zeros(int(0.12 * HZ), np.float32)
    return np.concatenate([part for each in tones for part in (each, gap)])


def _morse(marks: str) -> Audio:
    parts: list[Audio] = []
    for mark in marks:
        silent = np.zeros(int(0.08 * HZ), np.float32)
        parts += (
            [silent, silent]
            if mark == " "
            else [tone([650], 0.24 if mark == "-" else 0.08), silent]
        )
    return np.concatenate(parts)


_TONES = frozenset(
    (
        "beep",
        "sine_tone",
        "buzzer",
        "alarm_sound",
        "notification",
        "dial_tone",
        "sonar",
        "music",
        "instrument",
        "synthesizer",
        "electronic_music",
        "theremin",
        "sci_fi",
    )
)
"""A tone made by numbers is a synthesizer's, if one likes."""
_SIRENS = frozenset(
    ("civil_siren", "ambulance_siren", "police_siren", "fire_truck_siren", "alarm_sound")
)


_TICKS = frozenset(("mouse_click", "clock_ticks"))


@dataclass(frozen=True, slots=True)
class Made:
    """A sound made by numbers."""

    make: Callable[[], Audio]
    heard: str
    unsure: frozenset[str] = _TONES
    once: int | None = None


MADE: Mapping[str, Made] = {
    **{f"beeps_{n}": Made(partial(_beeps, n), "beep", _TONES, n) for n in (2, 3, 4, 5)},
    **{f"clicks_{n}": Made(partial(_clicks, n), "click", _TICKS, n) for n in (3, 4, 6)},
    "white_noise": Made(
        lambda: _noise(5, 1),
        "white_noise",
        frozenset(("shower", "tap_runs", "rain", "waterfall", "vinyl_crackle")),
    ),
    "sine": Made(lambda: tone([440], 4), "sine_tone"),
    "siren": Made(lambda: _swept(600, 1300, 2.5, 6), "siren", _TONES | _SIRENS),
    "dial_tone": Made(lambda: tone((350, 440), 4), "dial_tone"),
    "busy_tone": Made(lambda: repeated(tone((480, 620), 0.5), 5, 0.5), "dial_tone"),
    "touch_tones": Made(lambda: _touch_tones("5551742"), "touch_tones", _TONES, 7),
    "morse": Made(lambda: _morse("... --- ... -.-."), "morse"),
    "heartbeat": Made(
        lambda: _heart(6), "heartbeat", frozenset(("bass_drum", "drum_kit", "thud")), 6
    ),
}


def sources() -> dict[str, Sound]:
    """All that is made here, as sounds of known content."""
    found = {}
    for name, sentence in SENTENCES.items():
        unsure = _SPOKEN_UNSURE | (
            {"man_speaks", "woman_speaks"} if sentence.heard == _VOICE else set()
        )
        package = PROMPTS if sentence.engine == "recorded" else sentence.engine
        found[f"says_{name}"] = Sound(
            f"says_{name}", package, sentence.voice, sentence.heard, unsure
        )
    for name, played in INSTRUMENTS.items():
        unsure = unsure_list(played.unsure) - {played.heard}
        found[f"plays_{name}"] = Sound(f"plays_{name}", SOUNDFONT, name, (played.heard,), unsure)
    for name, made in MADE.items():
        found[name] = Sound(
            name, "numbers", name, (made.heard,), made.unsure - {made.heard}, made.once
        )
    return found


def speak(sentence: Sentence, into: Path, recordings: Path) -> Path:
    """A file of a sentence."""
    path = into / f"says_{sentence.name}.wav"
    if sentence.engine == "recorded":
        return recordings / f"{sentence.voice}.wav"
    if sentence.engine == "espeak":
        media.spoken(path, sentence.voice, sentence.text)
    elif sentence.engine == "flite":
        _run("flite", "-voice", sentence.voice, "-t", sentence.text, "-o", path)
    else:
        voice = f"(voice_{sentence.voice})"
        _run("text2wave", "-eval", voice, "-o", path, told=sentence.text)
    return path


def play(name: str, into: Path, soundfont: Path) -> Path:
    """A file of eight seconds of an instrument that plays a melody of its own."""
    score, path = into / f"{name}.mid", into / f"plays_{name}.wav"
    score.write_bytes(midi(INSTRUMENTS[name].program, melody(sum(name.encode()))))
    played = ("-ni", "-q", "-g", "0.8", "-r", str(HZ), "-F", path, soundfont, score)
    _run("fluidsynth", *played)
    return path


def _run(*command: str | Path, told: str = "") -> None:
    subprocess.run(command, input=told.encode(), check=True, capture_output=True)


def melody(seed: int, notes: int = 16) -> list[tuple[int, int]]:
    """(pitch, ticks of 120 a quarter) of a walk over a major scale."""
    scale = (60, 62, 64, 65, 67, 69, 71, 72, 74, 76)
    random = np.random.default_rng(seed)
    steps = np.cumsum(random.integers(-2, 3, notes)) + 4
    lengths = random.choice((60, 120, 120, 180), notes)
    return [
        (scale[abs(int(s)) % len(scale)], int(ticks))
        for s, ticks in zip(steps, lengths, strict=True)
    ]


def midi(program: int, notes: Sequence[tuple[int, int]]) -> bytes:
    """A standard MIDI file of one track at 120 quarters a minute."""
    track = bytes((0, 0xC0, program))
    for pitch, ticks in notes:
        track += bytes((0, 0x90, pitch, 100)) + _ticks(ticks) + bytes((0x80, pitch, 0))
    track += bytes((0, 0xFF, 0x2F, 0))
    head = b"MThd" + (6).to_bytes(4, "big") + bytes((0, 0, 0, 1, 0, 120))
    return head + b"MTrk" + len(track).to_bytes(4, "big") + track


def _ticks(value: int) -> bytes:
    return bytes((value,)) if value < 128 else bytes((0x80 | value >> 7, value & 127))


def trimmed(sound: Audio, below_db: float = -40) -> Audio:
    """A sound without what is quieter than this, relative to its peak, before and after it."""
    loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max() * 10 ** (below_db / 20))
    return sound[loud[0] : loud[-1] + 1]


def shaped(sound: Audio, level_db: float, most_ms: int) -> Audio:
    """A sound with this peak, relative to full scale, cut to a length with its end faded."""
    sound = sound[: most_ms * HZ // 1000]
    fade = np.minimum(1, np.arange(len(sound), 0, -1) / (0.05 * HZ)).astype(np.float32)
    return np.asarray(sound * fade * (10 ** (level_db / 20) / np.abs(sound).max()), np.float32)


def filled(sound: Audio, length_ms: int) -> Audio:
    """A steady sound repeated to a length, with its seams faded over."""
    wanted, seam = length_ms * HZ // 1000, min(len(sound) // 4, HZ // 20)
    rise = np.linspace(0, 1, seam, dtype=np.float32)
    found = sound
    for _ in range(math.ceil(wanted / max(1, len(sound) - seam)) - 1):
        joint = found[-seam:] * (1 - rise) + sound[:seam] * rise
        found = np.concatenate([found[:-seam], joint, sound[seam:]])
    return found[:wanted]
