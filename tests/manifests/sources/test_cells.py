"""Cells of lists: what says nothing is none, and what is no text is refused, not used as one."""

from contextlib import suppress
from typing import Any

import pytest

from manifests.sources import cells


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "nan, nan",
            "[nan nan]",
            "NaN;NaN",
            "None, None",
            "(None, nan)",
            "<NA>, <NA>",
            "nan nan.",
        ),
        *("pd.NA", "n.a.", "N.A.", "<NaN>", "(none)", "no caption", "null,", "NULL;", "nan."),
        *("None\u200b", "\u200bnan", "\u2060None\u200e", "ｎａｎ", "\ufeff nan"),
        *("--", "---", "—", "?", "...", "#NV", "#N/A"),
        *(
            "array([], dtype=object)",
            "array(None, dtype=object)",
            "Series([], dtype: object)",
            "set()",
        ),
    ],
)
def test_a_cell_that_says_nothing_holds_no_text(cell: Any) -> None:
    assert cells.texts(cell) == []


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "[list(['a dog', 'rain'])]",
            "array([list(['a dog'])], dtype=object)",
            "[['a dog'], ['b']]",
        ),
        *("[a dog, rain]", "[‘a dog’, ‘rain’]", "[“a dog”, “rain”]", "[a dog; rain]", "[1, 2]"),
        *(r"[\"a dog\", \"rain\"]", r'"[\"a dog\", \"rain\"]"', "['a dog', 0.5]", "('a dog', 0.5)"),
        *(
            "array('a dog', dtype='<U5')",
            "Index(['a dog'], dtype='object')",
            "frozenset({'a dog'})",
        ),
        *("deque(['a dog'])", "dict_values(['a dog'])", "tensor(['a'])", "bytearray(b'a dog')"),
        *("OrderedDict([('en', 'a dog')])", "defaultdict(<class 'list'>, {'a': 1})"),
        *("<function f at 0x7f>", "<bound method X.caption of <X>>", "<X object at 0x7f0a>"),
        *("[object Object]", "0    a dog\nName: caption, dtype: object"),
        *("{'en': 'a dog'}", "{'a dog', 'rain'}", "{'caption': 'a dog", '{"a": "b', "{'capti"),
        *('[{"caption":"a dog","score":1},\n{"capti', '{caption: "a dog"}'),
        *(
            "'a dog', 'rain']",
            ' "a dog barks", "url": "http://x"}',
            "['a dog', 'ra",
            "['a' ... 'z']",
        ),
        *("Err:502", "#WERT!", "#VALEUR!", "#¡VALOR!", "#NOM?", "#BEZUG!", "#BUSY!", "#FIELD!"),
        *("#GETTING_DATA", "#UNKNOWN!", "#NAME?", "#DIV/0!", "####"),
    ],
)
def test_lists_objects_halves_and_errors_are_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"not text|looks like|an error of a spreadsheet"):
        cells.texts(cell)


@pytest.mark.parametrize(
    "text",
    [
        "None of the people moves",
        "Nan bakes bread",
        "Nobody, none",
        "[loud] A dog barks",
        "[John] talks, then [Ann]",
        "('Hello' is written on a sign)",
        '("Stop", says a man)',
        '{"hello"} is written on a wall',
        "{A dog} barks, loudly",
        "Dog(s) barking (loudly)",
        "print('hello') is written on a whiteboard",
        "#1 is on a door!",
        "A sign says #wow!",
        'He says "hi" [loudly]',
        "<b>A dog</b> barks",
        "5",
        "[Music]",
    ],
)
def test_a_sentence_with_odd_marks_is_a_text(text: str) -> None:
    assert cells.texts(text) == [text]


@pytest.mark.parametrize(
    "piece", ["nan, ", "['", '{"', "[a, ", "x(", "[(", "['a' ", "[m] ", "<f ", "#", "\\"]
)
def test_long_cells_take_linear_time(piece: str) -> None:
    for text in (piece * 200_000, piece * 200_000 + "x"):
        with suppress(ValueError):
            cells.texts(text)
