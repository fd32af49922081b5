"""Choices with few and with many values give the same answers, whatever their clips are stored as."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.inspect import choices
from pipelines.inspect.lookup import Lookup
from pipelines.inspect.sets import WorkspaceSet
from pipelines.inspect.terms import parse
from tests.pipelines.inspect.made import lookup

_ASKED = ("kind:video", "-kind:video", "kind:nothing", "author:llm dog", "length:still kind:image")


def _told(index: Lookup) -> list[Any]:
    told: list[Any] = []
    for text in ("", *_ASKED):
        query = parse(text, index.columns)
        ids = [row["clip_id"] for row in index.page(query, index.order("-kind")).rows]
        told.append((ids, index.count(query), index.overview(query)))
    return told


@pytest.mark.parametrize(("name", "value"), [("FEW", 0), ("_MANY", 0), ("_MANY", 1 << 30)])
def test_all_ways_to_store_them_answer_alike(
    name: str, value: int, shown: WorkspaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lookup(shown) as index:
        expected = _told(index)
    monkeypatch.setenv("CAPTIONMILL_CACHE", str(tmp_path))
    monkeypatch.setattr(choices, name, value)
    with lookup(shown) as index:
        assert _told(index) == expected
