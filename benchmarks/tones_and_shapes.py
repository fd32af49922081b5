"""A world of which everything is known: sounds and pictures that are made from the same few numbers.

What is seen goes with what is heard: hue with pitch, form with timbre, number with beats, background
with loudness, stripes with wavering. So every pair of an encoder can be learned, and a clip of a
combination that was never trained on can be found.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from captioners.encoder.pairs import CaptionKind
from manifests.ids import clip_id
from manifests.media import Media

HZ = 16_000
_SECONDS, _PX = 2.0, 260
_COUNTS = ("once", "twice", "three times", "four times", "five times")
_NUMBERS = ("one", "two", "three", "four", "five")
_PITCHES = ("rumbling", "deep", "low", "middling", "high", "shrill", "piercing", "whistling")
_HUES = {
    "red": (220, 20, 30),
    "orange": (255, 140, 0),
    "yellow": (250, 230, 30),
    "green": (20, 160, 50),
    "turquoise": (40, 210, 200),
    "blue": (30, 60, 220),
    "purple": (130, 30, 170),
    "pink": (255, 130, 190),
}
_TIMBRES = ("tone", "buzz", "hiss", "bell")
_FORMS = ("circle", "square", "triangle", "cross")
_LOUDNESS = ("steadily", "growing louder", "fading away")
_GROUNDS = {"black": (10, 10, 10), "grey": (128, 128, 128), "white": (245, 245, 245)}


@dataclass(frozen=True, slots=True)
class Scene:
    """A combination. Each is the number of a word in the lists above."""

    pitch: int
    timbre: int
    count: int
    loudness: int
    wavering: int

    @property
    def captions(self) -> dict[CaptionKind, str]:
        """What is heard, seen, and both."""
        heard = f"a {'wavering ' if self.wavering else ''}{_PITCHES[self.pitch]} {_TIMBRES[self.timbre]}"
        heard += f" sounds {_COUNTS[self.count]}, {_LOUDNESS[self.loudness]}"
        plural = "" if self.count == 0 else "es" if _FORMS[self.timbre] == "cross" else "s"
        seen = (
            f"{_NUMBERS[self.count]} {'striped ' if self.wavering else ''}{list(_HUES)[self.pitch]}"
        )
        seen += f" {_FORMS[self.timbre]}{plural} on a {list(_GROUNDS)[self.loudness]} background"
        return {
            "audio_caption": f"{heard[0].upper()}{heard[1:]}.",
            "visual_caption": f"{seen[0].upper()}{seen[1:]}.",
            "audio_visual_caption": f"{seen[0].upper()}{seen[1:]} while {heard}.",
        }


def scenes(seed: int) -> list[Scene]:
    """All 960 combinations, in random order."""
    sizes = (len(_PITCHES), len(_TIMBRES), len(_COUNTS), len(_LOUDNESS), 2)
    every = [Scene(*numbers) for numbers in product(*(range(size) for size in sizes))]
    order = np.random.default_rng(seed).permutation(len(every))
    return [every[number] for number in order]


def media(scene: Scene, seed: int) -> Media:
    """A clip of a scene: of those, no two are equal in pitch, phase, noise, places and sizes."""
    random = np.random.default_rng([seed, *(getattr(scene, name) for name in Scene.__slots__)])
    content = f"{seed}:{scene}"
    return Media(
        clip_id(content, 0, int(1000 * _SECONDS)),
        content,
        int(1000 * _SECONDS),
        audio={HZ: _sound(scene, random)},
        frames=_picture(scene, random)[None],
        frame_times_ms=(int(500 * _SECONDS),),
    )


def _sound(scene: Scene, random: np.random.Generator) -> npt.NDArray[np.float32]:
    times = np.arange(int(HZ * _SECONDS)) / HZ
    hertz = 110 * 2 ** (scene.pitch * 0.7 + random.uniform(-0.1, 0.1))
    wave = 0.03 * np.sin(2 * np.pi * 6 * times) if scene.wavering else 0.0
    phase = 2 * np.pi * (hertz * times + hertz * np.cumsum(wave * np.ones_like(times)) / HZ)
    if scene.timbre == 0:
        sound = np.sin(phase)
    elif scene.timbre == 1:
        sound = np.sign(np.sin(phase)) * 0.5 + 0.5 * np.sin(3 * phase)
    elif scene.timbre == 2:
        sound = np.sin(phase + np.cumsum(random.normal(0, 0.35, len(times))))
    else:
        sound = sum(
            (np.sin(phase * ratio) / ratio for ratio in (1.0, 2.76, 5.4)), np.zeros(len(times))
        )
    beat = _SECONDS / (scene.count + 1)
    place = (times % beat) / beat
    decay = 9.0 if scene.timbre == 3 else 1.0
    sound = sound * (place < 0.7) * np.exp(-decay * place)
    rise = times / _SECONDS
    loud = (np.ones_like(rise), 0.05 + rise, 1.05 - rise)[scene.loudness]
    noisy = sound * loud * random.uniform(0.2, 0.4) + random.normal(0, 0.003, len(times))
    made: npt.NDArray[np.float32] = np.clip(noisy, -1, 1).astype(np.float32)
    return made


def _picture(scene: Scene, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    ground = list(_GROUNDS.values())[scene.loudness]
    hue = list(_HUES.values())[scene.pitch]
    image = Image.new("RGB", (_PX, _PX), ground)
    places = random.permutation(9)[: scene.count + 1]
    for place in places:
        x, y = _PX * (1 + 2 * (place % 3)) / 6, _PX * (1 + 2 * (place // 3)) / 6
        x, y = (float(v + random.uniform(-8, 8)) for v in (x, y))
        _draw(image, scene, hue, x, y, float(random.uniform(26, 36)))
    return np.asarray(image, np.uint8)


def _draw(
    image: Image.Image, scene: Scene, hue: tuple[int, int, int], x: float, y: float, size: float
) -> None:
    mask = Image.new("L", image.size)
    pen = ImageDraw.Draw(mask)
    box = (x - size, y - size, x + size, y + size)
    if scene.timbre == 0:
        pen.ellipse(box, fill=255)
    elif scene.timbre == 1:
        pen.rectangle(box, fill=255)
    elif scene.timbre == 2:
        pen.polygon([(x, y - size), (x - size, y + size), (x + size, y + size)], fill=255)
    else:
        pen.rectangle((x - size, y - size / 3, x + size, y + size / 3), fill=255)
        pen.rectangle((x - size / 3, y - size, x + size / 3, y + size), fill=255)
    if scene.wavering:
        for row in range(0, image.size[1], 12):
            pen.rectangle((0, row, image.size[0], row + 4), fill=0)
    image.paste(hue, (0, 0), mask)
