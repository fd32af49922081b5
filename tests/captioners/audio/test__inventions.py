"""Known inventions of Whisper, and texts that no speech has the shape of."""

import csv
import time
from importlib.resources import files

import pytest

from captioners.audio._inventions import (
    has_outro,
    invention,
    is_note,
    letters,
    loops,
    outros,
    without_credits,
)


@pytest.mark.parametrize(
    "text",
    [
        " Subtitles by the Amara.org community",
        "Untertitel der Amara.org-Community",
        "UNTERTITELUNG IM AUFTRAG DES ZDF, 2021",
        "Sous-titrage ST' 501",
        "Sottotitoli e revisione a cura di QTSS",
        "Subtítulos realizados por la comunidad de Amara.org",
        "Legendas pela comunidade Amara.org",
        "Napisy stworzone przez społeczność Amara.org",
        "Titulky vytvořil JohnyX.",
        "Altyazı M.K.",
        "Υπότιτλοι AUTHORWAVE",
        "Редактор субтитров А.Синецкая Корректор А.Егорова",
        "ترجمة نانسي قنقر",
        "字幕由Amara.org社区提供",
        "MBC 뉴스 김수영입니다.",
        "Hãy subscribe cho kênh La La School Để không bỏ lỡ những video hấp dẫn",
        "Danske tekster af Nicolai Winther",
        "ESO Translation",
        "SWR 2020",
        "MING PAO CANADA // MING PAO TORONTO",
        "End of transcript",
        "Thank you. Subtitles by the Amara.org community",
    ],
)
def test_credits_are_known_in_any_language(text: str) -> None:
    assert invention(text) == "credit"


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for watching!",
        "thank you for watching everyone",
        "Vielen Dank fürs Zuschauen.",
        "Merci d'avoir regardé cette vidéo !",
        "¡Gracias por ver el video!",
        "Спасибо за просмотр.",
        "Teşekkürler izlediğiniz için.",
        "Nézzétek meg a következő videót!",
        "ご視聴ありがとうございました。",
        "시청해 주셔서 감사합니다.",
        "شكراً للمشاهدة",
        "Thanks for watching! Thanks for watching! Bye.",
    ],
)
def test_ends_of_videos_are_known_in_any_language(text: str) -> None:
    assert invention(text) == "outro"


@pytest.mark.parametrize(
    "text", ["Thank you.", "you", "Merci !", "谢谢大家", "Vielen Dank.", "Bye. Bye."]
)
def test_what_people_say_too_is_only_doubtful(text: str) -> None:
    assert invention(text) == "thanks"


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for watching over my children while I was away at sea.",
        "Thank you for the flowers.",
        "The next train to London leaves at nine.",
        "Merci pour tout ce que vous faites.",
        "My subtitles are wrong.",
        "SWR is a station in Germany.",
        "Ming Pao is a newspaper.",
        "The end of transcripts is near.",
        "The next video is longer.",
        "Hello there. Thanks for watching!",
        "",
        "...",
    ],
)
def test_other_words_are_no_invention(text: str) -> None:
    assert invention(text) is None


def test_a_credit_after_speech_goes_and_the_speech_stays() -> None:
    said = "We leave at nine. Subtitles by the Amara.org community"
    assert without_credits(said) == "We leave at nine."
    assert without_credits("We leave  at nine. See you!") == "We leave  at nine. See you!"


def test_notes_are_not_spoken_and_lyrics_are() -> None:
    assert all(map(is_note, ["[Music]", "(applause) [Music]", "♪♪", "*coughs*", "（笑）", "..."]))
    assert not any(map(is_note, ["♪ la la la ♪", "He (John) left.", "Hello"]))


def test_loops_are_told_from_emphasis() -> None:
    assert loops("Thank you. " * 4) and loops("I'm going to go to the " + "park, the " * 20)
    assert not loops("No, no, no, no!") and not loops(
        "Row, row, row your boat gently down the stream"
    )


def test_a_syllable_counts_for_three_letters() -> None:
    assert (letters("Thank you."), letters("谢谢"), letters("감사")) == (8, 6, 6)


def test_the_list_is_of_many_languages_and_has_no_phrase_twice() -> None:
    place = files("captioners.audio") / "inventions.csv"
    rows = list(csv.DictReader(place.read_text("utf-8").splitlines()))
    assert len({row["language"] for row in rows} - {"any"}) >= 15
    assert {row["kind"] for row in rows} == {"credit", "outro", "thanks", "filler"}
    assert len({(row["language"], row["phrase"]) for row in rows}) == len(rows)


def test_a_text_of_any_length_takes_no_longer_than_its_length() -> None:
    began = time.process_time()
    for text in (
        "a" * 200_000,
        "thanks for watching " * 10_000,
        "[" * 100_000,
        "(a" * 50_000,
        ". " * 99_999,
    ):
        invention(text), without_credits(text), is_note(text), loops(text)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "Thank you so much for watching and I'll see you in the next video.",
        "Thanks for watching, and don't forget to like and subscribe!",
        "Merci d'avoir regardé cette vidéo, n'oubliez pas de vous abonner.",
        "Das war's für heute. Danke fürs Zuschauen.",
        "Das war's für heute und danke fürs Zuschauen!",
        "Vă mulțumim pentru vizionare și ne vedem la următoarea rețetă!",
        "So, hello everyone, thanks for watching and please subscribe to my channel, bye bye!",
        "Gracias por ver el video y no olvides suscribirte.",
        "Спасибо за просмотр и не забудьте подписаться на канал!",
        "Благодаря за гледането!",
        "Ačiū, kad žiūrėjote!",
        "For more UN videos visit www.un.org",
        "Visit www.fema.gov",
    ],
)
def test_ends_of_videos_in_longer_sentences_are_known(text: str) -> None:
    assert invention(text) == "outro"


@pytest.mark.parametrize(
    "text",
    [
        "Okay, thank you very much, bye bye.",
        "So, thank you everyone.",
        "Hi everyone, welcome to my channel.",
        "Děkujeme za pozornost.",
    ],
)
def test_thanks_that_are_joined_are_doubtful(text: str) -> None:
    assert invention(text) == "thanks"


@pytest.mark.parametrize(
    "text",
    [
        "He thanked us for watching and told us to subscribe to nothing at all.",
        "And everyone, well.",
        "Thank you for the flowers and the cake.",
        "We watched the video again, and it was worse than the first time we saw it.",
    ],
)
def test_sentences_of_other_words_are_no_invention(text: str) -> None:
    assert invention(text) is None


def test_an_outro_beside_other_words_is_found() -> None:
    said = "The soup is ready. Danke fürs Zuschauen!"
    assert has_outro(said) and outros(said) == ["Danke fürs Zuschauen!"]
    assert has_outro("Und damit sage ich euch allen danke fürs Zuschauen")
    assert not has_outro("The soup is ready. Thank you.") and outros("Thank you.") == []
