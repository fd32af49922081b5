"""Values of choices are found as people write them, and what no clip has is told."""

import pytest

from pipelines.inspect.lookup import Lookup
from pipelines.inspect.sets import WorkspaceSet
from pipelines.inspect.sorting import Order
from pipelines.inspect.terms import REVIEWER, Query
from tests.pipelines.inspect.made import lookup
from tests.pipelines.reviews.made import review


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("kind:VIDEO", "kind:video"),
        ("dog kind:Vidéo", "dog kind:video"),
        ("-author:LLM kind:audio", "-author:llm kind:audio"),
        ("kind:Audio kind:audio", "kind:audio"),
        ("licence:mit", "licence:MIT"),
    ],
)
def test_letters_and_accents_make_no_difference(text: str, asked: str, index: Lookup) -> None:
    found = index.asked(text)
    assert (found.query.text, found.notes) == (asked, ())


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("kind:vidoe", "No clip here has kind:vidoe; there are "),
        ("-author:nobody", "No clip here has author:nobody; there are "),
        ("reviewer:ada", "No clip here has reviewer:ada"),
    ],
)
def test_what_no_clip_has_is_told_and_stays(text: str, note: str, index: Lookup) -> None:
    found = index.asked(text)
    assert found.query.text == text
    (told,) = found.notes
    assert told.startswith(note)
    assert ("audio" in told) == text.startswith("kind")


def test_a_reviewer_who_said_nothing_yet_can_be_left_out(index: Lookup) -> None:
    assert index.asked('-reviewer:"ada"').notes == ()


def test_reviewers_are_found_in_any_letters(shown: WorkspaceSet) -> None:
    with lookup(shown) as index:
        (row, *_) = index.page(index.asked("outcome:captioned").query, index.order("")).rows
        index.said.take(row["number"], review(clip_id=row["clip_id"], reviewer="Ada"))
        asked = index.asked("reviewer:ÁDA")
        assert (asked.query.text, asked.notes) == ("reviewer:Ada", ())
        assert index.count(asked.query) == 1


def test_reviewers_with_quotes_in_their_names_are_found(shown: WorkspaceSet) -> None:
    with lookup(shown) as index:
        (row,) = index.page(Query(), Order()).rows[:1]
        name = 'Ada "the Countess" L'
        index.said.take(row["number"], review(clip_id=row["clip_id"], reviewer=name))
        query = index.asked(Query().toggled(REVIEWER, name).text).query
        assert query.chosen("reviewer") == [name]
        assert [found["number"] for found in index.page(query, Order()).rows] == [row["number"]]
        assert query.toggled(REVIEWER, name) == Query()
