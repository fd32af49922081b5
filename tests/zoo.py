"""A zoo of media files, with what must become of each.

The cases were written from the specification (docs/media.md and the table of kinds behind it), without
looking at the decoder. A recording has one solid colour and one tone, so that a mix of two recordings
shows. Kinds are numbered as there: F1 cut by copying, F2 several recordings, F3 jumping stamps, F4
channels, F5 tracks, F6 tracks that nothing decodes, F7 pictures that stand still, F8 pictures, F9 quiet
sound, F10 names. F0 are ordinary files.
"""

import re
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from engine.media.ffmpeg import run

CAPTIONED = "captioned"
SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Clip:
    """What a clip shows and sounds.

    colour: "red", "green", "blue" (that channel is the largest), "grey" (all alike), or None without
    picture. hertz: its tone, or None without sound. light: bounds of the mean brightness, 0 to 255.
    """

    colour: str | None
    hertz: int | None
    light: tuple[int, int] = (0, 255)


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of a file.

    outcome: "captioned", "skipped", or the reason why it is quarantined. duration_ms: of its content,
    true to `within_ms`. dbfs: level (root mean square) of the sound, true to 1 dB; None for
    any.
    """

    outcome: str
    duration_ms: int = 0
    clips: tuple[Clip, ...] = ()
    within_ms: int = 250
    dbfs: float | None = None


Zoo = dict[str, Expected]

_RED, _GREEN, _BLUE = Clip("red", 400), Clip("green", 700), Clip("blue", 1000)
_FILM = {"red": ("red", 400), "green": ("lime", 700), "blue": ("blue", 1000)}
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1"]
_AAC = ["-c:a", "aac", "-b:a", "64k"]
_VP8 = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]
_KEY = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"]
_KEY += ["-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"]
_FRAGMENTS = ["-movflags", "frag_keyframe+empty_moov", "-f", "mp4"]
_SINE_DBFS = -21.07
"""Of ffmpeg's sine, whose peak is 1/8."""


def make(folder: Path) -> Zoo:
    """Fills `folder`, and says of each file in it what must become of it."""
    folder.mkdir(parents=True, exist_ok=True)
    expected: Zoo = {}
    with tempfile.TemporaryDirectory() as scratch:
        bench = Path(scratch)
        for name, film in _FILM.items():
            _films(bench, name, *film)
        for part in (
            _ordinary,
            _cut,
            _several,
            _jumping,
            _channels,
            _tracks,
            _undecoded,
            _still,
            _stills,
            _moving,
            _light,
            _encrypted,
            _quiet,
            _names,
            _texts,
        ):
            expected.update(part(bench, folder))
    return expected


def _films(bench: Path, name: str, colour: str, hertz: int) -> None:
    """One recording of 3 s in many containers."""
    forms: dict[str, list[str]] = {
        "mkv": [*_H264, *_AAC],
        "mp4": [*_H264, *_AAC],
        "frag.mp4": [*_H264, *_AAC, *_FRAGMENTS],
        "ts": [*_H264, *_AAC],
        "m2ts": [*_H264, "-c:a", "ac3"],
        "flv": [*_H264, *_AAC],
        "webm": _VP8,
        "avi": ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
        "mpg": ["-r", "25", "-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob"],
        "ogv": ["-r", "25", "-c:v", "libtheora", "-c:a", "libvorbis"],
    }
    sounds = {"wav": [], "ogg": ["-c:a", "libvorbis"], "flac": [], "mp3": []}
    outputs: list[str] = []
    for suffix, options in forms.items():
        outputs += ["-map", "0:v", "-map", "1:a", *options, _url(bench, f"{name}.{suffix}")]
    for suffix, options in sounds.items():
        outputs += ["-map", "1:a", *options, _url(bench, f"{name}.{suffix}")]
    _make([*_colour(colour, 3), *_tone(hertz, 3), *outputs])


def _ordinary(bench: Path, folder: Path) -> Zoo:
    for suffix in ("mp4", "mkv", "webm", "ts", "flv", "avi", "mpg", "ogv", "m2ts"):
        _copy(bench / f"red.{suffix}", folder / f"f00-film.{suffix}")
    for suffix in ("mp3", "ogg", "wav", "flac"):
        _copy(bench / f"blue.{suffix}", folder / f"f00-sound.{suffix}")
    source = _url(bench, "green.mkv")
    _make(
        ["-i", source, "-c:v", "wmv2", "-c:a", "wmav2", _url(folder, "f00-film.wmv")],
        ["-c:v", "mpeg4", "-ar", "16000", *_AAC, _url(folder, "f00-film.3gp")],
        ["-vn", "-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1"],
        [_url(folder, "f00-voice.amr"), "-vn", "-c:a", "alac", _url(folder, "f00-voice.caf")],
        ["-vn", "-c:a", "wavpack", _url(folder, "f00-voice.wv")],
    )
    whole = (bench / "green.mp4").read_bytes()
    (folder / "f00-cut-short.mp4").write_bytes(whole[: whole.rindex(b"moov") - 4])
    (folder / "f00-empty.mkv").write_bytes(b"")
    (folder / "f00-words.mp4").write_bytes(b"These are words, whatever the name says.\n" * 99)
    films = [
        f"f00-film.{s}" for s in ("mp4", "mkv", "webm", "ts", "flv", "avi", "mpg", "ogv", "m2ts")
    ]
    expected = {name: Expected(CAPTIONED, 3000, (_RED,)) for name in films}
    for name in ("f00-sound.mp3", "f00-sound.ogg", "f00-sound.wav", "f00-sound.flac"):
        expected[name] = Expected(CAPTIONED, 3000, (Clip(None, 1000),))
    for name in ("f00-film.wmv", "f00-film.3gp"):
        expected[name] = Expected(CAPTIONED, 3000, (_GREEN,))
    for name in ("f00-voice.amr", "f00-voice.caf", "f00-voice.wv"):
        expected[name] = Expected(CAPTIONED, 3000, (Clip(None, 700),))
    expected["f00-cut-short.mp4"] = Expected("truncated")
    expected["f00-empty.mkv"] = Expected("empty_file")
    expected["f00-words.mp4"] = Expected("not_media")
    return expected


def _cut(bench: Path, folder: Path) -> Zoo:
    """Red up to 2 s, green from there; cut in the green, with the only key frame in the red."""
    two = ["-filter_complex", "[0:v][1:v]concat=2:1:0[v];[2:a][3:a]concat=2:0:1[a]"]
    inputs = [*_colour("red", 2), *_colour("lime", 4), *_tone(400, 2), *_tone(700, 4)]
    _make(
        [*inputs, *two, "-map", "[v]", "-map", "[a]", *_H264, "-g", "250", *_AAC],
        [_url(bench, "long.mp4")],
    )
    _make(
        [*inputs, *two, "-map", "[v]", "-map", "[a]", "-c:v", "mpeg4", "-g", "250", *_AAC],
        [_url(bench, "long-mpeg4.mp4")],
    )
    for name in ("f01-cut.mp4", "f01-cut.mov", "f01-cut.m4v", "f01-cut.3gp"):
        form = ["-f", "mp4"] if name.endswith("m4v") else []
        copied = ["-c", "copy", *form, _url(folder, name)]
        _make(["-ss", "2.3", "-i", _url(bench, "long.mp4"), *copied])
    start = ["-ss", "2.5", "-i", _url(bench, "long-mpeg4.mp4"), "-t", "3", "-c", "copy"]
    _make([*start, _url(folder, "f01-mpeg4.mp4")])
    _make(
        ["-ss", "2.5", "-i", _url(bench, "long.mp4"), "-vn", "-c", "copy"],
        [_url(folder, "f01-sound.m4a")],
    )
    late = ["-i", _url(bench, "red.mp4"), "-itsoffset", "1", "-i", _url(bench, "red.mp4")]
    _make([*late, "-map", "1:v", "-map", "0:a", "-c", "copy", _url(folder, "f01-late-picture.mp4")])
    cuts = ("f01-cut.mp4", "f01-cut.mov", "f01-cut.m4v", "f01-cut.3gp")
    return {
        **{name: Expected(CAPTIONED, 3700, (_GREEN,)) for name in cuts},
        "f01-mpeg4.mp4": Expected(CAPTIONED, 3000, (_GREEN,)),
        "f01-sound.m4a": Expected(CAPTIONED, 3500, (Clip(None, 700),)),
        "f01-late-picture.mp4": Expected(CAPTIONED, 4000, (_RED,)),
    }


def _several(bench: Path, folder: Path) -> Zoo:
    """Recordings one behind the other, in several orders."""
    clips = {"red": _RED, "green": _GREEN, "blue": _BLUE}
    expected: Zoo = {}
    films = ["ts", "m2ts", "mpg", "frag.mp4", "mp4", "mkv", "webm", "flv", "avi", "ogv"]
    sounds = ["wav", "ogg", "flac"]
    for number, suffix in enumerate(films + sounds):
        order = ("red", "blue") if number % 2 else ("blue", "green", "red")
        name = f"f02-{len(order)}-parts.{suffix}"
        _join([bench / f"{part}.{suffix}" for part in order], folder / name)
        seen = tuple(clips[part] for part in order)
        if suffix in sounds:
            seen = tuple(Clip(None, clip.hertz) for clip in seen)
        expected[name] = Expected(CAPTIONED, 3000 * len(order), seen, 200 * len(order))
    _join([bench / "red.mp3"] * 2, folder / "f02-same-twice.mp3")
    expected["f02-same-twice.mp3"] = Expected(CAPTIONED, 6000, (Clip(None, 400),), 300)
    _make([*_colour("lime", 3, "96x64"), *_tone(700, 3), *_H264, *_AAC, _url(bench, "wide.ts")])
    _join([bench / "blue.ts", bench / "wide.ts"], folder / "f02-other-size.ts")
    expected["f02-other-size.ts"] = Expected(CAPTIONED, 6000, (_BLUE, _GREEN), 400)
    return expected


def _jumping(bench: Path, folder: Path) -> Zoo:
    parts = [*_colour("red", 3), *_colour("blue", 3), *_tone(400, 3), *_tone(1000, 3)]
    join = ["-filter_complex", "[0:v][1:v]concat=2:1:0[v];[2:a][3:a]concat=2:0:1[a]"]
    maps = ["-map", "[v]", "-map", "[a]"]
    _make([*parts, *join, *maps, *_H264, "-g", "10", *_AAC, _url(bench, "both.mkv")])
    for name, gap in (("f03-jump.mkv", 600), ("f03-jump.ts", 40000), ("f03-jump.flv", 900)):
        jump = f"setts=ts=TS+gte(TS*TB\\,2.95)*{gap}/TB"
        _make(
            ["-i", _url(bench, "both.mkv"), "-c", "copy", "-bsf:v", jump, "-bsf:a", jump],
            [_url(folder, name)],
        )
    stray = "setts=pts=PTS+between(N\\,12\\,14)*3000/TB"
    _make(
        ["-i", _url(bench, "green.mkv"), "-c", "copy", "-bsf:v", stray],
        [_url(folder, "f03-stray.mkv")],
    )
    for name in ("f03-wall-clock.ts", "f03-wall-clock.mkv", "f03-wall-clock.flv"):
        _make(
            ["-i", _url(bench, "green.mkv"), "-c", "copy", "-output_ts_offset", "54321"],
            [_url(folder, name)],
        )
    far = ["-i", _url(bench, "red.mkv"), "-itsoffset", "7000", "-i", _url(bench, "red.mkv")]
    _make(
        [*far, "-map", "0:v", "-map", "1:a", "-c", "copy", _url(folder, "f03-far-sound.mkv")],
        ["-map", "1:v", "-map", "0:a", "-c", "copy", _url(folder, "f03-far-picture.mkv")],
    )
    back = ["-i", _url(bench, "blue.mkv"), "-c", "copy", "-output_ts_offset", "5000"]
    _make([*back, _url(bench, "later.ts")])
    _join([bench / "later.ts", bench / "red.ts"], folder / "f03-back.ts")
    jumps = ("f03-jump.mkv", "f03-jump.ts", "f03-jump.flv")
    clocks = ("f03-wall-clock.ts", "f03-wall-clock.mkv", "f03-wall-clock.flv")
    apart = Clip("red", None), Clip(None, 400)
    return {
        **{name: Expected(CAPTIONED, 6000, (_RED, _BLUE), 400) for name in jumps},
        **{name: Expected(CAPTIONED, 3000, (_GREEN,)) for name in clocks},
        "f03-stray.mkv": Expected(CAPTIONED, 3000, (_GREEN,)),
        "f03-far-sound.mkv": Expected(CAPTIONED, 6000, apart, 400),
        "f03-far-picture.mkv": Expected(CAPTIONED, 6000, apart[::-1], 400),
        "f03-back.ts": Expected(CAPTIONED, 6000, (_BLUE, _RED), 400),
    }


def _channels(bench: Path, folder: Path) -> Zoo:
    """One tone, in several ways of which a plain mean would lose it."""
    phase = "pan=stereo|c0=c0|c1=-1*c0"
    forms = {
        "f04-phase.flac": [phase],
        "f04-phase.m4a": [phase, *_AAC],
        "f04-phase.mka": [phase, "-c:a", "pcm_f32le"],
        "f04-right.aiff": ["pan=stereo|c0=0*c0|c1=c0"],
        "f04-right.ogg": ["pan=stereo|c0=0*c0|c1=c0", "-c:a", "libvorbis"],
        "f04-back.flac": ["pan=5.1|BL=c0"],
        "f04-centre.ac3": ["pan=5.1|FC=c0"],
        "f04-side.w64": ["pan=7.1|SR=c0"],
        "f04-quad-phase.wav": ["pan=quad|FL=c0|FR=-1*c0|BL=c0|BR=-1*c0"],
    }
    outputs: list[str] = []
    for name, (pan, *options) in forms.items():
        outputs += ["-af", pan, *options, _url(folder, name)]
    _make([*_tone(500, 3), *outputs])
    heard = Expected(CAPTIONED, 3000, (Clip(None, 500),), dbfs=_SINE_DBFS)
    return dict.fromkeys(forms, heard)


def _tracks(bench: Path, folder: Path) -> Zoo:
    """Tracks of sound: 0 is silent, 1 has 400 Hz, 2 has 700 Hz."""
    silence = ["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo:d=3"]
    inputs = [*silence, *_tone(400, 3), *_tone(700, 3), *_colour("lime", 3)]
    video = ["-map", "3:v", *_H264]
    main, comment = ["-disposition:a:0", "0"], ["-disposition:a:0", "default+comment"]
    forms: dict[str, tuple[list[str], list[str]]] = {
        "f05-blank-first.mp4": (["0:a", "2:a"], _AAC),
        "f05-blank-first.ts": (["0:a", "2:a"], _AAC),
        "f05-blank-twice.mov": (["0:a", "0:a", "2:a"], _AAC),
        "f05-default-second.mkv": (["1:a", "2:a"], [*_AAC, *main, "-disposition:a:1", "default"]),
        "f05-comment-first.mkv": (["1:a", "2:a"], [*_AAC, *comment, "-disposition:a:1", "0"]),
        "f05-blank-default.mka": (["2:a", "0:a"], [*_AAC, *main, "-disposition:a:1", "default"]),
    }
    outputs: list[str] = []
    for name, (maps, options) in forms.items():
        picture = [] if name.endswith("mka") else video
        outputs += [*picture, *(word for m in maps for word in ("-map", m)), *options]
        outputs.append(_url(folder, name))
    _make([*inputs, *outputs])
    late = ["-f", "lavfi", "-i", "sine=700:d=1,adelay=9000,apad=whole_dur=12"]
    silence[-1] = "anullsrc=r=44100:cl=mono:d=12"
    _make([*silence, *late, "-map", "0:a", "-map", "1:a", *_AAC, _url(folder, "f05-late.m4a")])
    expected = dict.fromkeys(forms, Expected(CAPTIONED, 3000, (_GREEN,)))
    expected["f05-blank-default.mka"] = Expected(CAPTIONED, 3000, (Clip(None, 700),))
    expected["f05-late.m4a"] = Expected(CAPTIONED, 12000, (Clip(None, 700),))
    return expected


def _undecoded(bench: Path, folder: Path) -> Zoo:
    """Tracks whose codec is renamed to one that nothing decodes."""
    two = [*_colour("lime", 3), *_tone(700, 3), *_tone(400, 3)]
    maps = ["-map", "0:v", "-map", "1:a", "-map", "2:a", *_H264, *_AAC]
    _make([*two, *maps, _url(bench, "two.mp4"), *maps, _url(bench, "two.mkv")])
    _make(
        [*two, "-map", "0:v", "-map", "2:a", "-map", "1:a", *_H264, *_AAC, _url(bench, "swap.mkv")]
    )
    film, other = (bench / "two.mp4").read_bytes(), (bench / "two.mkv").read_bytes()
    swap, plain = (bench / "swap.mkv").read_bytes(), (bench / "green.mp4").read_bytes()
    matroska = (bench / "green.mkv").read_bytes()
    files = {
        "f06-second.mp4": _renamed(_renamed(film, b"mp4a", b"apac", 1), b"esds", b"dapa", 1),
        "f06-second.mkv": _renamed(other, b"A_AAC", b"A_QQQ", 1),
        "f06-first.mkv": _renamed(swap, b"A_AAC", b"A_QQQ", 0),
        "f06-only-sound.mp4": _renamed(_renamed(plain, b"avc1", b"qqq1", -1), b"avcC", b"qqqC", 0),
        "f06-only-sound.mkv": _renamed(matroska, b"V_MPEG4/ISO/AVC", b"V_QQQQQ/QQQ/QQQ", 0),
        "f06-only-picture.mkv": _renamed(matroska, b"A_AAC", b"A_QQQ", 0),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    expected = dict.fromkeys(files, Expected(CAPTIONED, 3000, (_GREEN,)))
    for name in ("f06-only-sound.mp4", "f06-only-sound.mkv"):
        expected[name] = Expected(CAPTIONED, 3000, (Clip(None, 700),))
    expected["f06-only-picture.mkv"] = Expected(CAPTIONED, 3000, (Clip("green", None),))
    return expected


def _still(bench: Path, folder: Path) -> Zoo:
    """One picture and long sound, and pictures that end before the sound."""
    maps = ["-map", "0:v", "-map", "1:a"]
    frame = [*maps, *_H264, *_AAC, "-ar", "16000"]
    ending = ["-map", "2:v", "-map", "3:a"]
    one = ["-f", "lavfi", "-i", "color=blue:s=64x48:r=1:d=1"]
    inputs = [*one, *_tone(1000, 40), *_colour("blue", 1), *_tone(1000, 8)]
    _make(
        [*inputs, *frame, _url(folder, "f07-cover.mkv"), *frame, _url(folder, "f07-cover.mov")],
        [*ending, *_H264, *_AAC, _url(folder, "f07-ends.mp4")],
        [*ending, *_VP8, _url(folder, "f07-ends.webm")],
        [*ending, *_H264, *_AAC, _url(folder, "f07-ends.ts")],
    )
    long = Expected(CAPTIONED, 40000, (_BLUE, _BLUE))
    ends = Expected(CAPTIONED, 8000, (_BLUE,))
    names = ("f07-ends.mp4", "f07-ends.webm", "f07-ends.ts")
    return {"f07-cover.mkv": long, "f07-cover.mov": long, **dict.fromkeys(names, ends)}


def _stills(bench: Path, folder: Path) -> Zoo:
    """Small boxes on transparent ground: bright and of the box's colour only over a light one."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    box = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    ImageDraw.Draw(box).rectangle((20, 10, 44, 34), fill=(0, 200, 0, 255))
    box.save(folder / "f08-alpha.png")
    box.save(folder / "f08-alpha.webp", lossless=True)
    box.save(folder / "f08-alpha.tiff")
    box.save(folder / "f08-alpha.avif", quality=95)
    box.convert("P").save(folder / "f08-alpha.gif", transparency=0)
    grey = Image.new("LA", (64, 48), (0, 0))
    ImageDraw.Draw(grey).rectangle((20, 10, 44, 34), fill=(60, 255))
    grey.save(folder / "f08-grey-alpha.png")
    plain = Image.new("RGB", (64, 48), (220, 20, 20))
    plain.save(folder / "f08-photo.heic")
    plain.save(folder / "f08-photo.avif")
    plain.save(folder / "f00-photo.bmp")
    plain.save(folder / "f00-photo.jpg", quality=95)
    (folder / "f08-grid.avif").write_bytes(_grid(bench))
    over_white = Expected(CAPTIONED, 0, (Clip("green", None, (150, 252)),))
    red = Expected(CAPTIONED, 0, (Clip("red", None),))
    suffixes = ("png", "webp", "tiff", "avif", "gif")
    return {
        **{f"f08-alpha.{suffix}": over_white for suffix in suffixes},
        "f08-grey-alpha.png": Expected(CAPTIONED, 0, (Clip("grey", None, (150, 252)),)),
        **dict.fromkeys(("f08-photo.heic", "f08-photo.avif", "f00-photo.bmp"), red),
        "f00-photo.jpg": red,
        # Eight tiles, of which the last is bright green and the others dark blue.
        "f08-grid.avif": Expected(CAPTIONED, 0, (Clip("green", None),)),
    }


def _moving(bench: Path, folder: Path) -> Zoo:
    """Ten pictures of a fifth of a second each."""
    frames = [Image.new("RGB", (64, 48), (200 + 5 * n, 10, 20)) for n in range(10)]
    options = {"save_all": True, "append_images": frames[1:], "duration": 200}
    names = ("f08-film.webp", "f08-film.gif", "f08-film.png", "f08-film.avif")
    for name in names:
        frames[0].save(folder / name, **options)  # type: ignore[arg-type]
    clear = [Image.new("RGBA", (64, 48), (0, 0, 0, 0)) for _ in range(10)]
    for number, frame in enumerate(clear):
        ImageDraw.Draw(frame).rectangle((number, 10, number + 20, 30), fill=(0, 0, 180, 255))
    options["append_images"] = clear[1:]
    clear[0].save(folder / "f08-alpha-film.webp", lossless=True, **options)  # type: ignore[arg-type]
    expected = dict.fromkeys(names, Expected(CAPTIONED, 2000, (Clip("red", None),), 220))
    blue = Clip("blue", None, (150, 252))
    expected["f08-alpha-film.webp"] = Expected(CAPTIONED, 2000, (blue,), 220)
    return expected


def _light(bench: Path, folder: Path) -> Zoo:
    """HDR greys: PQ at half, which is 92 nit; HLG at three quarters, which is diffuse white."""
    for code, transfer, names in (
        (128, "smpte2084", ("f08-pq.mkv", "f08-pq.mp4")),
        (180, "arib-std-b67", ("f08-hlg.mkv", "f08-hlg.mov")),
    ):
        levels = f"lutyuv=y={code}:u=128:v=128,format=yuv420p10le"
        tags = ["-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc"]
        outputs = [w for n in names for w in (*_H264[:4], *tags, "-vf", levels, _url(folder, n))]
        _make([*_colour("white", 2), *outputs])
    pq = Expected(CAPTIONED, 2000, (Clip("grey", None, (145, 225)),))
    hlg = Expected(CAPTIONED, 2000, (Clip("grey", None, (205, 255)),))
    return {"f08-pq.mkv": pq, "f08-pq.mp4": pq, "f08-hlg.mkv": hlg, "f08-hlg.mov": hlg}


def _encrypted(bench: Path, folder: Path) -> Zoo:
    source = ["-i", _url(bench, "red.mkv"), "-c", "copy"]
    _make([*source, *_KEY, _url(folder, "f08-locked.m4v")[:-3] + "mp4"])
    _make([*source, *_KEY, _url(folder, "f08-locked.mov")])
    _make([*source, "-vn", *_KEY, "-f", "mp4", _url(folder, "f08-locked.m4a")])
    stream = (bench / "red.ts").read_bytes()
    (folder / "f08-scrambled.ts").write_bytes(_scrambled(stream, {0x100, 0x101}))
    (folder / "f08-half-scrambled.ts").write_bytes(_scrambled(stream, {0x100}))
    names = ("f08-locked.mp4", "f08-locked.mov", "f08-locked.m4a", "f08-scrambled.ts")
    sound = Expected(CAPTIONED, 3000, (Clip(None, 400),))
    return {**dict.fromkeys(names, Expected("encrypted")), "f08-half-scrambled.ts": sound}


def _quiet(bench: Path, folder: Path) -> Zoo:
    """Short calls at -62 dBFS and below, with nothing between them."""
    calls = "aevalsrc=0.0009*sin(2*PI*3000*t)*lt(mod(t\\,0.5)\\,0.2):s=48000:d=4"
    names = ("f09-calls.wav", "f09-calls.flac", "f09-calls.opus", "f09-calls.m4a")
    outputs = [w for name in names for w in ("-b:a", "96k", _url(folder, name))]
    _make(["-f", "lavfi", "-i", calls, *outputs])
    return dict.fromkeys(names, Expected(CAPTIONED, 4000, (Clip(None, 3000),)))


def _names(bench: Path, folder: Path) -> Zoo:
    """Media under rare names, and under none."""
    _copy(folder / "f08-photo.heic", folder / "f10-photo.heif")
    _copy(folder / "f00-photo.jpg", folder / "f10-photo.jfif")
    _copy(folder / "f00-photo.jpg", folder / "f10-IMG_0001")
    _copy(bench / "blue.ts", folder / "f10-film.m2t")
    _copy(bench / "blue.mp4", folder / "f10-film")
    _copy(bench / "blue.mkv", folder / "f10-film.mkv.part")
    _copy(bench / "blue.ts", folder / "f10-film.mts")
    _copy(bench / "blue.flac", folder / "f10-sound")
    _copy(bench / "blue.ogg", folder / "f10-sound.zzz")
    _make(
        ["-i", _url(bench, "blue.mkv"), "-vn", "-c:a", "libopus", "-f", "webm"],
        [_url(folder, "f10-sound.weba"), "-vn", "-f", "aiff", _url(folder, "f10-sound.aifc")],
        ["-vn", "-f", "w64", _url(folder, "f10-sound.w64"), "-an", "-r", "25"],
        ["-c:v", "mpeg2video", "-f", "mpeg2video", _url(folder, "f10-film.mpv")],
    )
    _make([*_colour("red", 1), "-frames:v", "1", "-c:v", "libjxl", _url(folder, "f10-photo.jxl")])
    films = ("f10-film.m2t", "f10-film", "f10-film.mts")
    sounds = ("f10-sound", "f10-sound.zzz", "f10-sound.weba", "f10-sound.aifc", "f10-sound.w64")
    photos = ("f10-photo.heif", "f10-photo.jfif", "f10-IMG_0001")
    return {
        **dict.fromkeys(films, Expected(CAPTIONED, 3000, (_BLUE,))),
        **dict.fromkeys(sounds, Expected(CAPTIONED, 3000, (Clip(None, 1000),))),
        **dict.fromkeys(photos, Expected(CAPTIONED, 0, (Clip("red", None),))),
        # The specification names both; nothing here decodes JPEG XL, and bare video has no clock.
        "f10-photo.jxl": Expected("no_streams"),
        "f10-film.mpv": Expected("not_media"),
        # A download that did not end may be cut anywhere.
        "f10-film.mkv.part": Expected(SKIPPED),
    }


def _texts(bench: Path, folder: Path) -> Zoo:
    """Source code and data, whose suffixes media have too or nobody has."""
    code = 'import { readFileSync } from "node:fs";\n\nexport const rate = 48_000;\n' * 40
    texts = {
        "f10-code.ts": code,
        "f10-code.mts": "#!/usr/bin/env node\n" + code,
        "f10-tiny.ts": "G;\n",
        "f10-bom.ts": "\N{ZERO WIDTH NO-BREAK SPACE}" + code,
        "f10-go.mod": "module example.org/thing\n\ngo 1.22\n",
        "f10-Makefile": "all:\n\techo done\n",
        "f10-code.zzz": code,
        "f10-data.json": '{"rate": 48000}\n',
        "f10-notes.txt": "Ogg files sound good.\n",
        "f10-riff": "RIFF is a form of container, said the WAVE.\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return dict.fromkeys(texts, Expected(SKIPPED))


def _make(*arguments: list[str]) -> None:
    run([word for words in arguments for word in words])


def _colour(colour: str, seconds: int, size: str = "64x48") -> list[str]:
    return ["-f", "lavfi", "-i", f"color={colour}:s={size}:r=10:d={seconds}"]


def _tone(hertz: int, seconds: int) -> list[str]:
    return ["-f", "lavfi", "-i", f"sine={hertz}:sample_rate=48000:d={seconds}"]


def _url(folder: Path, name: str) -> str:
    return f"file:{folder / name}"


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


def _join(parts: list[Path], target: Path) -> None:
    target.write_bytes(b"".join(part.read_bytes() for part in parts))


def _renamed(content: bytes, old: bytes, new: bytes, which: int) -> bytes:
    """`content` with the so-manyth `old` made `new`, which is as long."""
    at = [match.start() for match in re.finditer(re.escape(old), content)][which]
    return content[:at] + new + content[at + len(old) :]


def _scrambled(stream: bytes, pids: set[int]) -> bytes:
    """A transport stream with the packets of these PIDs marked as scrambled, and their bytes so."""
    packets = np.frombuffer(stream, np.uint8).reshape(-1, 188).copy()
    noise = np.random.default_rng(1)
    for packet in packets:
        if (int(packet[1]) & 0x1F) << 8 | int(packet[2]) not in pids:
            continue
        start = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        packet[3] |= 0x80
        packet[start:] ^= noise.integers(0, 256, 188 - start, np.uint8)
    return packets.tobytes()


def _grid(bench: Path) -> bytes:
    """An AVIF of 4 x 2 tiles of 64 x 64: dark blue ones, the last one bright green."""
    tiles: list[bytes] = []
    for colour in ((0, 0, 20), (0, 255, 0)):
        Image.new("RGB", (64, 64), colour).save(bench / "tile.avif", quality=90)
        tiles.append((bench / "tile.avif").read_bytes())
    at = tiles[0].index(b"av1C") - 4
    codec = tiles[0][at : at + struct.unpack_from(">I", tiles[0], at)[0]]
    payloads = [tile[tile.rindex(b"mdat") + 4 :] for tile in tiles]
    coded = [payloads[0]] * 7 + [payloads[1]]
    return _grid_file(coded, codec)


def _grid_file(coded: list[bytes], codec: bytes) -> bytes:
    count, grid = len(coded), struct.pack(">BBBBHH", 0, 0, 1, 3, 256, 128)
    whole, numbers = count + 1, range(1, count + 1)
    kinds = [(n, b"av01", 1) for n in numbers] + [(whole, b"grid", 0)]
    infos = [_full(b"infe", struct.pack(">HH", n, 0) + k + b"\0", 2, h) for n, k, h in kinds]
    sizes = [_full(b"ispe", struct.pack(">II", *size)) for size in ((64, 64), (256, 128))]
    bits = _full(b"pixi", bytes([3, 8, 8, 8]))
    owners = b"".join(struct.pack(">HBBBB", n, 3, 1, 0x82, 4) for n in numbers)
    owners += struct.pack(">HBBB", whole, 2, 3, 4)
    properties = _box(b"ipco", sizes[0] + codec + sizes[1] + bits)
    properties += _full(b"ipma", struct.pack(">I", whole) + owners)
    made_of = struct.pack(f">HH{count}H", whole, count, *numbers)
    rest = _full(b"iinf", struct.pack(">H", whole) + b"".join(infos))
    rest += _full(b"iref", _box(b"dimg", made_of)) + _box(b"iprp", properties)
    rest += _box(b"idat", grid)
    head = _full(b"hdlr", bytes(4) + b"pict" + bytes(13)) + _full(b"pitm", struct.pack(">H", whole))

    def meta(offset: int) -> bytes:
        places = b""
        for number, data in zip(numbers, coded, strict=True):
            places += struct.pack(">HHHHII", number, 0, 0, 1, offset, len(data))
            offset += len(data)
        places += struct.pack(">HHHHII", whole, 1, 0, 1, 0, len(grid))
        table = _full(b"iloc", struct.pack(">BBH", 0x44, 0, whole) + places, 1)
        return _full(b"meta", head + table + rest)

    kind = _box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf")
    return kind + meta(len(kind) + len(meta(0)) + 8) + _box(b"mdat", b"".join(coded))


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full(kind: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + body)


_LISTED = """
f00-film.mp4 f00-film.mkv f00-film.webm f00-film.ts f00-film.flv f00-film.avi f00-film.mpg
f00-film.ogv f00-film.m2ts f00-sound.mp3 f00-sound.ogg f00-sound.wav f00-sound.flac f00-film.wmv
f00-film.3gp f00-voice.amr f00-voice.caf f00-voice.wv f00-cut-short.mp4 f00-empty.mkv f00-words.mp4
f01-cut.mp4 f01-cut.mov f01-cut.m4v f01-cut.3gp f01-mpeg4.mp4 f01-sound.m4a f01-late-picture.mp4
f02-3-parts.ts f02-2-parts.m2ts f02-3-parts.mpg f02-2-parts.frag.mp4 f02-3-parts.mp4 f02-2-parts.mkv
f02-3-parts.webm f02-2-parts.flv f02-3-parts.avi f02-2-parts.ogv f02-3-parts.wav f02-2-parts.ogg
f02-3-parts.flac f02-same-twice.mp3 f02-other-size.ts f03-jump.mkv f03-jump.ts f03-jump.flv
f03-wall-clock.ts f03-wall-clock.mkv f03-wall-clock.flv f03-stray.mkv f03-far-sound.mkv
f03-far-picture.mkv f03-back.ts f04-phase.flac f04-phase.m4a f04-phase.mka f04-right.aiff
f04-right.ogg f04-back.flac f04-centre.ac3 f04-side.w64 f04-quad-phase.wav f05-blank-first.mp4
f05-blank-first.ts f05-blank-twice.mov f05-default-second.mkv f05-comment-first.mkv
f05-blank-default.mka f05-late.m4a f06-second.mp4 f06-second.mkv f06-first.mkv f06-only-sound.mp4
f06-only-sound.mkv f06-only-picture.mkv f07-cover.mkv f07-cover.mov f07-ends.mp4 f07-ends.webm
f07-ends.ts f08-alpha.png f08-alpha.webp f08-alpha.tiff f08-alpha.avif f08-alpha.gif
f08-grey-alpha.png f08-photo.heic f08-photo.avif f00-photo.bmp f00-photo.jpg f08-grid.avif
f08-film.webp f08-film.gif f08-film.png f08-film.avif f08-alpha-film.webp f08-pq.mkv f08-pq.mp4
f08-hlg.mkv f08-hlg.mov f08-locked.mp4 f08-locked.mov f08-locked.m4a f08-scrambled.ts
f08-half-scrambled.ts f09-calls.wav f09-calls.flac f09-calls.opus f09-calls.m4a f10-film.m2t
f10-film f10-film.mkv.part f10-film.mts f10-sound f10-sound.zzz f10-sound.weba f10-sound.aifc
f10-sound.w64 f10-photo.heif f10-photo.jfif f10-IMG_0001 f10-photo.jxl f10-film.mpv f10-code.ts
f10-code.mts f10-tiny.ts f10-bom.ts f10-go.mod f10-Makefile f10-code.zzz f10-data.json f10-notes.txt
f10-riff
"""
NAMES = tuple(_LISTED.split())
"""Of all files that `make` makes."""
