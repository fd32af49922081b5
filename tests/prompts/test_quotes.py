"""Quotations keep what was said."""

import time

import pytest

from prompts.grounding import ground
from prompts.quotes import excerpt, is_spoken, quotations
from tests.prompts.clips import facts

AS_THEY_STAND = (
    "$5.99 @ 50%",
    "20 °C",
    "-5 °C, 10–20 km",
    "C++ and C#",
    "#1",
    "3:45 p.m.",
    "AT&T",
    "first_last@mail.example.com",
    "https://example.org/a_b?c=d",
    "1/2",
    "+49 30 1234",
    "(555) 123-4567",
    "£1,234.56 ± 2‰",
    "€10 × 3 = €30",
    "नमस्ते दुनिया",
    "می\u200cخواهم",
    "§ 5, *69, 10*3",
    "40°26′ N",
    "–5 °C, −5 °C and -5 °C",
    "–$5 or –.5",
    "9 – 5",
    "A* and B*",
    "f**k, 5 * 6",
)
IN_WORDS = {
    "5'10\"": "5 feet 10 inches",
    "5’ 10.5” tall": "5 feet 10.5 inches tall",
    'a 10" pan and a 12" one': "a 10 inches pan and a 12 inches one",
    "3 < 4 and x > y": "3 less than 4 and x greater than y",
    "20 ℃": "20 °C",
    "３：４５ ＆ ５０％": "３:４５ & ５０%",
    "e\u2011mail": "e-mail",
    "$5 < $6": "$5 less than $6",
    "5 % <6 %, x >= y": "5 % less than 6 %, x greater than or equal to y",
    "p<.05 if a<b": "p less than .05 if a less than b",
    '3 ½" and 7-1/2"': "3 ½ inches and 7-1/2 inches",
    "１…３, －5": "１...３, -5",
}


@pytest.mark.parametrize("said", AS_THEY_STAND)
def test_what_is_said_stays_as_it_stands(said: str) -> None:
    assert excerpt(f"It is {said} now.", 200) == f"It is {said} now."
    assert is_spoken(said, f"It is {said} now.")


@pytest.mark.parametrize("said", IN_WORDS)
def test_what_can_not_stand_in_a_quotation_becomes_words(said: str) -> None:
    assert excerpt(said, 200) == IN_WORDS[said]
    assert is_spoken(IN_WORDS[said], said)
    assert quotations(f'A person says "{IN_WORDS[said]}".') == [IN_WORDS[said]]


def test_words_that_were_in_quotation_marks_are_no_inches() -> None:
    assert excerpt('She said "I am 5" and “we are 6” to us', 200) == (
        "She said I am 5 and we are 6 to us"
    )
    assert excerpt("40°26'46\" N", 200) == "40°26'46″ N"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("*Well* he **did** it", "Well he did it"),
        ("Paul – 5 years old — ran", "Paul 5 years old ran"),
        ("<b>bold</b> vector<int> <|end|>", "b bold /b vector int end"),
        ("* one\n* two", "one two"),
    ],
)
def test_marks_that_are_not_said_go(said: str, words: str) -> None:
    assert excerpt(said, 200) == words


def test_plain_words_are_what_they_were() -> None:
    said = 'Well, it\'s "over" [there] -- isn’t it? ♪ Yes... a_b'
    assert excerpt(said, 200) == "Well, it's over there -- isn’t it? Yes... a b"


@pytest.mark.parametrize(
    ("quotation", "said"),
    [
        ("5.99 50", "$5.99 @ 50%"),
        ("It is 20", "It is 20 °C"),
        ("I love C", "I love C++"),
        ("5 °C", "-5 °C"),
        ("5 °C", "It was –5 °C"),
        ("5 °C", "It was −5 °C"),
        ("$5 $6", "$5 < $6"),
        ("an A in maths", "an A* in maths"),
        ("1 2", "1/2 of it"),
        ("3 45", "3:45 p.m."),
        ("49 30 1234", "+49 30 1234"),
        ("call at t", "call AT&T"),
        ("1", "#1"),
        ("5 10", "5'10\""),
    ],
)
def test_half_of_what_was_said_is_no_quotation(quotation: str, said: str) -> None:
    assert not is_spoken(quotation, said)
    known = facts(["a person speaks"], [], said)
    found = ground("audio_caption", f"A person says “{quotation}”.", known)
    assert [fault.name for fault in found] == ["misquoted"]


def test_case_and_punctuation_are_no_difference() -> None:
    assert is_spoken("don't stop, now", "Don’t stop now!")
    assert is_spoken("a well known place", "A well-known place.")
    assert is_spoken("it costs $5", "It costs $5.")
    assert is_spoken("10-20 km", "10–20 km")


def test_a_long_transcript_takes_no_longer_than_its_length() -> None:
    began = time.process_time()
    for said in (
        '5"' * 50_000,
        "1'1" * 30_000,
        "a_b@" * 25_000,
        "1 < " * 25_000,
        "°1'1" * 25_000,
        "*a" * 50_000,
        "<a " * 30_000,
    ):
        excerpt(said, 200)
    assert time.process_time() - began < 5
