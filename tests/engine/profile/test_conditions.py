"""Conditions hold of what is known of a clip, and never of what is not known."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from engine.profile.conditions import CLIP, CLIP_LABELS, Condition, Scores, clip_scores, unmet
from manifests.evidence import Claim, WeakCaption

_SPEECH = Claim("Speech", "somebody speaks", "speech", "audio", 0.5)
_RAN = WeakCaption("id", "hash", "ears", claims=(replace(_SPEECH, score=0.2), _SPEECH))
_SKIPPED = WeakCaption("id", "hash", "eyes", skipped="no picture")
_FACTS = Scores({"seconds": 4.0, "audio": 1.0, "video": 0.0}, {"ears": _RAN, "eyes": _SKIPPED})


def _condition(of: str, label: str, **bound: float) -> Condition:
    return Condition(of=of, label=label, **bound)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (_condition("ears", "Speech", above=0.49), True),
        (_condition("ears", "Speech", above=0.5), False),
        (_condition("ears", "Speech", below=0.51), True),
        (_condition("ears", "Speech", below=0.5), False),
        (_condition(CLIP, "seconds", above=3.9), True),
        (_condition(CLIP, "seconds", below=4), False),
        (_condition(CLIP, "video", below=0.5), True),
        (_condition(CLIP, "audio", below=0.5), False),
    ],
)
def test_a_bound_is_not_part_of_it(condition: Condition, holds: bool) -> None:
    assert condition.holds(_FACTS) is holds


def test_a_label_that_was_not_claimed_scores_zero() -> None:
    assert _condition("ears", "Dog", below=0.1).holds(_FACTS)
    assert not _condition("ears", "Dog", below=0.0).holds(_FACTS)
    assert not _condition("ears", "Dog", above=0.0).holds(_FACTS)
    assert _condition("ears", "Dog", above=-0.1).holds(_FACTS)


@pytest.mark.parametrize("of", ["eyes", "nobody"])
@pytest.mark.parametrize("bound", ["above", "below"])
def test_nothing_holds_of_a_captioner_that_did_not_run(of: str, bound: str) -> None:
    for value in (-1e9, 0.0, 1e9):
        assert not _condition(of, "Speech", **{bound: value}).holds(_FACTS)


def test_the_highest_score_of_a_label_counts() -> None:
    assert _FACTS.score("ears", "Speech") == 0.5


def test_a_highest_score_below_zero_counts() -> None:
    weak = replace(_RAN, claims=(replace(_SPEECH, score=-3.0), replace(_SPEECH, score=-2.0)))
    assert Scores({}, {"ears": weak}).score("ears", "Speech") == -2.0


def test_unmet_is_the_first_that_does_not_hold() -> None:
    met = _condition(CLIP, "seconds", above=1)
    first, second = _condition("ears", "Dog", above=0.1), _condition("eyes", "Cat", below=1)
    assert unmet([], _FACTS) is None
    assert unmet([met, met], _FACTS) is None
    assert unmet([met, first, second], _FACTS) is first


def test_a_condition_reads_as_it_is_meant() -> None:
    assert str(_condition("ears", "Speech", above=0.5)) == "ears.Speech > 0.5"
    assert str(_condition(CLIP, "seconds", below=3)) == "clip.seconds < 3"
    assert str(_condition(CLIP, "seconds", below=0)) == "clip.seconds < 0"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"of": "ears", "label": "Dog"}, "condition on ears.Dog: give either above or below"),
        ({"of": "ears", "label": "Dog", "above": 0, "below": 1}, "give either above or below"),
        (
            {"of": "clip", "label": "second", "above": 1},
            'a clip has no label "second"; it has seconds,',
        ),
        ({"of": "ears", "label": "Dog", "over": 1}, "over"),
        ({"of": "ears", "above": 1}, "label"),
        ({"of": "ears", "label": "Dog", "above": "much"}, "above"),
    ],
)
def test_a_bad_condition_says_what_is_wrong(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Condition(**wrong)


def test_every_label_of_the_clip_can_be_asked() -> None:
    for label in CLIP_LABELS:
        assert not _condition(CLIP, label, above=1).holds(Scores({label: 1.0}))


_CLIP = {
    "start_ms": 2_000,
    "end_ms": 12_000,
    "kind": "video",
    "has_audio": True,
    "has_video": True,
}


def test_every_label_of_a_clip_has_a_score() -> None:
    assert set(clip_scores(_CLIP)) == set(CLIP_LABELS)
    assert clip_scores(_CLIP) == {"seconds": 10.0, "audio": 1.0, "video": 1.0, "still": 0.0}
    still = _CLIP | {"kind": "image", "end_ms": 2_000, "has_audio": False}
    assert clip_scores(still) == {"seconds": 0.0, "audio": 0.0, "video": 1.0, "still": 1.0}
