"""Previews of clips: what a browser gets of each, or why not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.media.examine import examine_one
from engine.media.ffmpeg import run
from engine.profile.profile import Cutting
from manifests.sources.examined import clip_rows
from pipelines.preview import Previews

pytestmark = pytest.mark.run


@pytest.fixture(scope="module")
def previews() -> Iterator[Previews]:
    with Previews() as made:
        yield made


def rows(path: Path, max_seconds: float = 30) -> list[dict[str, Any]]:
    return list(clip_rows(examine_one(bytes(path), Cutting(max_seconds=max_seconds))))


def test_a_film_has_everything(tmp_path: Path, previews: Previews) -> None:
    path = tmp_path / "a.mkv"
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=640x360:d=3", "-f", "lavfi", "-i", "sine=440:d=3"]
    run([*inputs, str(path)])
    made = previews.of(rows(path)[0])
    assert (made.media_type, made.why, round(made.seconds, 1)) == ("video/mp4", None, 3.0)
    assert made.media and made.strip and made.waveform and made.spectrogram
