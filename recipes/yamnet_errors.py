"""What YAMNet really takes for what, from free sounds whose content is known.

    python -m recipes.yamnet_errors

Writes benchmarks/quality/simulation/yamnet_errors.toml, from which the simulation takes the confusions of
its first audio tagger. For pairs of concepts of the bench's world: in how many files with the one YAMNet
claims the other (score from 0.1 on), which is not in them. Sounds and what they hold are those of
recipes/calibration/cpu.py that need no installation: Sonic Pi's samples, ten animals, Debian's
alsa-utils, and espeak-ng speech. Claims that nobody can decide, and classes that the table below lacks,
are not counted.
"""

import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from captioners.audio._sound import best_mean
from captioners.audio.yamnet import Network, prepare
from captioners.weights.cache import Cache
from recipes import media
from recipes.calibration import cpu as calibrate_cpu
from recipes.world.world import load

_HERE = Path(__file__).parent
TARGET = _HERE.parent / "benchmarks" / "quality" / "simulation" / "yamnet_errors.toml"
_KNOWN = _HERE / "calibration" / "known_audio.toml"
_LEAST_SCORE, _POOL, _HZ = 0.1, 3, 16_000
_SHORT_S, _LEAST_S, _PAUSE_S = 2, 4, 0.3
_CLASSES: Mapping[str, tuple[str, ...]] = {
    "acoustic_guitar": ("Guitar", "Acoustic guitar", "Strum"),
    "air_conditioner": ("Air conditioning",),
    "airplane": ("Aircraft", "Fixed-wing aircraft, airplane"),
    "bass_drum": ("Bass drum",),
    "beep": ("Beep, bleep",),
    "bell_rings": ("Bell",),
    "blender": ("Blender",),
    "burping": ("Burping, eructation",),
    "buzzer": ("Buzzer",),
    "camera_shutter": ("Camera",),
    "car_horn": ("Vehicle horn, car horn, honking",),
    "car_passes": ("Car passing by",),
    "cat_meows": ("Cat", "Meow"),
    "choir_sings": ("Choir",),
    "clock_ticks": ("Tick", "Clock"),
    "coughing": ("Cough",),
    "cow_moos": ("Moo", "Cattle, bovinae"),
    "cowbell": ("Cowbell",),
    "crow_caws": ("Crow", "Caw"),
    "cymbals": ("Cymbal", "Hi-hat"),
    "dog_barks": ("Dog", "Bark", "Bow-wow"),
    "dog_howls": ("Howl",),
    "dog_whimpers": ("Whimper (dog)",),
    "door_closes": ("Door", "Slam"),
    "doorbell": ("Doorbell", "Ding-dong"),
    "drum_kit": ("Drum kit", "Drum machine"),
    "duck_quacks": ("Duck", "Quack"),
    "engine_idles": ("Engine",),
    "engine_revs": ("Accelerating, revving, vroom",),
    "explosion": ("Explosion", "Boom"),
    "finger_snap": ("Finger snapping",),
    "fire_crackles": ("Fire", "Crackle"),
    "fireworks": ("Fireworks",),
    "flute": ("Flute",),
    "fly_buzzes": ("Fly, housefly",),
    "frogs_croak": ("Frog", "Croak"),
    "glass_breaks": ("Shatter",),
    "gong": ("Gong",),
    "goose_honks": ("Goose", "Honk"),
    "groaning": ("Groan", "Grunt"),
    "gunshot": ("Gunshot, gunfire",),
    "cap_gun": ("Cap gun",),
    "hammering": ("Hammer",),
    "hand_drums": ("Tabla",),
    "heartbeat": ("Heart sounds, heartbeat", "Heart murmur"),
    "helicopter": ("Helicopter",),
    "hen_clucks": ("Cluck",),
    "horse_neighs": ("Horse", "Neigh, whinny"),
    "lion_roars": ("Roaring cats (lions, tigers)", "Roar"),
    "machine_gun": ("Machine gun",),
    "metal_clang": ("Clang",),
    "mosquito": ("Mosquito",),
    "narration": ("Narration, monologue",),
    "opera_singing": ("Opera",),
    "organ": ("Organ",),
    "owl_hoots": ("Owl", "Hoot"),
    "piano": ("Piano",),
    "pig_oinks": ("Pig", "Oink"),
    "printer": ("Printer",),
    "rain": ("Rain", "Raindrop", "Rain on surface"),
    "robot_voice": ("Speech synthesizer",),
    "rooster_crows": ("Crowing, cock-a-doodle-doo", "Chicken, rooster"),
    "rustling_leaves": ("Rustling leaves",),
    "scrape": ("Scrape",),
    "scratching": ("Scratching (performance technique)",),
    "screaming": ("Screaming",),
    "sheep_bleats": ("Sheep", "Bleat"),
    "sighing": ("Sigh",),
    "sine_tone": ("Sine wave",),
    "singing_bowl": ("Singing bowl",),
    "slap": ("Whack, thwack",),
    "sliding_door": ("Sliding door",),
    "snake_hisses": ("Snake",),
    "snare_roll": ("Snare drum", "Drum roll"),
    "stream": ("Stream",),
    "synthesizer": ("Synthesizer",),
    "tambourine": ("Tambourine",),
    "theremin": ("Theremin",),
    "thud": ("Thump, thud",),
    "thunder": ("Thunder",),
    "thunderstorm": ("Thunderstorm",),
    "timpani": ("Timpani",),
    "train_passes": ("Train",),
    "vacuum": ("Vacuum cleaner",),
    "waterfall": ("Waterfall",),
    "waves": ("Waves, surf", "Ocean"),
    "whale_calls": ("Whale vocalization",),
    "whip": ("Whip",),
    "white_noise": ("White noise", "Pink noise", "Static", "Noise"),
    "whoosh": ("Whoosh, swoosh, swish", "Arrow"),
    "wind": ("Wind",),
    "wind_chimes": ("Chime", "Wind chime"),
    "woodblock": ("Wood block",),
    "xylophone": ("Marimba, xylophone", "Glockenspiel", "Vibraphone"),
    "zipper": ("Zipper (clothing)",),
}
_CONCEPT = {label: key for key, labels in _CLASSES.items() for label in labels}


def main() -> None:
    """Counts and writes."""
    files: Counter[str] = Counter()
    taken: Counter[tuple[str, str]] = Counter()
    for true, unsure, said in _heard():
        there = {_CONCEPT[label] for label in true if label in _CONCEPT}
        open_to = {_CONCEPT[label] for label in unsure if label in _CONCEPT}
        claimed = {_CONCEPT[label] for label in said if label in _CONCEPT} - there - open_to
        files.update(there)
        taken.update((one, other) for one in there for other in claimed)
    entries = load().entries
    rows = [
        f'    {{ true = "{one}", said = "{other}", claimed = {number}, files = {files[one]} }},'
        for (one, other), number in sorted(taken.items())
        if entries[one].topic == entries[other].topic
    ]
    beyond = sum(n for (a, b), n in taken.items() if entries[a].topic != entries[b].topic)
    within = sum(n for (a, b), n in taken.items() if entries[a].topic == entries[b].topic)
    head = (
        "# Written by `python -m recipes.yamnet_errors`, whose head says more.\n"
        f"# {date.today()}: {within} false claims of the same topic as what is there, {beyond} of\n"
        "# others, which the simulation has no room for: topics are independent there.\n\n"
    )
    known = ", ".join(f"{key} = {number}" for key, number in sorted(files.items()))
    TARGET.write_text(
        f"{head}pairs = [\n" + "\n".join(rows) + f"\n]\n\n[files]\n{known.replace(', ', chr(10))}\n"
    )


def _heard() -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Of each sound: what is in it, what nobody can decide, and what YAMNet claims."""
    table = tomllib.loads(_KNOWN.read_text("utf-8"))
    cache = Cache()
    network = Network(cache.path("yamnet"))
    with tempfile.TemporaryDirectory() as folder:
        for name, path in _files(cache, Path(folder)):
            matching = (e for e in table["sound"] if any(fnmatchcase(name, g) for g in e["files"]))
            entry: dict[str, Any] | None = next(matching, None)
            if entry is None or "skip" in entry:
                continue
            samples = media.samples(path)
            if len(samples) < _SHORT_S * _HZ:
                unit = np.pad(samples, (0, int(_PAUSE_S * _HZ)))
                samples = np.tile(unit, -(-_LEAST_S * _HZ // len(unit)))
            probabilities, _ = network.run(prepare(samples))
            scores = best_mean(probabilities, _POOL)
            said = [c for c, s in zip(network.classes, scores, strict=True) if s >= _LEAST_SCORE]
            lists = table["lists"]
            unsure = ["@always_unsure", *entry["unsure"]]
            yield (
                calibrate_cpu._named(lists, entry["true"]),
                calibrate_cpu._named(lists, unsure),
                said,
            )


def _files(cache: Cache, work: Path) -> Iterator[tuple[str, Path]]:
    folders = {
        "scsynth-samples": cache.fetch("scsynth-samples"),
        "animal-sounds": cache.fetch("animal-sounds"),
        "alsa": Path("/usr/share/sounds/alsa"),
    }
    for source, folder in folders.items():
        for path in sorted(folder.glob("*")):
            if path.suffix in (".flac", ".mp3", ".oga", ".wav"):
                yield f"{source}/{path.stem}", path
    yield from calibrate_cpu._spoken(work)


if __name__ == "__main__":
    main()
