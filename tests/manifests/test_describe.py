"""The page of the tables says what the schemas say."""

from pathlib import Path

from manifests.describe import markdown


def test_the_page_is_that_of_the_schemas() -> None:
    assert Path("docs/tables.md").read_text() == markdown()
