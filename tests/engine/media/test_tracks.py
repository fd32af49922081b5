"""Which of several tracks is taken, and that it is the one which is decoded."""

import re
from pathlib import Path

import numpy as np
import pytest

from engine.media.decode import Decoded, DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.probe import Probe, probe
from tests.engine.media import made as media

pytestmark = pytest.mark.run

_AGAIN = pytest.mark.exhaustive
_BLANK = "anullsrc=r=48000:cl=stereo"
_HUM = "sine=50,volume=-55dB"
_X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


def _film(path: Path, *sounds: str, options: tuple[str, ...] = (), seconds: float = 3) -> Path:
    """A film with these sounds of lavfi, one a track."""
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=5"]
    for sound in sounds:
        inputs += ["-f", "lavfi", "-i", sound]
    maps = [part for n in range(len(sounds) + 1) for part in ("-map", str(n))]
    run([*inputs, *maps, "-t", str(seconds), *_X264, "-c:a", "aac", *options, str(path)])
    return path


def _tags(*tags: str) -> tuple[str, ...]:
    """Options for the language of each audio track, and `+mark` for its disposition."""
    options: list[str] = []
    for number, tag in enumerate(tags):
        language, _, mark = tag.partition("+")
        options += [f"-metadata:s:a:{number}", f"language={language}"]
        options += [f"-disposition:a:{number}", mark or "0"]
    return tuple(options)


def _decoded(path: Path, probed: Probe, end_ms: int = 2_000) -> Decoded:
    return decode(
        bytes(path),
        "c",
        "h",
        0,
        end_ms,
        DecodePlan((16_000,), 1, 64),
        probed.has_audio,
        probed.has_video,
        audio_track=probed.audio_track,
        video_track=probed.video_track,
    )


def _hertz(path: Path, probed: Probe, end_ms: int = 2_000) -> float:
    """The tone that is heard."""
    samples = _decoded(path, probed, end_ms).media.audio[16_000]
    assert np.abs(samples).max() > 0.01
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * 16_000 / len(samples))


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts", "a.mov"])
@pytest.mark.parametrize(
    "sounds",
    [
        (_BLANK, "sine=700"),
        (_BLANK, _BLANK, "sine=700"),
        ("sine=700", _BLANK),
        (_HUM, "sine=700"),
    ],
    ids=["blank", "two blank", "sound first", "hum"],
)
def test_a_silent_track_is_not_taken_while_another_sounds(tmp_path, name, sounds):
    path = _film(tmp_path / name, *sounds)
    probed = probe(bytes(path))
    assert (probed.audio_tracks, probed.audio_track) == (len(sounds), sounds.index("sine=700"))
    assert abs(_hertz(path, probed) - 700) < 1


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
def test_sound_is_looked_for_all_over_a_long_file(tmp_path, name):
    late = "sine=700,volume='if(gt(t,45),1,0)':eval=frame"
    path = _film(tmp_path / name, _BLANK, late, seconds=60)
    assert probe(bytes(path)).audio_track == 1


def test_without_any_sound_the_default_track_is_taken(tmp_path):
    path = _film(tmp_path / "a.mkv", _BLANK, _BLANK, options=_tags("en", "fr+default"))
    probed = probe(bytes(path))
    assert (probed.audio_track, probed.audio_language) == (1, "fr")


_LANGUAGES = _tags("eng+default", "fre", "deu", "fre+comment")


_WISHES = [(None, 0), ("fr", 1), ("fra", 1), ("fre", 1), ("fr-CA", 1), ("de", 2), ("it", 0)]
_WISHES += [(2, 2), (3, 3), (9, 0)]


@pytest.mark.parametrize(
    ("name", "wish", "track"),
    [
        pytest.param(name, *wish, marks=() if name == "a.mkv" or wish == ("fr", 1) else _AGAIN)
        for name in ("a.mkv", "a.mp4", "a.ts")
        for wish in _WISHES
    ],
)
def test_the_track_that_is_wished_for_is_taken(tmp_path_factory, name, wish, track):
    folder = tmp_path_factory.getbasetemp() / "languages"
    folder.mkdir(exist_ok=True)
    path = folder / name
    tones = ("sine=400", "sine=500", "sine=600", "sine=700")
    if not path.exists():
        _film(path, *tones, options=_LANGUAGES)
    probed = probe(bytes(path), wish)
    language = ("en", "fr", "de", "fr")[track]
    assert (probed.audio_tracks, probed.audio_track, probed.audio_language) == (4, track, language)
    assert abs(_hertz(path, probed) - (400 + 100 * track)) < 1


@pytest.mark.parametrize("mark", ["comment", "visual_impaired", "hearing_impaired"])
def test_what_accompanies_the_main_track_is_not_taken(tmp_path, mark):
    path = _film(tmp_path / "a.mkv", "sine=400", "sine=500", options=_tags(f"en+{mark}", "en"))
    assert probe(bytes(path)).audio_track == 1


def test_a_comment_is_taken_where_the_main_track_is_silent(tmp_path):
    path = _film(tmp_path / "a.mkv", _BLANK, "sine=500", options=_tags("en+default", "en+comment"))
    assert probe(bytes(path)).audio_track == 1


def test_a_silent_track_is_not_taken_though_wished_for(tmp_path):
    path = _film(tmp_path / "a.mkv", "sine=400", _BLANK, options=_tags("en", "fr"))
    assert probe(bytes(path), "fr").audio_track == 0
    assert probe(bytes(path), 1).audio_track == 0


def _renamed(path: Path, old: bytes, new: bytes, track: int) -> Path:
    """Gives the codec of one track of a QuickTime file, of those with this codec, another name."""
    content = bytearray(path.read_bytes())
    entries = [m.start() + 16 for m in re.finditer(b"stsd.{12}" + old, content, re.DOTALL)]
    entry = entries[track]
    content[entry : entry + 4] = new
    for box in (b"wave", b"esds", b"avcC"):  # these tell the codec, too
        at = content.find(box, entry, entry + 256)
        if at > 0:
            content[at : at + 4] = b"free"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("codec", [b"apac", b"mhm1", b"ac-4", b"zzzz"])
@pytest.mark.parametrize("unknown", [0, 1])
def test_a_track_that_nothing_decodes_leaves_the_other(tmp_path, codec, unknown):
    marks = _tags("und+default", "und+default")
    path = _film(tmp_path / "a.mov", "sine=500", "sine=500", options=marks)
    probed = probe(bytes(_renamed(path, b"mp4a", codec, unknown)))
    assert (probed.audio_tracks, probed.audio_track, probed.audio_reason) == (2, 1 - unknown, None)
    assert abs(_hertz(path, probed) - 500) < 1


def test_a_track_of_an_unknown_codec_in_matroska_leaves_the_other(tmp_path):
    path = _film(tmp_path / "a.mkv", "sine=500", "sine=500")
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_XYZ", 1))
    probed = probe(bytes(path))
    assert (probed.audio_tracks, probed.audio_track) == (2, 1)
    assert abs(_hertz(path, probed) - 500) < 1


def test_a_track_whose_packets_do_not_decode_leaves_the_other(tmp_path):
    path = _film(tmp_path / "a.mkv", "sine=400", "sine=500", options=("-c:a:0", "flac"))
    content = bytearray(path.read_bytes())
    for start in range(len(content) // 3, len(content)):
        if content[start : start + 2] == b"\xff\xf8":  # each FLAC frame begins with this
            content[start : start + 2] = b"\0\0"
    path.write_bytes(content)
    probed = probe(bytes(path))
    assert (probed.audio_track, probed.audio_reason) == (1, None)


def test_no_decodable_track_says_so(tmp_path):
    path = _film(tmp_path / "a.mov", "sine=500")
    probed = probe(bytes(_renamed(path, b"mp4a", b"apac", 0)))
    assert (probed.audio_reason, probed.audio_tracks) == ("no decoder for this audio stream", 1)
    assert probed.audio_track is None


def _two_pictures(path: Path, *options: str) -> Path:
    """First a red picture, then a film of numbered frames."""
    film = media.make(path.with_name("film.mkv"), [*_X264, "-an"], seconds=2)
    red = ["-f", "lavfi", "-i", "color=red:s=160x96:r=25:d=2"]
    run([*red, "-i", str(film), "-map", "0", "-map", "1", *_X264, *options, str(path)])
    return path


def _is_red(path: Path, probed: Probe) -> bool:
    frames = _decoded(path, probed).media.frames
    assert frames is not None
    return bool(frames[..., 1].max() < 60)


def test_pictures_that_nothing_decodes_leave_the_others(tmp_path):
    for number, codec in enumerate((b"zzzz", b"apvx", b"tmcx")):
        path = _two_pictures(tmp_path / f"{number}.mov", "-disposition:v:0", "default")
        assert _is_red(path, probe(bytes(path)))
        probed = probe(bytes(_renamed(path, b"avc1", codec, 0)))
        assert (probed.video_track, probed.video_reason) == (1, None)
        assert not _is_red(path, probed)


def test_pictures_whose_packets_do_not_decode_leave_the_others(tmp_path):
    path = _two_pictures(tmp_path / "a.mkv", "-c:v:0", "png", "-pix_fmt:v:0", "rgb24")
    assert _is_red(path, probe(bytes(path)))
    path.write_bytes(path.read_bytes().replace(b"\x89PNG", bytes(4)))
    probed = probe(bytes(path))
    assert (probed.video_track, probed.video_reason) == (1, None)
    assert not _is_red(path, probed)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.mov", "a.nut"])
@pytest.mark.parametrize("codec", ["mjpeg", "png"])
@pytest.mark.parametrize("size", ["64x48", "640x480"])
def test_a_thumbnail_before_the_film_leaves_the_film(tmp_path, name, codec, size):
    thumbnail = ["-f", "lavfi", "-i", f"color=lime:s={size}:r=1:d=1"]
    film = ["-f", "lavfi", "-i", "color=red:s=128x96:r=10:d=3", "-f", "lavfi", "-i", "sine=300:d=3"]
    codecs = ["-map", "0", "-map", "1", "-map", "2", "-c:v:0", codec, "-c:v:1", "mpeg4"]
    run([*thumbnail, *film, *codecs, "-c:a", "aac", str(tmp_path / name)])
    probed = probe(bytes(tmp_path / name))
    assert (probed.video_track, probed.video_codec) == (1, "mpeg4")
    assert _is_red(tmp_path / name, probed)


@pytest.mark.parametrize("wish", [None, "fr", 1])
def test_sound_is_of_the_programme_of_the_picture(tmp_path, wish):
    path = tmp_path / "a.ts"
    inputs = []
    for source in ("color=red:s=160x96:r=25", _BLANK, "color=green:s=64x48:r=25", "sine=700"):
        inputs += ["-f", "lavfi", "-i", source]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-map", "3", *_tags("en", "fr")]
    programs = ["-program", "title=a:st=0:st=1", "-program", "title=b:st=2:st=3"]
    run([*inputs, *maps, "-t", "3", *_X264, "-c:a", "aac", *programs, str(path)])
    probed = probe(bytes(path), wish)
    assert _is_red(path, probed)
    assert (probed.audio_tracks, probed.audio_track) == (2, 0)


def test_cover_art_is_no_track(tmp_path):
    path = _two_pictures(tmp_path / "a.mp4", "-c:v:0", "mjpeg", "-disposition:v:0", "attached_pic")
    assert not _is_red(path, probe(bytes(path)))


_BETWEEN = [(10, 1), (31, 1.5), (55.3, 1.2), (37, 0.4)]
_CODECS = {"a.mkv": "aac", "a.mp4": "aac", "a.ts": "ac3", "a.mov": "pcm_s16le", "b.mkv": "libopus"}


# Each place in one kind of file, and one place in a kind that is read otherwise.
_QUICK = {("a.mkv", *place) for place in _BETWEEN} | {("a.ts", *_BETWEEN[3])}


@pytest.mark.parametrize(
    ("name", "start", "length"),
    [
        pytest.param(*case, marks=() if case in _QUICK else _AGAIN)
        for case in ((name, *place) for name in _CODECS for place in _BETWEEN)
    ],
)
def test_sound_between_the_windows_is_found(tmp_path, name, start, length):
    codec = _CODECS[name]
    short = f"sine=700,volume='between(t,{start},{start + length})':eval=frame"
    path = _film(tmp_path / name, _BLANK, short, options=("-c:a", codec), seconds=60)
    assert probe(bytes(path)).audio_track == 1


@pytest.mark.parametrize("noise", ["anoisesrc=a=0.0001:r=48000", pytest.param(_HUM, marks=_AGAIN)])
def test_sound_between_the_windows_is_found_beside_a_floor(tmp_path, noise):
    short = "sine=700,volume='between(t,31,32.5)':eval=frame[a]"
    sound = f"{noise}[b];{short};[a][b]amix=normalize=0"
    path = _film(tmp_path / "a.mkv", noise, sound, seconds=60)
    assert probe(bytes(path)).audio_track == 1


def test_a_wished_track_that_sounds_between_the_windows_is_taken(tmp_path):
    short = "sine=700,volume='between(t,31,32.5)':eval=frame"
    path = _film(tmp_path / "a.mkv", "sine=500", short, _BLANK, seconds=60)
    assert [probe(bytes(path), wish).audio_track for wish in (0, 1, 2)] == [0, 1, 0]


def test_of_silent_tracks_the_default_one_is_taken_after_the_second_look(tmp_path):
    path = _film(tmp_path / "a.mkv", _BLANK, _BLANK, options=_tags("en", "fr+default"), seconds=60)
    assert probe(bytes(path)).audio_track == 1
