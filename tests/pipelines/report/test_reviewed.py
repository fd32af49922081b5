"""What people say, counted again from the reviews one by one."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from manifests.captions import CAPTIONS
from pipelines.calibrate.reliability import wilson
from pipelines.inspect.planned import make as planned
from pipelines.inspect.sets import WorkspaceSet
from pipelines.report.figures import Figures, ReviewFigures
from pipelines.report.gate import check, read
from pipelines.report.report import figures
from pipelines.report.scalars import scalars
from pipelines.report.sections.people import people
from pipelines.report.sources import CaptionedSet
from pipelines.report.verdict import verdict
from pipelines.reviews.journal import Journal
from pipelines.reviews.plan import Plan, Stratum, write
from tests.manifests.made import SHARDS, Made, sealed
from tests.pipelines.report.made import made, rows
from tests.pipelines.reviews.made import review

Row = dict[str, Any]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setenv("CAPTIONMILL_CACHE", str(tmp_path / "cache"))
    return made(tmp_path / "set")


def _said(place: Made, row: Row, verdict: str | None = "good", **changes: Any) -> None:
    journal = Journal(place.workspace.open_reviews)
    of = {"clip_id": row["clip_id"], "caption_digest": row["caption_digest"]}
    journal.append(review(**of | {"verdict": verdict} | changes))
    journal.close()


def _plan(place: Made, **how: Any) -> Plan:
    given: dict[str, Any] = {"name": None, "by": None, "worst": False, "interval": None, "seed": 0}
    given |= {"count": 6} | how
    shown = WorkspaceSet(place.root)
    return planned(shown, shown.workspace, **given, told=lambda line: None)


def _figures(place: Made) -> tuple[Figures, ReviewFigures]:
    told = figures(CaptionedSet.open(place.root))
    assert told.reviews is not None
    return told, told.reviews


def test_without_reviews_there_is_nothing_to_tell(place: Made) -> None:
    told = figures(CaptionedSet.open(place.root))
    assert told.reviews is None
    values = scalars(told)
    assert [values[name] for name in ("reviewed", "bad", "good", "kappa")] == [0, None, None, None]
    assert people(told.reviews) is None


def test_reviews_of_other_captions_alone_say_nothing_of_these(place: Made) -> None:
    _said(place, rows(place)[0], "bad", caption_digest="f" * 16)
    told, of = _figures(place)
    assert (of.reviews, of.others, scalars(told)["bad"]) == (0, 1, None)
    section = people(of)
    assert section is not None
    assert "Nobody reviewed these captions. 1 review of other captions" in section.lead


def test_reviews_of_clips_without_captions_are_told(place: Made) -> None:
    _said(place, rows(place)[0])
    for at in (1, 2):
        _said(place, rows(place)[1], "bad", reviewed_ms=at, caption_digest=None)
    _, of = _figures(place)
    assert (of.reviews, of.others, of.unnamed) == (1, 0, 1)
    section = people(of)
    assert section is not None
    assert "1 review without a caption digest, as of clips without captions, does" in section.lead


def test_clips_are_counted_once_by_what_most_say(place: Made) -> None:
    one, two, three, four, *_ = rows(place)
    _said(place, one, "bad", reasons=("wrong", "missed"))
    _said(place, one, "bad", reasons=("wrong",), reviewer="bob")
    _said(place, two, "good")
    _said(place, two, "bad", reviewer="bob")
    _said(place, three, "bad", reviewed_ms=1)
    _said(place, three, "good", reviewed_ms=2)
    _said(place, four, None, audio_caption="Rain.")
    _said(place, four, "bad", reviewer="bob", caption_digest="f" * 16)
    told, of = _figures(place)
    assert (of.reviews, of.others, of.clips, of.judged, of.bad, of.edited) == (6, 1, 4, 3, 2, 1)
    assert {c.name: c.count for c in of.reasons} == {"wrong": 1, "missed": 1}
    assert {c.name: c.count for c in of.reviewers} == {"ada": 4, "bob": 2}
    assert scalars(told)["reviewed"] == pytest.approx(4 / told.captions.clips)
    section = people(of)
    assert section is not None
    assert "How often captions are bad is not known: these clips were chosen" in section.lead
    assert "1 review of other captions" in section.lead


def test_the_rate_is_that_of_the_sample_and_not_of_the_worst(place: Made) -> None:
    by_clip = {row["clip_id"]: row for row in rows(place)}
    sample, worst = _plan(place), _plan(place, worst=True)
    for at, clip in enumerate(sample.ids):
        _said(place, by_clip[clip], "bad" if at < 2 else "good")
    for clip in worst.ids:
        if clip not in sample.ids:
            _said(place, by_clip[clip], "bad")
    told, of = _figures(place)
    assert of.rate == "random"
    values = scalars(told)
    assert (values["bad"], values["good"]) == (pytest.approx(2 / 6), pytest.approx(4 / 6))
    assert of.bad > 2
    plan = of.plan
    assert plan is not None and plan.bad is not None
    assert (plan.bad.low, plan.bad.high) == pytest.approx(wilson(2, 6))
    by_name = {each.name: each for each in of.plans}
    assert by_name["worst"].bad is None
    (failure,) = check([read("bad > 5%")], values, None)
    assert "bad is 33.3%" in failure.why
    expected = "33.3% of a sample of clips bad (6 judged; 95% interval 9.7% to 70%)"
    assert any(expected in finding.text for finding in verdict(told).findings)


def _write_again(place: Made, ids: Collection[str]) -> None:
    """Other captions for some clips."""
    for shard in range(SHARDS):
        place.edit(
            "captions",
            lambda rows: [
                sealed(row | {"audio_caption": "Something else."}) if row["clip_id"] in ids else row
                for row in rows
            ],
            shard,
        )


def test_a_plan_whose_judged_captions_were_written_again_gives_no_rate(place: Made) -> None:
    by_clip = {row["clip_id"]: row for row in rows(place)}
    plan = _plan(place)
    bad = plan.ids[:2]
    for clip in plan.ids:
        _said(place, by_clip[clip], "bad" if clip in bad else "good")
    assert scalars(_figures(place)[0])["bad"] == pytest.approx(2 / 6)
    _write_again(place, bad)
    told, of = _figures(place)
    (only,) = of.plans
    now = {row["clip_id"]: row["caption_digest"] for row in rows(place)}
    again = sum(now[clip] != by_clip[clip]["caption_digest"] for clip in plan.ids)
    assert (only.rewritten, only.astray, only.bad, of.rate) == (again, 0, None, None) and again == 2
    (failure,) = check([read("bad > 5%")], scalars(told), None)
    assert failure.why == "bad is not measured here"
    assert ("care", "reviews") in {(f.level, f.place) for f in verdict(told).findings}
    section = people(of)
    assert section is not None
    assert "2 clips of the plan random got other captions after they were judged" in section.lead
    assert "Review these clips again, or make a new plan" in section.lead


def test_a_plan_counts_again_once_new_captions_were_judged_too(place: Made) -> None:
    by_clip = {row["clip_id"]: row for row in rows(place)}
    plan = _plan(place)
    for clip in plan.ids:
        _said(place, by_clip[clip], "bad" if clip in plan.ids[:2] else "good")
    _write_again(place, plan.ids[:2])
    again = {row["clip_id"]: row for row in rows(place)}
    _said(place, again[plan.ids[0]], "bad")
    _said(place, again[plan.ids[1]], "good")
    told, of = _figures(place)
    assert (of.refused, scalars(told)["bad"]) == (None, pytest.approx(1 / 6))


def test_a_plan_of_a_set_that_grew_tells_of_the_clips_it_was_drawn_from(place: Made) -> None:
    captioned = [row for row in rows(place) if any(row[name] for name in CAPTIONS)]
    early = captioned[:3]
    strata = (Stratum(value="", size=len(early), clips=len(early)),)
    clips = tuple((row["clip_id"], 0) for row in early)
    write(place.workspace, Plan(name="early", how="random", seed=0, strata=strata, clips=clips))
    for row in early:
        _said(place, row, "good")
    told, of = _figures(place)
    (only,) = of.plans
    assert only.bad is not None
    assert (only.set, only.captioned, only.bad.share) == (3, len(captioned), 0)
    assert (of.rate, scalars(told)["bad"]) == (None, None)
    assert len(check([read("bad > 5%")], scalars(told), None)) == 1
    section = people(of)
    assert section is not None
    assert f"from 3 clips with captions, and the set has {len(captioned)} now" in section.lead
    texts = [text for figure in section.figures for _, text in figure.texts]
    assert any(
        f"of the 3 clips that it was drawn from; the set has {len(captioned)} with" in text
        for text in texts
    )


def test_strata_weigh_by_their_sizes(place: Made) -> None:
    by_clip = {row["clip_id"]: row for row in rows(place)}
    plan = _plan(place, by="kind", count=2)
    for clip in plan.ids:
        _said(place, by_clip[clip], "bad" if by_clip[clip]["kind"] == "audio" else "good")
    told, of = _figures(place)
    captioned = [
        r
        for r in by_clip.values()
        if any(r[f"{s}_by"] for s in ("audio", "visual", "audio_visual"))
    ]
    kinds = Counter(row["kind"] for row in captioned)
    assert scalars(told)["bad"] == pytest.approx(kinds["audio"] / sum(kinds.values()))
    assert of.plan is not None
    assert {s.value: (s.size, s.bad.share) for s in of.plan.strata} == {
        kind: (count, float(kind == "audio")) for kind, count in kinds.items()
    }


def test_a_plan_that_was_not_looked_at_in_order_says_so(place: Made) -> None:
    by_clip = {row["clip_id"]: row for row in rows(place)}
    plan = _plan(place)
    for at in (0, 3):
        _said(place, by_clip[plan.ids[at]])
    _, of = _figures(place)
    assert of.plan is not None
    assert (of.plan.judged, of.plan.passed) == (2, 2)
    section = people(of)
    assert section is not None
    texts = [text for figure in section.figures for text, _ in figure.texts]
    assert any("2 before the last of them were passed over" in text for text in texts)


def test_clips_that_were_only_edited_are_told_apart(place: Made) -> None:
    by_clip = {row["clip_id"]: row for row in rows(place)}
    plan = _plan(place)
    _said(place, by_clip[plan.ids[0]], None, audio_caption="Rain falls.")
    _said(place, by_clip[plan.ids[1]], "bad", audio_caption="Rain falls.")
    _, of = _figures(place)
    (only,) = of.plans
    assert (only.judged, only.edited, only.passed) == (1, 1, 0)
    section = people(of)
    assert section is not None
    texts = [text for figure in section.figures for text, _ in figure.texts]
    assert any("1 were edited without a verdict" in text for text in texts)


def test_unsupported_claims_are_counted_among_the_bad_and_the_good(place: Made) -> None:
    every = rows(place)
    for at, row in enumerate(every):
        _said(place, row, "bad" if at % 3 == 0 else "good")
    _, of = _figures(place)
    for said, own in zip(of.said, (every[1::3] + every[2::3], every[::3]), strict=True):
        claims = [[c["supported"] for c in row["claims"]] for row in own]
        assert said.clips == len(own)
        assert said.unsupported.of == sum(bool(c) for c in claims)
        assert said.unsupported.count == sum(not all(c) for c in claims)
        assert said.claims.of == sum(map(len, claims))
        assert said.claims.count == sum(not s for c in claims for s in c)


def test_agreement_is_of_clips_that_both_judged(place: Made) -> None:
    every = rows(place)
    for at, row in enumerate(every[:12]):
        _said(place, row, "bad" if at < 4 else "good")
    for at, row in enumerate(every[2:]):
        _said(place, row, "bad" if at < 2 else "good", reviewer="bob")
    told, of = _figures(place)
    (pair,) = of.agreement
    assert (pair.first, pair.second, pair.clips, pair.same) == ("ada", "bob", 10, 10)
    assert pair.kappa == pytest.approx(1)
    assert scalars(told)["kappa"] == pair.kappa


def test_two_clips_have_no_kappa(place: Made) -> None:
    one, two, *_ = rows(place)
    for row, word in ((one, "bad"), (two, "good")):
        _said(place, row, "bad")
        _said(place, row, word, reviewer="bob")
    told, of = _figures(place)
    assert scalars(told)["kappa"] is None
    assert check([read("kappa < 0.5")], scalars(told), None)[0].why == "kappa is not measured here"
    section = people(of)
    assert section is not None
    texts = [text for figure in section.figures for _, text in figure.texts]
    assert "50% of 2 clips alike, no kappa: too few, it needs 10 clips" in texts
