"""A line as somebody else wrote it: what is read, and what is said of the rest."""

import json
from typing import Any

import pytest

from pipelines.check.given import MOST_CHARS, MOST_ITEMS, Item, given


def line(**changes: Any) -> str:
    row = {
        "id": "a",
        "evidence": [{"captioner": "ears", "modality": "audio", "text": "A dog barks."}],
        "captions": {"audio_caption": "A dog barks.", "visual_caption": None},
    }
    return json.dumps({key: value for key, value in {**row, **changes}.items() if value != "-"})


def item(**changes: Any) -> str:
    base = {"captioner": "ears", "modality": "audio", "text": "A dog barks."}
    kept = {key: value for key, value in {**base, **changes}.items() if value != "-"}
    return line(evidence=[kept])


def test_a_line_is_read() -> None:
    clip = given(line())
    assert clip.id == "a"
    assert clip.captions == {"audio_caption": "A dog barks."}
    assert clip.evidence == (Item("ears", "audio", "text", ("A dog barks.",), (None,)),)


@pytest.mark.parametrize("name", ["a/b c", 17, "日本", "😀"])
def test_an_id_is_a_text_or_a_number(name: str | int) -> None:
    assert given(line(id=name)).id == str(name)


@pytest.mark.parametrize(
    ("tags", "scores"),
    [
        (["Dog", "Rain"], (0.3, 0.3)),
        ([["Dog", 0.5], ["Rain", 1]], (0.5, 1.0)),
        (["Dog", ["Rain", None]], (0.3, 0.3)),
    ],
)
def test_tags_have_scores_of_their_own_or_that_of_their_item(
    tags: list[Any], scores: tuple[float, ...]
) -> None:
    (read,) = given(item(text="-", tags=tags, score=0.3)).evidence
    assert (read.told, read.texts, read.scores) == ("tags", ("Dog", "Rain"), scores)


def test_a_transcript_has_a_language() -> None:
    (read,) = given(item(text=None, transcript="Hola.", language="ES")).evidence
    assert (read.told, read.texts, read.language) == ("transcript", ("Hola.",), "es")


@pytest.mark.parametrize("key", ["good", "uri", "meta"])
def test_what_else_a_line_holds_is_left_alone(key: str) -> None:
    assert given(line(**{key: [1]})) == given(line())


@pytest.mark.parametrize("text", ["a\ud800b", "a\x00b", "\ufeffab"])
def test_texts_are_cleaned(text: str) -> None:
    assert given(line(captions={"audio_caption": text})).captions["audio_caption"] == "ab"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense", "no JSON: Expecting value at character 1"),
        ('{"id": "a",}', "no JSON"),
        ("{", "write each clip on one line"),
        ("[1, 2]", "a JSON object, and is a list"),
        ("3", "a JSON object, and is 3"),
        ("null", "a JSON object, and is missing or null"),
        ('{"id": 1, "id": 2}', '"id" is there twice'),
        ("[" * 200_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ('{"id": ' + "9" * 5000 + "}", "5000 digits"),
        (line(id="-"), '"id" has to be a text'),
        (line(id=True), '"id" has to be a text or a number, and is true'),
        (line(id=["a"]), "is a list"),
        (line(evidence="-"), '"evidence" is missing; there are: "id", "captions"'),
        (line(captions="-"), '"captions" is missing; there are: "id", "evidence"'),
        (line(evidence={}), '"evidence" has to be a list, and is an object'),
        (line(evidence=[3]), "evidence item 1 has to be an object, and is 3"),
        (line(evidence=[{}] * 10_000), f"has 10000 items, at most {MOST_ITEMS}"),
        (line(captions=["a"]), '"captions" has to be an object with audio_caption'),
        (line(captions={"audio": "a"}), 'no caption is called "audio"; there are audio_caption'),
        (line(captions={"audio_caption": 3}), '"audio_caption" has to be a text, and is 3'),
        (line(captions={"audio_caption": ["a"]}), "and is a list"),
        (item(captioner="-"), 'evidence item 1: "captioner" has to be a name'),
        (item(captioner=" "), '"captioner" has to be a name, and is " "'),
        (item(modality="sound"), '"modality" is "audio" or "video", not "sound"'),
        (item(modality=["audio"]), '"modality" is "audio" or "video", not a list'),
        (item(text="-"), "needs one of text, tags, transcript, and has none"),
        (item(tags=["a"]), "has text and tags"),
        (item(txt="a"), 'no key is called "txt"'),
        (item(text=3), "evidence item 1: text has to be a text, and is 3"),
        (item(text="a" * 20_001), "has 20001 characters, at most 20000"),
        (item(text="-", tags="Dog"), '"tags" has to be a list, and is "Dog"'),
        (item(text="-", tags=[3]), 'tag 1 is a label or ["label", score], not 3'),
        (item(text="-", tags=["a", ["b", "c"]]), 'tag 2: the score is a number, not "c"'),
        (item(text="-", tags=[["b", 2]]), "tag 1: the score 2 is not in [0, 1]"),
        (item(score=float("nan")), "NaN is no number"),
        (item(score=float("inf")), "Infinity is no number"),
        (item(score=1).replace('"score": 1', '"score": 1e999'), "is not in [0, 1]"),
        (item(score=True), "the score is a number, not true"),
        (item(score=-0.1), "the score -0.1 is not in [0, 1]"),
        (item(language="en"), '"language" belongs to a transcript'),
        (item(text="-", transcript="a", language="klingon"), "a code of ISO 639-1"),
        (item(text="-", transcript="a", language=7), "a code of ISO 639-1"),
        (item(text="-", transcript="a", modality="video"), "a transcript is of what is heard"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, told: str) -> None:
    with pytest.raises(ValueError) as caught:
        given(text)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 400


def test_all_evidence_of_a_clip_is_bounded() -> None:
    texts = [{"captioner": "a", "modality": "audio", "text": "b" * 19_000}] * 3
    with pytest.raises(ValueError, match=f"57000 characters, at most {MOST_CHARS}"):
        given(line(evidence=texts))
