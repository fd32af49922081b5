"""Figures over all rows, counted again in plain Python from the raw tables."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from statistics import fmean, median

import pytest

from manifests.captions import CAPTIONS
from pipelines.report import counting
from pipelines.report.counting import LISTED, OTHERS, listed
from pipelines.report.figures import Bin, Count, Figures
from pipelines.report.report import figures
from pipelines.report.scalars import scalars
from pipelines.report.sections.captions import captions as section
from pipelines.report.sources import CaptionedSet
from tests.manifests.made import JOB, PER_SHARD, SHARDS, Made
from tests.pipelines.report.made import Row, made, rows


def _counter(counts: Iterable[Count]) -> dict[str, int]:
    return {count.name: count.count for count in counts}


def _placed(bins: Iterable[Bin], values: Iterable[float]) -> list[int]:
    """How many values each bin has, the last one with its end."""
    edges = list(bins)
    counts = [0] * len(edges)
    for value in values:
        at = sum(value >= edge.low - 1e-6 for edge in edges) - 1
        counts[max(0, at)] += 1
    return counts


def _claims(captions: list[Row]) -> list[Row]:
    return [claim for row in captions for claim in row["claims"]]


def test_the_books_are_those_of_the_workspace(told: Figures) -> None:
    books = told.books
    clips = SHARDS * PER_SHARD
    outcomes = books.input, books.captioned, books.filtered, books.quarantined, books.pending
    assert outcomes == (clips, clips - 2 * SHARDS, SHARDS, SHARDS, 0)
    assert books.closes and books.unaccounted == 0
    assert _counter(books.reasons) == {"decode: corrupt": SHARDS}
    assert _counter(books.rules) == {"too short": SHARDS}


def test_captions_are_counted_by_author_rung_writer_and_licence(
    told: Figures, captions: list[Row]
) -> None:
    of = told.captions
    assert of.clips == len(captions)
    assert of.uncaptioned == sum(all(row[n] is None for n in CAPTIONS) for row in captions)
    for each in of.by_caption:
        short = each.caption.removesuffix("_caption")
        by = Counter(row[f"{short}_by"] for row in captions if row[each.caption] is not None)
        assert (each.llm, each.template) == (by["llm"], by["template"])
        assert each.none == sum(row[each.caption] is None for row in captions)
        why = Counter(row[f"{short}_why"] for row in captions if row[each.caption] is None)
        assert _counter(each.why) == why
    assert _counter(of.rungs) == Counter(rung for row in captions for rung in row["rungs"])
    assert _counter(of.writers) == Counter(row["writer"] or "none" for row in captions)
    licences = Counter((row["licence"], row["outputs_train"]) for row in captions)
    assert {(each.name, each.outputs_train): each.count for each in of.licences} == licences


@pytest.mark.parametrize("first", ["draft", "first", None])
def test_what_was_asked_again_is_told_by_the_first_rung_of_the_ladder(
    tmp_path: Path, first: str | None
) -> None:
    names = {"first": "draft", "repair": "first", "template": "template"}
    place = made(
        tmp_path / "set",
        change=lambda row: row | {"rungs": [names[rung] for rung in row["rungs"]]},
        similar=False,
    )
    if first is not None:
        path = place.workspace.config(JOB)
        kept = json.loads(path.read_text())
        kept["profile"]["writer"] = {"ladder": [{"name": first}, {"name": "another"}]}
        path.write_text(json.dumps(kept))
    told = figures(CaptionedSet.open(place.root))
    captions = rows(place)
    later = sum(rung not in (first, "template") for row in captions for rung in row["rungs"])
    written = sum(row[name] is not None for row in captions for name in CAPTIONS)
    expected = None if first is None else pytest.approx(later / written)
    assert scalars(told)["retried"] == expected and later > 0
    (note,) = [f.note for f in section(told).figures if f.title == "Which attempt wrote them"]
    assert (f"{first}: the first request" in note) == (first is not None)


def test_rare_licences_count_though_only_the_commonest_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = cycle([False, None, True, False])
    place = made(
        tmp_path / "set",
        change=lambda row: row | {"licence": row["clip_id"], "outputs_train": next(terms)},
        similar=False,
    )
    monkeypatch.setattr(counting, "LISTED", 2)
    told = figures(CaptionedSet.open(place.root))
    captions = rows(place)
    by_terms = Counter[bool | None]()
    for each in told.captions.licences:
        by_terms[each.outputs_train] += each.count
    assert by_terms == Counter(row["outputs_train"] for row in captions)
    forbid = sum(not row["outputs_train"] for row in captions)
    assert scalars(told)["untrainable"] == pytest.approx(forbid / len(captions))
    names = [each.name for each in told.captions.licences]
    assert names == [*sorted(row["clip_id"] for row in captions)[:2], *[OTHERS] * 3]


def test_refusals_and_doubt_are_counted_by_guard_and_rung(
    told: Figures, captions: list[Row]
) -> None:
    of = told.refusals
    assert of.asked == sum(row["writer"] is not None for row in captions)
    assert of.refused == sum(bool(row["lints"]) for row in captions)
    for at, counts in enumerate((of.by_rung, of.by_guard)):
        clips = Counter(
            name for row in captions for name in {fault.split(":")[at] for fault in row["lints"]}
        )
        assert _counter(counts) == clips
    judged = [row["audio_judged"] for row in captions if row["audio_judged"] is not None]
    assert of.in_doubt == len(judged)
    assert of.judged == pytest.approx(fmean(judged))
    assert (of.checked, _counter(of.rejected)) == (10, {"lost": 4})


def test_claims_and_tiers_are_counted(told: Figures, captions: list[Row]) -> None:
    of, claims = told.claims, _claims(captions)
    assert of.claims == len(claims)
    assert of.unsupported == sum(not claim["supported"] for claim in claims) > 0
    assert of.shared == sum(len(claim["captioners"]) > 1 for claim in claims) > 0
    for name in CAPTIONS:
        own = [claim["supported"] for claim in claims if claim["caption"] == name]
        assert of.by_caption[name] == (len(own), own.count(False))
    tiers = Counter(
        claim["confidence"]["tier"] if claim["supported"] else "unsupported" for claim in claims
    )
    assert _counter(of.tiers) == tiers


def test_confidence_is_a_mean_over_claims_and_support_over_clips(
    told: Figures, captions: list[Row]
) -> None:
    of = told.claims
    support = [fmean(c["supported"] for c in row["claims"]) for row in captions if row["claims"]]
    assert of.clips == len(support)
    assert of.support == pytest.approx(fmean(support))
    assert [each.count for each in of.support_bins] == _placed(of.support_bins, support)
    confidence = [
        fmean(known)
        for row in captions
        if (
            known := [
                c["confidence"]["probability"]
                for c in row["claims"]
                if c["supported"] and c["confidence"]["probability"] is not None
            ]
        )
    ]
    known = [
        claim["confidence"]["probability"]
        for claim in _claims(captions)
        if claim["supported"] and claim["confidence"]["probability"] is not None
    ]
    assert of.confidence == pytest.approx(fmean(known))
    assert abs(fmean(known) - fmean(confidence)) > 1e-4, "the two means can't be told apart"
    assert [each.count for each in of.confidence_bins] == _placed(of.confidence_bins, confidence)


def test_similarities_of_captions_that_were_written_again_do_not_count(
    told: Figures, place: Made, captions: list[Row]
) -> None:
    digests = {row["clip_id"]: row["caption_digest"] for row in captions}
    alike = rows(place, "similarity")
    now = [row for row in alike if row["caption_digest"] == digests[row["clip_id"]]]
    assert told.uncompared == len(captions) - len(now) == SHARDS
    for each in told.similarity:
        values = [row[each.name] for row in now if row[each.name] is not None]
        assert each.clips == len(values)
        assert each.mean == pytest.approx(fmean(values))
        assert each.median == pytest.approx(median(values))
        assert [b.count for b in each.bins] == _placed(each.bins, values)
    assert len(told.similarity) == 4


def test_media_is_counted_by_kind_language_domain_and_duration(
    told: Figures, captions: list[Row]
) -> None:
    of = told.media
    assert of.seconds == sum(row["duration_ms"] for row in captions) / 1000
    assert _counter(of.kinds) == Counter(row["kind"] for row in captions)
    spoken = [row["language"] or "unknown" for row in captions if row["transcript"]]
    assert _counter(of.languages) == Counter(spoken)
    seconds = Counter(min(60, row["duration_ms"] // 1000 // 2 * 2) for row in captions)
    assert {each.low: each.count for each in of.durations} == seconds
    assert of.durations[-1].high is None
    assert of.domains_of == sum(_counter(of.domains).values()) == len(captions)


def test_rare_names_are_counted_together() -> None:
    counts = listed((f"name {number:03d}", 1) for number in range(LISTED + 11))
    assert counts[-1] == Count(name=OTHERS, count=10)
    assert len(counts) == LISTED + 2
