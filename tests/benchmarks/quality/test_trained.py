"""Figures split by what the writer saw in training, in the little world."""

import pytest

from benchmarks.quality.measures import doubts
from benchmarks.quality.measures.measures import STRICT
from benchmarks.quality.measures.trained import SEEN, UNSEEN, by_llm, recipe, split, trained
from prompts.selection import Facts
from recipes.tuning import train
from recipes.tuning.examples import Example
from tests.benchmarks.quality import little

RULER = little.ruler()
KNOWN = frozenset(("bark", "animal~", "dog"))
FACTS = little.facts(little.claim("a dog barks"), little.claim("a bell rings"))
CASE = little.case(("bark", "bell"), unsure=("music",))


def example(facts: Facts) -> Example:
    return Example((), "", facts, (), "plain")


def test_a_concept_was_seen_where_a_training_fact_names_it_in_any_words() -> None:
    facts = little.facts(little.claim("a dog is barking"), little.claim("a red car"))
    assert trained(RULER, [example(facts)]) == {"bark", "car"}
    assert trained(RULER, []) == frozenset()


def test_a_broader_concept_was_not_seen_with_a_narrower_one() -> None:
    facts = little.facts(little.claim("a dog barks"))
    assert "animal~" not in trained(RULER, [example(facts)])


def test_figures_are_of_the_events_own_concepts() -> None:
    row = RULER.measure(little.told(CASE, "audio_caption", "A dog barks and a cat meows.", FACTS))
    found = split(RULER, [row], KNOWN)
    assert _pair(found, SEEN, "recall") == (1, 1)
    assert _pair(found, UNSEEN, "recall") == (0, 1)
    assert _pair(found, SEEN, "precision") == (1, 1)
    assert _pair(found, UNSEEN, "precision") == (0, 1)
    assert _pair(found, SEEN, "lost") == (0, 1)
    assert _pair(found, UNSEEN, "lost") == (1, 1)


def test_the_undecided_is_false_in_its_own_part() -> None:
    row = RULER.measure(little.told(CASE, "audio_caption", "A dog barks and music plays.", FACTS))
    found = split(RULER, [row], KNOWN)
    assert _pair(found, SEEN, STRICT) == (1, 1)
    assert found[UNSEEN]["precision"].value is None
    assert _pair(found, UNSEEN, STRICT) == (0, 1)


def test_parts_add_up_to_the_whole() -> None:
    row = RULER.measure(little.told(CASE, "audio_caption", "A dog barks and a bell rings.", FACTS))
    found = split(RULER, [row], KNOWN)
    for rate in ("recall", "precision", "lost", STRICT):
        of = (found[part][rate].of for part in (SEEN, UNSEEN))
        assert sum(of) == row.pairs[rate][1]


def test_captions_of_what_was_never_seen_are_counted_apart() -> None:
    plain = little.facts(little.claim("a dog barks"))
    rows = [
        RULER.measure(little.told(CASE, "audio_caption", "A dog barks.", facts))
        for facts in (plain, FACTS, FACTS)
    ]
    found = by_llm(RULER, rows, KNOWN)
    assert (found[SEEN].of, found[UNSEEN].of) == (1, 2)
    assert by_llm(RULER, rows, KNOWN | {"bell"}).keys() == {SEEN}


def test_the_table_names_both_parts() -> None:
    row = RULER.measure(little.told(CASE, "audio_caption", "A dog barks.", FACTS))
    text = doubts.split_table(doubts.split_figures(RULER, [row], [], KNOWN))
    assert f"| {SEEN} | recall | 1 | 100.0" in text
    assert f"| {UNSEEN} | recall | 1 | 0.0" in text
    assert f"| {UNSEEN} | by the LLM | 1 | 100.0" in text


def test_the_recipes_examples_are_those_of_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = (train.Round(1, 0.25, 0.75), train.Round(1, 0.05, 0.6))
    monkeypatch.setattr(train, "ROUNDS", rounds)
    made = list(recipe())
    assert len(made) == 2 * train.BATCH
    assert all(one.facts.heard or one.facts.seen for one in made)


def _pair(found: object, part: str, rate: str) -> tuple[float, float]:
    figure = found[part][rate]  # type: ignore[index]
    return round(figure.value * figure.of), figure.of
