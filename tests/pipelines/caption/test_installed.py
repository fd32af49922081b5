"""The writer of a job is made of what is installed, never of what its workspace says."""

from engine.profile.profile import load
from pipelines.caption.installed import prompts_of


def test_every_prompt_that_a_workspace_names_is_looked_at_before_it_is_read() -> None:
    writer = load("gpu").writer
    named = set(prompts_of(writer.model_dump(mode="json")))
    assert named == set(writer.templates()) >= {"rich", "rich-speech", "rich-music"}
