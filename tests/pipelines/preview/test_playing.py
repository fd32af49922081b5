"""Any clip of a workspace plays in a browser, whatever the source is coded in."""

from pathlib import Path
from typing import Any

import pytest

from engine.media.ffmpeg import run
from pipelines.preview import Previews
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


@pytest.mark.parametrize("kind", _KINDS)
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
