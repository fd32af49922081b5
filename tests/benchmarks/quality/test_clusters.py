"""Clips that hang together by their sources."""

from dataclasses import replace

from benchmarks.quality.known import Case
from benchmarks.quality.measures.clusters import by_source
from benchmarks.quality.measures.intervals import ratio, summed
from benchmarks.quality.measures.measures import figures, rates
from tests.benchmarks.quality import little

RULER = little.ruler()
FACTS = little.facts(little.claim("a dog barks"))


def case(name: str, *sources: str) -> Case:
    return replace(little.case(("bark",), clip_id=name), sources=sources)


def test_a_clip_goes_to_the_source_that_most_clips_share() -> None:
    found = by_source(
        [case("a", "dog"), case("b", "bell", "dog"), case("c", "bell"), case("d", "dog")]
    )
    assert found["a"] == found["b"] == found["d"] != found["c"]


def test_sources_that_as_many_share_are_taken_by_name() -> None:
    one, other = case("a", "dog", "bell"), case("b", "bell", "dog")
    assert by_source([one, other]) == {"a": "source bell", "b": "source bell"}


def test_a_source_that_is_in_a_clip_twice_is_shared_by_one_clip() -> None:
    found = by_source([case("a", "dog", "dog", "bell"), case("b", "bell"), case("c", "bell")])
    assert len(set(found.values())) == 1


def test_clips_without_sources_are_alone() -> None:
    found = by_source([case("a"), case("b"), case("source c", "a")])
    assert len(set(found.values())) == 3


def test_one_source_in_many_clips_widens_the_interval() -> None:
    cases = [case(f"{n}", f"sound {n // 10}") for n in range(100)]
    pairs = [(each, {"right": (int(each.sources[0][-1]) % 2, 1)}) for each in cases]
    clips, sources = rates(pairs)["right"], rates(pairs, by_source(cases))["right"]
    assert clips.value == sources.value == 0.5
    assert (clips.clips, sources.clips) == (100, 10)
    assert _width(sources.low, sources.high) > 2.5 * _width(clips.low, clips.high)


def test_nothing_but_hits_of_one_source_prove_little() -> None:
    told = [
        RULER.measure(little.told(case(f"{n}", "dog"), "audio_caption", "A dog barks.", FACTS))
        for n in range(50)
    ]
    alone, together = figures(told), figures(told, by_source([one.told.case for one in told]))
    assert alone["precision"].value == together["precision"].value == 1
    assert (alone["precision"].low or 0) > 0.9
    assert (together["precision"].low or 0) < 0.3


def test_rows_are_summed_by_cluster() -> None:
    found = summed([[1, 2], [0, 2], [1, 1]], ["x", "y", "x"])
    assert found.tolist() == [[2, 3], [0, 2]]
    assert summed([], []).shape[0] == 0
    assert ratio(found.sum(0)) == 0.4


def _width(low: float | None, high: float | None) -> float:
    assert low is not None and high is not None
    return high - low
