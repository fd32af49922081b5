"""The zoo of media files: each is listed, examined and decoded as it must be.

The cases were written from the specification, without looking at the decoder.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.media.decode import DecodePlan
from engine.media.examine import examine_one
from engine.profile.profile import Cutting
from engine.stages.actors import Decoder
from manifests.media import Media
from manifests.sources.examined import clip_rows
from manifests.sources.folder import Listing
from tests.zoo import CAPTIONED, NAMES, SKIPPED, Clip, Expected, make

pytestmark = pytest.mark.run

_RATE = 16000
_NEAR_HZ = 15


@dataclass(frozen=True, slots=True)
class Zoo:
    """The folder, what must become of its files, and the names that were listed."""

    folder: Path
    expected: Mapping[str, Expected]
    listed: frozenset[str]


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    folder = tmp_path_factory.mktemp("zoo")
    expected = make(folder)
    listed = (os.path.basename(path) for path in Listing().paths([str(folder)]))
    return Zoo(folder, expected, frozenset(os.fsdecode(name) for name in listed))


def test_the_zoo_has_sixty_files_and_no_others(zoo: Zoo) -> None:
    assert len(zoo.expected) >= 60
    assert set(os.listdir(zoo.folder)) == set(zoo.expected) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_file_has_the_outcome_it_deserves(zoo: Zoo, name: str) -> None:
    expected = zoo.expected[name]
    assert (name in zoo.listed) == (expected.outcome != SKIPPED)
    if expected.outcome == SKIPPED:
        return
    source = examine_one(os.fsencode(zoo.folder / name), Cutting())
    decoder = Decoder(DecodePlan((_RATE,), 4, 64))
    rows = clip_rows(source)
    faults = {row["fault"] for row in rows if row["fault"]}
    if expected.outcome != CAPTIONED:
        assert faults == {expected.outcome}, source.fault_message
        return
    assert not faults, source.fault_message
    decoded = [decoder.decode(row) for row in rows]
    assert [decoding.fault for decoding, _ in decoded] == [None] * len(rows)
    clips = [media for _, media in decoded if media is not None]
    wanted = [(clip.colour, clip.hertz is not None) for clip in expected.clips]
    assert [(_colour(media), bool(media.audio)) for media in clips] == wanted
    duration = source.media["duration_ms"]
    assert duration == pytest.approx(expected.duration_ms, abs=expected.within_ms)
    for clip, media in zip(expected.clips, clips, strict=True):
        _check(clip, media, expected.dbfs)


def _check(clip: Clip, media: Media, dbfs: float | None) -> None:
    """The clip's brightness in every picture, its tone, and its level."""
    for frame in media.frames if media.frames is not None else ():
        assert clip.light[0] <= frame.mean() <= clip.light[1]
    if clip.hertz is None:
        return
    sound = media.audio[_RATE]
    assert _tone(sound) == pytest.approx(clip.hertz, abs=_NEAR_HZ)
    if dbfs is not None:
        level = 20 * np.log10(np.sqrt(np.mean(np.square(sound))) + 1e-9)
        assert level == pytest.approx(dbfs, abs=1)


def _colour(media: Media) -> str | None:
    """Of all pictures of a clip: their largest channel, "grey", or all colours where they differ."""
    if media.frames is None:
        return None
    return " and ".join(sorted({_name(frame.mean(axis=(0, 1))) for frame in media.frames}))


def _name(mean: np.ndarray[Any, np.dtype[np.floating[Any]]]) -> str:
    if np.ptp(mean) < 6:
        return "grey"
    return ("red", "green", "blue")[int(np.argmax(mean))]


def _tone(sound: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.fft.rfftfreq(len(sound), 1 / _RATE)[np.argmax(power)])
