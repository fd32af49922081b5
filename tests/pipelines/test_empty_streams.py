"""Clips without content through the whole command: no caption, its reason, and books that close."""

from pathlib import Path

import pytest

from engine.media.ffmpeg import run as ffmpeg
from manifests import tables
from manifests.commits import load
from manifests.workspace import Workspace
from tests.conftest import books_of, problems_of, run

pytestmark = [pytest.mark.run, pytest.mark.exhaustive]

_PROFILE = """
name = "measured"
base = "dummy"
without = ["dummy-audio", "dummy-video"]

[[captioners]]
name = "audio-measures"
use = "captioners.measures:AudioMeasures"

[[captioners]]
name = "video-measures"
use = "captioners.measures:VideoMeasures"
"""


def test_a_clip_of_silence_and_black_is_captioned_with_reasons(
    tmp_path: Path, cluster: str
) -> None:
    clips, out, profile = tmp_path / "clips", tmp_path / "out", tmp_path / "measured.toml"
    clips.mkdir()
    profile.write_text(_PROFILE)
    picture = ["-f", "lavfi", "-i", "color=black:s=64x48:r=5:d=3"]
    ffmpeg([*picture, "-f", "lavfi", "-i", "anullsrc=r=16000", "-t", "3", str(clips / "a.mkv")])
    done = run("caption", clips, out, "--profile", profile, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    (books,) = books_of(out)
    assert (books["input"], books["captioned"], books["pending"]) == (1, 1, 0)
    (row,) = tables.read_all(Workspace.open(out).root, load(Workspace.open(out)).files("captions"))
    names = ("audio_caption", "visual_caption", "audio_visual_caption")
    assert [row[name] for name in names] == [None, None, None]
    assert (row["audio_why"], row["visual_why"]) == ("silence", "a black picture")
    assert row["audio_visual_why"] == "silence; a black picture"
    assert problems_of(out) == []
