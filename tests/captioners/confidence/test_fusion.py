"""The fused confidence: agreement, silence, and captioners that repeat each other."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from captioners.confidence._logistic import logit, sigmoid
from captioners.confidence.cooccurrence import Cooccurrence
from captioners.confidence.fusion import Fusion, votes_for
from captioners.confidence.stack import BASE, LabelledVotes, Stack, Votes, fit_stack
from captioners.confidence.tiers import ENOUGH
from manifests.evidence import Claim, Confidence, Support, Tier, WeakCaption

_DOG, _ANIMAL = frozenset({"dog"}), frozenset({"anim"})
_WORDS = {name: frozenset({"dog", "anim"}) for name in ("ears", "twin", "other")}


def _said(name: str, *sure: tuple[float | None, Tier], skipped: str | None = None) -> WeakCaption:
    claims = tuple(
        Claim("Dog", "a dog barks", "sound", "audio", 0.5, (), Confidence(p, tier, f"by {name}"))
        for p, tier in sure
    )
    return WeakCaption("c", "h", name, "", claims, skipped=skipped)


def _all(captions: Sequence[WeakCaption]) -> list[Support]:
    """Every claim says the same."""
    places = [(at, n) for at, weak in enumerate(captions) for n in range(len(weak.claims))]
    return [Support(place, _DOG, tuple(places)) for place in places]


def _fused(fusion: Fusion, *captions: WeakCaption, origins: int = ENOUGH) -> Confidence:
    """The fused confidence of the first claim."""
    return _each(fusion, captions, origins)[0]


def _each(
    fusion: Fusion, captions: Sequence[WeakCaption], origins: int = ENOUGH
) -> list[Confidence]:
    """The fused confidence of each claim."""
    behind = _behind(captions, origins)
    fused = fusion.fuse(captions, _all(captions), behind)
    return [claim.fused for weak in fused for claim in weak.claims if claim.fused is not None]


def _behind(captions: Sequence[WeakCaption], origins: int = ENOUGH) -> dict[tuple[int, int], int]:
    return {(at, n): origins for at, weak in enumerate(captions) for n in range(len(weak.claims))}


# The rule


def test_a_claim_of_one_captioner_keeps_its_own_confidence() -> None:
    own = Confidence(0.62, "medium", "by ears")
    assert _fused(Fusion(), _said("ears", (0.62, "medium")), _said("twin")) == own


def test_a_captioner_does_not_agree_with_itself() -> None:
    assert _fused(Fusion(), _said("ears", (0.3, "low"), (0.4, "low"))).probability == 0.4


def test_a_second_word_counts_half() -> None:
    found = _fused(Fusion(), _said("ears", (0.4, "low")), _said("twin", (0.3, "low")))
    odds = logit(0.4) + 0.5 * (logit(0.3) - logit(BASE))
    assert found.probability == pytest.approx(float(sigmoid(odds)), abs=1e-6)
    assert (found.tier, found.by) == ("medium", "rule ears+twin")


def test_the_surest_is_named_first_and_the_order_changes_nothing() -> None:
    one, other = _said("ears", (0.4, "low")), _said("twin", (0.6, "medium"))
    assert _fused(Fusion(), one, other) == _fused(Fusion(), other, one)
    assert _fused(Fusion(), one, other).by == "rule twin+ears"


def test_faint_words_stay_low_together() -> None:
    found = _fused(Fusion(), _said("ears", (0.1, "low")), _said("twin", (0.1, "low")))
    assert found.tier == "low" and 0.1 < found.probability < 0.5


def test_no_further_word_speaks_against() -> None:
    found = _fused(Fusion(), _said("ears", (0.6, "medium")), _said("twin", (0.01, "low")))
    assert found.probability == 0.6


def test_the_rule_makes_nothing_high_of_which_nobody_is_sure() -> None:
    said = [_said(name, (0.7, "medium")) for name in ("ears", "twin", "other")]
    found = _fused(Fusion(), *said)
    assert found.probability > 0.9 and found.tier == "medium"
    assert _fused(Fusion(), *said, _said("sure", (0.85, "high"))).tier == "high"


def test_two_anecdotes_are_no_calibration() -> None:
    said = [_said(name, (0.5, "low")) for name in ("ears", "twin")]
    assert _fused(Fusion(), *said, origins=9) == Confidence(0.5, "low", "by ears")


def test_a_fact_needs_nobody() -> None:
    fact = Confidence(1.0, "high", "fact")
    measured = WeakCaption(
        "c", "h", "measures", "", (Claim("silence", "s", "signal", "audio", 1, (), fact),)
    )
    assert _fused(Fusion(), measured, _said("ears", (0.1, "low"))) == fact


def test_a_claim_is_never_less_sure_than_what_implies_it() -> None:
    captions = [_said("ears", (0.9, "high"), (0.3, "low")), _said("twin", (0.2, "low"))]
    dog = Support((0, 0), _DOG, ((0, 0),))
    animal = Support((0, 1), _ANIMAL, ((0, 0), (0, 1)))
    alone = Support((1, 0), frozenset({"cat"}), ((1, 0),))
    fusion = Fusion(audio=Stack(n=500, words=_WORDS, silent={"twin": -1.0}))
    behind = _behind(captions, 500)
    first, second = fusion.fuse(captions, [dog, animal, alone], behind)
    assert first.claims[0].fused == first.claims[1].fused
    assert second.claims[0].fused is not None and second.claims[0].fused.probability == 0.2


# Who has no calibration


@pytest.mark.parametrize("stack", [Stack(), Stack(n=500, words=_WORDS, silent={"twin": -1.0})])
def test_claims_without_calibration_neither_add_nor_take(stack: Stack) -> None:
    """A train horn at 0.16 once became 1.00 by five captioners of which nothing was known."""
    strangers = [_said(f"stranger{n}", (None, "low")) for n in range(5)]
    fusion = Fusion(audio=stack)
    alone = _fused(fusion, _said("ears", (0.16, "low")))
    assert alone.probability == pytest.approx(0.16, abs=1e-5)
    assert _each(fusion, [_said("ears", (0.16, "low")), *strangers]) == [alone] * 6


def test_a_rank_stands_beside_a_probability_and_does_not_move_it() -> None:
    said = [_said("ears", (0.16, "low")), _said("stranger", (None, "medium"))]
    heard, ranked = _each(Fusion(), said)
    assert heard == Confidence(0.16, "low", "by ears")
    assert ranked == Confidence(None, "medium", "by stranger")


def test_what_others_measured_counts_for_a_claim_without_calibration() -> None:
    said = [_said("ears", (0.9, "high")), _said("stranger", (None, "medium"))]
    assert _each(Fusion(), said) == [Confidence(0.9, "high", "by ears")] * 2


def test_claims_without_calibration_make_no_number_together() -> None:
    said = [_said("one", (None, "low")), _said("other", (None, "medium"))]
    assert _each(Fusion(), said) == [Confidence(None, "medium", "by other")] * 2


def test_an_anecdote_has_no_vote_by_the_rule_and_what_a_stack_learned_of_it() -> None:
    captions = [_said("ears", (0.16, "low")), _said("twin", (0.9, "low"))]
    behind = {(0, 0): ENOUGH, (1, 0): 9}
    fused = Fusion().fuse(captions, _all(captions), behind)
    assert fused[0].claims[0].fused == Confidence(0.16, "low", "by ears")
    fused = Fusion(audio=Stack(n=500, words=_WORDS)).fuse(captions, _all(captions), behind)
    learned = fused[0].claims[0].fused
    assert learned is not None and learned.by == "stack twin+ears"


def test_who_says_it_without_calibration_is_not_silent() -> None:
    captions = [_said("ears", (0.6, "medium")), _said("twin", (None, "low"))]
    votes = votes_for(captions, _all(captions)[0], _WORDS)
    assert (list(votes.named), votes.silent) == (["ears"], ())


def test_a_broader_word_without_calibration_adds_nothing() -> None:
    captions = _said("ears", (0.4, "low")), _said("other", (None, "medium"))
    support = Support((0, 0), _DOG, ((0, 0),), ((1, 0),))
    assert votes_for(captions, support, {}).broader == {}


def _growling(captioner: str) -> list[Confidence | None]:
    """Purring, at 0.7, where a captioner says growling without a number."""
    growls = _said(captioner, (None, "low"))
    captions = [_said("ears", (0.7, "medium")), growls]
    found = [Support((0, 0), _PURR, ((0, 0),)), Support((1, 0), _GROWL, ((1, 0),))]
    fused = _taught(ENOUGH, "ears", "twin").fuse(captions, found, {(0, 0): ENOUGH, (1, 0): 0})
    return [claim.fused for weak in fused for claim in weak.claims]


def test_cooccurrence_reads_no_claim_of_a_captioner_it_does_not_know() -> None:
    first, second = _growling("stranger")
    assert first is not None and first.probability == pytest.approx(0.7, abs=1e-5)
    assert second == Confidence(None, "low", "by stranger")


def test_cooccurrence_reads_a_claim_without_a_number_as_it_learned_it() -> None:
    """At even odds: yamnet's "inside, small room" is never labelled, and speaks against music."""
    first, second = _growling("twin")
    assert first is not None
    assert first.probability == pytest.approx(float(sigmoid(logit(0.7) - 2 * 0.5)), abs=1e-5)
    assert second == Confidence(None, "low", "by twin")


# Who is silent


def test_only_who_ran_and_knows_the_words_is_silent() -> None:
    captions = [
        _said("ears", (0.6, "medium")),
        _said("twin"),
        _said("other", skipped="no audio"),
        _said("stranger"),
    ]
    (support,) = _all(captions)
    assert votes_for(captions, support, _WORDS).silent == ("twin",)


def test_silence_speaks_against_as_far_as_it_was_learned() -> None:
    fusion = Fusion(audio=Stack(n=500, words=_WORDS, silent={"twin": -1.0}))
    missed = _fused(fusion, _said("ears", (0.6, "medium")), _said("twin"))
    assert missed.probability == pytest.approx(float(sigmoid(logit(0.6) - 1)), abs=1e-6)
    assert missed.by == "stack ears"
    unheard = _fused(fusion, _said("ears", (0.6, "medium")), _said("twin", skipped="gate"))
    assert unheard.probability == 0.6


def test_a_broader_word_counts_as_far_as_it_was_learned() -> None:
    captions = _said("ears", (0.4, "low")), _said("other", (0.7, "medium"))
    support = Support((0, 0), _DOG, ((0, 0),), ((1, 0),))
    heard = votes_for(captions, support, {})
    assert heard.broader == {"other": pytest.approx(logit(0.7) - logit(BASE))}
    plain = replace(heard, broader={})
    assert Stack().log_odds(heard) == Stack().log_odds(plain)
    learned = Stack(broader={"other": 0.5})
    gained = learned.log_odds(heard) - learned.log_odds(plain)
    assert gained == pytest.approx(0.5 * heard.broader["other"])


def test_who_says_the_thing_itself_is_not_counted_for_a_broader_word_too() -> None:
    captions = _said("ears", (0.4, "low")), _said("other", (0.7, "medium"), (0.8, "high"))
    support = Support((0, 0), _DOG, ((0, 0), (1, 0)), ((1, 1),))
    assert votes_for(captions, support, {}).broader == {}


def test_a_broader_word_is_learned_to_count() -> None:
    drawn = np.random.default_rng(0)
    heard = []
    for number in range(600):
        true = bool(drawn.random() < 0.5)
        broader = {"other": 3.0} if drawn.random() < (0.9 if true else 0.2) else {}
        heard.append(LabelledVotes(Votes({"ears": 0.0}, (), broader), true, number % 5))
    assert fit_stack(heard, _WORDS, 600, 600).broader["other"] > 0.3


def test_what_was_learned_of_others_is_not_used_for_a_stranger() -> None:
    fusion = Fusion(audio=Stack(n=500, words=_WORDS, silent={"twin": -1.0}))
    found = _fused(fusion, _said("stranger", (0.6, "medium")), _said("twin"))
    assert found == Confidence(0.6, "medium", "by stranger")


def test_too_few_origins_leave_the_rule() -> None:
    few = Fusion(audio=Stack(n=500, origins=9, words=_WORDS, silent={"twin": -1.0}))
    assert _fused(few, _said("ears", (0.6, "medium")), _said("twin")).by == "by ears"


# Cooccurrence


_PURR, _GROWL = frozenset({"purr"}), frozenset({"growl"})


def _rivals(fusion: Fusion) -> Confidence:
    """Purring, at 0.7, beside growling, at 0.9."""
    captions = [_said("ears", (0.7, "medium"), (0.9, "high"))]
    found = [Support((0, 0), _PURR, ((0, 0),)), Support((0, 1), _GROWL, ((0, 1),))]
    fused = fusion.fuse(captions, found, {s.claim: ENOUGH for s in found})[0].claims[0].fused
    assert fused is not None
    return fused


def _taught(n: int = ENOUGH, *names: str) -> Fusion:
    cooccurrence = Cooccurrence(beside={"purr": {"growl": -2.0}})
    words = dict.fromkeys(names or ("ears",), _PURR | _GROWL)
    return Fusion(audio=Stack(n=n, words=words, cooccurrence=cooccurrence))


def test_cooccurrence_moves_what_a_stack_gave() -> None:
    found = _rivals(_taught())
    expected = float(sigmoid(logit(0.7) - 2 * 0.9))
    assert found.probability == pytest.approx(expected, abs=1e-6)
    assert (found.tier, found.by) == ("low", "cooccurrence ears")


def test_cooccurrence_leaves_claims_of_which_no_stack_was_learned() -> None:
    assert _rivals(_taught(ENOUGH, "twin")) == Confidence(0.7, "medium", "by ears")


def test_cooccurrence_makes_nothing_high_of_few_origins() -> None:
    cooccurrence = Cooccurrence(beside={"purr": {"growl": 3.0}})
    for n, tier in ((ENOUGH - 1, "medium"), (ENOUGH, "high")):
        stack = Stack(n=500, origins=n, words={"ears": _PURR}, cooccurrence=cooccurrence)
        assert _rivals(Fusion(audio=stack)).tier == tier


def test_no_cooccurrence_is_told_as_before_there_was_any() -> None:
    assert "cooccurrence" not in Stack(n=ENOUGH).model_dump()
    assert "cooccurrence" not in Fusion().model_dump(mode="json")["audio"]
    assert "cooccurrence" in _taught().audio.model_dump()


# Learning


def _world(count: int, seed: int, repeats: bool) -> list[LabelledVotes]:
    """Claims of "ears", each as likely as it says. Half of them "twin" says too, as independent
    evidence or (repeats) as an echo that knows nothing of its own."""
    rng = np.random.default_rng(seed)
    heard = []
    while len(heard) < count:
        true = bool(rng.uniform() < BASE * 4)
        odds = [logit(BASE * 4) + rng.normal(2 if true else -2, 2) for _ in range(2)]
        if odds[0] < -1.5:
            continue
        echo = odds[0] - 0.01 if repeats else odds[1]
        said = {"ears": odds[0]}
        if rng.uniform() < 0.5 and (repeats or echo > -1.5):
            said["twin"] = echo
        ordered = dict(sorted(said.items(), key=lambda item: -item[1]))
        heard.append(LabelledVotes(Votes(ordered), true, len(heard) % 10))
    return heard


def test_an_echo_is_learned_to_be_one_and_independent_word_to_count() -> None:
    stacks = [fit_stack(_world(3000, 1, repeats), _WORDS, 3000, 3000) for repeats in (True, False)]
    echo, independent = (stack.pairs["ears+twin"] for stack in stacks)
    assert echo < 0.1
    assert independent > 0.4


def test_the_learned_stack_is_better_on_what_it_never_saw_than_the_rule() -> None:
    for repeats in (True, False):
        stack = fit_stack(_world(3000, 1, repeats), _WORDS, 3000, 3000)
        unseen = _world(3000, 2, repeats)
        true = np.array([each.true for each in unseen])
        learned, rule = (
            np.array([s.probability(each.votes) for each in unseen]) for s in (stack, Stack())
        )
        assert np.mean((learned - true) ** 2) < np.mean((rule - true) ** 2)
        assert abs(learned.mean() - true.mean()) < 0.02


def test_silence_is_learned_and_never_speaks_for() -> None:
    rng = np.random.default_rng(1)
    heard = []
    for at in range(2000):
        true = bool(rng.uniform() < 0.5)
        silent = ("twin",) if rng.uniform() < (0.2 if true else 0.8) else ()
        loud = ("other",) if rng.uniform() < (0.8 if true else 0.2) else ()
        heard.append(LabelledVotes(Votes({"ears": 0.0}, silent + loud), true, at % 10))
    stack = fit_stack(heard, _WORDS, 2000, 2000)
    assert stack.silent["twin"] < -1
    assert stack.silent["other"] == 0


def test_without_data_it_is_the_rule() -> None:
    nothing = fit_stack([], {}, 0, 0)
    assert (nothing.pairs, nothing.silent, nothing.n) == ({}, {}, 0)
    assert not nothing.knows(Votes({"ears": 0.0}))


def test_a_file_gives_the_same_stack() -> None:
    fusion = Fusion(source="s", audio=fit_stack(_world(200, 1, False), _WORDS, 200, 200))
    assert Fusion.model_validate_json(fusion.model_dump_json()) == fusion
