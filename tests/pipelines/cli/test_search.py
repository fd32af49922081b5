"""`captionmill search` and `captionmill duplicates` as a user's shell runs them."""

import json
from pathlib import Path

import pytest

from tests.conftest import here
from tests.manifests.made import JOB, make
from tests.pipelines.search.embedded import embedded, settings, unit

pytestmark = pytest.mark.run


def test_an_example_is_answered_in_lines_and_in_json(tmp_path: Path) -> None:
    made = embedded(tmp_path / "w")
    done = here("search", tmp_path / "w", "--like", made.ids[0], "--limit", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()[::2]] == ["1", "2", "3"]
    told = json.loads(here("search", tmp_path / "w", "--like", made.ids[0], "--json").stdout)
    assert told["asked"] == made.ids[0] and len(told["results"]) == 10


def test_near_duplicates_are_listed_in_lines_and_in_json(tmp_path: Path) -> None:
    embedded(tmp_path / "w", [{"audio": unit(1)}] * 16)
    done = here("duplicates", tmp_path / "w", "--by", "audio", "--at-least", "0.9")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 group of near-duplicates, 16 clips (cosine at least 0.9")
    told = json.loads(here("duplicates", tmp_path / "w", "--by", "audio", "--json").stdout)
    assert len(told["groups"][0]) == 16 and told["same_bytes"] == []
    none = here("duplicates", tmp_path / "w")
    assert none.stdout.splitlines() == [
        "0 groups of near-duplicates, 0 clips (cosine at least 0.95, by video)",
        "not compared: 16 clips have no picture",
    ]


@pytest.mark.parametrize("command", [("search", "dog"), ("duplicates",)])
def test_a_workspace_without_embeddings_says_what_to_run(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    made = make(tmp_path / "w")
    settings(made, JOB, "caption", {})
    done = here(command[0], tmp_path / "w", *command[1:])
    assert done.returncode == 1 and done.stderr.startswith("error: no clip of")
    assert f"run captionmill embed {tmp_path / 'w'} first" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("a dog", "--like", "ab"), ("a dog", "--by", "smell")])
def test_wrong_usage_ends_with_status_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert here("search", tmp_path, *arguments).returncode == 2
