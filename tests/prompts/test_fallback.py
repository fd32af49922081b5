"""Template captions."""

from prompts.fallback import template
from prompts.selection import Facts, select
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


def test_signals_are_said_plainly() -> None:
    black = seen("a black picture", kind="signal")
    captions = template(select(evidence([claim("there is silence", kind="signal")], [black])))
    assert captions.audio_visual_caption == "There is silence, with a black picture."


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
