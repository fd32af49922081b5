"""Which claims are looked for, and under which labels."""

import pytest

from manifests.captions import CaptionClaim
from manifests.evidence import WeakCaption
from pipelines.localize.claims import Asked, asked, texts
from tests.pipelines.localize.made import BARKS, EARS, EYES, WORDS, caption, claim, said, sound

AST = said("ast", sound("Bark", "a dog barks"), sound("Yip", "a dog yips"))


def _of(*claims: CaptionClaim, weak: tuple[WeakCaption, ...] = (EARS, WORDS, EYES)) -> list[Asked]:
    return asked(caption(*claims, weak=weak))


def test_a_claim_is_looked_for_under_the_labels_that_say_it() -> None:
    assert _of(BARKS) == [Asked("audio_caption", "a dog barks", ("Bark",))]


def test_what_implies_a_claim_is_a_label_of_it_too() -> None:
    (found,) = _of(claim("a dog", "yamnet"))
    assert found.labels == ("Bark", "Dog")


def test_labels_are_those_of_the_captioners_that_support_the_claim() -> None:
    weak = (said("other", sound("Woof", "a dog barks")), EARS, AST)
    assert _of(BARKS, weak=weak)[0].labels == ("Bark",)
    assert _of(claim("a dog barks", "other"), weak=weak)[0].labels == ("Woof",)


@pytest.mark.parametrize("kind", ["caption", "score"])
def test_free_text_has_no_label(kind: str) -> None:
    weak = (said("chat", sound("#0", "a dog barks", kind)),)
    assert _of(claim("a dog barks", "chat"), weak=weak)[0].labels == ()


def test_words_and_what_has_no_support_are_looked_for_by_their_text() -> None:
    quoted, invented = claim("«sit»", "whisper"), claim("thunder", supported=False)
    assert [(each.text, each.labels) for each in _of(quoted, invented)] == [
        ("«sit»", ()),
        ("thunder", ()),
    ]


def test_what_is_seen_is_not_looked_for() -> None:
    seen = claim("a dog", "eyes", of="visual_caption")
    assert _of(seen, claim("a dog", "eyes", of="audio_visual_caption")) == []


def test_what_both_captions_tell_is_looked_for_where_somebody_hears_it() -> None:
    together = claim("a dog barks", "yamnet", "eyes", of="audio_visual_caption")
    words = claim("«sit»", "whisper", of="audio_visual_caption")
    unheard = claim("thunder", of="audio_visual_caption", supported=False)
    assert [(each.caption, each.text) for each in _of(BARKS, together, words, unheard)] == [
        ("audio_caption", "a dog barks"),
        ("audio_visual_caption", "a dog barks"),
        ("audio_visual_caption", "«sit»"),
    ]


def test_a_claim_that_comes_twice_and_an_empty_one_are_looked_for_once_and_never() -> None:
    assert len(_of(BARKS, BARKS, claim(" "))) == 1


def test_without_sound_nothing_is_looked_for() -> None:
    assert asked(caption(BARKS) | {"has_audio": False}) == []


def test_each_text_is_shown_once_with_all_labels() -> None:
    shown = [
        Asked("audio_caption", "a dog", ("Dog",)),
        Asked("audio_visual_caption", "a dog", ("Bark", "Dog")),
        Asked("audio_caption", "«sit»", ()),
    ]
    assert texts(shown) == {"a dog": ("Dog", "Bark"), "«sit»": ()}
