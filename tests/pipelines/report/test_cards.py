"""Events of a card: claims at the times of the localizer, else of the captioners."""

from pathlib import Path
from typing import Any

from manifests.captions import CAPTIONS
from manifests.faults import FAULTS, MEANINGS
from pipelines.preview import Preview
from pipelines.preview.events import Event
from pipelines.report.cards import WHOLE, captioned, cards, events_of
from pipelines.report.galleries import Shown
from pipelines.report.report import make
from pipelines.show import TITLES
from pipelines.spans import Localized
from tests.pipelines.report.localized import BY, localize
from tests.pipelines.report.made import made, rows

Row = dict[str, Any]


def _claim(text: str, spans: list[tuple[int, int]], caption: str = "audio_caption") -> Row:
    return {
        "caption": caption,
        "text": text,
        "captioners": ["ears", "words"],
        "supported": True,
        "spans": [{"start_ms": start, "end_ms": end} for start, end in spans],
    }


def _found(text: str, spans: list[tuple[int, int]] | None) -> Localized:
    there = None if spans is None else [{"start_ms": a, "end_ms": b} for a, b in spans]
    return {("audio_caption", text): {"by": None if spans is None else BY, "spans": there}}


def test_where_the_localizer_heard_it_stands_before_where_captioners_did() -> None:
    row = {"claims": [_claim("a dog barks", [(0, 9000)])]}
    theirs = Event("a dog barks", [(0, 9000)], "supported", "ears, words")
    assert events_of(row) == [theirs]
    localized = _found("a dog barks", [(1000, 1480)])
    assert events_of(row, localized) == [Event("a dog barks", [(1000, 1480)], "supported", BY)]
    for silent in (_found("a dog barks", None), _found("a dog barks", [])):
        assert events_of(row, silent) == [theirs]


def test_what_is_heard_nowhere_is_told() -> None:
    row = {"claims": [_claim("thunder", []), _claim("rain", [])]}
    localized = {**_found("thunder", []), **_found("rain", None)}
    assert events_of(row, localized) == [Event("thunder", [], "supported", BY)]


def test_a_claim_of_two_captions_has_one_lane_with_its_times() -> None:
    row = {"claims": [_claim("rain", []), _claim("rain", [(0, 5)], "visual_caption")]}
    assert events_of(row, _found("rain", [])) == [
        Event("rain", [(0, 5)], "supported", "ears, words")
    ]


def test_a_report_draws_localized_claims_of_the_same_captions(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    localize(place, lambda row, claim: [{"start_ms": 700, "end_ms": 1111}])
    report = make(place.root, None, []).report
    preview = Preview(b"film", "video/mp4", seconds=10.0)
    rows = {s.row["clip_id"]: s.row for g in report.galleries if not g.quarantined for s in g.clips}
    shown = cards(report.galleries, dict.fromkeys(rows, preview), report.localized)
    drawn = {c.clip_id: c.media.drawing for each in shown for c in each.cards if c.media.drawing}
    assert drawn.keys() == {clip for clip, row in rows.items() if row["claims"]}
    assert all("0.70 to 1.11 s, " in svg and f"by {BY}" in svg for svg in drawn.values())


def test_captions_that_were_written_since_have_no_localized_claims(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    localize(place, lambda row, claim: [{"start_ms": 700, "end_ms": 1111}])
    for shard in (0, 1):
        place.edit("captions", lambda rows: [r | {"caption_digest": "0" * 16} for r in rows], shard)
    report = make(place.root, None, []).report
    rows = [s.row for g in report.galleries if not g.quarantined for s in g.clips]
    assert rows and all(
        report.localized.get((row["clip_id"], row["caption_digest"])) is None for row in rows
    )


def test_what_a_card_leaves_out_is_counted(tmp_path: Path) -> None:
    row = rows(made(tmp_path / "set"))[0]
    weak = row["evidence"][0]
    claim = (row["claims"] and row["claims"][0]) or _claim("rain", [])
    much = row | {
        "evidence": [weak | {"claims": weak["claims"][:1] * 30}] * 50,
        "lints": [f"first:{name}" for name in FAULTS[:14]],
        "claims": [claim | {"supported": True, "captioners": ["ears"] * 20}] * 45,
    }
    card = captioned(Shown("", much))
    assert (len(card.evidence), card.more_evidence) == (40, 10)
    assert {(len(each.claims), each.more) for each in card.evidence} == {(12, 18)}
    assert (len(card.refused), card.more_refused) == (12, 2)
    (told,) = (caption for caption in card.captions if caption.claims)
    assert (len(told.claims), told.more) == (40, 5)
    assert "and 8 more" in told.claims[0].told
    whole = captioned(Shown("", much), limits=WHOLE)
    assert len(whole.evidence) == 50 and whole.more_evidence == whole.more_refused == 0
    assert {len(each.claims) + len(each.folded) for each in whole.evidence} == {30}


def test_faults_have_their_meaning_beside_them(tmp_path: Path) -> None:
    row = rows(made(tmp_path / "set"))[0] | {"lints": ["first:lost", "a:b:odd"]}
    first, odd = captioned(Shown("", row)).refused
    assert (first.rung, first.guard, first.meaning) == ("first", "lost", MEANINGS["lost"])
    assert (odd.rung, odd.guard, odd.meaning) == ("a:b", "odd", "")


def test_variants_stand_with_their_caption(tmp_path: Path) -> None:
    row = rows(made(tmp_path / "set"))[0]
    name = next(name for name in CAPTIONS if row[name])
    told = [{"caption": name, "style": "brief", "text": "Rain\u202e."}]
    card = captioned(Shown("", row | {"variants": told}))
    of_captions = {caption.title: caption.variants for caption in card.captions}
    title = TITLES[name].capitalize()
    assert of_captions.pop(title) == (("brief", "Rain[U+202E]."),)
    assert set(of_captions.values()) == {()}
