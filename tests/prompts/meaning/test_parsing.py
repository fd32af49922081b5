"""Sentences as the real parser reads them."""

import pytest

from prompts.meaning.parsing import parse
from prompts.meaning.wordnet import WordNet

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("A bucket clangs softly.", "clang"),
        ("A gardener waters rose bushes.", "water"),
        ("A boy hoses down the floor.", "hose"),
    ],
)
def test_a_plural_behind_a_is_a_verb(wordnet: WordNet, text: str, verb: str) -> None:
    (readings,) = parse([text], wordnet)
    verbs = {word.lemma for parsed in readings for word in parsed.words if word.pos == "VERB"}
    assert verb in verbs


@pytest.mark.parametrize(
    ("text", "progressive"),
    [
        ("The girl opens a door.", "opening"),
        ("The man strums a guitar.", "strumming"),
        ("The woman sits on a chair.", "sitting"),
    ],
)
def test_one_syllable_doubles_its_last_letter(
    wordnet: WordNet, text: str, progressive: str
) -> None:
    (readings,) = parse([text], wordnet)
    assert progressive in {word.text for word in readings[-1].words}


def test_only_sentences_with_another_reading_change(wordnet: WordNet) -> None:
    ((first, second),) = parse(["There is a red car. A dog barks. It was cold."], wordnet)
    texts = [[word.text for word in parsed.words] for parsed in (first, second)]
    assert " ".join(texts[1]) == " ".join(texts[0]).replace("barks", "is barking")
    assert [word.sentence for word in second.words] == sorted(
        word.sentence for word in second.words
    )
    assert all(second.words[word.head].sentence == word.sentence for word in second.words)


def test_texts_keep_their_order_however_often_they_are_read(wordnet: WordNet) -> None:
    texts = ["A cat sleeps.", "Music", "A cat sleeps.", ""]
    read = parse(texts, wordnet)
    assert [[word.text for word in each[0].words[:1]] for each in read] == [
        ["a"],
        ["music"],
        ["a"],
        [],
    ]
    assert parse(texts, wordnet) == read
