"""Grounding: what stands in the evidence, what is mixed up, what is lost."""

import pytest

from manifests.captions import CAPTIONS, CaptionName
from prompts.fallback import template
from prompts.grounding import ground
from prompts.selection import Facts, select
from recipes.evidences import evidences
from tests.prompts.clips import claim, evidence, facts, seen

STREET = facts(["a dog barks", "a person speaks"], ["two cars", "a bench"], "come here, Rex")
CONCERT = facts(["music plays", "an acoustic guitar is played"], ["a woman", "a television"])


def names(caption: str, name: CaptionName, of=STREET) -> list[str]:  # type: ignore[no-untyped-def]
    return [fault.name for fault in ground(name, caption, of)]


@pytest.mark.parametrize(
    ("name", "caption"),
    [
        ("audio_caption", "A dog is barking while someone talks."),
        ("audio_caption", "Barking is heard, and a person speaks."),
        ("audio_caption", "In this clip, a dog barks and a person speaks."),
        ("audio_caption", "Here a dog barks and a person speaks."),
        ("audio_caption", 'A dog barks and a person says "come here".'),
        ("visual_caption", "The scene shows two cars and a bench."),
        ("visual_caption", "There are two automobiles with a bench in view."),
        (
            "audio_visual_caption",
            "A dog barks as a person speaks, with two cars and a bench in view.",
        ),
        ("audio_visual_caption", "Two cars and a bench are seen. A dog barks and a person speaks."),
    ],
)
def test_true_captions_pass(name: CaptionName, caption: str) -> None:
    assert ground(name, caption, STREET) == []


@pytest.mark.parametrize(
    ("name", "caption", "word"),
    [
        ("audio_caption", "A dog barks loudly and a person speaks.", "loud"),
        ("audio_caption", "A dog barks and a man speaks.", "man"),
        ("audio_caption", "A dog barks, then a person speaks.", "then"),
        ("audio_caption", "A dog barks and a person speaks near two cars.", "near two car"),
        ("visual_caption", "Two red cars and a bench.", "red"),
        ("visual_caption", "Three cars and a bench.", "three"),
        ("visual_caption", "Two cars, a bench and a dog.", "dog"),
        ("visual_caption", "Two cars and a bench on a street.", "on street"),
        ("visual_caption", "Two cars and a bench with a person speaking.", "person speak"),
    ],
)
def test_claims_without_evidence_are_named(name: CaptionName, caption: str, word: str) -> None:
    found = {fault.name: fault.detail for fault in ground(name, caption, STREET)}
    assert found["unsupported"] == word


@pytest.mark.parametrize(
    "caption", ["A person barks and a dog speaks.", "A bench barks, two dogs and cars speak."]
)
def test_who_does_what_is_held(caption: str) -> None:
    assert "mixed" in names(caption, "audio_visual_caption")


@pytest.mark.parametrize("caption", ["A car and a bench.", "Two cars and benches."])
def test_one_is_not_made_of_many_nor_many_of_one(caption: str) -> None:
    assert "count" in names(caption, "visual_caption")


def test_a_form_that_is_heard_is_no_count() -> None:
    of = facts(["a car drives"], ["two cars"])
    assert names("A car drives, with two cars in view.", "audio_visual_caption", of) == []


@pytest.mark.parametrize(
    ("caption", "again"),
    [
        ("A music box and a ballerina are in view, with a lamp.", "a ballerina are in view"),
        ("A lamp, a music box, and a ballerina.", "a ballerina"),
        ("A lamp and an instrument, a music box with a ballerina.", None),
        ("A music box with a ballerina and a lamp are in view.", None),
        ("A lamp and a music box with a ballerina.", None),
    ],
)
def test_one_thing_is_not_told_as_two(caption: str, again: str | None) -> None:
    of = facts([], ["a music box with a ballerina", "a lamp"])
    found = [f.detail for f in ground("visual_caption", caption, of) if f.name == "torn"]
    assert found == ([again] if again else [])


def test_a_verb_in_two_forms_at_once_is_garbled() -> None:
    of = facts(["a brass band parades by", "glass is broken"], [])
    assert names("A brass band is parades by and glass is broken.", "audio_caption", of) == [
        "garbled"
    ]
    assert names("A brass band is parading by and glass is broken.", "audio_caption", of) == []


def test_a_lost_confident_fact_is_named() -> None:
    (fault,) = ground("audio_caption", "A dog barks.", STREET)
    assert (fault.name, fault.detail) == ("lost", "a person speaks")


def test_a_visible_dog_does_not_tell_of_its_bark() -> None:
    of = facts(["a dog barks"], ["a dog"])
    assert names("A dog is in view.", "audio_visual_caption", of) == ["lost"]
    assert names("A dog barks.", "audio_visual_caption", of) == []
    assert "unsupported" in names("A dog barks.", "visual_caption", of)


def test_a_broader_word_may_be_used_but_a_narrower_one_not() -> None:
    assert (
        names(
            "An instrument, an acoustic guitar, is heard and music plays.", "audio_caption", CONCERT
        )
        == []
    )
    assert "unsupported" in names(
        "Music plays and an electric guitar is played.", "audio_caption", CONCERT
    )
    assert "unsupported" in names(
        "A person and a television.", "visual_caption", facts([], ["a tv"])
    )


def test_quotations_must_be_spoken_words() -> None:
    assert names('A dog barks and a person says "go away".', "audio_caption") == ["misquoted"]
    silent = facts(["a dog barks"], [], "come here")
    assert "misquoted" in names('A dog barks "come here".', "audio_caption", silent)


@pytest.mark.parametrize("split", ["dev", "held-out"])
def test_every_template_caption_is_grounded(split: str) -> None:
    grounded = 0
    for one in evidences(split, 150):  # type: ignore[arg-type]
        of = select(one)
        captions = template(of)
        for name in CAPTIONS:
            if captions[name] is not None:
                assert ground(name, captions[name] or "", of) == []
                grounded += 1
    assert grounded > 150


@pytest.mark.parametrize(
    ("caption", "wrong"),
    [
        ("A dog barks, with two cars and a helicopter in view.", "a helicopter in view"),
        ("A dog is visible as a helicopter flies, with two cars.", "a dog is visible"),
        (
            "Two cars can be heard while a dog barks and a helicopter flies.",
            "two cars can be heard",
        ),
        ("A dog barks and a helicopter flies, with two cars in view.", None),
        ("The sound of a dog barking and a helicopter flying, and two cars are seen.", None),
        ("Two cars are visible while a helicopter can be heard flying as a dog barks.", None),
    ],
)
def test_what_is_only_heard_is_not_in_view_nor_the_other_way_round(
    caption: str, wrong: str | None
) -> None:
    known = facts(["a dog barks", "a helicopter flies"], ["two cars"])
    found = [
        f.detail for f in ground("audio_visual_caption", caption, known) if f.name == "wrong_sense"
    ]
    assert found == ([wrong] if wrong else [])


def rich(words: str | None = None, *heard: str, sights: tuple[str, ...] = ()) -> Facts:
    """The facts of what chat captioners say at medium."""
    return select(
        evidence(
            [claim(text, "medium", "caption") for text in heard],
            [seen(text, "medium", "caption") for text in sights],
            transcript=words,
        )
    )


@pytest.mark.parametrize(
    ("fact", "same", "other"),
    [
        ("A player wears number 23", "A player wears number 23.", "A player wears number 24."),
        ("The song has 120 BPM", "The song has 120 BPM.", "The song has 128 BPM."),
        ("Cars of the 1950s pass", "Cars of the 1950s pass.", "Cars of the 1960s pass."),
        ("A man speaks", "A man speaks.", "A man speaks 3."),
    ],
)
def test_a_digit_needs_a_fact_that_holds_it(fact: str, same: str, other: str) -> None:
    known = rich(None, fact)
    assert ground("audio_caption", same, known) == []
    assert "unsupported" in names(other, "audio_caption", known)


def test_words_of_the_transcript_may_be_quoted_where_a_sentence_says_who_speaks() -> None:
    known = rich("welcome back to my channel", "A young man talks to his viewers")
    said = "A young man talks to his viewers, saying “welcome back”."
    assert "misquoted" not in names(said, "audio_caption", known)
    wrong = said.replace("welcome back", "welcome home")
    assert "misquoted" in names(wrong, "audio_caption", known)


def test_what_is_said_after_the_shown_start_may_be_quoted() -> None:
    known = rich("first we wait and see " * 30 + "then we eat", "A man speaks")
    assert known.transcript and "eat" not in known.transcript
    assert names("A man speaks: “then we eat”.", "audio_caption", known) == []
    assert "misquoted" in names("A man speaks: “then we drink”.", "audio_caption", known)


def test_words_that_a_captioner_quotes_may_be_quoted_without_a_transcript() -> None:
    known = rich(None, "A man says 'what a goal'", sights=("A sign reads 'exit'",))
    assert "misquoted" not in names("A man says “what a goal”.", "audio_caption", known)
    assert "misquoted" not in names("A sign reads “exit”.", "visual_caption", known)
    assert "misquoted" in names("A sign reads “what a goal”.", "visual_caption", known)


def test_who_heard_the_words_need_not_be_among_the_facts() -> None:
    loud = [f"A {thing} rings loudly" for thing in ("bell", "phone", "clock", "gong")]
    free = [claim(text, "high", "caption") for text in loud]
    spoken = [claim("a person speaks", "medium", "speech", label="Speech")]
    known = select(evidence(free, spoken, transcript="stay calm"))
    assert known.transcript == "stay calm"
    assert "misquoted" not in names("“Stay calm” is heard.", "audio_caption", known)


def test_the_language_of_the_words_needs_to_be_theirs() -> None:
    known = rich("hello there", "A man speaks")
    assert known.language == "English"
    assert names("A man speaks in English.", "audio_caption", known) == []
    assert names("In English, a man says “hello”.", "audio_caption", known) == []
    assert "unsupported" in names("A man speaks in French.", "audio_caption", known)
    assert "unsupported" in names("A man speaks in English.", "visual_caption", known)
