"""The page of the tables says what the schemas say."""

from pathlib import Path

from manifests.describe import markdown
from pipelines.check.given import given


def test_the_page_is_that_of_the_schemas() -> None:
    assert Path("docs/tables.md").read_text() == markdown()


def test_the_example_of_captions_to_check_is_one_clip() -> None:
    example = Path("docs/tables.md").read_text().split("```json\n")[1].split("```")[0]
    clip = given(example.replace("\n", " "))
    assert (len(clip.evidence), len(clip.captions)) == (4, 2)
