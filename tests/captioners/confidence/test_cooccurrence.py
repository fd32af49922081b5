"""Cooccurrence: what the other claims of a clip say of a claim, and what is learned of that."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from captioners.confidence.cooccurrence import (
    LEAST,
    Cooccurrence,
    LabelledStatement,
    Statement,
    fit_cooccurrence,
    statements,
)
from manifests.evidence import Claim, Modality, Support, WeakCaption

_LEARNED = Cooccurrence(
    things={"purr": -0.5}, beside={"purr": {"growl": -2.0}}, across={"purr": {"cat": 1.0}}
)


def _one(
    about: str,
    probability: float,
    at: int = 0,
    modality: Modality = "audio",
    kin: int | None = None,
) -> Statement:
    near = {(0, at)} | ({(0, kin)} if kin is not None else set())
    return Statement(modality, about, ((0, at),), frozenset(near), probability)


def _odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


# What cooccurrence says


def test_nothing_learned_says_nothing() -> None:
    clip = [_one("purr", 0.7), _one("growl", 0.9, 1), _one("cat", 0.9, 2, "video")]
    assert not Cooccurrence()
    assert Cooccurrence().probability(clip[0], clip) == 0.7


def test_each_other_claim_counts_as_far_as_it_is_believed() -> None:
    clip = [_one("purr", 0.7), _one("growl", 0.9, 1), _one("cat", 0.4, 2, "video")]
    expected = _odds(0.7) - 0.5 - 2.0 * 0.9 + 1.0 * 0.4
    assert _LEARNED.log_odds(clip[0], clip) == pytest.approx(expected)


def test_what_is_seen_is_not_what_is_heard() -> None:
    clip = [_one("purr", 0.7), _one("growl", 0.9, 1, "video"), _one("cat", 0.4, 2)]
    assert _LEARNED.log_odds(clip[0], clip) == pytest.approx(_odds(0.7) - 0.5)


def test_what_implies_it_is_no_cooccurrence() -> None:
    clip = [_one("purr", 0.7, 0, kin=1), _one("growl", 0.9, 1)]
    assert _LEARNED.log_odds(clip[0], clip) == pytest.approx(_odds(0.7) - 0.5)


def test_the_order_of_claims_changes_nothing() -> None:
    clip = [_one("purr", 0.7), *(_one("growl", p, n) for n, p in enumerate((0.1, 0.3, 0.7), 1))]
    assert _LEARNED.probability(clip[0], clip) == _LEARNED.probability(clip[0], clip[::-1])


def test_claims_that_say_the_same_are_told_once() -> None:
    claims = tuple(Claim(x, x, "sound", "audio", 0.5) for x in ("Purr", "purr", "Cat"))
    purr, cat = frozenset({"purr"}), frozenset({"cat"})
    supports = [
        Support((0, 0), purr, ((0, 0), (0, 1)), ((0, 2),)),
        Support((0, 1), purr, ((0, 0), (0, 1)), ((0, 2),)),
        Support((0, 2), cat, ((0, 0), (0, 1), (0, 2))),
    ]
    captions = [WeakCaption("c", "h", "ears", "", claims)]
    first, second = statements(captions, supports, {(0, 0): 0.6, (0, 1): 0.6, (0, 2): 0.8})
    assert (first.claims, first.about, first.probability) == (((0, 0), (0, 1)), "purr", 0.6)
    assert (0, 2) in first.kin and (0, 0) in second.kin


# Learning


def _clips(
    count: int, seed: int, origins: int | None = None, side: Modality = "video", p: float = 0.8
) -> list[LabelledStatement]:
    """Purring, true as often as not: growling is claimed beside where it is false, a cat on that side
    with p where it is true; and a bell is rung that says nothing."""
    rng = np.random.default_rng(seed)
    known = []
    for number in range(count):
        true = bool(rng.random() < 0.5)
        clip = [_one("purr", 0.5), _one("bell", 0.9, 1)]
        clip += [_one("growl", 0.9, 2)] * bool(rng.random() < (0.1 if true else 0.8))
        clip += [_one("cat", 0.9, 3, side)] * bool(rng.random() < (p if true else 1.1 - p))
        origin = number % origins if origins else number
        known.append(LabelledStatement(clip[0], clip, true, f"o{origin}", origin % 5))
    return known


def _lost(cooccurrence: Cooccurrence, known: Sequence[LabelledStatement]) -> float:
    return sum((cooccurrence.probability(x.statement, x.clip) - x.true) ** 2 for x in known) / len(
        known
    )


def test_rivals_and_companions_are_learned_with_their_signs() -> None:
    cooccurrence = fit_cooccurrence(_clips(600, 1, side="audio"))
    assert cooccurrence.beside["purr"]["growl"] < -1 < 1 < cooccurrence.beside["purr"]["cat"]
    assert abs(cooccurrence.beside["purr"]["bell"]) < 1


def test_what_is_seen_never_makes_a_sound_likelier() -> None:
    assert not fit_cooccurrence(_clips(600, 1)).across
    assert fit_cooccurrence(_clips(600, 1, p=0.3)).across["purr"]["cat"] < -1


def test_what_is_heard_may_make_a_sight_likelier() -> None:
    def turned(one: Statement) -> Statement:
        return replace(one, modality="audio" if one.modality == "video" else "video")

    clips = [
        replace(x, statement=turned(x.statement), clip=[turned(y) for y in x.clip])
        for x in _clips(600, 1)
    ]
    assert fit_cooccurrence(clips).across["purr"]["cat"] > 1


def test_it_is_better_on_what_it_never_saw() -> None:
    unseen = _clips(600, 2)
    assert _lost(fit_cooccurrence(_clips(600, 1)), unseen) < _lost(Cooccurrence(), unseen) - 0.05


def test_a_label_that_is_mostly_wrong_is_learned_to_be() -> None:
    one = _one("purr", 0.5)
    known = [
        LabelledStatement(one, [one], number % 10 == 0, f"o{number}", number % 5)
        for number in range(200)
    ]
    assert fit_cooccurrence(known).things["purr"] < -1


def test_a_pair_of_few_origins_is_not_learned() -> None:
    assert fit_cooccurrence(_clips(600, 1, LEAST)).beside
    few = fit_cooccurrence(_clips(600, 1, LEAST - 1))
    assert not few.beside and not few.across


def test_nobody_judged_teaches_nothing() -> None:
    assert fit_cooccurrence([]) == Cooccurrence()


def test_a_file_gives_the_same_cooccurrence() -> None:
    cooccurrence = fit_cooccurrence(_clips(100, 1))
    assert Cooccurrence.model_validate_json(cooccurrence.model_dump_json()) == cooccurrence
