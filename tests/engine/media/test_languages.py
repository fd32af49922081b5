import pytest

from engine.media.languages import language_of


@pytest.mark.parametrize("tag", ["fr", "fra", "fre", "FR", "Fre", "fr-CA", "fr_FR", " fra "])
def test_every_code_of_a_language_is_the_same(tag):
    assert language_of(tag) == "fr"


@pytest.mark.parametrize(
    ("bibliographic", "terminological", "short"),
    [("ger", "deu", "de"), ("chi", "zho", "zh"), ("dut", "nld", "nl"), ("gre", "ell", "el")],
)
def test_both_codes_of_three_letters_count(bibliographic, terminological, short):
    assert language_of(bibliographic) == language_of(terminological) == language_of(short) == short


def test_a_language_without_a_short_code_keeps_its_own():
    assert [language_of(tag) for tag in ("gsw", "haw", "yue-HK")] == ["gsw", "haw", "yue"]


@pytest.mark.parametrize("tag", [None, "", "und", "mul", "zxx", "mis", "qaa", "?", "xx", "french"])
def test_no_language_is_none(tag):
    assert language_of(tag) is None
