"""How many rows of each kind stay: the most that fit, never more than there are."""

from fractions import Fraction

import pytest

from manifests.release.shares import ImpossibleShare, targets


def test_the_scarcest_domain_decides() -> None:
    stay = targets({(0, False): 10, (1, False): 100}, [0.25, 0.75], None)
    assert stay.keep == {(0, False): 10, (1, False): 30}
    assert stay.by_shares == (0, 70)


def test_a_share_of_nothing_leaves_nothing() -> None:
    stay = targets({(0, False): 10, (1, False): 5}, [0.0, 1.0], None)
    assert stay.keep == {(0, False): 0, (1, False): 5}


@pytest.mark.parametrize(
    ("counts", "shares", "real", "kept"),
    [
        ({(0, True): 5, (0, False): 1000}, [1.0], 1 / 11, {(0, True): 5, (0, False): 50}),
        ({(0, True): 500, (0, False): 10}, [1.0], 1 / 11, {(0, True): 1, (0, False): 10}),
        (
            {(0, True): 10, (0, False): 100, (1, False): 100},
            [0.5, 0.5],
            0.1,
            {(0, True): 10, (0, False): 40, (1, True): 0, (1, False): 50},
        ),
        (
            {(0, True): 50, (1, True): 50, (0, False): 50, (1, False): 50},
            [0.5, 0.5],
            0.5,
            {(0, True): 50, (0, False): 50, (1, True): 50, (1, False): 50},
        ),
    ],
)
def test_shares_and_ratio_together(
    counts: dict[tuple[int, bool], int],
    shares: list[float],
    real: float,
    kept: dict[tuple[int, bool], int],
) -> None:
    assert targets(counts, shares, real).keep == kept


@pytest.mark.parametrize("people", range(1, 40, 3))
def test_what_stays_is_there_and_in_proportion(people: int) -> None:
    counts = {(0, True): people, (1, True): 7, (0, False): 90, (1, False): 60, (2, False): 33}
    stay = targets(counts, [0.5, 0.3, 0.2], 0.1)
    total = sum(stay.keep.values())
    assert all(count <= counts.get(cell, 0) for cell, count in stay.keep.items())
    for number, share in enumerate((0.5, 0.3, 0.2)):
        of = stay.keep[number, True] + stay.keep[number, False]
        assert of == pytest.approx(total * share, abs=3)
    assert sum(stay.keep[n, True] for n in range(3)) == pytest.approx(total * 0.1, abs=3)
    left = [sum(counts.get((n, real), 0) for real in (True, False)) for n in range(3)]
    gone = [left[n] - stay.keep[n, True] - stay.keep[n, False] for n in range(3)]
    assert all(by <= all_ for by, all_ in zip(stay.by_shares, gone, strict=True))


@pytest.mark.parametrize(
    ("counts", "shares", "real", "lacking"),
    [
        ({(0, False): 5}, [0.5, 0.5], None, "rows"),
        ({(0, False): 5}, [1.0], 0.1, "real rows"),
        ({(0, True): 5}, [1.0], 0.1, "synthetic rows"),
        ({(0, True): 5, (1, False): 5}, [0.9, 0.1], 0.01, "real rows of the domains"),
    ],
)
def test_what_can_not_be_is_said(
    counts: dict[tuple[int, bool], int], shares: list[float], real: float | None, lacking: str
) -> None:
    with pytest.raises(ImpossibleShare, match=lacking):
        targets(counts, shares, real)


@pytest.mark.parametrize(
    ("counts", "shares", "real", "domain", "least"),
    [
        ({(0, False): 400, (1, False): 90}, [0.001, 0.999], None, 0, Fraction(999, 90_000)),
        ({(0, False): 4, (1, False): 90}, [0.999, 0.001], None, 1, Fraction(999, 4000)),
        ({(0, True): 5, (0, False): 600}, [1.0], 1e-5, None, Fraction(1, 601)),
        ({(0, True): 600, (0, False): 5}, [1.0], 1 - 1e-5, None, Fraction(1, 601)),
    ],
)
def test_a_share_of_less_than_a_row_is_told_with_the_least_that_would_do(
    counts: dict[tuple[int, bool], int],
    shares: list[float],
    real: float | None,
    domain: int | None,
    least: Fraction,
) -> None:
    with pytest.raises(ImpossibleShare) as told:
        targets(counts, shares, real)
    assert (told.value.domain, told.value.least) == (domain, least)


@pytest.mark.parametrize("synthetic", [1, 7, 600])
def test_with_the_least_share_a_row_stays(synthetic: int) -> None:
    counts = {(0, True): 5, (0, False): synthetic}
    least = 1 / (synthetic + 1)
    assert targets(counts, [1.0], least).keep == {(0, True): 1, (0, False): synthetic}
    with pytest.raises(ImpossibleShare, match="real rows"):
        targets(counts, [1.0], least * 0.99)


@pytest.mark.parametrize("real", [1e-6, 1 - 1e-6])
def test_the_least_share_leaves_a_row_in_several_domains_too(real: float) -> None:
    counts = {(n, by): 40 + n for n in range(3) for by in (True, False)}
    shares = [0.5, 0.3, 0.2]
    with pytest.raises(ImpossibleShare) as told:
        targets(counts, shares, real)
    assert told.value.least is not None
    least = float(told.value.least)
    keep = targets(counts, shares, least if real < 0.5 else 1 - least).keep
    assert sum(count for (_, people), count in keep.items() if people is (real < 0.5))


def test_a_domain_of_less_than_a_row_is_told_beside_a_ratio_too() -> None:
    counts = {(0, True): 5, (0, False): 50, (1, False): 50}
    with pytest.raises(ImpossibleShare) as told:
        targets(counts, [0.999, 0.001], 0.1)
    assert (told.value.domain, told.value.least) == (1, Fraction(1, 50))
