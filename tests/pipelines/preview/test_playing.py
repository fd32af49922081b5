"""Any clip of a workspace plays in a browser, whatever the source is coded in."""

from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from engine.media.ffmpeg import run
from pipelines.preview import Preview, Previews
from pipelines.preview.media import TO_JUDGE
from pipelines.preview.playing import Playing, playing
from tests.pipelines.preview.chromium import played
from tests.pipelines.preview.made import X264, rows

pytestmark = pytest.mark.run

_FILM = ["-f", "lavfi", "-i", "testsrc2=s=192x108:r=25:d=2"]
_SOUND = ["-f", "lavfi", "-i", "sine=440:d=2:r=48000"]
_BOTH = [*_FILM, *_SOUND]
_SURROUND = ["-f", "lavfi", "-i", "aevalsrc='sin(300*t)|0|sin(900*t)|0|0|0':c=5.1:s=48000:d=2"]
_NARROW = ["-ar", "8000", "-ac", "1", "-c:a"]
_HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"]
_HEVC += ["-x265-params", "log-level=none:pools=none:frame-threads=1", "-c:a", "aac"]

# Name of the file, ffmpeg's options, width and height of the preview (0 for sound alone).
_KINDS: dict[str, tuple[str, list[str], tuple[int, int]]] = {
    "HEVC, 10 bit": ("a.mp4", [*_BOTH, *_HEVC], (192, 108)),
    "ProRes": ("a.mov", [*_BOTH, "-c:v", "prores_ks", "-c:a", "pcm_s24le"], (192, 108)),
    "AVI with MPEG-4": ("a.avi", [*_BOTH, "-c:v", "mpeg4", "-c:a", "libmp3lame"], (192, 108)),
    "WMV": ("a.wmv", [*_BOTH, "-c:v", "wmv2", "-c:a", "wmav2"], (192, 108)),
    "AMR": ("a.amr", [*_SOUND, *_NARROW, "libopencore_amrnb"], (0, 0)),
    "WMA": ("a.wma", [*_SOUND, "-c:a", "wmav2"], (0, 0)),
    "5.1 FLAC": ("a.flac", [*_SURROUND], (0, 0)),
    "ADPCM, 8 kHz": ("a.wav", [*_SOUND, *_NARROW, "adpcm_ms"], (0, 0)),
    "MP3 with a cover": (
        "a.mp3",
        [*_BOTH, "-frames:v", "1", "-disposition:v", "attached_pic", "-c:v", "mjpeg"],
        (0, 0),
    ),
    "without sound": ("a.mkv", [*_FILM, *X264], (192, 108)),
    "odd sides, 59.94 a second": (
        "a.mkv",
        [*_BOTH, "-vf", "format=rgb24,crop=101:75", "-r", "60000/1001", "-c:v", "ffv1"],
        (102, 76),
    ),
    "tiny": ("a.mkv", [*_BOTH, "-vf", "scale=2:2", "-c:v", "ffv1"], (16, 16)),
    "large": ("a.mkv", [*_BOTH, "-vf", "scale=1280:720", *X264], (320, 180)),
    "GIF": ("a.gif", [*_FILM], (192, 108)),
    "DV, whose pixels are not square": ("a.dv", [*_BOTH, "-target", "pal-dv"], (320, 180)),
}


_QUICK = {"HEVC, 10 bit", "AMR", "5.1 FLAC", "MP3 with a cover", "without sound", "GIF"}
_QUICK |= {"odd sides, 59.94 a second"}
"""Of each kind of sound and picture one: how it is coded is ffmpeg's affair."""


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in _QUICK else pytest.mark.exhaustive) for kind in _KINDS],
)
def test_it_plays(kind: str, tmp_path: Path, previews: Previews, page: Any) -> None:
    name, options, size = _KINDS[kind]
    run([*options, f"file:{tmp_path / name}"])
    [row] = rows(tmp_path / name)
    preview = previews.of(row)
    assert preview.why is None
    at, seconds, *shown = played(page, preview)
    assert at > 0.2
    assert abs(seconds - (row["end_ms"] - row["start_ms"]) / 1000) < 0.04
    assert tuple(shown) == size
    has_picture = size != (0, 0)
    assert preview.media_type == ("video/mp4" if has_picture else "audio/mp4")
    assert (preview.strip is not None) == has_picture
    assert (preview.spectrogram is not None) == row["has_audio"] == (preview.waveform is not None)


_VP8, _LATE = ["-c:v", "libvpx", "-b:v", "200k", "-c:a", "libopus"], ["-output_ts_offset", "10"]
_X264_10 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-c:a", "aac"]
# Name of the file, ffmpeg's options, and the media type under which a browser plays the source itself.
_SOURCES: dict[str, tuple[str, list[str], str | None]] = {
    "H.264 and AAC": ("a.mp4", [*_BOTH, *X264], "video/mp4"),
    "H.264 without sound": ("a.mp4", [*_FILM, *X264], "video/mp4"),
    "H.264 of 10 bits": ("a.mp4", [*_BOTH, *_X264_10], None),
    "H.264 in Matroska": ("a.mkv", [*_BOTH, *X264], None),
    "HEVC": ("a.mp4", [*_BOTH, *_HEVC], None),
    "VP9 and Opus": (
        "a.webm",
        [
            *_BOTH,
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-c:a",
            "libopus",
        ],
        "video/webm",
    ),
    "two tracks of sound": (
        "a.mp4",
        [*_BOTH, *_SOUND, "-map", "0", "-map", "1", "-map", "2", *X264],
        None,
    ),
    "AAC": ("a.m4a", [*_SOUND, "-c:a", "aac"], "audio/mp4"),
    "MP3, in which browsers miss moments": ("a.mp3", _SOUND, None),
    "WebM whose clock begins late": ("a.webm", [*_BOTH, *_VP8, *_LATE], None),
    "MP4 whose clock begins late": ("a.mp4", [*_BOTH, *X264, *_LATE], None),
    "Ogg whose clock begins late": ("a.ogg", [*_SOUND, "-c:a", "libopus", *_LATE], None),
    "FLAC": ("a.flac", _SOUND, "audio/flac"),
    "PCM": ("a.wav", _SOUND, "audio/wav"),
    "ADPCM": ("a.wav", [*_SOUND, "-c:a", "adpcm_ms"], None),
    "Opus": ("a.ogg", [*_SOUND, "-c:a", "libopus"], "audio/ogg"),
    "a still": ("a.png", [*_FILM, "-frames:v", "1"], None),
}


@pytest.mark.parametrize("kind", _SOURCES)
def test_which_sources_are_played_as_they_are(kind: str, tmp_path: Path, page: Any) -> None:
    name, options, media_type = _SOURCES[kind]
    path = tmp_path / name
    run([*options, f"file:{path}"])
    [row] = rows(path)
    told = playing(row)
    assert (told and told.media_type) == media_type
    if told is not None:
        at, seconds, *_ = played(page, Preview(path.read_bytes(), told.media_type))
        assert at > 0.2
        assert abs(seconds - 2) < 0.1


def test_who_judges_captions_hears_high_tones_and_sees_details(tmp_path: Path) -> None:
    tone = ["-f", "lavfi", "-i", "sine=9000:d=30:r=48000"]
    film = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=30"]
    run([*film, *tone, *X264, "-b:a", "128k", f"file:{tmp_path / 'a.mkv'}"])
    [row] = rows(tmp_path / "a.mkv")
    with Previews(1, TO_JUDGE) as previews:
        preview = previews.of(row)
    assert preview.media is not None
    with av.open(BytesIO(preview.media)) as container:
        assert container.streams.video[0].width == 640
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.sqrt(np.mean(sound**2)) > 0.05


def test_a_clip_of_a_long_source_is_a_span_of_it(tmp_path: Path) -> None:
    run([*_BOTH, *X264, f"file:{tmp_path / 'a.mp4'}"])
    spans = [playing(row) for row in rows(tmp_path / "a.mp4", max_seconds=1)]
    assert spans == [Playing("video/mp4", 0.0, 1.0), Playing("video/mp4", 1.0, 2.0)]


def test_a_source_that_changed_is_not_played(tmp_path: Path) -> None:
    run([*_BOTH, *X264, f"file:{tmp_path / 'a.mp4'}"])
    [row] = rows(tmp_path / "a.mp4")
    assert playing(row) is not None
    assert playing(row | {"size": row["size"] + 1}) is None
    assert playing(row | {"uri": "file:///nothing/there.mp4"}) is None
