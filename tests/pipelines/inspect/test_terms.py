"""What is asked for is one line of text, which is read and written the same."""

import pytest

from pipelines.inspect.columns import WORKSPACE
from pipelines.inspect.terms import QueryError, parse


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dog",
        'dog "in the rain" -cat',
        "heard:dog path:street*",
        "kind:video kind:audio -author:template",
        "support<0.5 seconds>=10",
        'licence:"Apache-2.0 AND MIT"',
        "review:bad why:invented reviewer:ada",
        'why:"wrong modality"',
        "12:30 x-ray",
        '~"a dog barks" kind:video -cat',
    ],
)
def test_a_query_is_written_as_it_was_read(text: str) -> None:
    assert parse(text, WORKSPACE).text == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colour:red", 'no column is named "colour"'),
        ("support:high", '"high" is none'),
        ("kind>video", "write kind:video"),
        ("x" * 3000, "longer than"),
        ("a " * 100, "more than 40 conditions"),
        ("~dog ~cat", "one ~ is all"),
        ("-~dog", "can't be left out"),
        ('~" "', "say what you mean"),
        ("dog support<", "as in support<0.5"),
        ("heard:", "as in heard:dog"),
        ('kind:""', "write a value behind it"),
        ("review:nice", "review is one of good, bad, edited, any, none"),
        ("why:boring", '"boring" is none of them'),
    ],
)
def test_what_cannot_be_read_is_told(text: str, told: str) -> None:
    with pytest.raises(QueryError, match=told):
        parse(text, WORKSPACE)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("review:Bad", "review:bad"),
        ('why:"Wrong Modality"', 'why:"wrong modality"'),
        ("4: <", "4: <"),
    ],
)
def test_values_that_are_always_the_same_are_read_in_any_letters(text: str, read: str) -> None:
    assert parse(text, WORKSPACE).text == read


def test_a_quote_that_is_not_closed_ends_with_the_line() -> None:
    (term,) = parse('"in the rain', WORKSPACE).terms
    assert (term.value, term.phrase) == ("in the rain", True)


def test_a_value_of_a_facet_is_added_and_taken_away() -> None:
    columns = {column.name: column for column in WORKSPACE}
    query = parse("dog kind:audio", WORKSPACE)
    more = query.toggled(columns["kind"], "video")
    assert more.text == "dog kind:audio kind:video"
    assert more.toggled(columns["kind"], "audio").text == "dog kind:video"
    assert more.toggled(columns["licence"], "MIT AND X").text.endswith('licence:"MIT AND X"')


@pytest.mark.parametrize(
    ("text", "by_meaning"),
    [
        ("a dog barks", '~"a dog barks"'),
        ('~dog loud -cat kind:video "in the rain"', '~"dog loud in the rain" -cat kind:video'),
        ("kind:video", "kind:video"),
    ],
)
def test_words_become_what_is_meant(text: str, by_meaning: str) -> None:
    assert parse(text, WORKSPACE).by_meaning().text == by_meaning
    assert parse(by_meaning, WORKSPACE).text == by_meaning
