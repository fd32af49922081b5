"""Lengths: drawn from the clip's id alone, spread up to the bound."""

import pytest

from prompts.length import SHORTEST, wanted_words

IDS = [f"{number:032x}" for number in range(2000)]


def test_a_clip_always_gets_the_same_length() -> None:
    assert [wanted_words(each, 450) for each in IDS[:4]] == [33, 55, 43, 28]


@pytest.mark.parametrize(("chars", "longest"), [(240, 30), (450, 56), (2000, 250)])
def test_lengths_are_spread_up_to_what_the_bound_can_hold(chars: int, longest: int) -> None:
    drawn = [wanted_words(each, chars) for each in IDS]
    assert (min(drawn), max(drawn)) == (SHORTEST, longest)
    middle = (SHORTEST + longest) / 2
    assert 0.4 < sum(words < middle for words in drawn) / len(drawn) < 0.6


def test_a_low_bound_leaves_one_length() -> None:
    assert {wanted_words(each, 80) for each in IDS[:50]} == {10}
