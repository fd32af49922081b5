"""The card is what the hub reads, says what was done, and is no place for somebody else's Markdown."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.release.card import RULES, card
from manifests.release.layout import Release, ReleaseBooks
from manifests.release.rules import GLOBAL, LOCAL
from manifests.release.statistics import statistics
from tests.manifests.release import made


def _card(folder: Path, release: Release, **changes: Any) -> str:
    counted = statistics(folder, release.of("data"))
    values = {
        "name": release.name,
        "rules": release.rules,
        "inputs": release.inputs,
        "books": release.books,
        "files": release.files,
    } | changes
    return card(**values, counted=counted)


def test_the_hub_is_told_of_one_configuration_for_each_class(tmp_path: Path) -> None:
    told = yaml.safe_load(_card(tmp_path, made.small(tmp_path)).split("---")[1])
    assert [each["config_name"] for each in told["configs"]] == ["permissive", "no-training"]
    assert [each.get("default") for each in told["configs"]] == [True, None]
    assert told["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/permissive/train-*.parquet"},
        {"split": "test", "path": "data/permissive/test-*.parquet"},
    ]
    assert told["size_categories"] == ["n<1K"]


def test_it_tells_counts_of_rules_terms_and_what_is_not_checked(tmp_path: Path) -> None:
    text = _card(tmp_path, made.small(tmp_path))
    assert "| `lints` | replies with a fault that the rules name | 3 |" in text
    assert "Of 43 rows, 40 are here." in text
    assert "- `no-training`: a licence forbids training other models on outputs" in text
    assert "## What is not checked" in text
    assert "`evidence/` and `claims/` have files of the same names" in text


def test_a_release_without_side_files_does_not_speak_of_them(tmp_path: Path) -> None:
    release = made.write(tmp_path, [made.clip(1)], tables=["data"])
    assert "files of the same names" not in _card(tmp_path, release)


def test_an_empty_release_has_a_card(tmp_path: Path) -> None:
    release = made.write(tmp_path, [])
    text = _card(tmp_path, release)
    assert "configs" not in yaml.safe_load(text.split("---")[1])
    assert "0 clips" in text


@pytest.mark.parametrize("text", ["a\n---\n# b", "<script>", "`x` | y", "[a](b)", "\u202ex"])
def test_names_of_somebody_else_are_no_markup(tmp_path: Path, text: str) -> None:
    release = made.small(tmp_path)
    named = [release.inputs[0].model_copy(update={"name": text})]
    plain = _card(tmp_path, release)
    told = _card(tmp_path, release, name=text, inputs=named, rules={"list": text + "```"})
    assert yaml.safe_load(told.split("\n---\n")[0].removeprefix("---"))["configs"]
    assert told.count("\n#") == plain.count("\n#")
    assert told.count("```") == plain.count("```")
    assert text not in told.split("## Rules")[0]


def test_rules_that_the_card_does_not_know_are_told_by_name(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    books = ReleaseBooks(rows=41, kept=40, dropped={"another": 1})
    assert "| `another` |  | 1 |" in _card(tmp_path, release, books=books)


def test_the_card_knows_every_rule() -> None:
    assert set(RULES) == {*LOCAL, *GLOBAL}


def test_the_same_release_has_the_same_card(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    assert _card(tmp_path, release) == _card(tmp_path, release)
