"""Near duplicates in a rebuild: killed at any point of looking for them, it goes on."""

import multiprocessing
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from manifests.captions import CAPTIONS
from manifests.release.layout import Release
from manifests.release.rules import Rules
from manifests.release.shards import Input
from pipelines.rebuild.leaving import Leaving, leaving
from pipelines.rebuild.rebuild import build
from pipelines.rebuild.tasks import here
from pipelines.rebuild.work import opened
from tests.pipelines.rebuild import built
from tests.pipelines.rebuild.built import content, rules

pytestmark = pytest.mark.run

_IN_TURN = ("lists", "compare", "cluster", "sign", "cluster:2")
"""In the order in which a rebuild comes to them: media are clustered before captions."""

_RULES = ("takedown", "decontamination_media", "duplicate_media", "near_captions")


@pytest.fixture
def inputs(tmp_path: Path) -> list[Input]:
    """One input with twelve clips that have embeddings; the last six have the same captions."""
    (one,) = built.workspace(tmp_path / "workspace")
    listed = built.rows(one)
    texts = {name: listed[6][name] for name in CAPTIONS}
    shards = [listed[:6], [row | texts for row in listed[6:]]]
    rewritten = built.rewritten(one, tmp_path / "rewritten", shards)
    return [built.embedded(rewritten, tmp_path / "vectors")]


@pytest.fixture
def asked(inputs: list[Input], tmp_path: Path) -> Rules:
    """Rules that look at near duplicates of media and of captions, at a list and at splits."""
    (tmp_path / "gone.txt").write_text(built.rows(inputs[0])[-1]["clip_id"])
    return rules(
        tmp_path,
        takedown={"lists": ["gone.txt"]},
        decontaminate={"workspaces": ["workspace"], "near_media": 0.99},
        duplicates={"media": 0.2, "near_captions": 0.8},
        split={"train": 0.7, "test": 0.3},
    )


def _named(asked: Rules, inputs: Sequence[Input]) -> Leaving:
    """The list, and two of the clips as an evaluation set."""
    plain = rules(asked.path("."), takedown={"lists": ["gone.txt"]})
    return replace(leaving(plain, inputs), embeddings=inputs[0].shards[0].embeddings[:1])


def _build(asked: Rules, inputs: Sequence[Input], out: Path) -> Release:
    with opened(out) as work:
        release = build(asked, inputs, _named(asked, inputs), work, here)
    work.clear()
    return release


def test_killed_where_near_duplicates_are_looked_for_it_goes_on(
    asked: Rules, inputs: list[Input], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = _build(asked, inputs, tmp_path / "unbroken").books
    assert min(books.kept, *(books.dropped[rule] for rule in _RULES)) > 0
    for point in _IN_TURN:
        monkeypatch.setenv("CAPTIONMILL_KILL_AT", f"rebuild.{point}")
        process = multiprocessing.get_context("spawn").Process(
            target=_build, args=(asked, inputs, tmp_path / "out")
        )
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL, point
        assert not (tmp_path / "out" / "release.json").exists()
    monkeypatch.delenv("CAPTIONMILL_KILL_AT")
    _build(asked, inputs, tmp_path / "out")
    assert content(tmp_path / "out") == content(tmp_path / "unbroken")
