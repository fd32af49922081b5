import pytest

from engine.media.ffmpeg import run
from engine.media.open import MediaError
from engine.media.scenes import scene_cuts

pytestmark = pytest.mark.run


def test_cuts_are_found_where_the_picture_changes(tmp_path):
    parts = ("testsrc2=duration=3", "color=red:duration=2", "smptebars=duration=2")
    given = [
        word for part in parts for word in ("-f", "lavfi", "-i", f"{part}:size=320x240:rate=25")
    ]
    run([*given, "-filter_complex", "concat=n=3", "-pix_fmt", "yuv420p", str(tmp_path / "v.mp4")])
    assert scene_cuts(bytes(tmp_path / "v.mp4")) == [3_000, 5_000]


def test_one_scene_has_no_cut_and_sound_has_none(tmp_path):
    run(["-f", "lavfi", "-i", "testsrc2=duration=2:size=160x120", str(tmp_path / "v.mp4")])
    run(["-f", "lavfi", "-i", "sine=duration=1", str(tmp_path / "a.wav")])
    assert scene_cuts(bytes(tmp_path / "v.mp4")) == []
    assert scene_cuts(bytes(tmp_path / "a.wav")) == []


def test_a_playlist_is_refused(tmp_path):
    (tmp_path / "v.mp4").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n"
    )
    with pytest.raises(MediaError) as caught:
        scene_cuts(bytes(tmp_path / "v.mp4"))
    assert caught.value.reason == "network_reference"
