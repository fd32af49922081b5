"""The truth bench's measures, in a little world."""

import pytest

from benchmarks.quality.known import Happening
from benchmarks.quality.measures.concepts import Concepts, hits
from benchmarks.quality.measures.measures import STRICT, Pair, figures, groups
from manifests.captions import CaptionName
from tests.benchmarks.quality import little

RULER = little.ruler()
KNOWN = little.facts(
    little.claim("a dog barks"),
    little.claim("music plays", "medium"),
    little.claim("a car"),
)
CASE = little.case(("bark", "bell"), ("car",))


def measure(text: str, name: CaptionName = "audio_caption", **given: object) -> dict[str, Pair]:
    case = given.get("case", CASE)
    facts = given.get("facts", KNOWN)
    return dict(RULER.measure(little.told(case, name, text, facts)).pairs)  # type: ignore[arg-type]


def test_recall_and_precision_are_against_the_truth() -> None:
    found = measure("A dog is barking and music plays.")
    assert found["recall"] == (1, 2)
    assert found["precision"] == (1, 2)


def test_something_broader_is_true_and_tells_nothing() -> None:
    found = measure("An animal is heard.")
    assert found["recall"] == (0, 2)
    assert found["precision"] == (1, 1)


def test_what_nobody_can_decide_is_not_counted() -> None:
    unsure = little.case(("bark", "music"), unsure=("music",))
    found = measure("A dog barks, music plays and a cat meows.", case=unsure)
    assert found["recall"] == (1, 1)
    assert found["precision"] == (1, 2)
    some_animal = little.case(("bell",), unsure=("animal~",))
    assert measure("A cat meows.", case=some_animal)["precision"] == (0, 0)


def test_what_nobody_can_decide_is_false_beside() -> None:
    unsure = little.case(("bark", "music"), unsure=("music",))
    found = measure("A dog barks, music plays and a cat meows.", case=unsure)
    assert found[STRICT] == (1, 3)
    some_animal = little.case(("bell",), unsure=("animal~",))
    assert measure("A cat meows.", case=some_animal)[STRICT] == (0, 1)
    assert measure("A dog barks.")[STRICT] == measure("A dog barks.")["precision"]


def test_unsupported_is_against_the_facts_in_the_matchers_eyes() -> None:
    assert measure("A dog is barking.")["unsupported"] == (0, 1)
    assert measure("An animal is heard.")["unsupported"] == (0, 1)
    assert measure("A bell rings loudly.")["unsupported"] == (2, 2)
    assert measure("A bell rings.")["unsupported captions"] == (True, 1)


def test_a_quotation_needs_the_transcript() -> None:
    facts = little.facts(little.claim("a person speaks"), transcript="Turn left at the corner.")
    right = measure('A person speaks "turn left".', facts=facts)
    assert right["unsupported"] == (0, 2)
    assert measure('A person speaks "turn right".', facts=facts)["unsupported"] == (1, 2)
    spoken = little.case(("speech",), spoken="Turn left at the corner.")
    told = measure('A person speaks "turn right".', facts=facts, case=spoken)
    assert told["quotes right"] == (0, 1)


def test_only_facts_of_tier_high_are_confident_evidence() -> None:
    assert measure("Music plays.")["lost"] == (1, 1)
    assert measure("An animal is heard.")["lost"] == (1, 1)
    assert measure("A dog is barking.")["lost"] == (0, 1)
    assert measure("A dog barks.", "audio_visual_caption")["lost"] == (1, 2)


def test_a_fact_that_the_matcher_cannot_read_is_told_by_its_words() -> None:
    facts = little.facts(little.claim("a zither twangs"))
    assert measure("A zither is twanging.", facts=facts)["lost"] == (0, 1)
    assert measure("A zither is twanging.", facts=facts)["unsupported"][0] == 0
    assert measure("A dog barks.", facts=facts)["lost"] == (1, 1)


def test_an_audio_caption_with_what_is_only_seen_is_not_pure() -> None:
    assert measure("A dog barks.")["pure"] == (True, 1)
    assert measure("A dog barks, with a car in view.")["pure"] == (False, 1)
    assert measure("A car, music plays.", "visual_caption")["pure"] == (False, 1)
    assert "pure" not in measure("A dog barks.", "audio_visual_caption")


def test_a_dog_that_does_not_bark() -> None:
    silent = little.case(("bell",), ("dog",), silent=("bark",))
    assert measure("A dog barks.", case=silent)["invented from silent"] == (True, 1)
    assert measure("A bell rings.", case=silent)["invented from silent"] == (False, 1)
    assert measure("A dog.", "visual_caption", case=silent)["invented from silent"] == (0, 0)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("A dog barks, then a bell rings.", (1, 1)),
        ("A bell rings, then a dog barks.", (0, 1)),
        ("A dog barks and a bell rings.", (0, 0)),
    ],
)
def test_order_where_it_is_told(text: str, pair: Pair) -> None:
    case = little.case((Happening("bark", 0, 1000), Happening("bell", 2000, 3000)))
    assert measure(text, case=case)["order right"] == pair


def test_counts_where_they_are_told() -> None:
    case = little.case((), (Happening("car", count=2),))
    assert measure("Two cars.", "visual_caption", case=case)["count right"] == (1, 1)
    assert measure("A car.", "visual_caption", case=case)["count right"] == (0, 0)


def test_figures_are_for_all_rows_for_the_llms_and_for_the_template() -> None:
    mine = [RULER.measure(little.told(CASE, "audio_caption", "A bell rings.", KNOWN))]
    drawn = [RULER.measure(little.told(CASE, "audio_caption", "A dog barks.", KNOWN))]
    found = {name: figures(rows) for name, rows in groups(mine, drawn).items()}
    assert found["llm"]["unsupported"].value == 1
    assert found["template"]["unsupported"].value == 0
    assert found["all"]["words"].value == 3
    assert figures([])["recall"].value is None


def test_a_concept_that_goes_round_in_a_circle_ends() -> None:
    from recipes.world.concepts import Concept

    known = Concepts(
        [
            Concept("a", "heard", "sound", (), (), ("b",)),
            Concept("b", "heard", "sound", (), (), ("a",)),
        ]
    )
    assert known.reach("a") == {"a", "b"}
    assert hits((), (), frozenset(), known).f1 == 1
