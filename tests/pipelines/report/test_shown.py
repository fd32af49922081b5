"""Text of others as a page shows it."""

import pytest

from pipelines.report.shown import place, visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a dog barks", "a dog barks"),
        ("\x1b[31mred\x1b[0m", "[U+001B][31mred[U+001B][0m"),
        ("two\nlines\tand  more", "two lines and more"),
        ("abc\u202edef", "abc[U+202E]def"),
        ("a\u2066b\u2069", "a[U+2066]b[U+2069]"),
        ("\ufeffa\u200bb", "[U+FEFF]a[U+200B]b"),
        ("lone \ud800", "lone [U+D800]"),
        ("null\x00", "null[U+0000]"),
        ("שלום", "שלום"),
    ],
)
def test_what_hides_or_turns_text_is_named(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_a_long_text_is_cut_and_says_how_long_it_is() -> None:
    assert visible("x" * 10_000, 20) == f"{'x' * 20} … (10,000 characters)"
    assert visible("x" * 20, 20) == "x" * 20


def test_accents_that_are_piled_up_are_taken_down() -> None:
    assert len(visible("a" + "\u0301" * 1000)) == 4


def test_a_name_that_is_no_text_is_shown() -> None:
    assert place("file:///a%20b/%FF%3Cb%3E.mp4") == ("/a b/", "\\xff<b>.mp4")
