"""The bench's world hangs together, is large, and keeps its splits apart."""

import tomllib
from importlib.resources import files

from recipes.world.world import load


def test_size() -> None:
    world = load()
    assert len(world.leaves("heard")) >= 320
    assert len(world.leaves("seen")) >= 220


def test_phrasings() -> None:
    every = [p for e in load().entries.values() for p in e.concept.phrasings]
    assert len(every) == len(set(every))
    for entry in load().entries.values():
        assert 3 <= len(entry.concept.phrasings) <= 5, entry.key
        assert len(entry.train) == 2
        assert set(entry.train) | set(entry.bench) == set(entry.concept.phrasings)
        assert not set(entry.train) & set(entry.bench)


def test_links_lead_somewhere() -> None:
    world = load()
    for entry in world.entries.values():
        for broader in entry.concept.broader:
            assert world.entries[broader].concept.side == entry.concept.side
        for source in entry.sources:
            assert entry.concept.side == "heard"
            assert world.entries[source].concept.side == "seen"
        assert entry.key in world.upward(entry.key)


def test_a_brown_dog_sounds_as_a_dog_does() -> None:
    assert "dog_barks" in load().sounds_of("brown_dog")
    assert "animal" in load().upward("brown_dog")


def test_parts_share_no_wording() -> None:
    train, unseen, bench = load("train"), load("unseen"), load("bench")
    leaves = [{e.key for s in ("heard", "seen") for e in w.leaves(s)} for w in (train, unseen)]
    assert not leaves[0] & leaves[1]
    assert 0.4 < len(leaves[0]) / (len(leaves[0]) + len(leaves[1])) < 0.6
    said = {p for e in train.entries.values() for p in e.concept.phrasings}
    assert not said & {p for e in bench.entries.values() for p in e.concept.phrasings}


def test_links_of_a_part_stay_in_it() -> None:
    for entry in load("train").entries.values():
        assert all(key in load("train").entries for key in entry.sources + entry.concept.broader)


def test_wordings_are_not_the_captioners() -> None:
    table = tomllib.loads(files("captioners.audio").joinpath("audioset.toml").read_text("utf-8"))
    theirs = {said[0] for kind in ("sound", "music", "scene") for said in table[kind].values()}
    ours = [p for c in load().concepts("heard") for p in c.phrasings]
    same = [p for p in ours if p in theirs]
    assert len(same) <= len(ours) // 20, same
