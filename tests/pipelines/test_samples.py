import hashlib
from pathlib import Path

import pytest

from captioners.contract import Packs
from engine.media.ffmpeg import run
from engine.media.probe import probe
from pipelines.samples import CREDITS_NAME, SOUNDS, VIDEOS, build

pytestmark = pytest.mark.run


class Folders:
    """Packs in folders, with media of the same names and shapes as the real ones."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, pack: str) -> Path:
        return self.root / pack


@pytest.fixture(scope="module")
def packs(tmp_path_factory) -> Packs:
    root = tmp_path_factory.mktemp("packs")
    for pack in (VIDEOS, SOUNDS):
        (root / pack).mkdir()
    for number, name in enumerate(("bigbuckbunny", "bikes", "carphone_pristine")):
        source = f"testsrc2=size=192x108:rate=25:duration=10,hue=h={40 * number}"
        run(["-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", f"{root}/{VIDEOS}/{name}.mp4"])
    for number, name in enumerate(("dog", "cow", "rooster", "owl")):
        source = f"sine=frequency={300 + 100 * number}:duration=6"
        run(["-f", "lavfi", "-i", source, f"{root}/{SOUNDS}/{name}.mp3"])
    return Folders(root)


def _digests(paths: list[Path]) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_samples_are_videos_with_and_without_sound_sounds_and_a_still(tmp_path, packs):
    kinds = [probe(bytes(path)) for path in build(tmp_path / "clips", packs)]
    shapes = sorted((p.kind, p.has_audio) for p in kinds)
    assert shapes == [
        *[("audio", True)] * 2,
        ("image", False),
        *[("video", False)] * 3,
        *[("video", True)] * 3,
    ]


def test_a_second_build_changes_nothing(tmp_path, packs):
    paths = build(tmp_path, packs)
    before = [path.stat().st_mtime_ns for path in paths]
    assert build(tmp_path, packs) == paths
    assert [path.stat().st_mtime_ns for path in paths] == before


def test_samples_are_the_same_bytes_everywhere(tmp_path, packs):
    first, second = build(tmp_path / "a", packs), build(tmp_path / "b", packs)
    assert _digests(first) == _digests(second)
    assert len(set(_digests(first))) == len(first)


def test_credits_lie_beside_the_clips_and_nothing_else(tmp_path, packs):
    paths = build(tmp_path, packs)
    beside = set(tmp_path.iterdir()) - set(paths)
    assert beside == {tmp_path / CREDITS_NAME}
    assert "Creative Commons Attribution 3.0" in (tmp_path / CREDITS_NAME).read_text("utf-8")
