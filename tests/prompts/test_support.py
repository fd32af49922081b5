"""Which claims speak for which."""

import pytest

from captioners.audio.audioset import sound_class
from manifests.evidence import Claim, WeakCaption
from prompts.support import Meaning, about, meaning, supports
from tests.prompts.clips import claim, evidence, seen


def _by(*captioners: list[Claim]) -> dict[str, list[str]]:
    """The texts that support each text."""
    captions = evidence(*captioners).captions

    def text(place: tuple[int, int]) -> str:
        return captions[place[0]].claims[place[1]].text

    return {text(s.claim): [text(place) for place in s.by] for s in supports(captions)}


def test_the_narrower_claim_supports_the_broader_one() -> None:
    found = _by([claim("a dog barks", label="Dog")], [claim("an animal is heard", label="Animal")])
    assert found == {
        "a dog barks": ["a dog barks"],
        "an animal is heard": ["a dog barks", "an animal is heard"],
    }


def test_what_a_claim_implies_is_broader_and_what_says_the_same_is_not() -> None:
    owl, bird = claim("an owl hoots", label="Owl"), claim("a bird is heard", label="Bird")
    captions = evidence([owl], [bird], [claim("the hooting of an owl", label="Owl")]).captions
    found = {s.claim: s.broader for s in supports(captions)}
    assert found == {(0, 0): ((1, 0),), (1, 0): (), (2, 0): ((1, 0),)}


def test_what_is_heard_and_what_is_seen_do_not_support_each_other() -> None:
    assert _by([claim("a dog barks", label="Dog")], [seen("a dog", label="dog")]) == {
        "a dog barks": ["a dog barks"],
        "a dog": ["a dog"],
    }


def test_numbers_do_not_part_what_is_said_of_one_thing() -> None:
    found = _by([seen("two dogs", label="dog")], [seen("a dog", label="dog")])
    assert found["a dog"] == ["two dogs", "a dog"]


def test_unjudged_claims_and_bare_measures_have_no_part() -> None:
    assert _by([claim("a dog barks", None, label="Dog"), claim("", "high", "signal")]) == {}
    assert supports([WeakCaption("c", "h", "ears")]) == []


def test_a_label_tells_more_than_its_phrase_and_a_sentence_has_none() -> None:
    assert about(claim("rain falls on a roof", label="Rain, raindrop")) == {"rain"}
    assert about(claim("a dog barks", kind="caption", label="a dog barks")) == {"dog", "bark"}


def audioset(label: str) -> Meaning:
    known = sound_class(label)
    return meaning(Claim(label, known.clause, known.kind, "audio", 0.0))


@pytest.mark.parametrize(
    ("narrower", "broader"),
    [
        ("Bark", "Animal"),
        ("Honk", "Bird"),
        ("Acoustic guitar", "Musical instrument"),
        ("Trombone", "Music"),
        ("Jet engine", "Aircraft"),
        ("Police car (siren)", "Emergency vehicle"),
        ("Tapping (guitar technique)", "Guitar"),
    ],
)
def test_a_sound_implies_what_is_broader(narrower: str, broader: str) -> None:
    assert audioset(narrower).implies(audioset(broader))
    assert not audioset(broader).implies(audioset(narrower))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bird", "Domestic animals, pets"),
        ("Crow", "Crowing, cock-a-doodle-doo"),
        ("Cricket", "Chirp, tweet"),
        ("Bird vocalization, bird call, bird song", "Singing"),
        ("Helicopter", "Fly, housefly"),
        ("Guitar", "Vocal music"),
        ("Hum", "Humming"),
        ("Sine wave", "Ocean"),
        ("Siren", "Emergency vehicle"),
        ("Train", "Run"),
        ("Vehicle horn, car horn, honking", "Goose"),
        ("Singing bowl", "Singing"),
        ("Beep, bleep", "Alarm"),
    ],
)
def test_no_sound_implies_what_is_only_like_it(one: str, other: str) -> None:
    assert not audioset(one).implies(audioset(other))
