"""Words as the guards compare them."""

from prompts.words import tokens, upward


def test_forms_of_a_word_are_one_token() -> None:
    assert len({tokens(form)[0] for form in ("bark", "barks", "barking", "barked", "Bark")}) == 1
    assert tokens("women sang") == tokens("woman sings")


def test_phrases_are_one_token() -> None:
    assert tokens("three hot dogs, hip-hop") == ["three", "hot_dog", "hip_hop"]


def test_broader_words_stand_for_narrower_ones_only() -> None:
    assert {"dog", "anim"} <= upward(frozenset({"bark"}))
    assert "bark" not in upward(frozenset({"dog"}))


def test_synonyms_stand_for_each_other() -> None:
    assert "sofa" in upward(frozenset({"couch"})) and "couch" in upward(frozenset({"sofa"}))
