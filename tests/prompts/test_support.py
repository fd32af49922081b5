"""Which claims speak for which."""

from manifests.evidence import Claim, WeakCaption
from prompts.support import about, supports
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
