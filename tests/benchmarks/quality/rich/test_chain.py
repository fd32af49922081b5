"""A real run over six rich clips: what is asked, answered and written stays with its own clip."""

from pathlib import Path

import pytest

from benchmarks.quality.rich import chain
from benchmarks.quality.rich.scripted import profile
from benchmarks.quality.rich.scripted.clips import Clip, clips
from benchmarks.quality.rich.scripted.rows import Rows, read
from tests.conftest import problems_of, run

pytestmark = pytest.mark.run


def _chosen() -> tuple[Clip, ...]:
    """One that is only heard, one that is only seen, two that are first answered badly, with words and
    without, one in Japanese, and one that a single model hears and sees."""
    wanted = (
        lambda c: not c.has_video,
        lambda c: not c.has_audio,
        lambda c: c.misled and c.transcript,
        lambda c: c.misled and not c.transcript,
        lambda c: c.language == "ja",
        lambda c: "qwen2.5-omni-seen" in c.said,
    )
    chosen: list[Clip] = []
    for wish in wanted:
        chosen.append(next(c for c in clips() if wish(c) and c not in chosen))
    return tuple(chosen)


def test_every_answer_lands_on_the_clip_that_was_asked_about(tmp_path: Path, cluster: str) -> None:
    chosen = _chosen()
    chain.film(tmp_path / "media", chosen)
    with chain.serving(chosen) as servers:
        profile.write(tmp_path / "p.toml", servers.urls, judge=False, weights=False, batch=3)
        arguments = ("caption", tmp_path / "media", tmp_path / "out", "-p", tmp_path / "p.toml")
        done = run(*arguments, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    assert problems_of(tmp_path / "out") == []

    rows = Rows(read(tmp_path / "out"), servers.writer.misled)
    assert len(rows.rows) == len(chosen) and rows.misplaced() == []
    assert {mark for _, mark in servers.chat.asked} == {clip.mark for clip in chosen}
    spoken = {clip.name for clip in chosen if clip.transcript}
    assert servers.writer.transcripts == dict.fromkeys(spoken, True) and len(spoken) > 2
    assert len(rows.misled) > 2 and rows.accepted_bad() == []
