"""Edited captions in rows of captions."""

from typing import Any

import pyarrow as pa

from manifests import schemas
from manifests.captions import CAPTIONS, CaptionSet, Variant, caption_digest
from manifests.release.edits import DECIDED, Edits
from tests.manifests.release.rows import claim, row

_VARIANTS = [
    {"caption": "audio_caption", "style": "plain", "text": "It sounds."},
    {"caption": "visual_caption", "style": "plain", "text": "It shows."},
]


def _row(number: int, **columns: Any) -> dict[str, Any]:
    claims = [claim(), {**claim(), "caption": "visual_caption"}]
    both = {"visual_caption": f"Thing {number}.", "writer": "m", "claims": claims}
    return row(number, **both, variants=_VARIANTS, **columns)


def _edits(*of: tuple[dict[str, Any], dict[str, str]]) -> Edits:
    return Edits(
        pa.Table.from_pylist(
            [
                {
                    **dict.fromkeys(CAPTIONS),
                    "clip_id": each["clip_id"],
                    "caption_digest": each["caption_digest"],
                    "reviews": 1,
                    "leaves": False,
                    **texts,
                }
                for each, texts in of
            ],
            DECIDED,
        )
    )


def _applied(edits: Edits, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = edits.rows(
        pa.Table.from_pylist(list(rows), schemas.CAPTIONS)
    ).to_pylist()
    return made


def test_an_edit_brings_its_author_and_takes_claims_and_variants_of_the_old_text() -> None:
    rows = [_row(number) for number in range(5)]
    edited = _applied(_edits((rows[2], {"audio_caption": "Rain falls."})), *rows)
    plain = pa.Table.from_pylist(rows, schemas.CAPTIONS).to_pylist()
    assert [each for at, each in enumerate(edited) if at != 2] == [*plain[:2], *plain[3:]]
    changed = edited[2]
    assert (changed["audio_caption"], changed["audio_by"]) == ("Rain falls.", "human")
    assert (changed["visual_by"], changed["writer"]) == ("llm", "m")
    assert [each["caption"] for each in changed["claims"]] == ["visual_caption"]
    assert changed["variants"] == _VARIANTS[1:]
    assert changed["caption_digest"] == caption_digest(
        changed["clip_id"],
        CaptionSet("Rain falls.", "Thing 2.", None),
        None,
        "d" * 16,
        "d" * 16,
        [Variant(**_VARIANTS[1])],
    )


def test_where_people_wrote_everything_no_model_is_named() -> None:
    one = _row(1)
    (made,) = _applied(_edits((one, {"audio_caption": "Rain.", "visual_caption": "A dog."})), one)
    assert (made["audio_by"], made["visual_by"], made["audio_visual_by"]) == (
        "human",
        "human",
        None,
    )
    assert (made["writer"], made["claims"], made["variants"]) == (None, [], [])


def test_an_edit_of_other_captions_or_of_another_clip_is_not_put_in() -> None:
    one = _row(1)
    later = {**one, "caption_digest": "e" * 16}
    other = {**_row(2), "caption_digest": one["caption_digest"]}
    edits = _edits((one, {"audio_caption": "Rain."}))
    for each in (later, other):
        assert [row["audio_caption"] for row in _applied(edits, each)] == [each["audio_caption"]]


def test_an_edit_that_changes_nothing_leaves_the_row() -> None:
    one = _row(1)
    (made,) = _applied(_edits((one, {"audio_caption": one["audio_caption"]})), one)
    assert (made["audio_by"], made["caption_digest"]) == ("llm", one["caption_digest"])


def test_texts_alone_can_be_edited() -> None:
    one, two = _row(1), _row(2)
    names = ["clip_id", "caption_digest", *CAPTIONS]
    batch = pa.RecordBatch.from_pylist([{n: each[n] for n in names} for each in (one, two)])
    edited = _edits((two, {"audio_caption": "Rain."})).texts(batch)
    assert edited["audio_caption"].to_pylist() == ["Sound 1.", "Rain."]
