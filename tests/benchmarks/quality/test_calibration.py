"""The calibration error of facts."""

import json

import numpy as np
import pytest

from benchmarks.quality.measures import doubts
from benchmarks.quality.measures.calibration import BINS, Believed, believed, ece, reliability
from benchmarks.quality.measures.clusters import by_source
from tests.benchmarks.quality import little

RULER = little.ruler()
CASE = little.case(("bark",), ("car",), unsure=("music",))


def test_facts_are_true_false_or_undecided() -> None:
    facts = little.facts(
        *(little.claim(text) for text in ("a dog barks", "a bell rings", "music plays", "a car"))
    )
    found = {(one.side, one.true) for one in believed(RULER, [CASE], {"clip": facts})}
    assert found == {("heard", True), ("heard", False), ("heard", None), ("seen", True)}


def test_something_broader_than_what_happened_is_true() -> None:
    facts = little.facts(little.claim("an animal is heard"))
    (fact,) = believed(RULER, [CASE], {"clip": facts})
    assert fact.true


def test_what_cannot_be_read_is_no_fact_here() -> None:
    facts = little.facts(little.claim("a zither twangs"))
    assert believed(RULER, [CASE], {"clip": facts}) == []


def test_the_error_is_the_mean_gap_of_ten_bins_of_equal_mass() -> None:
    sure = np.linspace(0.01, 1, 100)
    assert ece(sure, np.ones(100)) == pytest.approx(1 - sure.mean())
    half = np.full(20, 0.5)
    assert ece(half, np.array([0.0, 1.0] * 10)) == 0
    assert ece(half, np.ones(20)) == 0.5


def test_gaps_of_bins_do_not_cancel_out() -> None:
    sure = np.array([0.2] * 50 + [0.8] * 50)
    swapped = np.array([1.0] * 10 + [0.0] * 40 + [1.0] * 40 + [0.0] * 10)
    assert abs(sure.mean() - swapped.mean()) < 1e-9
    assert ece(sure, swapped) > 0.1


def test_fewer_facts_than_bins_have_a_bin_each() -> None:
    found = reliability(_facts([0.9, 0.6], [True, False]), False)
    assert found is not None and len(found.bins) == 2
    assert found.ece == pytest.approx((0.1 + 0.6) / 2)


def test_the_undecided_is_left_out_or_false() -> None:
    facts = _facts([0.9, 0.8, 0.7], [True, None, False])
    out, false = reliability(facts, False), reliability(facts, True)
    assert out is not None and false is not None
    assert (out.facts, false.facts) == (2, 3)
    assert out.true.value == 0.5
    assert false.true.value == pytest.approx(1 / 3)


def test_nothing_decided_has_no_error() -> None:
    assert reliability(_facts([0.9], [None]), False) is None
    assert reliability([], True) is None


def test_confidences_that_are_right_err_as_much_as_chance_does() -> None:
    rng = np.random.default_rng(5)
    sure = rng.uniform(0.5, 1, 2000)
    found = reliability(_facts(sure.tolist(), (rng.random(2000) < sure).tolist()), False)
    assert found is not None
    assert len(found.bins) == BINS and {facts for facts, _, _ in found.bins} == {200}
    assert 0 < found.chance < 0.04
    assert found.ece < 2 * found.chance


def test_the_table_tells_how_many_facts() -> None:
    facts = _facts([0.9, 0.8, 0.7], [True, None, False])
    found = doubts.reliabilities(facts, by_source([CASE]))
    text = doubts.calibration_table(found)
    assert "| both | left out | 2 | 80.0 |" in text
    assert "| heard | false | 3 | 80.0 |" in text
    assert "| seen |" not in text
    assert json.dumps(doubts.calibration_json(found))


def _facts(sure: list[float], true: list[bool | None] | list[bool]) -> list[Believed]:
    return [Believed(CASE, "heard", p, t) for p, t in zip(sure, true, strict=True)]
