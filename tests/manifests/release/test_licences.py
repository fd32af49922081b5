"""A row is of the class of the strictest of its licences."""

import pytest

from manifests.release.licences import CLASSES, MEANING, licence_class


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("Apache-2.0", "permissive"),
        ("Apache-2.0 AND MIT AND BSD-3-Clause", "permissive"),
        ("CC0-1.0", "permissive"),
        ("CC-BY-4.0", "permissive"),
        ("CC-BY-SA-4.0 AND MIT", "share-alike"),
        ("GPL-2.0-only WITH Classpath-exception-2.0 AND MIT", "share-alike"),
        ("LicenseRef-Gemma AND MIT", "restricted"),
        ("CC-BY-NC-4.0", "noncommercial"),
        ("CC-BY-NC-SA-4.0", "noncommercial"),
        ("MIT AND LicenseRef-FAIR-Noncommercial-Research", "noncommercial"),
        ("LicenseRef-unknown AND CC-BY-NC-4.0", "unknown"),
        ("MIT OR GPL-3.0-only", "permissive"),
        ("(MIT OR CC-BY-NC-4.0) AND CC-BY-SA-4.0", "share-alike"),
        ("mit", "permissive"),
    ],
)
def test_the_strictest_side_of_an_expression_counts(licence: str, expected: str) -> None:
    assert licence_class(licence, True) == expected


@pytest.mark.parametrize(
    "licence",
    [
        None,
        "",
        "AND",
        "MIT AND",
        "MIT MIT",
        "(MIT",
        "MIT)",
        "()",
        "MIT WITH",
        "(" * 10**5,
        "MIT " * 10**5,
    ],
)
def test_what_is_no_expression_is_unknown(licence: str | None) -> None:
    assert licence_class(licence, True) == "unknown"


def test_what_may_not_train_is_a_class_of_its_own() -> None:
    assert licence_class("Apache-2.0", False) == "no-training"
    assert licence_class("nonsense (", False) == "no-training"


def test_where_nobody_knows_whether_it_may_train_the_class_says_so() -> None:
    assert licence_class("Apache-2.0", None) == "unknown"
    assert licence_class("CC-BY-NC-4.0", None) == "unknown"


def test_every_class_says_what_it_means() -> None:
    assert list(MEANING) == list(CLASSES)
