"""The report of a release, counted again in plain Python from its tables."""

import shutil
from collections import Counter, defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest

from manifests.captions import CAPTIONS
from manifests.release import layout
from pipelines.map.points import points
from pipelines.report import released
from pipelines.report.figures import Figures
from pipelines.report.query import ReportError
from pipelines.report.released import ReleasedSet, opened
from pipelines.report.report import Made as MadeReport
from pipelines.report.report import figures, make
from pipelines.report.scalars import SCALARS, scalars
from pipelines.report.verdict import verdict
from tests.manifests.made import Made
from tests.pipelines.rebuild.built import embedded, release, rules, table
from tests.pipelines.report.made import Row, as_input, made

Rows = dict[str, list[Row]]


@pytest.fixture(scope="module")
def folder(place: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the workspace of these tests, in several parts."""
    out = tmp_path_factory.mktemp("released") / "a * [release]"
    output = {"part_rows": 4, "evidence": True, "claims": True}
    wanted = rules(out.parent, output=output, split={"train": 0.5, "test": 0.5})
    release(wanted, [as_input(place)], out)
    return out


@pytest.fixture(scope="module")
def rows(folder: Path) -> Rows:
    """The rows of its tables."""
    built = layout.load(folder)
    return {name: table(folder, built, name) for name in ("data", "claims", "evidence")}


@pytest.fixture(scope="module")
def told_of(folder: Path) -> Figures:
    """Its figures."""
    return figures(ReleasedSet.open(folder))


def test_the_books_are_those_of_the_release(told_of: Figures, folder: Path) -> None:
    of, books = told_of.release, layout.load(folder).books
    assert of is not None and told_of.books is None
    assert (of.rows, of.kept) == (books.rows, books.kept)
    assert {each.name: each.count for each in of.dropped} == books.dropped
    assert sum(each.count for each in of.splits) == books.kept
    assert sum(each.count for each in of.classes) == books.kept
    assert [(each.rows, each.kept) for each in of.inputs] == [(books.rows, books.kept)]


def test_captions_claims_and_media_are_those_of_its_rows(told_of: Figures, rows: Rows) -> None:
    data, claims = rows["data"], rows["claims"]
    assert told_of.captions.clips == len(data) > 4
    for each in told_of.captions.by_caption:
        by = Counter(row[f"{each.caption.removesuffix('_caption')}_by"] for row in data)
        assert (each.llm, each.template, each.none) == (by["llm"], by["template"], by[None])
    of = told_of.claims
    assert of.claims == len(claims) > 0
    assert of.unsupported == sum(not claim["supported"] for claim in claims) > 0
    assert of.shared == sum(len(claim["captioners"]) > 1 for claim in claims) > 0
    for name in CAPTIONS:
        own = [claim["supported"] for claim in claims if claim["caption"] == name]
        assert of.by_caption[name] == (len(own), own.count(False))
    of_clip = defaultdict(list)
    for claim in claims:
        of_clip[claim["clip_id"]].append(claim)
    assert of.clips == len(of_clip)
    support = [fmean(claim["supported"] for claim in each) for each in of_clip.values()]
    assert of.support == pytest.approx(fmean(support))
    sure = [c["probability"] for c in claims if c["supported"] and c["probability"] is not None]
    assert of.confidence == pytest.approx(fmean(sure))
    assert told_of.media.seconds == sum(row["duration_ms"] for row in data) / 1000
    domains = Counter(row["domain"] for row in data)
    assert {each.name: each.count for each in told_of.media.domains} == domains


def test_it_tells_of_a_release_what_it_tells_of_its_workspace(
    told_of: Figures, told: Figures
) -> None:
    ours, theirs = scalars(told_of), scalars(told)
    same = ("captions", "unsupported", "support", "confidence", "shared", "words", "vocabulary")
    assert {name: ours[name] for name in same} == pytest.approx({n: theirs[n] for n in same})
    assert told_of.agreement == told.agreement
    assert told_of.texts == told.texts


def test_what_a_release_does_not_hold_is_not_zero(told_of: Figures) -> None:
    values = scalars(told_of)
    absent = {name for name, value in values.items() if value is None}
    assert absent >= {
        *("unaccounted", "pending", "quarantined", "filtered", "retried", "refused", "in_doubt"),
        *("duplicates", "clips_per_second", "similarity_audio"),
    }
    assert SCALARS["refused"].text(values["refused"]) == "not measured"


def test_the_most_disputed_are_those_of_its_evidence(folder: Path, rows: Rows) -> None:
    falls: dict[str, float] = defaultdict(float)
    for row in rows["evidence"]:
        if row["claim"] is not None and row["probability"] is not None:
            fall = row["probability"] - (row["fused_probability"] or 0)
            falls[row["clip_id"]] = max(falls[row["clip_id"]], fall)
    gallery = next(g for g in make(folder, None, []).report.galleries if g.key == "disputed")
    expected = sorted((fall for fall in falls.values() if fall >= 0.1), reverse=True)
    assert [falls[shown.row["clip_id"]] for shown in gallery.clips] == expected != []


def test_clips_are_shown_with_their_claims_and_evidence(folder: Path, place: Made) -> None:
    in_workspace = {
        shown.row["clip_id"]: shown.row
        for gallery in make(place.root, None, []).report.galleries
        if not gallery.quarantined
        for shown in gallery.clips
    }
    shown_rows = [s.row for g in make(folder, None, []).report.galleries for s in g.clips]
    assert len(shown_rows) > 10
    for row in shown_rows:
        theirs = in_workspace[row["clip_id"]]
        assert row["claims"] == theirs["claims"]
        assert _without_digests(row["evidence"]) == _without_digests(theirs["evidence"])


def _without_digests(evidence: list[Row]) -> list[dict[str, Any]]:
    return [
        {name: weak[name] for name in ("captioner", "text", "transcript", "skipped")}
        | {"claims": [claim["text"] for claim in weak["claims"]]}
        for weak in evidence
    ]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same clips with other captions."""
    return made(tmp_path_factory.mktemp("other") / "other", seed=2, similar=False)


def test_a_release_is_compared_with_a_workspace_by_clip(
    folder: Path, place: Made, other: Made
) -> None:
    def compared(root: Path, against: Path) -> MadeReport:
        return make(root, against, [])

    ours = compared(folder, other.root).report.comparison
    theirs = compared(place.root, other.root).report.comparison
    assert ours is not None and theirs is not None
    differs = {"differences"}
    assert ours.model_dump(exclude=differs) == theirs.model_dump(exclude=differs)
    back = compared(other.root, folder).report.comparison
    assert back is not None
    assert (back.better.count, back.worse.count) == (ours.worse.count, ours.better.count)


def test_near_duplicates_are_counted_where_there_are_embeddings(
    place: Made, tmp_path: Path
) -> None:
    given = embedded(as_input(place), tmp_path / "vectors")
    release(rules(tmp_path, output={"embeddings": True}), [given], tmp_path / "out")
    shown = ReleasedSet.open(tmp_path / "out")
    vectors = {
        row["clip_id"]: np.array(row["video"], np.float64)
        for row in table(tmp_path / "out", shown.release, "embeddings")
        if row["video"] is not None
    }
    unit = {clip: vector / np.linalg.norm(vector) for clip, vector in vectors.items()}
    alike = sum(unit[a] @ unit[b] >= 0.95 for a in unit for b in unit if a < b)
    of = figures(shown).duplicates
    assert (of.why, of.clips, of.extra) == (None, len(vectors), alike)
    drawn = points(tmp_path / "out", "video")
    assert drawn.rows["clip_id"].to_pylist() == sorted(vectors)


def test_without_claims_it_tells_what_the_rows_have(
    place: Made, folder: Path, tmp_path: Path, rows: Rows
) -> None:
    wanted = rules(tmp_path, output={"claims": False, "evidence": False})
    release(wanted, [as_input(place)], tmp_path / "out")
    of = figures(ReleasedSet.open(tmp_path / "out"))
    assert (of.claims.claims, of.claims.unsupported, of.claims.shared) == (None, None, None)
    known = [row["support"] for row in rows["data"] if row["support"] is not None]
    assert of.claims.support == pytest.approx(fmean(known))
    # Of what is not supported both releases warn, each by what it holds.
    for told in (of, figures(ReleasedSet.open(folder))):
        warned = [f.text for f in verdict(told).findings if "supported" in f.text]
        assert len(warned) == 1 and verdict(told).level != "good"
    # Its confidence is another one, so only support is compared.
    comparison = make(tmp_path / "out", folder, []).report.comparison
    assert comparison is not None
    assert comparison.judged == len(known) == comparison.tied.count
    assert make(tmp_path / "out", None, []).report.galleries[0].clips[0].why


def test_words_of_a_large_release_are_those_of_a_sample(
    folder: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(released, "SAMPLED", 5)
    of = figures(ReleasedSet.open(folder))
    below = f"{int(5 / len(rows['data']) * 16**8):08x}"
    drawn = [row for row in rows["data"] if row["clip_id"] < below]
    assert 0 < len(drawn) < len(rows["data"])
    assert (of.texts.clips, of.texts.whole) == (len(drawn), False)
    assert of.texts.captions == sum(row[name] is not None for row in drawn for name in CAPTIONS)
    assert of.captions.clips == len(rows["data"])


def test_a_release_that_is_not_finished_is_told(tmp_path: Path) -> None:
    (tmp_path / layout.WORK).mkdir()
    with pytest.raises(layout.ReleaseError, match="run the same rebuild again"):
        opened(tmp_path)


def test_a_damaged_file_is_named(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    first = copy / layout.load(copy).of("claims")[0].path
    first.write_bytes(first.read_bytes()[:100])
    with pytest.raises(ReportError, match=first.name):
        figures(ReleasedSet.open(copy))
