"""Template captions."""

from dataclasses import replace

import pytest

from manifests.evidence import Modality
from prompts.fallback import template
from prompts.selection import Facts, select
from prompts.statements import is_sentence
from tests.prompts.clips import claim, evidence, facts, seen


def test_lists_become_sentences() -> None:
    captions = template(facts(["a dog barks", "a bell rings", "rain falls"], ["a man", "two cars"]))
    assert captions.audio_caption == "A dog barks, a bell rings and rain falls."
    assert captions.visual_caption == "A man and two cars."
    assert (
        captions.audio_visual_caption
        == "A dog barks, a bell rings and rain falls, with a man and two cars in view."
    )


def test_a_part_with_its_own_and_keeps_a_comma() -> None:
    captions = template(facts(["rhythm and blues plays", "a dog barks"], []))
    assert captions.audio_caption == "Rhythm and blues plays, and a dog barks."


def test_sentences_of_captioning_models_stay_whole() -> None:
    said = seen("A man plays guitar on a stage.", kind="caption")
    captions = template(select(evidence([claim("music plays", kind="music")], [said])))
    assert captions.audio_visual_caption == "A man plays guitar on a stage. Music plays."


def test_nothing_known_gives_no_captions() -> None:
    captions = template(Facts(True, True, (), ()))
    assert captions.audio_caption is None and captions.audio_visual_caption is None


def test_only_one_side_gives_one_caption() -> None:
    captions = template(facts([], ["TV sets"]))
    assert captions.visual_caption == "TV sets." and captions.audio_visual_caption is None


def test_proper_names_keep_their_capital() -> None:
    captions = template(facts(["rain falls", "Christian music plays"], ["A dog"]))
    assert captions.audio_caption == "Rain falls and Christian music plays."
    assert captions.audio_visual_caption == (
        "Rain falls and Christian music plays, with a dog in view."
    )


def told(*texts: str, side: Modality = "audio", transcript: str | None = None) -> Facts:
    """Facts of free text, one a captioner, and one of the other side."""
    claims = [[claim(text, "high", "caption", side)] for text in texts]
    other = claim("rain falls") if side == "video" else seen("a car")
    return replace(select(evidence(*claims, [other])), transcript=transcript)


def test_sentences_of_captioners_stay_whole_and_follow_one_another() -> None:
    facts = told("a baby giggles repeatedly", "A toy rattle shakes", "him")
    captions = template(facts)
    assert captions.audio_caption == "A baby giggles repeatedly. A toy rattle shakes."
    assert captions.audio_visual_caption == "A car. A baby giggles repeatedly. A toy rattle shakes."


def test_tags_beside_sentences_are_one_sentence_of_their_own() -> None:
    said = seen("A man plays guitar on a stage", kind="caption")
    things = [seen("a microphone", "medium"), seen("two lamps", "medium")]
    captions = template(select(evidence([said], things, [claim("music plays", kind="music")])))
    assert captions.visual_caption == (
        "A man plays guitar on a stage. A microphone and two lamps can be seen."
    )


def test_phrases_are_framed_and_fragments_left_out() -> None:
    captions = template(told("a loud bang", "hammering on wood", "in the end"))
    assert captions.audio_caption == "A loud bang and hammering on wood can be heard."
    captions = template(told("A red car on a street", side="video"))
    assert captions.visual_caption == "A red car on a street can be seen."
    assert template(told("him")).audio_caption == "Something can be heard."


def test_who_is_named_comes_before_who_is_meant() -> None:
    captions = template(told("He holds up a box", "A man sits at a desk", side="video"))
    assert captions.visual_caption == "A man sits at a desk. He holds up a box."


LONG = "A woman in a blue dress walks along a wide street while an old man with a dog waits at a corner"
ANOTHER = "A tall bus with large windows stops at the kerb, and several children get off one by one"


@pytest.mark.parametrize("at_most", [60, 100, 150, 240, 450])
def test_a_caption_keeps_its_bound(at_most: int) -> None:
    heard = [claim(text, "high", "caption") for text in ("A bell rings twice", LONG, ANOTHER)]
    sights = [seen(text, kind="caption") for text in (ANOTHER, LONG)]
    captions = template(select(evidence(heard, sights)), at_most)
    for text in (captions.audio_caption, captions.visual_caption, captions.audio_visual_caption):
        assert text is not None and len(text) <= at_most and text.endswith(".")
        assert all(is_sentence(part) for part in text[:-1].split(". "))
    assert captions.audio_visual_caption is not None
    assert captions.audio_visual_caption.startswith("A tall bus with large windows stops")
    assert "A bell rings twice." in captions.audio_visual_caption


def test_a_text_that_cannot_be_cut_is_left_out() -> None:
    facts = told("A red car on a street", side="video")
    long = replace(facts.seen[0], text="a street" + " of a town" * 40)
    assert template(replace(facts, seen=(long,))).visual_caption == "Something can be seen."


def test_too_many_tags_end_where_the_bound_is() -> None:
    captions = template(facts(["a dog barks", "a bell rings"], ["a man", "two cars"]), 30)
    assert captions.audio_caption == "A dog barks and a bell rings."
    assert captions.audio_visual_caption == "A dog barks, with a man in view."[:40]


def test_a_transcript_is_never_said_without_quotation_marks() -> None:
    spoken = "Hey guys, welcome back to my channel"
    said = ("A man talks to a camera", f"A voice keeps saying {spoken}", f'He says "{spoken}"')
    captions = template(told(*said, transcript=spoken))
    assert captions.audio_caption == f'A man talks to a camera. He says "{spoken}".'


def test_a_sentence_is_told_once() -> None:
    captions = template(
        told("A dog barks at a cat", "a dog barks at a cat", "A DOG barks at a cat.")
    )
    assert captions.audio_caption == "A dog barks at a cat."


def same_words(one: str, other: str) -> bool:
    """A stand-in for `prompts.meaning.events`: short texts whose first words but articles agree."""
    heads = [
        {w for w in t.lower().split()[:3] if w not in ("a", "an", "the")} for t in (one, other)
    ]
    return len(heads[0] & heads[1]) == 2


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("a woman speaks", "A woman speaks in English in a calm tone"),
        ("a dog barks", "A dog barks twice at a passing car"),
        ("an engine idles", "An engine idles under the hood"),
    ],
)
def test_a_tag_that_a_sentence_tells_is_not_told_again(tag: str, sentence: str) -> None:
    tags = facts([tag, "rain falls"], [])
    told = replace(tags.heard[1], text=sentence, kind="caption", captioners=("y",))
    both = replace(tags, heard=(*tags.heard, told))
    caption = template(both, alike=same_words).audio_caption or ""
    assert caption == f"Rain falls. {sentence}."
    assert tag in (template(both).audio_caption or "").lower()


def test_of_two_sentences_of_one_event_the_surer_one_is_told() -> None:
    clip = told("A woman speaks softly in a hall", "A woman speaks", "Rain falls on a roof")
    caption = template(clip, alike=same_words).audio_caption
    assert caption == "A woman speaks softly in a hall. Rain falls on a roof."
