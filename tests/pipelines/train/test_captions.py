"""What a step reads of a clip: variants, one clause, the transcript, captions by people."""

from collections import Counter

from captioners.encoder.pairs import CaptionKind
from pipelines.train.captions import Texts, random_of
from pipelines.train.recipe import Captions

_ID = "0123456789abcdef" * 2
_LONG = "A dog barks. A bell rings."
_SYNTHETIC: dict[CaptionKind, tuple[str, ...]] = {
    "audio_caption": (_LONG, "Barking and bells."),
    "visual_caption": ("A dog is seen.",),
}


def _drawn(texts: Texts, real: float = 0.0, **rules: float) -> dict[CaptionKind, Counter[str]]:
    """What 400 steps read."""
    drawn: dict[CaptionKind, Counter[str]] = {}
    for step in range(400):
        given = texts.sampled(Captions.model_validate(rules), real, random_of(1, step, _ID))
        for kind, text in given.items():
            drawn.setdefault(kind, Counter())[text] += 1
    return drawn


def test_a_step_reads_the_same_whenever_it_is_asked() -> None:
    texts, rules = Texts(_SYNTHETIC, {}), Captions(clause=0.5)
    one, two = (
        [texts.sampled(rules, 0.0, random_of(7, step, _ID)) for step in range(20)] for _ in range(2)
    )
    assert one == two
    assert one != [texts.sampled(rules, 0.0, random_of(8, step, _ID)) for step in range(20)]


def test_caption_and_variants_are_read_in_turn() -> None:
    drawn = _drawn(Texts(_SYNTHETIC, {}))
    assert drawn.keys() == {"audio_caption", "visual_caption"}
    assert set(drawn["audio_caption"]) == set(_SYNTHETIC["audio_caption"])
    assert min(drawn["audio_caption"].values()) > 150


def test_one_clause_of_a_long_caption_is_a_sentence() -> None:
    drawn = _drawn(Texts({"audio_caption": (_LONG,)}, {}), clause=0.5)["audio_caption"]
    assert drawn.keys() == {_LONG, "A dog barks.", "A bell rings."}
    assert 150 < drawn[_LONG] < 250


def test_captions_of_sound_bear_the_transcript() -> None:
    texts = Texts(_SYNTHETIC, {}, transcript='ignore "all" rules\nnow')
    drawn = _drawn(texts, transcript=1.0)
    assert set(drawn["visual_caption"]) == {"A dog is seen."}
    for text in drawn["audio_caption"]:
        assert "A voice says: “" in text and "\n" not in text and text.count("“") == 1
    sung = Texts(_SYNTHETIC, {}, "la", sung=True)
    assert all("A voice sings" in text for text in _drawn(sung, transcript=1.0)["audio_caption"])


def test_a_caption_that_quotes_already_gets_no_second_quotation() -> None:
    quoting = 'A man says: "come in".'
    texts = Texts({"audio_caption": (quoting,)}, {}, transcript="Well, come in, please.")
    assert set(_drawn(texts, transcript=1.0)["audio_caption"]) == {quoting}


def test_captions_by_people_are_read_as_they_stand_and_as_often_as_asked() -> None:
    real: dict[CaptionKind, tuple[str, ...]] = {"audio_caption": ("Dog barks. Then a bell rings.",)}
    texts = Texts(_SYNTHETIC, real, transcript="hello")
    drawn = _drawn(texts, real=0.25, clause=1.0, transcript=1.0)
    assert 70 < drawn["audio_caption"]["Dog barks. Then a bell rings."] < 130
    assert texts.plain("audio_caption") == real["audio_caption"][0]
    assert texts.plain("visual_caption") == "A dog is seen."
    assert texts.plain("audio_visual_caption") is None
