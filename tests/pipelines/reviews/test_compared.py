"""Which of two sets people prefer."""

from collections.abc import Sequence

import pytest

from pipelines.calibrate.reliability import wilson
from pipelines.reviews.compared import Clips, Preference, preference
from pipelines.reviews.comparison import Comparison, Outcome
from pipelines.reviews.intervals import sign_test
from pipelines.reviews.stored import COMPARISONS, table
from tests.pipelines.reviews.made import compared

OWN, OTHER = "a" * 16, "b" * 16
CLIPS = Clips(differ=20, same=3, only_own=1, only_other=2)


def _said(
    clip: int,
    outcome: Outcome | None,
    reviewer: str = "ada",
    at: int = 1,
    digests: tuple[str, str] = (OWN, OTHER),
) -> Comparison:
    return compared(clip, outcome, *digests, at, reviewer)


def _told(said: Sequence[Comparison]) -> Preference:
    pairs = {f"{clip:032x}": (OWN, OTHER) for clip in range(20)}
    return preference("new", "old", table(said, COMPARISONS), pairs, CLIPS)


def test_wins_ties_and_losses_have_intervals_and_a_sign_test() -> None:
    outcomes: list[Outcome] = ["win"] * 9 + ["tie"] * 4 + ["loss"] * 2
    told = _told([_said(at, outcome) for at, outcome in enumerate(outcomes)])
    assert (told.judged, told.clips, told.same) == (15, 20, 3)
    assert (told.only_own, told.only_other) == (1, 2)
    assert [rate.count for rate in (told.win, told.tie, told.loss)] == [9, 4, 2]
    assert told.score.share == pytest.approx(11 / 15)
    assert (told.score.low, told.score.high) == pytest.approx(wilson(11, 15))
    assert (told.win.low, told.win.high) == pytest.approx(wilson(9, 15))
    assert told.sign == sign_test(9, 2)


def test_which_set_was_named_first_makes_no_difference() -> None:
    told = _told([_said(1, "win"), _said(2, "win", digests=(OTHER, OWN))])
    assert (told.win.count, told.loss.count) == (1, 1)


def test_of_a_reviewer_the_last_word_counts_and_what_is_taken_back_does_not() -> None:
    told = _told(
        [
            _said(1, "win", at=1),
            _said(1, "loss", at=2),
            _said(2, "win", at=1),
            _said(2, None, at=2),
            _said(3, "win", at=1),
            _said(3, "win", at=2, digests=(OTHER, OWN)),
        ]
    )
    assert (told.judged, told.win.count, told.loss.count) == (2, 0, 2)


def test_of_several_reviewers_the_sum_decides() -> None:
    said = [_said(1, "win"), _said(1, "loss", "bob"), _said(2, "win"), _said(2, "tie", "bob")]
    told = _told([*said, _said(3, "loss"), _said(3, "loss", "bob")])
    assert (told.win.count, told.tie.count, told.loss.count) == (1, 1, 1)
    assert told.reviewers == ("ada", "bob")
    assert (told.alike.count, told.alike.of) == (1, 3)


def test_comparisons_of_other_captions_are_told_and_do_not_count() -> None:
    told = _told([_said(1, "win", digests=(OWN, "c" * 16)), _said(99, "win")])
    assert (told.judged, told.others, told.score.share, told.sign) == (0, 2, None, None)
