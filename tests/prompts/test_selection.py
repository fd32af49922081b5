"""Fusion: what may be said, what must, and what is left out."""

from dataclasses import replace

import pytest

from captioners.confidence.fusion import Fusion
from captioners.confidence.tiers import ENOUGH
from manifests.evidence import Claim, Confidence
from prompts.merging import Same
from prompts.selection import HEARD_AT_MOST, SEEN_AT_MOST, select
from prompts.support import supports
from recipes.evidences import evidences
from tests.prompts.clips import claim, evidence, heard, seen, texts


def test_a_low_claim_is_left_out() -> None:
    assert heard([claim("a dog barks"), claim("a bell rings", "low")]) == ["a dog barks"]


def test_an_unjudged_claim_and_a_bare_measure_are_left_out() -> None:
    assert heard([claim("a dog barks", None), claim("", "high", "signal")]) == []


def test_a_claim_counts_with_everybodys_word() -> None:
    lifted = replace(claim("a dog barks", "low", label="Dog"), fused=Confidence(0.7, "medium"))
    sunk = replace(claim("a bell rings", "high", label="Bell"), fused=Confidence(0.3, "low"))
    facts = select(evidence([lifted, sunk]))
    assert [(f.text, f.tier) for f in facts.heard] == [("a dog barks", "medium")]


def test_two_captioners_that_agree_are_told_by_the_fusion_alone() -> None:
    agreeing = ([claim("a dog barks", "low", label="Dog")], [claim("barking", "low", label="bark")])
    assert heard(*agreeing) == []
    said = evidence(*agreeing)
    agreed = supports(said.captions)
    fused = Fusion().fuse(said.captions, agreed, {s.claim: ENOUGH for s in agreed})
    facts = select(replace(said, captions=fused))
    assert [(f.text, f.tier) for f in facts.heard] == [("a dog barks", "medium")]
    assert facts.heard[0].captioners == ("captioner0", "captioner1")


def test_a_fact_that_another_word_carries_has_its_number_or_none() -> None:
    """A calibrated 0.16 beside the same claim, that a scorer ranked: never "medium 0.16"."""
    measured = claim("a train horn blows", "low", label="Train horn", p=0.16)
    ranked = replace(
        claim("a train horn blows", label="horn"), confidence=Confidence(None, "medium")
    )
    (fact,) = select(evidence([measured], [ranked])).heard
    assert fact.confidence == Confidence(None, "medium")
    assert fact.captioners == ("captioner0", "captioner1")


def test_claims_without_a_number_are_kept_behind_those_of_their_tier() -> None:
    ranked = replace(claim("rain falls", label="Rain"), confidence=Confidence(None, "medium"))
    unknown = replace(claim("a bell rings", label="Bell"), confidence=Confidence(None, "low"))
    told = heard([unknown], [ranked], [claim("a dog barks", "medium", label="Dog")])
    assert told == ["a dog barks", "rain falls"]


def test_rivals_of_which_nothing_is_known_are_not_there_by_their_number() -> None:
    """Two captioners that say "rain" and "engine" without a calibration, and an engine in view."""
    said = [
        [replace(claim(text, label=label), confidence=Confidence(None, "low"))]
        for text, label in (("rain falls", "Rain"), ("an engine runs", "Engine"))
    ]
    assert texts(select(evidence(*said, [seen("a car")])).heard) == []


def test_a_broader_claim_is_as_sure_as_what_implies_it() -> None:
    narrow, broad = (
        claim("a dog barks", label="Dog"),
        claim("an animal cries", "low", label="Animal"),
    )
    (fact,) = select(evidence([narrow], [broad])).heard
    assert (fact.text, fact.tier, fact.captioners) == ("a dog barks", "high", ("captioner0",))
    narrow = claim("a dog barks", "medium", label="Dog", p=0.55)
    broad = claim("an animal cries", "medium", label="Animal", p=0.75)
    (fact,) = select(evidence([narrow], [broad])).heard
    assert fact.text == "a dog barks"


def test_modalities_do_not_agree_with_each_other() -> None:
    facts = select(
        evidence([claim("a dog barks", "low", label="Dog")], [seen("a dog", label="dog")])
    )
    assert texts(facts.heard) == []


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ([("Dog", "a dog barks"), ("Animal", "an animal is heard")], ["a dog barks"]),
        (
            [
                ("Music", "music plays"),
                ("Drum", "drums are played"),
                ("Drum kit", "a drum kit plays"),
            ],
            ["a drum kit plays"],
        ),
        ([("Speech", "a person speaks"), ("speech", "someone talks")], ["a person speaks"]),
        ([("Dog", "a dog barks"), ("Cat", "a cat meows")], ["a dog barks", "a cat meows"]),
    ],
)
def test_redundant_claims_merge(claims: list[tuple[str, str]], said: list[str]) -> None:
    assert heard([claim(text, label=label) for label, text in claims]) == said


def test_a_broad_sure_claim_stays_when_the_narrow_one_is_not_sure() -> None:
    claims = [claim("an animal is heard", label="Animal"), claim("a dog barks", "low", label="Dog")]
    assert heard(claims) == ["an animal is heard"]


def test_what_a_narrower_one_tells_is_not_said_beside_it_though_it_is_surer() -> None:
    bird, duck = seen("a bird", label="bird"), seen("a duck", "medium", label="duck")
    (fact,) = select(evidence([bird], [duck])).seen
    assert (fact.text, fact.tier, fact.must) == ("a duck", "medium", True)


def test_a_surer_instrument_is_not_said_beside_its_kind() -> None:
    organ = claim("an organ is played", "high", "music", label="Organ")
    hammond = claim("a Hammond organ is played", "medium", "music", label="Hammond organ")
    assert heard([organ, hammond]) == ["a Hammond organ is played"]


def test_sure_music_stays_beside_singing_that_is_only_likely() -> None:
    music = claim("music plays", "high", "music", label="Music")
    opera = claim("opera is sung", "medium", "music", label="Opera")
    assert heard([music, opera]) == ["music plays", "opera is sung"]


def test_person_and_people_merge() -> None:
    facts = select(
        evidence([seen("two people", label="people")], [seen("a person", label="person")])
    )
    assert texts(facts.seen) == ["two people"]


def test_a_hot_dog_is_no_dog() -> None:
    facts = select(evidence([seen("a dog", label="dog"), seen("a hot dog", label="hot dog")]))
    assert texts(facts.seen) == ["a dog", "a hot dog"]


def test_the_picture_chooses_among_rival_sounds() -> None:
    rivals = [
        claim("an engine runs", "low", label="Engine"),
        claim("rain falls", "low", label="Rain"),
    ]
    assert texts(select(evidence(rivals, [seen("a car", label="car")])).heard) == ["an engine runs"]
    assert texts(select(evidence(rivals, [seen("an umbrella", label="umbrella")])).heard) == [
        "rain falls"
    ]


def test_the_picture_chooses_nothing_when_it_speaks_for_both_or_none() -> None:
    rivals = [claim("an engine runs", "medium", label="Engine")]
    rivals.append(claim("rain falls", "medium", label="Rain"))
    for sights in ([seen("a chair", label="chair")], [seen("a car"), seen("an umbrella")]):
        assert len(select(evidence(rivals, sights)).heard) == 2


def test_the_picture_never_adds_a_sound_that_was_not_heard() -> None:
    facts = select(evidence([claim("rain falls", label="Rain")], [seen("a car", label="car")]))
    assert texts(facts.heard) == ["rain falls"]


def test_the_picture_does_not_lift_a_lone_low_sound() -> None:
    facts = select(evidence([claim("an engine runs", "low", label="Engine")], [seen("a car")]))
    assert facts.heard == ()


def test_the_picture_does_not_overrule_a_sure_sound() -> None:
    sounds = [claim("rain falls", label="Rain"), claim("an engine runs", "medium", label="Engine")]
    assert len(select(evidence(sounds, [seen("a car", label="car")])).heard) == 2


def test_high_claims_must_be_said_and_else_the_best_one() -> None:
    facts = select(evidence([claim("a dog barks"), claim("a bell rings", "medium")]))
    assert [fact.must for fact in facts.heard] == [True, False]
    facts = select(
        evidence([claim("a dog barks", "medium", p=0.6), claim("rain falls", "medium", p=0.7)])
    )
    assert [(f.text, f.must) for f in facts.heard] == [("rain falls", True), ("a dog barks", False)]


def test_counts_are_limited_and_the_surest_stay() -> None:
    words = ["bell", "drum", "flute", "dog", "train", "clock"]
    sounds = [claim(f"a {w} is heard", label=w, p=0.8 + at / 100) for at, w in enumerate(words)]
    things = [
        seen(f"a {w}", label=w) for w in ["cup", "chair", "bed", "kite", "car", "tie", "fork"]
    ]
    facts = select(evidence(sounds, things))
    assert len(facts.heard) == HEARD_AT_MOST and facts.heard[0].text == "a clock is heard"
    assert len(facts.seen) == SEEN_AT_MOST


def test_why_a_caption_is_absent() -> None:
    facts = select(evidence([seen("a car")], has_audio=False))
    assert facts.absent == {
        "audio_caption": "no audio stream",
        "audio_visual_caption": "no audio stream",
    }
    facts = select(evidence([claim("rain falls", "low")], [seen("a car")]))
    assert facts.absent["audio_caption"] == "nothing confident was heard"


def test_the_order_of_captioners_changes_nothing_but_ties() -> None:
    facts = 0
    for one in evidences("dev", 60):
        turned = evidence(
            *[list(c.claims) for c in reversed(one.captions)],
            has_audio=one.has_audio,
            has_video=one.has_video,
        )
        assert set(texts(select(one).heard)) == set(texts(select(turned).heard))
        assert set(texts(select(one).seen)) == set(texts(select(turned).seen))
        facts += len(select(one).heard + select(one).seen)
    assert facts > 60


def test_the_same_words_under_two_labels_are_said_once() -> None:
    croaks = [claim("a frog croaks", label="Frog"), claim("A frog  croaks", label="Croak")]
    (fact,) = select(evidence(croaks)).heard
    assert fact.text.casefold() == "a frog croaks"


def test_two_counts_of_one_thing_are_said_once() -> None:
    two = seen("three pedestrians", "high", label="walker")
    more = seen("four pedestrians", "medium", label="stroller")
    assert texts(select(evidence([two], [more])).seen) == ["three pedestrians"]


def alike(one: str, other: str) -> bool:
    return {one.split()[-1], other.split()[-1]} == {"revs", "roars"}


def test_what_captioners_say_in_words_that_are_alike_is_said_once() -> None:
    first, other = claim("a motorbike revs"), claim("a motorcycle roars", "medium")
    (fact,) = select(evidence([first], [other]), Same(names=alike)).heard
    assert (fact.text, len(fact.captioners)) == ("a motorbike revs", 2)
    assert len(select(evidence([first], [other])).heard) == 2


def test_who_names_two_things_means_two_however_alike() -> None:
    both = [claim("a motorbike revs"), claim("a motorcycle roars", "medium")]
    assert len(select(evidence(both), Same(names=alike)).heard) == 2


def test_hedged_free_text_is_a_fact_without_its_hedge() -> None:
    clip = select(evidence([], [seen("A man appears to be cooking", "medium", "caption")]))
    assert texts(clip.seen) == ["A man is cooking"]


SENTENCES = ("A dog barks", "A bell rings", "Rain falls", "A train passes")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_of_sentences_the_two_surest_must_be_said(number: int) -> None:
    told = [claim(text, "high", "caption", p=0.95 - at / 100) for at, text in enumerate(SENTENCES)]
    facts = select(evidence(*[[each] for each in told[:number]]))
    assert [fact.must for fact in facts.heard] == [True, True, False, False][:number]


def test_two_tags_at_most_must_be_said_beside_a_sentence_of_either_side() -> None:
    tags = [claim(f"a {word} is heard", label=word) for word in ("bell", "drum", "flute")]
    things = [seen(f"a {word}", label=word) for word in ("cup", "chair", "bed")]
    sight = seen("A man opens a door", "medium", "caption")
    facts = select(evidence(tags, things, [sight]))
    assert [fact.must for fact in facts.heard] == [True, True, False]
    assert [fact.text for fact in facts.seen if fact.must] == ["a cup", "a chair"]


def test_tags_alone_must_all_be_said() -> None:
    tags = [claim(f"a {word} is heard", label=word) for word in ("bell", "drum", "flute")]
    things = [seen(f"a {word}", label=word) for word in ("cup", "chair", "bed", "kite")]
    facts = select(evidence(tags, things))
    assert all(fact.must for fact in (*facts.heard, *facts.seen))
    assert len(facts.heard) == 3 and len(facts.seen) == 4


def same_verb(one: str, other: str) -> bool:
    """A stand-in for `prompts.meaning.events`: texts that share a verb tell one event."""
    verbs = ({"speaks", "talks"}, {"plays"}, {"barks", "yaps"})
    return any(words & set(one.split()) and words & set(other.split()) for words in verbs)


def test_two_sentences_of_one_event_are_one_fact_with_two_supporters() -> None:
    first = claim("A woman speaks calmly to somebody", "medium", "caption", p=0.6)
    other = claim("Somebody talks", "medium", "caption", p=0.65)
    facts = select(evidence([first], [other]), Same(sentences=same_verb)).heard
    assert [(f.text, set(f.captioners)) for f in facts] == [
        ("A woman speaks calmly to somebody", {"captioner0", "captioner1"})
    ]


def test_of_two_sentences_the_surer_one_is_said() -> None:
    first = claim("A brass band plays a slow waltz in a park", "medium", "caption")
    other = claim("Somebody plays an accordion", "high", "caption")
    (fact,) = select(evidence([first], [other]), Same(sentences=same_verb)).heard
    assert (fact.text, fact.must) == ("Somebody plays an accordion", True)
    assert set(fact.captioners) == {"captioner0", "captioner1"}


def test_two_sentences_of_one_captioner_stay_two() -> None:
    both = [claim("A woman speaks", "high", "caption"), claim("Another talks", "high", "caption")]
    assert len(select(evidence(both), Same(sentences=same_verb)).heard) == 2


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        (claim("a woman speaks", "high", "speech"), "A lady talks quietly on the phone"),
        (claim("music plays", "high", "music", label="Music"), "A band plays a slow waltz"),
        (claim("a dog barks", "high", label="Dog"), "A small terrier yaps at a cat"),
    ],
)
def test_a_tag_that_a_sentence_tells_is_not_said_and_its_sentence_must_be(
    tag: Claim, told: str
) -> None:
    facts = select(
        evidence([tag], [claim(told, "medium", "caption")]), Same(sentences=same_verb)
    ).heard
    assert [(f.text, f.tier, f.must) for f in facts] == [(told, "medium", True)]


def test_a_sentence_that_is_not_sure_takes_no_tags_place() -> None:
    tag = claim("music plays", "high", "music", label="Music")
    (fact,) = select(
        evidence([tag], [claim("A band plays", "low", "caption")]), Same(sentences=same_verb)
    ).heard
    assert fact.text == "music plays"


def test_sure_music_is_not_said_beside_a_sentence_that_names_it() -> None:
    tag = claim("music plays", "high", "music", label="Music")
    for told in ("Electronic music plays softly", "Slow piano music fills a hall"):
        (fact,) = select(evidence([tag], [claim(told, "medium", "caption")])).heard
        assert (fact.text, fact.must) == (told, True)


def in_words(one: str, other: str) -> bool:
    """A stand-in for `Events.tells`: the first text has all words of the second, articles aside."""
    words = [set(text.lower().split()) - {"a", "an", "the"} for text in (one, other)]
    return words[1] <= words[0]


@pytest.mark.parametrize("tag", ["a woman speaks", "a train horn blows", "music plays"])
def test_a_tag_that_a_sentence_tells_among_others_is_not_said(tag: str) -> None:
    told = claim(f"A bus leaves and {tag} nearby", "medium", "caption")
    facts = select(evidence([claim(tag)], [told]), Same(tells=in_words)).heard
    assert [(fact.text, fact.must) for fact in facts] == [(told.text, True)]


def test_a_surer_sentence_has_who_tells_it_among_others_as_a_second_voice() -> None:
    sure = claim("Lightning booms overhead", "high", "caption")
    other = claim("Rain falls and thunder rumbles nearby", "medium", "caption")

    def of_thunder(one: str, two: str) -> bool:
        return (one, two) == (other.text, sure.text)

    facts = select(evidence([sure], [other]), Same(tells=of_thunder)).heard
    assert [(fact.text, fact.captioners) for fact in facts] == [
        (sure.text, ("captioner0", "captioner1")),
        (other.text, ("captioner1",)),
    ]


def test_sentences_that_tell_each_other_leave_one() -> None:
    first = claim("Thunder rumbles", "medium", "caption")
    other = claim("The thunder rumbles", "medium", "caption")
    assert len(select(evidence([first], [other]), Same(tells=in_words)).heard) == 1
