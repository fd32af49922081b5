"""Languages by name."""

import pytest

from manifests.languages import NAMES, language_name


@pytest.mark.parametrize(
    ("code", "name"),
    [("es", "Spanish"), ("pt-BR", "Portuguese"), ("ZH", "Chinese"), ("ht", "Haitian Creole")],
)
def test_a_code_has_an_english_name(code: str, name: str) -> None:
    assert language_name(code) == name


def test_no_code_and_an_unknown_one_have_none() -> None:
    assert language_name(None) is None and language_name("xx") is None and language_name("") is None


def test_every_code_is_of_two_letters() -> None:
    assert len(NAMES) > 90 and all(len(code) == 2 and NAMES[code][0].isupper() for code in NAMES)
