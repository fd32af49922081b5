"""Credits of subtitles, and sentences that only begin like them."""

import time

import pytest

from captioners.audio._credits import is_credit
from captioners.audio._inventions import invention, without_credits

CREDITS = """
Subtitles by the Amara.org community
Subtitles by Jane Doe
subtitles by john smith
Transcription by CastingWords
Captioned by Christina
Hello, Subtitles by the Amara.org community.
© transcript Emily Beynon
Closed Captioning by Kris Brandhagen
Subtitles: Mary Jones
Copyright © 2020 Mooji Media Ltd.
Untertitel der Amara.org-Community
Untertitel von Stephanie Geiges
UNTERTITELUNG IM AUFTRAG DES ZDF, 2021
Untertitelung des ZDF für funk, 2017
Die Sendung wurde vom NDR live untertitelt.
Sous-titrage ST' 501
Sous-titrage Société Radio-Canada
Sous-titres réalisés para la communauté d'Amara.org
Sous-titres par Jérémy Diaz
Subtítulos realizados por la comunidad de Amara.org
Subtitulado por María José
Sottotitoli creati dalla comunità Amara.org
Sottotitoli e revisione a cura di QTSS
Legendas pela comunidade Amara.org
Legenda por Sônia Ruberti
Ondertitels ingediend door de Amara.org gemeenschap
Napisy stworzone przez społeczność Amara.org
Titulky vytvořil JohnyX http://johnyxcz.blogspot.com
Danske tekster af Nicolai Winther
Textning Stina Hedin www.btistudios.com
Tekstitys: Sari Virtanen
Altyazı M.K.
Υπότιτλοι AUTHORWAVE
Редактор субтитров А.Синецкая Корректор А.Егорова
Субтитры сделал DimaTorzok
ترجمة نانسي قنقر
字幕由Amara.org社区提供
字幕由志愿者提供
中文字幕志愿者 杨栋梁
字幕制作：王小明
MBC 뉴스 김수영입니다.
한글자막 by 한효정
""".strip().split("\n")

SAID = """
Translation by hand is slow and expensive.
Subtitles help people learn.
Subtitles by default are off in this player.
Captions by law must be shown.
TRANSLATION BY HAND IS SLOW
Transcribed by hand, the letters fill two books.
Translated by a machine, it sounded odd.
Subs by the dozen were built at this yard.
Closed captioning helps many people.
Copyright law is hard to read.
We translate our talks at Amara.org every week.
Untertitel von Filmen helfen beim Lernen.
Untertitelung ist mühsame Arbeit.
Die Sendung wurde vom Publikum gefeiert.
Sous-titrage est un métier difficile.
Sous-titres par défaut, c'est pratique.
Los subtítulos por la noche cansan.
Subtítulos en español ayudan a aprender.
Sottotitoli di film aiutano a imparare.
Legendas por defeito estão desligadas.
Titulky vytvořil můj kamarád ze školy.
Altyazı önemli bir konudur.
Tekstitys auttaa oppimaan kieltä.
Undertextning är ett yrke.
Субтитры сделал мой старший брат.
Редактор субтитров работает дома.
中文字幕对学习很有帮助
字幕由他翻译得很好
字幕は大切です
MBC 뉴스를 매일 봅니다.
כתוביות עוזרות ללמוד
""".strip().split("\n")


@pytest.mark.parametrize("line", CREDITS)
def test_a_credit_goes_and_what_is_said_beside_it_stays(line: str) -> None:
    assert invention(line) == "credit"
    assert without_credits(f"We leave at nine. {line}") == "We leave at nine."


@pytest.mark.parametrize("sentence", SAID)
def test_a_sentence_that_begins_like_a_credit_stays(sentence: str) -> None:
    assert invention(sentence) is None
    text = f"Welcome to the lecture. {sentence} Let us begin."
    assert without_credits(text) == text


def test_what_is_behind_the_part_that_is_looked_at_stays() -> None:
    long = "The train leaves. " * 120
    cut = without_credits(f"Subtitles by Jane Doe. {long}")
    assert cut.startswith("The train") and cut.count("train") >= 119


def test_a_line_of_any_length_takes_no_longer_than_its_length() -> None:
    began = time.process_time()
    for text in ("字幕由" * 30_000, "subtitles by " * 8_000, "a." * 50_000, "Amara.org " * 9_000):
        is_credit(text)
    assert time.process_time() - began < 5
