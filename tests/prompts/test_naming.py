"""Several names of one thing, told once."""

from dataclasses import replace

from manifests.evidence import Claim, Confidence
from prompts.selection import select
from tests.prompts.clips import claim, evidence, seen, texts


def one_name(*claims: Claim) -> list[str]:
    facts = select(evidence(list(claims)))
    return texts(facts.heard + facts.seen)


def test_names_of_one_sound_become_one() -> None:
    busy = claim("a busy signal sounds", "medium", label="Busy signal", p=0.6)
    dial = claim("a dial tone sounds", "medium", label="Dial tone", p=0.7)
    alarm = claim("an alarm sounds", "medium", label="Alarm", p=0.8)
    assert one_name(alarm, busy, dial) == ["a dial tone sounds"]
    assert one_name(replace(alarm, confidence=Confidence(0.9, "high")), busy) == ["an alarm sounds"]


def test_a_sound_of_two_names_goes_once() -> None:
    """A beep may be a telephone's and an alarm's: told as the one, nothing is left of the other."""
    alarm = claim("an alarm sounds", "high", label="Alarm")
    assert one_name(alarm, claim("a beep sounds", "medium", label="Beep, bleep")) == [
        "an alarm sounds"
    ]


def test_the_parts_of_a_drum_kit_are_the_drum_kit() -> None:
    names = ("Hi-hat", "Bass drum", "Rimshot", "Drum kit", "Snare drum")
    kit = [claim(f"a {name} is played", "medium", "music", label=name) for name in names]
    assert one_name(*kit) == ["a Drum kit is played"]


def test_breeds_and_kinds_of_boat_that_are_seen_are_one() -> None:
    beagle = seen("a beagle", "medium", label="beagle")
    hound = seen("a basset hound", "high", label="basset")
    boats = [seen("a trimaran", label="trimaran"), seen("a yawl", "medium", label="yawl")]
    assert one_name(beagle, hound, *boats) == ["a basset hound", "a trimaran"]


def test_what_is_of_another_kind_or_side_stays() -> None:
    dog, bird = seen("a beagle", label="beagle"), seen("a goldfinch", label="goldfinch")
    sled = seen("a dog sled", label="dogsled")
    assert len(one_name(dog, bird, sled)) == 3
    bass = claim("a bass guitar is played", kind="music", label="Bass guitar")
    electric = claim("an electric guitar is played", kind="music", label="Electric guitar")
    assert len(one_name(bass, electric)) == 2
    ring = claim("a telephone rings", label="Telephone bell ringing")
    assert len(one_name(ring, seen("a telephone", label="telephone"))) == 2
