"""F1 edit lists, F2 several recordings, F3 stamps that jump, F7 pictures that stand still."""

import struct
import zlib
from pathlib import Path

from tests.mediazoo.case import Case, Clip
from tests.mediazoo.kitchen import AAC, X264, Kitchen, box, full_box, picture, tone

_RED, _BLUE = Clip(("red",), (300,)), Clip(("blue",), (900,))
_MPEG = ("-c:v", "mpeg2video", "-c:a", "mp2")
_LONG = ("-g", "250", "-keyint_min", "250", "-sc_threshold", "0")


def _before_and_after(kitchen: Kitchen, name: str, *codecs: str) -> Path:
    """1.5 s of blue with 900 Hz, then 3 s of red with 300 Hz, in one group of pictures."""
    joint = "[0:v][1:a][2:v][3:a]concat=n=2:v=1:a=1[v][a]"
    inputs = [*picture("blue", 1.5), *tone(900, 1.5), *picture("red", 3), *tone(300, 3)]
    options = ["-filter_complex", joint, "-map", "[v]", "-map", "[a]"]
    return kitchen.ffmpeg(name, *inputs, *options, *codecs)


def _cut(kitchen: Kitchen, suffix: str, *codecs: str, out: tuple[str, ...] = ()) -> bytes:
    """The red part, cut without coding anew: the blue one is there and hidden."""
    name = f"whole-{zlib.crc32(repr((suffix, codecs)).encode()):08x}.{suffix}"
    whole = _before_and_after(kitchen, name, *codecs)
    before = ("-ss", "1.5")
    return kitchen.copied(f"cut-{name}", whole, *out, before=before).read_bytes()


def _sound_cut(kitchen: Kitchen) -> bytes:
    joint = "[0:a][1:a]concat=n=2:v=0:a=1"
    inputs = [*tone(900, 1.5), *tone(300, 3)]
    whole = kitchen.ffmpeg("whole.m4a", *inputs, "-filter_complex", joint, *AAC)
    return kitchen.copied("cut.m4a", whole, before=("-ss", "1.5")).read_bytes()


def _late_picture(kitchen: Kitchen) -> bytes:
    """An empty edit: the picture begins a second after the sound."""
    inputs = [*tone(300, 3), "-itsoffset", "1", *picture("red", 2)]
    return kitchen.ffmpeg("late.mp4", *inputs, *X264, *AAC).read_bytes()


def _two_edits(kitchen: Kitchen) -> bytes:
    """Red, blue, lime of 2 s each; the edit list leaves the blue out."""
    joint = "[0:v][1:v][2:v]concat=n=3:v=1:a=0"
    inputs = [*picture("red"), *picture("blue"), *picture("lime")]
    whole = kitchen.ffmpeg(
        "three.mp4", *inputs, "-filter_complex", joint, *X264, "-bf", "0", "-g", "10"
    )
    content = whole.read_bytes()
    first = content.index(b"moov") - 4
    end = first + struct.unpack_from(">I", content, first)[0]
    movie = content[first:end]
    track_hz = struct.unpack_from(">I", movie, movie.index(b"mdhd") + 16)[0]
    hz = struct.unpack_from(">I", movie, movie.index(b"mvhd") + 16)[0]
    entries = [(2 * hz, 0), (2 * hz, 4 * track_hz)]
    rows = [struct.pack(">IiI", *entry, 1 << 16) for entry in entries]
    edits = box(b"edts", full_box(b"elst", struct.pack(">I", len(rows)), *rows))
    old = movie.index(b"edts") - 4
    grown = len(edits) - struct.unpack_from(">I", movie, old)[0]
    new = bytearray(movie[:old] + edits + movie[old + len(edits) - grown :])
    for kind in (b"moov", b"trak"):
        at = new.index(kind) - 4
        struct.pack_into(">I", new, at, struct.unpack_from(">I", new, at)[0] + grown)
    return content[:first] + bytes(new) + content[end:]


def _f1(suffix: str, name: str, *codecs: str, out: tuple[str, ...] = ()) -> Case:
    return Case(name, "F1", lambda k: _cut(k, suffix, *codecs, out=out), (_RED,), 3, 0.3)


_FRAGMENTS = ("-movflags", "frag_keyframe+delay_moov")
F1 = (
    _f1("mov", "f01-hevc-pcm.mov", "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1",
        "-x265-params", "log-level=none:keyint=250:pools=none:frame-threads=1", "-c:a", "pcm_s16le"),
    _f1("mp4", "f01-mpeg4-mp3.mp4", "-c:v", "mpeg4", *_LONG, "-c:a", "libmp3lame"),
    _f1("mov", "f01-bframes-alac.mov", "-c:v", "libx264", "-preset", "veryfast", "-bf", "3", *_LONG,
        "-pix_fmt", "yuv420p", "-c:a", "alac"),
    _f1("mp4", "f01-vp9-opus.mp4", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8",
        "-g", "250", "-c:a", "libopus"),
    _f1("3gp", "f01-h263-amr.3gp", "-c:v", "h263", "-g", "250", "-c:a", "libopencore_amrnb",
        "-ar", "8000", "-ac", "1"),
    _f1("mp4", "f01-fragments.mp4", *X264, *_LONG, *AAC, out=_FRAGMENTS),
    Case("f01-sound.m4a", "F1", _sound_cut, (Clip((), (300,)),), 3, 0.2),
    Case("f01-late-picture.mp4", "F1", _late_picture, (Clip(("red",), (300,)),), 3, 0.2),
    Case("f01-two-edits.mp4", "F1", _two_edits, (Clip(("red", "lime"), ()),), 4, 0.3),
)  # fmt: skip


def _cat(kitchen: Kitchen, suffix: str, *codecs: str, first: str = "red") -> bytes:
    a = kitchen.film(first and "red", 300, suffix, *codecs)
    b = kitchen.film(first and "blue", 900, suffix, *codecs)
    return a.read_bytes() + b.read_bytes()


def _f2(name: str, suffix: str, *codecs: str, may_refuse: bool = False) -> Case:
    def make(kitchen: Kitchen) -> bytes:
        return _cat(kitchen, suffix, *codecs)

    return Case(name, "F2", make, (_RED, _BLUE), 4, 0.4, may_refuse=may_refuse)


def _f2_sound(name: str, suffix: str, *codecs: str) -> Case:
    clips = (Clip((), (300,)), Clip((), (900,)))
    return Case(name, "F2", lambda k: _cat(k, suffix, *codecs, first=""), clips, 4, 0.3)


def _three(kitchen: Kitchen) -> bytes:
    """Three recordings, the last without sound."""
    last = kitchen.film("lime", 0, "ts", "-c:v", "mpeg2video")
    return _cat(kitchen, "ts", *_MPEG) + last.read_bytes()


def _short(kitchen: Kitchen, suffix: str, *codecs: str) -> bytes:
    """Two recordings of half a second, twice."""
    films = [
        kitchen.film(*of, suffix, *codecs, seconds=0.5, fps=25)
        for of in (("red", 300), ("blue", 900))
    ]
    return b"".join(film.read_bytes() for film in films) * 2


def _padded(kitchen: Kitchen) -> bytes:
    red, blue = (kitchen.film(*of, "mp4").read_bytes() for of in (("red", 300), ("blue", 900)))
    return red + bytes(512) + blue


def _untyped(kitchen: Kitchen) -> bytes:
    """QuickTime as it was before files said their type."""
    codecs = ("-c:v", "mjpeg", "-c:a", "pcm_s16be")
    films = [kitchen.film(*of, "mov", *codecs) for of in (("red", 300), ("blue", 900))]
    return b"".join(film.read_bytes().replace(b"ftyp", b"free", 1) for film in films)


def _tagged(kitchen: Kitchen) -> bytes:
    tag = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
    sounds = [kitchen.film("", hertz, "flac", "-c:a", "flac") for hertz in (300, 900)]
    return b"".join(tag + sound.read_bytes() for sound in sounds)


def _film_then_sound(kitchen: Kitchen) -> bytes:
    film = kitchen.film("red", 300, "ogv", "-c:v", "libtheora", "-c:a", "libvorbis")
    return film.read_bytes() + kitchen.film("", 900, "ogg", "-c:a", "libvorbis").read_bytes()


def _two_rates(kitchen: Kitchen) -> bytes:
    vorbis = ("-c:a", "libvorbis", "-ar")
    first = kitchen.film("", 300, "ogg", *vorbis, "44100")
    return (
        first.read_bytes() + kitchen.film("", 900, "ogg", *vorbis, "22050", "-ac", "2").read_bytes()
    )


_BOTH = (Clip((), (300, 900)),)
F2 = (
    _f2("f02-mpeg1.mpg", "mpg", "-c:v", "mpeg1video", "-r", "25", "-c:a", "mp2"),
    _f2("f02-fragments.mp4", "mp4", *X264, *AAC, "-movflags", "frag_keyframe+empty_moov"),
    _f2("f02-whole.mp4", "mp4"),
    _f2("f02-whole.mov", "mov", "-c:v", "mjpeg", "-c:a", "pcm_s16le"),
    _f2("f02-camcorder.m2ts", "m2ts", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt",
        "yuv420p", "-c:a", "ac3"),
    _f2("f02-chain.ogv", "ogv", "-c:v", "libtheora", "-c:a", "libvorbis"),
    _f2("f02-cat.webm", "webm", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
    _f2("f02-cat.mkv", "mkv", "-c:v", "ffv1", "-c:a", "flac"),
    _f2("f02-cat.flv", "flv", "-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100"),
    _f2("f02-cat.avi", "avi", "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    _f2("f02-cat.wmv", "wmv", "-c:v", "wmv2", "-c:a", "wmav2", may_refuse=True),
    _f2("f02-cat.nut", "nut", "-c:v", "mpeg4", "-c:a", "pcm_s16le", may_refuse=True),
    _f2("f02-cat.mxf", "mxf", "-c:v", "mpeg2video", "-r", "25", "-c:a", "pcm_s16le"),
    _f2("f02-cat.wtv", "wtv", "-c:v", "mpeg2video", "-r", "25", "-c:a", "mp2"),
    Case("f02-short.ts", "F2", lambda k: _short(k, "ts", *X264, *AAC), (_RED, _BLUE) * 2, 2, 0.4),
    Case("f02-short.vob", "F2", lambda k: _short(k, "vob", *_MPEG), (_RED, _BLUE) * 2, 2, 0.4),
    Case("f02-padded.mp4", "F2", _padded, (_RED, _BLUE), 4, 0.3),
    Case("f02-untyped.mov", "F2", _untyped, (_RED, _BLUE), 4, 0.3),
    Case("f02-tagged.flac", "F2", _tagged, (Clip((), (300,)), Clip((), (900,))), 4, 0.3),
    _f2_sound("f02-cat.aiff", "aiff", "-c:a", "pcm_s16be"),
    _f2_sound("f02-cat.w64", "w64", "-c:a", "pcm_s16le"),
    _f2_sound("f02-cat.caf", "caf", "-c:a", "pcm_s16be"),
    _f2_sound("f02-cat.wv", "wv", "-c:a", "wavpack"),
    _f2_sound("f02-cat.tta", "tta", "-c:a", "tta"),
    _f2_sound("f02-cat.flac", "flac", "-c:a", "flac"),
    _f2_sound("f02-chain.oga", "oga", "-c:a", "flac"),
    _f2_sound("f02-cat.wav", "wav", "-c:a", "pcm_s16le"),
    Case("f02-rates.ogg", "F2", _two_rates, (Clip((), (300,)), Clip((), (900,))), 4, 0.3),
    Case("f02-cat.mp3", "F2", lambda k: _cat(k, "mp3", "-c:a", "libmp3lame", first=""), _BOTH, 4, 0.3),
    Case("f02-cat.aac", "F2", lambda k: _cat(k, "aac", "-c:a", "aac", first=""), _BOTH, 4, 0.3),
    Case("f02-three.ts", "F2", _three, (_RED, _BLUE, Clip(("lime",), ())), 6, 0.5),
    Case("f02-film-then-sound.ogg", "F2", _film_then_sound, (_RED, Clip((), (900,))), 4, 0.3),
)  # fmt: skip


def _joined(kitchen: Kitchen, suffix: str, *codecs: str) -> Path:
    """2 s of red with 300 Hz, then 2 s of blue with 900 Hz, in one recording."""
    joint = "[0:v][1:a][2:v][3:a]concat=n=2:v=1:a=1[v][a]"
    inputs = [*picture("red"), *tone(300), *picture("blue"), *tone(900)]
    options = ["-filter_complex", joint, "-map", "[v]", "-map", "[a]", "-g", "10", "-bf", "0"]
    return kitchen.ffmpeg(f"joined.{suffix}", *inputs, *options, *codecs)


def _jump(kitchen: Kitchen, suffix: str, by_s: int, *codecs: str) -> bytes:
    """The second half stamped so many seconds later, in both streams."""
    ts = f"setts=ts=TS+gte(TS*TB\\,1.99)*{by_s}/TB"
    whole = _joined(kitchen, suffix, *codecs)
    return kitchen.copied(f"jump{by_s}.{suffix}", whole, "-bsf:v", ts, "-bsf:a", ts).read_bytes()


def _stamped(kitchen: Kitchen, colour: str, hertz: int, offset: float, *codecs: str) -> bytes:
    codecs = codecs or (*X264, *AAC)
    return kitchen.film(colour, hertz, "ts", *codecs, "-output_ts_offset", str(offset)).read_bytes()


def _back(kitchen: Kitchen) -> bytes:
    return _stamped(kitchen, "red", 300, 50_000) + _stamped(kitchen, "blue", 900, 10)


def _gap(kitchen: Kitchen) -> bytes:
    return _stamped(kitchen, "red", 300, 10) + _stamped(kitchen, "blue", 900, 80)


def _far_picture(kitchen: Kitchen) -> bytes:
    inputs = [*tone(300), "-itsoffset", "3000", *picture("red")]
    return kitchen.ffmpeg("far.mkv", *inputs, *X264, "-c:a", "flac").read_bytes()


def _wall_clock(kitchen: Kitchen) -> bytes:
    stamp = ("-output_ts_offset", "1700000000")
    return kitchen.film("red", 300, "mkv", "-c:v", "mjpeg", "-c:a", "flac", *stamp).read_bytes()


_JUMPED = (_RED, _BLUE)
F3 = (
    Case("f03-jump.mkv", "F3", lambda k: _jump(k, "mkv", 5000, *X264, *AAC), _JUMPED, 4, 0.4),
    Case("f03-jump.flv", "F3", lambda k: _jump(k, "flv", 7000, *X264, *AAC), _JUMPED, 4, 0.4),
    Case("f03-jump.mov", "F3", lambda k: _jump(k, "mov", 900, "-c:v", "mjpeg", *AAC),
         _JUMPED, 4, 0.4),
    Case("f03-jump.webm", "F3", lambda k: _jump(k, "webm", 86_400, "-c:v", "libvpx", "-deadline",
         "realtime", "-c:a", "libopus"), _JUMPED, 4, 0.4),
    Case("f03-back.ts", "F3", _back, _JUMPED, 4, 0.4),
    Case("f03-pause.ts", "F3", _gap, _JUMPED, 4, 0.4),
    Case("f03-wrap.ts", "F3", lambda k: _stamped(k, "red", 300, 95_441.3, *_MPEG), (_RED,), 2, 0.3),
    Case("f03-far-picture.mkv", "F3", _far_picture, (Clip((), (300,)), Clip(("red",), ())), 4, 0.4),
    Case("f03-wall-clock.mkv", "F3", _wall_clock, (_RED,), 2, 0.2),
)  # fmt: skip


def _one_picture(kitchen: Kitchen, suffix: str, *codecs: str, seconds: float = 12) -> bytes:
    alone = kitchen.ffmpeg("alone.nut", *picture("lime", 1, 1), "-c:v", "rawvideo")
    inputs = ["-i", f"file:{alone}", *tone(500, seconds, 16_000)]
    return kitchen.ffmpeg(f"one-{seconds:g}.{suffix}", *inputs, *codecs).read_bytes()


def _standing(kitchen: Kitchen) -> bytes:
    """Changes for a second, then one more picture that stays, as screen recorders write it."""
    joint = "[0:v][1:v]concat=n=2:v=1:a=0[v]"
    inputs = [*picture("red", 1), *picture("blue", 0.1), *tone(500, 8, 16_000)]
    options = ["-filter_complex", joint, "-map", "[v]", "-map", "2:a"]
    return kitchen.ffmpeg("standing.mp4", *inputs, *options, *X264, *AAC).read_bytes()


def _slides(kitchen: Kitchen) -> bytes:
    joint = "[0:v][1:v]concat=n=2:v=1:a=0[v]"
    inputs = [*picture("red", 4, 1), *picture("blue", 4, 1), *tone(500, 8, 16_000)]
    options = ["-filter_complex", f"{joint};[v]fps=1/4[s]", "-map", "[s]", "-map", "2:a"]
    return kitchen.ffmpeg(
        "slides.mkv", *inputs, *options, "-c:v", "mjpeg", "-c:a", "flac"
    ).read_bytes()


def _pause(kitchen: Kitchen, suffix: str, *codecs: str, by_s: int = 15) -> bytes:
    """One picture, and sound that pauses after five seconds."""
    film = kitchen.scratch / f"one-pause.{suffix}"
    film.write_bytes(_one_picture(kitchen, suffix, *codecs, seconds=10))
    ts = f"setts=ts=TS+gte(TS*TB\\,5)*{by_s}/TB"
    return kitchen.copied(f"paused.{suffix}", film, "-bsf:a", ts).read_bytes()


_LIME = Clip(("lime",), (500,))
_VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")
F7 = (
    Case("f07-one.mkv", "F7", lambda k: _one_picture(k, "mkv", "-c:v", "mjpeg", "-c:a", "flac"),
         (_LIME,), 12, 0.3),
    Case("f07-one.webm", "F7", lambda k: _one_picture(k, "webm", *_VP8), (_LIME,), 12, 0.3),
    Case("f07-one.mov", "F7", lambda k: _one_picture(k, "mov", "-c:v", "png", "-c:a", "alac",
         seconds=13), (_LIME,), 13, 0.3),
    Case("f07-one-long.mp4", "F7", lambda k: _one_picture(k, "mp4", *X264, *AAC, seconds=65),
         (_LIME, _LIME, _LIME), 65, 0.3),
    Case("f07-one.ts", "F7", lambda k: _one_picture(k, "ts", *X264, "-c:a", "mp2", seconds=9),
         (_LIME,), 9, 0.5),
    Case("f07-pause.mp4", "F7", lambda k: _pause(k, "mp4", *X264, *AAC), (_LIME,), 25, 0.3),
    Case("f07-pause.mkv", "F7", lambda k: _pause(k, "mkv", "-c:v", "mjpeg", "-c:a", "libmp3lame"),
         (_LIME,), 25, 0.3),
    Case("f07-pause.ts", "F7", lambda k: _pause(k, "ts", *X264, "-c:a", "mp2"), (_LIME,), 25, 0.5),
    Case("f07-standing.mp4", "F7", _standing, (Clip(("red", "blue"), (500,)),), 8, 0.3),
    Case("f07-slides.mkv", "F7", _slides, (Clip(("red", "blue"), (500,)),), 8, 0.3),
)  # fmt: skip
