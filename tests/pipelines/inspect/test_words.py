"""Words and phrases are found where they stand in a text."""

from pathlib import Path

import pytest

from manifests.captions import CAPTIONS
from pipelines.inspect import index, words
from pipelines.inspect.sets import WorkspaceSet
from pipelines.inspect.terms import parse
from tests.manifests.made import Made
from tests.pipelines.inspect.made import lookup
from tests.pipelines.report.made import Row, made, rows

_SAID = (
    "in the rain a dog barks",
    "In, the (Rain)!",
    "the rain in the street",
    "rain the in",
    "in the the rain",
    "a dog",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A set whose transcripts are known; its captions have other words."""

    def change(row: Row) -> Row:
        at = int(row["clip_id"], 16) % len(_SAID)
        captions = dict(zip(CAPTIONS, ("barks", "a dog", "else"), strict=True))
        return row | captions | {"transcript": _SAID[at]}

    return made(tmp_path_factory.mktemp("words") / "set", change=change)


def _found(place: Made, text: str) -> set[str]:
    """Transcripts of the clips that are found."""
    shown = WorkspaceSet(place.root)
    by_clip = {row["clip_id"]: row["transcript"] for row in rows(place)}
    with lookup(shown) as made_index:
        page = made_index.page(parse(text, shown.columns), made_index.order(""))
    return {by_clip[row["clip_id"]] for row in page.rows}


def _there(place: Made) -> set[str]:
    return {row["transcript"] for row in rows(place)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('said:"in the rain"', {0, 1}),
        ('said:"the rain"', {0, 1, 2, 4}),
        ('said:"the the"', {4}),
        ('said:"the in"', {3}),
        ('said:"rain in the street"', {2}),
        ('said:"IN THE, RAIN"', {0, 1}),
        ('said:"in rain"', set()),
        ("said:in said:rain", {0, 1, 2, 3, 4}),
    ],
)
def test_a_phrase_is_words_that_follow_each_other(
    text: str, expected: set[int], place: Made
) -> None:
    assert _found(place, text) == {_SAID[at] for at in expected} & _there(place)


def test_no_phrase_goes_from_one_text_or_clip_to_another(place: Made) -> None:
    # "a dog" is seen and "barks" is heard of every clip, and both are said of one.
    assert _found(place, '"a dog barks"') == {_SAID[0]} & _there(place)
    assert _found(place, '"dog in"') == set()


def test_a_phrase_is_found_whatever_the_pieces_of_the_list(
    place: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _found(place, 'said:"in the rain"')
    monkeypatch.setenv("CAPTIONMILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(index, "_ROWS", 1)
    monkeypatch.setattr(words, "_CHARACTERS", 100)
    assert _found(place, 'said:"in the rain"') == expected != set()


def test_words_far_back_are_found_alone_and_in_no_phrase(
    place: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAPTIONMILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(words, "_LAST_PLACE", 4)
    assert _found(place, 'said:"dog barks"') == set()
    assert _found(place, 'said:"in the rain"') == {_SAID[0], _SAID[1]} & _there(place)
    assert _found(place, "said:barks") == {_SAID[0]} & _there(place)
