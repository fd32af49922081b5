"""Rows of a release with their side rows."""

import json
from pathlib import Path

import pytest

from manifests.release.layout import ReleaseError
from manifests.release.reading import Reader
from manifests.release.sides import whole
from tests.manifests.release import made


def test_a_row_is_whole_with_each_weak_caption_once(tmp_path: Path) -> None:
    made.small(tmp_path)
    for told in Reader(tmp_path).told("train"):
        assert told.evidence
        row = whole(told.data, (), told.evidence)
        assert row["variants"] == json.loads(told.data["variants"] or "[]")
        places = {each["place"] for each in told.evidence}
        assert len(row["evidence"]) == len(places)
        said = [each["text"] for each in told.evidence if each["claim"] is not None]
        assert [claim["text"] for weak in row["evidence"] for claim in weak["claims"]] == said


def test_variants_that_can_t_be_read_are_an_error(tmp_path: Path) -> None:
    made.small(tmp_path)
    told = next(iter(Reader(tmp_path).told("train")))
    with pytest.raises(ReleaseError, match=f"variants of clip {told.data['clip_id']} are no JSON"):
        whole({**told.data, "variants": "["}, (), told.evidence)


def test_evidence_with_a_row_missing_is_an_error(tmp_path: Path) -> None:
    made.small(tmp_path)
    told = next(iter(Reader(tmp_path).told("train")))
    assert told.evidence
    rest = told.evidence[1:]
    with pytest.raises(ReleaseError, match=f"evidence of clip {told.data['clip_id']} are missing"):
        whole(told.data, (), rest)
