"""The guards on made-up replies: none of what they must find is missed, hardly anything good refused."""

import random

import pytest

from benchmarks.quality.guards.guards import Tally, measured
from benchmarks.quality.guards.replies import FAULTS, Known, good, made, reworded
from benchmarks.quality.guards.subtle import SUBTLE


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    return measured(2500, seed=11)


@pytest.mark.parametrize("fault", ["leak", "loop", "refusal", "schema", "truncated", "copied"])
def test_faults_of_form_are_all_found(tallies: dict[str, Tally], fault: str) -> None:
    assert tallies[fault].count > 30 and tallies[fault].wrong == 0, tallies[fault].examples


@pytest.mark.parametrize("fault", ["unsupported", "language"])
def test_inventions_are_found(tallies: dict[str, Tally], fault: str) -> None:
    assert tallies[fault].share < 0.02, tallies[fault].examples


@pytest.mark.parametrize("fault", [*SUBTLE, "another clip's"])
def test_what_is_nearly_right_is_found(tallies: dict[str, Tally], fault: str) -> None:
    assert tallies[fault].count > 3 and tallies[fault].wrong <= 1, tallies[fault].examples


@pytest.mark.parametrize("kind", ["good", "reworded"])
def test_good_replies_pass(tallies: dict[str, Tally], kind: str) -> None:
    assert tallies[kind].count > 300 and tallies[kind].share < 0.02, tallies[kind].examples


def test_every_class_of_fault_is_made_and_differs_from_the_good_reply() -> None:
    known = Known(
        ("a dog barks", "rain falls"), ("a bench", "two cars"), frozenset({"a dog barks"})
    )
    rng = random.Random(0)
    seen = {reply.fault for _ in range(500) if (reply := made(rng, known)) is not None}
    assert seen == {*FAULTS, "good", "reworded"}
    for name, fault in FAULTS.items():
        captions = good(random.Random(3), known)
        found = fault(random.Random(3), dict(captions), known)
        assert found is not None and found[0] != str(captions), name


@pytest.mark.parametrize(
    ("clause", "forms"),
    [
        ("a dog barks", {"a dog is barking", "the barking of a dog"}),
        ("a cat purrs", {"a cat is purring", "the purring of a cat"}),
        ("a hammer strikes", {"a hammer is striking", "the striking of a hammer"}),
        ("a baby cries", {"a baby is crying", "the crying of a baby"}),
        ("rain falls on a roof", {"rain falls on a roof"}),
    ],
)
def test_a_clause_is_put_in_other_words(clause: str, forms: set[str]) -> None:
    assert {reworded(random.Random(n), clause) for n in range(20)} == forms
