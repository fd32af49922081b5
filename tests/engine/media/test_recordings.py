"""Several recordings in one file, clocks that jump, edit lists, pictures that stand still."""

from pathlib import Path

import numpy as np
import pytest

from engine.media import open as open_module
from engine.media import recordings
from engine.media.decode import Decoded, DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.open import MediaError
from engine.media.probe import Probe, probe
from manifests.sources.segments import Segment

pytestmark = pytest.mark.run

RATE = 16_000
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
FRAGMENTS = ["-movflags", "frag_keyframe+empty_moov+default_base_moof"]
FILMS = {
    "ts": [*H264, "-c:a", "aac", "-f", "mpegts"],
    "m2ts": [*H264, "-c:a", "aac", "-f", "mpegts", "-mpegts_m2ts_mode", "1"],
    "vob": ["-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob"],
    "mp4": [*H264, "-c:a", "aac"],
    "fragmented.mp4": [*H264, "-c:a", "aac", *FRAGMENTS],
    "mkv": [*H264, "-c:a", "aac"],
    "webm": ["-c:v", "libvpx", "-c:a", "libopus", "-deadline", "realtime"],
    "flv": ["-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100"],
    "avi": ["-c:v", "mpeg4", "-c:a", "mp3", "-ar", "44100"],
    "mxf": ["-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ar", "48000", "-r", "25"],
    "wtv": ["-c:v", "mpeg2video", "-c:a", "mp2", "-r", "25"],
    "rm": ["-c:v", "rv10", "-c:a", "ac3"],
    "nut": ["-c:v", "mpeg4", "-c:a", "pcm_s16le"],
}
SOUNDS: dict[str, list[str]] = {
    "opus": ["-c:a", "libopus"],
    "ogg": ["-c:a", "libvorbis"],
    "oga": ["-c:a", "flac", "-f", "ogg"],
    "flac": ["-c:a", "flac"],
    "wav": [],
    "aiff": ["-c:a", "pcm_s16be"],
    "w64": ["-c:a", "pcm_s16le"],
    "caf": ["-c:a", "pcm_s16be"],
    "au": ["-c:a", "pcm_s16be"],
    "wv": ["-c:a", "wavpack"],
    "tta": ["-c:a", "tta"],
}


def _film(
    out: Path, colour: str, hertz: int, *options: str, seconds: float = 5, rate: int = 10
) -> Path:
    """A film of one colour and one tone."""
    picture = ["-f", "lavfi", "-i", f"color={colour}:s=128x96:r={rate}:d={seconds}"]
    sound = ["-f", "lavfi", "-i", f"sine={hertz}:d={seconds}"]
    run([*picture, *sound, *options, "-t", str(seconds), str(out)])
    return out


def _tone(out: Path, hertz: int, *options: str, seconds: float = 5) -> Path:
    run(["-f", "lavfi", "-i", f"sine={hertz}:d={seconds}:r=48000", *options, str(out)])
    return out


def _cat(out: Path, *files: Path) -> Path:
    out.write_bytes(b"".join(file.read_bytes() for file in files))
    return out


def _decoded(path: Path, segment: Segment, start_ms: int, end_ms: int) -> Decoded:
    return decode(
        bytes(path),
        clip_id="c",
        content_hash="h",
        start_ms=segment.file_ms + start_ms,
        end_ms=segment.file_ms + end_ms,
        plan=DecodePlan((RATE,), 4, 64),
        has_audio=segment.has_audio,
        has_video=segment.has_video,
        part=(segment.first_byte, segment.end_byte),
        since_ms=segment.file_ms,
    )


def _hertz(samples: np.ndarray) -> int:
    return round(int(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE / len(samples) / 10) * 10


def _content(path: Path, probed: Probe) -> list[tuple[set[str], int | None]]:
    """The colours seen and the tone heard in each segment."""
    seen = []
    for segment in probed.segments:
        media = _decoded(path, segment, 0, segment.end_ms - segment.start_ms).media
        frames = [] if media.frames is None else media.frames.mean(axis=(1, 2))
        colours = {("red", "green", "blue")[int(np.argmax(frame))] for frame in frames}
        sound = media.audio.get(RATE)
        seen.append((colours, None if sound is None else _hertz(sound)))
    return seen


@pytest.mark.parametrize("kind", FILMS)
def test_each_of_two_films_keeps_its_own_sound(tmp_path, kind):
    red = _film(tmp_path / f"a.{kind}", "red", 300, *FILMS[kind])
    blue = _film(tmp_path / f"b.{kind}", "blue", 900, *FILMS[kind])
    both = _cat(tmp_path / f"both.{kind}", red, blue)
    probed = probe(bytes(both))
    assert _content(both, probed) == [({"red"}, 300), ({"blue"}, 900)]
    assert probed.duration_ms == pytest.approx(10_000, abs=200)


@pytest.mark.parametrize(
    ("kind", "rate", "first", "second"),
    [
        *(
            (kind, 25, first, second)
            for kind in ("ts", "vob")
            for first, second in ((1.6, 4), (1.2, 1.5), (0.7, 5), (1, 1))
        ),
        *((kind, rate, 8, 9) for kind in ("ts", "m2ts") for rate in (1, 2)),
    ],
)
def test_short_films_and_those_of_few_pictures_keep_their_own_sound(
    tmp_path, kind, rate, first, second
):
    red = _film(tmp_path / f"a.{kind}", "red", 300, *FILMS[kind], seconds=first, rate=rate)
    blue = _film(tmp_path / f"b.{kind}", "blue", 900, *FILMS[kind], seconds=second, rate=rate)
    both = _cat(tmp_path / f"both.{kind}", red, blue)
    assert _content(both, probe(bytes(both))) == [({"red"}, 300), ({"blue"}, 900)]


@pytest.mark.parametrize("kind", SOUNDS)
def test_each_of_two_sounds_is_heard(tmp_path, kind):
    low = _tone(tmp_path / f"a.{kind}", 300, *SOUNDS[kind])
    high = _tone(tmp_path / f"b.{kind}", 900, *SOUNDS[kind])
    both = _cat(tmp_path / f"both.{kind}", low, high)
    probed = probe(bytes(both))
    assert _content(both, probed) == [(set(), 300), (set(), 900)]
    assert probed.duration_ms == pytest.approx(10_000, abs=100)


def test_three_recordings_of_different_lengths(tmp_path):
    parts = [
        _film(tmp_path / "a.ts", "red", 300, *FILMS["ts"], seconds=3),
        _film(tmp_path / "b.ts", "blue", 900, *FILMS["ts"], seconds=7),
        _film(tmp_path / "c.ts", "red", 500, *FILMS["ts"], seconds=4),
    ]
    whole = _cat(tmp_path / "whole.ts", *parts)
    assert _content(whole, probe(bytes(whole))) == [
        ({"red"}, 300),
        ({"blue"}, 900),
        ({"red"}, 500),
    ]


@pytest.mark.parametrize("kind", ["ts", "m2ts", "vob"])
def test_recordings_of_half_a_second_are_all_there(tmp_path, kind):
    films = [
        _film(tmp_path / f"{n}.{kind}", colour, hertz, *FILMS[kind], seconds=0.5, rate=25)
        for n, (colour, hertz) in enumerate((("red", 300), ("blue", 900)))
    ]
    whole = _cat(tmp_path / f"whole.{kind}", *films, *films)
    assert _content(whole, probe(bytes(whole))) == [({"red"}, 300), ({"blue"}, 900)] * 2


@pytest.mark.parametrize("lost", [100, -77])
def test_a_damaged_transport_stream_does_not_hide_the_next_recording(tmp_path, lost):
    red = _film(tmp_path / "a.ts", "red", 300, *FILMS["ts"], seconds=3)
    blue = _film(tmp_path / "b.ts", "blue", 900, *FILMS["ts"], seconds=1)
    content = red.read_bytes()
    red.write_bytes(content[lost:] if lost > 0 else content[:lost])
    whole = _cat(tmp_path / "whole.ts", red, blue)
    assert _content(whole, probe(bytes(whole))) == [({"red"}, 300), ({"blue"}, 900)]


def test_a_clock_that_overlaps_the_one_before_is_a_recording_of_its_own(tmp_path):
    red = _film(tmp_path / "a.ts", "red", 300, *FILMS["ts"])
    blue = _film(tmp_path / "b.ts", "blue", 900, *FILMS["ts"], "-output_ts_offset", "4.5")
    whole = _cat(tmp_path / "whole.ts", red, blue)
    assert _content(whole, probe(bytes(whole))) == [({"red"}, 300), ({"blue"}, 900)]


def _without_ftyp(film: Path) -> Path:
    film.write_bytes(film.read_bytes().replace(b"ftyp", b"free", 1))
    return film


@pytest.mark.parametrize("layout", [[], ["-movflags", "+faststart"]])
def test_quicktime_without_a_type_is_told_by_its_indexes(tmp_path, layout):
    codecs = ["-c:v", "mjpeg", "-c:a", "pcm_s16be", *layout]
    red = _without_ftyp(_film(tmp_path / "a.mov", "red", 300, *codecs))
    blue = _without_ftyp(_film(tmp_path / "b.mov", "blue", 900, *codecs))
    whole = _cat(tmp_path / "whole.mov", red, blue, red)
    assert [colours for colours, _ in _content(whole, probe(bytes(whole)))] == [
        {"red"},
        {"blue"},
        {"red"},
    ]


@pytest.mark.parametrize("between", [1, 512, 3 << 20])
def test_zeros_between_two_films_are_passed_over(tmp_path, between):
    red = _film(tmp_path / "a.mp4", "red", 300, *FILMS["mp4"])
    blue = _film(tmp_path / "b.mp4", "blue", 900, *FILMS["mp4"])
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(red.read_bytes() + bytes(between) + blue.read_bytes())
    assert _content(whole, probe(bytes(whole))) == [({"red"}, 300), ({"blue"}, 900)]


@pytest.mark.parametrize("kind", ["flac", "ogg", "tta"])
def test_tags_before_recordings_do_not_hide_the_second(tmp_path, kind):
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)
    low = _tone(tmp_path / f"a.{kind}", 300, *SOUNDS[kind])
    high = _tone(tmp_path / f"b.{kind}", 900, *SOUNDS[kind])
    whole = tmp_path / f"whole.{kind}"
    whole.write_bytes(tag + low.read_bytes() + tag + high.read_bytes())
    assert _content(whole, probe(bytes(whole))) == [(set(), 300), (set(), 900)]


@pytest.mark.parametrize("change", [["-mpegts_start_pid", "512"], ["-mpegts_pmt_start_pid", "600"]])
def test_a_recording_with_other_streams_is_found(tmp_path, change):
    red = _film(tmp_path / "a.ts", "red", 300, *FILMS["ts"])
    later = [*change, "-output_ts_offset", "6"]
    blue = _film(tmp_path / "b.ts", "blue", 900, *FILMS["ts"], *later)
    whole = _cat(tmp_path / "whole.ts", red, blue)
    assert _content(whole, probe(bytes(whole))) == [({"red"}, 300), ({"blue"}, 900)]


def test_a_recording_without_sound_does_not_take_that_of_the_next(tmp_path):
    silent = _film(tmp_path / "a.ts", "red", 300, *FILMS["ts"], "-an")
    film = _film(tmp_path / "b.ts", "blue", 900, *FILMS["ts"])
    whole = _cat(tmp_path / "whole.ts", film, silent, film)
    blue, red = ({"blue"}, 900), ({"red"}, None)
    assert _content(whole, probe(bytes(whole))) == [blue, red, blue]


def test_a_broken_recording_leaves_the_others(tmp_path):
    films = [
        _film(tmp_path / name, colour, hertz, *FILMS["mp4"])
        for name, colour, hertz in (("a.mp4", "red", 300), ("b.mp4", "blue", 900))
    ]
    broken = tmp_path / "c.mp4"
    broken.write_bytes(films[0].read_bytes()[:1_000])
    whole = _cat(tmp_path / "whole.mp4", films[1], broken, broken)
    good, bad = probe(bytes(whole)).segments
    assert (good.fault, good.has_audio, good.has_video) == (None, True, True)
    assert bad.fault == "truncated"
    assert bad.start_ms == bad.end_ms == good.end_ms


def test_a_still_beside_a_broken_recording_is_no_second_clip_of_its_span(tmp_path):
    still = tmp_path / "still.mkv"
    run(["-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1", *H264, str(still)])
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(still.read_bytes()[:300])
    whole = _cat(tmp_path / "whole.mkv", still, broken, still)
    spans = [(segment.start_ms, segment.end_ms) for segment in probe(bytes(whole)).segments]
    assert len(spans) == len(set(spans))


@pytest.mark.parametrize("offset", [100, 50_000, 95_000])
def test_a_clock_that_jumps_leaves_a_gap_out(tmp_path, offset):
    red = _film(tmp_path / "a.ts", "red", 300, *FILMS["ts"])
    shift = ["-output_ts_offset", str(offset)]
    blue = _film(tmp_path / "b.ts", "blue", 900, *FILMS["ts"], *shift)
    whole = _cat(tmp_path / "jump.ts", red, blue)
    probed = probe(bytes(whole))
    assert _content(whole, probed) == [({"red"}, 300), ({"blue"}, 900)]
    assert probed.duration_ms == pytest.approx(10_000, abs=200)


@pytest.mark.parametrize("kind", ["mkv", "mp4", "webm"])
@pytest.mark.parametrize("ahead", [60, 5_000])
def test_a_clock_that_jumps_in_a_file_with_an_index(tmp_path, kind, ahead):
    jump = tmp_path / f"jump.{kind}"
    far = f"if(gte(T,5),PTS+{ahead}/TB,PTS)"
    filters = ["-vf", f"setpts='{far}'", "-af", f"asetpts='{far}'", "-fps_mode", "passthrough"]
    source = _film(tmp_path / "source.mkv", "red", 300, *FILMS["mkv"], seconds=10)
    run(["-i", str(source), *filters, *FILMS[kind], str(jump)])
    probed = probe(bytes(jump))
    assert _content(jump, probed) == [({"red"}, 300)] * 2
    assert probed.duration_ms == pytest.approx(10_500, abs=1_000)


@pytest.mark.parametrize("late", ["0", "1"])
def test_a_stream_stamped_far_off_does_not_lose_the_other(tmp_path, late):
    source = _film(tmp_path / "source.mkv", "red", 300, *FILMS["mkv"])
    other = "1" if late == "0" else "0"
    shifted = ["-itsoffset", "50000", "-i", str(source), "-i", str(source)]
    maps = ["-map", f"0:{late}", "-map", f"1:{other}"]
    out = tmp_path / "far.mkv"
    run([*shifted, *maps, "-c", "copy", str(out)])
    probed = probe(bytes(out))
    picture, tone = ({"red"}, None), (set(), 300)
    assert sorted(map(str, _content(out, probed))) == sorted(map(str, [picture, tone]))
    assert probed.duration_ms == pytest.approx(10_000, abs=200)


def test_a_clock_that_goes_back_where_nothing_tells_the_recordings_apart_is_refused(tmp_path):
    film = _film(tmp_path / "a.flv", "red", 300, *FILMS["flv"])
    tags = film.read_bytes()[13:]  # without the header that a second recording would begin with
    whole = tmp_path / "whole.flv"
    whole.write_bytes(film.read_bytes() + tags)
    with pytest.raises(MediaError, match="two recordings in one file"):
        probe(bytes(whole))


@pytest.mark.parametrize("start", [1, 3, 7])
def test_packets_hidden_by_an_edit_list_are_not_shown(tmp_path, start):
    full = tmp_path / "full.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=20"]
    sound = ["-f", "lavfi", "-i", "sine=440:d=20"]
    run([*picture, *sound, *H264, "-g", "250", "-c:a", "aac", "-t", "20", str(full)])
    cut = tmp_path / "cut.mp4"
    run(["-ss", str(start), "-i", str(full), "-t", "10", "-c", "copy", str(cut)])
    probed = probe(bytes(cut))
    (segment,) = probed.segments
    assert (probed.has_audio, probed.has_video) == (True, True)
    assert probed.duration_ms == pytest.approx(10_000, abs=50)
    ours = _decoded(cut, segment, 0, 10_000).media
    whole = _decoded(
        full, probe(bytes(full)).segments[0], 1000 * start, 1000 * start + 10_000
    ).media
    assert ours.frames is not None and whole.frames is not None
    assert np.abs(ours.frames.astype(int) - whole.frames).mean() < 1
    assert _hertz(ours.audio[RATE]) == 440


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts"])
def test_a_picture_that_stands_still_is_shown_until_the_end(tmp_path, kind):
    picture, sound = tmp_path / "p.mp4", tmp_path / "s.m4a"
    run(["-f", "lavfi", "-i", "color=green:s=128x96:r=5:d=1", *H264, str(picture)])
    run(["-f", "lavfi", "-i", "sine=500:d=70", "-c:a", "aac", str(sound)])
    out = tmp_path / f"still.{kind}"
    run(
        ["-i", str(picture), "-i", str(sound), "-map", "0:v", "-map", "1:a", "-c", "copy", str(out)]
    )
    (segment,) = probe(bytes(out)).segments
    for start_ms in (0, 30_000, 60_000):
        frames = _decoded(out, segment, start_ms, start_ms + 10_000).media.frames
        assert frames is not None
        assert (frames.mean(axis=(1, 2)).argmax(axis=1) == 1).all()


@pytest.mark.parametrize("start_ms", [0, 300_000])
def test_a_clip_of_a_picture_that_stands_still_reads_little_of_the_sound(
    tmp_path, start_ms, monkeypatch
):
    picture, path = tmp_path / "p.png", tmp_path / "still.mov"
    run(["-f", "lavfi", "-i", "color=green:s=128x96", "-frames:v", "1", str(picture)])
    sound = ["-f", "lavfi", "-i", "sine=500:d=600:r=48000", "-c:a", "pcm_s16le"]
    run(["-i", str(picture), *sound, "-c:v", "mjpeg", str(path)])
    (segment,) = probe(bytes(path)).segments
    read = []
    whole_read = open_module._Bytes.read

    def counted(self, size):
        read.append(size)
        return whole_read(self, size)

    monkeypatch.setattr(open_module._Bytes, "read", counted)
    media = _decoded(path, segment, start_ms, start_ms + 5_000).media
    assert media.frames is not None
    assert _hertz(media.audio[RATE]) == 500
    assert sum(read) < path.stat().st_size / 5


@pytest.fixture(scope="module")
def long_sound(tmp_path_factory):
    """A tone of 20 minutes: most of the work of making a long film with sound."""
    path = tmp_path_factory.mktemp("sound") / "long.m4a"
    sound = ["-f", "lavfi", "-i", "sine=300:d=1200:r=8000"]
    run([*sound, "-c:a", "aac", "-aac_coder", "fast", str(path)])
    return path


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("seconds", [30, pytest.param(60, marks=pytest.mark.exhaustive)])
def test_few_pictures_with_sound_are_one_recording(tmp_path, long_sound, kind, seconds):
    path = tmp_path / f"slides.{kind}"
    picture = ["-f", "lavfi", "-i", f"testsrc=s=64x48:r=1/{seconds}:d=1200"]
    sound = ["-i", str(long_sound), "-c:a", "copy"]
    run([*picture, *sound, *H264, "-bf", "3", "-t", "1200", str(path)])
    probed = probe(bytes(path))
    assert len(probed.segments) == 1
    assert probed.duration_ms == pytest.approx(1_200_000, abs=130_000)


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_picture_a_minute_without_sound_is_one_recording(tmp_path, kind):
    path = tmp_path / f"lapse.{kind}"
    run(["-f", "lavfi", "-i", "testsrc=s=64x48:r=1/60:d=1200", *H264, "-bf", "3", str(path)])
    probed = probe(bytes(path))
    assert len(probed.segments) == 1
    assert probed.duration_ms == pytest.approx(1_200_000, abs=130_000)


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_pictures_stand_still_after_the_sound_has_ended(tmp_path, kind):
    path = tmp_path / f"muted.{kind}"
    picture = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=1/30:d=600"]
    sound = ["-f", "lavfi", "-i", "sine=300:d=20"]
    run([*picture, *sound, *H264, "-bf", "0", "-c:a", "aac", str(path)])
    probed = probe(bytes(path))
    assert len(probed.segments) == 1
    assert probed.duration_ms > 560_000


@pytest.mark.parametrize("start_ms", [2_000, 27_000])
def test_sound_without_stamps_of_its_own_keeps_its_place(tmp_path, start_ms):
    film, path = tmp_path / "late.mp4", tmp_path / "late.ts"
    picture = ["-f", "lavfi", "-i", "color=red:s=64x48:r=10:d=30"]
    tones = "aevalsrc='0.2*sin(2*PI*t*if(lt(t,5),440,880))':d=10:s=48000"
    sound = ["-itsoffset", "20", "-f", "lavfi", "-i", tones]
    run([*picture, *sound, *H264, "-c:a", "aac", str(film)])
    run(["-i", str(film), "-c", "copy", str(path)])
    (segment,) = probe(bytes(path)).segments
    heard = _decoded(path, segment, start_ms, start_ms + 2_000).media.audio
    assert (_hertz(heard[RATE]) if heard else None) == {2_000: None, 27_000: 880}[start_ms]


def test_recordings_are_found_where_they_begin(tmp_path):
    files = [_tone(tmp_path / f"{n}.flac", 300 + n, "-c:a", "flac", seconds=1) for n in range(3)]
    whole = _cat(tmp_path / "whole.flac", *files)
    sizes = [file.stat().st_size for file in files]
    with whole.open("rb", buffering=0) as file:
        assert recordings.starts(file) == [0, sizes[0], sizes[0] + sizes[1]]
