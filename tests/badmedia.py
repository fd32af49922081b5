"""Media as it comes: a folder of sound and broken, odd, hostile and oddly named files, and what
must become of each."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np

from engine.media.ffmpeg import run

CAPTIONED = "captioned"

_TEXT = b"The quick brown fox jumps over the lazy dog.\nThis is a text, whatever its name says.\n"
_SUBTITLES = (
    b"1\n00:00:01,000 --> 00:00:02,000\nHello there\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n"
)
_ODD_NAMES = (
    b"two words.wav",
    b"new\nline.wav",
    b'it\'s a "quote".wav',
    "\N{DOG FACE} caf\N{LATIN SMALL LETTER E WITH ACUTE}.wav".encode(),
    b"not-utf8-\xff\xfe.wav",
    b"-y.wav",
    b"100%25 %03d #1?.wav",
    b"http:example.wav",
    b"[a]*.wav",
    b"$(touch x);`id`.wav",
)


def make(folder: Path) -> dict[str, str]:
    """Fills `folder` and says of each file what must become of it: captioned, or the reason why not.

    Names are as `os.fsdecode` gives them, relative to `folder`. Besides the files there is `loop`,
    a link to `folder` itself. `unreadable.wav` has no permissions, which root does not need: for
    root it must be captioned. No two files have the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outcomes: dict[str, str] = {}
    for part in (_sound_and_picture, _stills, _broken, _bytes, _playlists, _names):
        outcomes.update(part(folder))
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    return outcomes


def hours(out: Path, hours: int) -> Path:
    """A WAV of so many hours (8 kHz, 8 bit: 28.8 MB an hour), a tone that climbs each minute."""
    second = np.arange(8000) / 8000
    samples = b"".join(
        (128 + 60 * np.sin(2 * np.pi * (200 + 5 * m) * second)).astype(np.uint8).tobytes() * 60
        for m in range(60 * hours)
    )
    head = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(samples))
    out.write_bytes(b"RIFF" + struct.pack("<I", len(body) + len(samples)) + body + samples)
    return out


def _sound_and_picture(folder: Path) -> dict[str, str]:
    """Sound rates, channels, pixel formats, sizes and times that media really has."""
    x264 = ["-c:v", "libx264", "-preset", "ultrafast"]
    vp8 = ["-c:v", "libvpx", "-auto-alt-ref", "0"]
    cover = ["-map", "0", "-map", "1:v", "-c:v", "mjpeg", "-disposition:v", "attached_pic"]
    slowing = ["-vf", "setpts='N*N/900/TB'", "-fps_mode", "vfr", "-pix_fmt", "yuv420p"]
    sources: dict[str, list[str]] = {
        "good.mp4": [*_picture(), *_tone(440), *x264, "-pix_fmt", "yuv420p"],
        "silent.mp4": [*_picture(seed=1), *x264, "-an"],
        "sound-8k-mono.wav": [*_tone(300), "-ar", "8000"],
        "sound-192k-5.1.wav": [*_tone(310), "-ar", "192000", "-ac", "6"],
        "sound-odd-rate.flac": [*_tone(320), "-ar", "37800"],
        "sound-cover.mp3": [*_tone(330), *_picture(frames=1, seed=2), *cover],
        "yuv444p10.mkv": [*_picture(seed=3), *x264, "-pix_fmt", "yuv444p10le"],
        "gray16.mkv": [*_picture(seed=4), "-c:v", "ffv1", "-pix_fmt", "gray16le"],
        "alpha.webm": [*_picture(seed=5), *vp8, "-pix_fmt", "yuva420p"],
        "16x16.mp4": [*_picture("16x16", seed=6), *x264, "-pix_fmt", "yuv420p"],
        "8k.mp4": [*_picture("7680x4320", frames=2, seed=7), *x264, "-pix_fmt", "yuv420p"],
        "changing-rate.mkv": [*_picture(frames=30, seed=8), *_tone(340), *x264, *slowing],
    }
    for name, options in sources.items():
        run([*options, "-threads", "1", _url(folder, name)])
    plain = folder / "good.mp4"
    for name, degrees in (("turned-90.mp4", "90"), ("turned-180.mp4", "180")):
        turn = ["-display_rotation", degrees, "-i", f"file:{plain}"]
        run([*turn, "-c", "copy", _url(folder, name)])
    names = [*sources, "turned-90.mp4", "turned-180.mp4"]
    return dict.fromkeys(names, CAPTIONED)


def index_bomb(samples: int = 85_000_000) -> bytes:
    """An MP4 of some 550 bytes that announces so many samples; FFmpeg indexes each in 24 bytes."""
    entry = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", 64, 64) + bytes(50)
    tables = (
        _box(b"stsd", _numbers(0, 1), _box(b"mp4v", entry)),
        _box(b"stts", _numbers(0, 1, samples, 1)),
        _box(b"stsc", _numbers(0, 1, 1, samples, 1)),
        _box(b"stsz", _numbers(0, 1, samples)),
        _box(b"stco", _numbers(0, 1, 0)),
    )
    media = (
        _box(b"mdhd", _numbers(0, 0, 0, 1000, samples, 0)),
        _box(b"hdlr", bytes(8), b"vide", bytes(13)),
        _box(b"minf", _box(b"vmhd", bytes(12)), _box(b"stbl", *tables)),
    )
    track = _box(b"tkhd", _numbers(0, 0, 0, 1, 0, samples), bytes(60)), _box(b"mdia", *media)
    movie = _box(b"mvhd", _numbers(0, 0, 0, 1000, samples), bytes(80)), _box(b"trak", *track)
    return _box(b"ftyp", b"isom", bytes(4), b"isom") + _box(b"moov", *movie) + _box(b"mdat")


def text_bomb(mebibytes: int = 1900) -> bytes:
    """A PNG of some 2 MB whose compressed text (a zTXt chunk) unfolds to so many MiB."""
    deflate = zlib.compressobj(9)
    first = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    # Without a checksum at the end: by the time that is missed, all is unfolded.
    text = _chunk(b"zTXt", b"Comment\0\0" + first + again * (mebibytes - 1))
    pixels = _chunk(b"IDAT", zlib.compress(bytes(16 * 17)))
    return _png_header(16, 16) + text + pixels + _chunk(b"IEND", b"")


def _stills(folder: Path) -> dict[str, str]:
    forms = {
        "still.jpg": ["yuvj420p"],
        "still.webp": ["yuv420p", "-c:v", "libwebp"],
        "still-palette.png": ["pal8"],
        "still-rgb48.png": ["rgb48be"],
        "still-alpha.png": ["rgba"],
    }
    for seed, (name, form) in enumerate(forms.items(), 10):
        run([*_picture(frames=1, seed=seed), "-pix_fmt", *form, "-update", "1", _url(folder, name)])
    run([*_picture(seed=20), _url(folder, "moving.gif")])
    bomb = _png_header(60_000, 60_000) + _chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
    (folder / "bomb.png").write_bytes(bomb + _chunk(b"IEND", b""))
    names = [*forms, "moving.gif"]
    return {**dict.fromkeys(names, CAPTIONED), "bomb.png": "too_large"}


def _broken(folder: Path) -> dict[str, str]:
    """Files cut short, and files with one side or both overwritten by noise."""
    whole = folder / "whole.mp4"
    x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    run([*_picture(seed=30), *_tone(500), *x264, f"file:{whole}"])
    content = whole.read_bytes()
    (folder / "cut.mp4").write_bytes(content[: content.rindex(b"moov") - 4])
    (folder / "half.mkv").write_bytes(_half_mkv(folder, whole))
    for name, kinds in (
        ("broken-audio.mp4", ("audio",)),
        ("broken-video.mp4", ("video",)),
        ("broken-both.mp4", ("audio", "video")),
    ):
        (folder / name).write_bytes(_with_noise(whole, kinds))
    whole.unlink()
    return {
        "cut.mp4": "truncated",
        "half.mkv": CAPTIONED,
        "broken-audio.mp4": CAPTIONED,
        "broken-video.mp4": CAPTIONED,
        "broken-both.mp4": "broken",
    }


def _bytes(folder: Path) -> dict[str, str]:
    """Files that are no media, and media that holds nothing to see or hear."""
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_bytes(_TEXT * 200)
    (folder / "subtitles.mp4").write_bytes(_SUBTITLES)
    (folder / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(200_000))
    words = folder / "words.srt"
    words.write_bytes(_SUBTITLES)
    run(["-i", f"file:{words}", "-c:s", "mov_text", _url(folder, "only-subtitles.mp4")])
    words.unlink()
    hidden = folder / "unreadable.wav"
    run([*_tone(350), f"file:{hidden}"])
    hidden.chmod(0)
    return {
        "empty.mp4": "empty_file",
        "text.mp4": "not_media",
        "subtitles.mp4": "not_media",
        "noise.mp4": "not_media",
        "only-subtitles.mp4": "no_streams",
        "unreadable.wav": "unreadable" if os.geteuid() else CAPTIONED,
    }


def _playlists(folder: Path) -> dict[str, str]:
    """Files that would make a decoder open other files or hosts."""
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"
    lists = {
        "remote.m3u8": hls.format("http://127.0.0.1:9/a.ts"),
        "local-list.m3u8": hls.format("good.mp4"),
        "list-as.mp4": hls.format("file:///etc/passwd"),
        "concat-as.mkv": "ffconcat version 1.0\nfile good.mp4\n",
        "call-as.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=audio 9 RTP/AVP 0\n",
        "dash.mpd": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">'
        "<Period><AdaptationSet><Representation><BaseURL>good.mp4</BaseURL>"
        "</Representation></AdaptationSet></Period></MPD>\n",
    }
    for name, text in lists.items():
        (folder / name).write_text(text)
    (folder / "elsewhere.mov").write_bytes(_elsewhere(folder))
    return {**dict.fromkeys(lists, "network_reference"), "elsewhere.mov": "broken"}


def _names(folder: Path) -> dict[str, str]:
    for number, name in enumerate(_ODD_NAMES):
        made = folder / "made.wav"
        run([*_tone(600 + 10 * number), f"file:{made}"])
        os.rename(bytes(made), bytes(folder) + b"/" + name)
    return {os.fsdecode(name): CAPTIONED for name in _ODD_NAMES}


def _picture(size: str = "128x96", frames: int = 50, seed: int = 0) -> list[str]:
    """ffmpeg's moving test picture, its hue turned by `seed` so that no two files are the same."""
    source = f"testsrc2=size={size}:rate=25,trim=end_frame={frames},hue=h={seed * 11}"
    return ["-f", "lavfi", "-i", source]


def _tone(hertz: int) -> list[str]:
    return ["-f", "lavfi", "-i", f"sine=frequency={hertz}:sample_rate=48000:duration=2"]


def _url(folder: Path, name: str) -> str:
    return f"file:{folder / name}"


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _numbers(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_header(width: int, height: int) -> bytes:
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", size)


def _half_mkv(folder: Path, whole: Path) -> bytes:
    copy = folder / "copy.mkv"
    run(["-i", f"file:{whole}", "-c", "copy", f"file:{copy}"])
    content = copy.read_bytes()
    copy.unlink()
    return content[: len(content) // 2]


def _with_noise(whole: Path, kinds: tuple[str, ...]) -> bytes:
    """The file with the payload of every packet of these kinds overwritten, its index untouched."""
    import av

    content = bytearray(whole.read_bytes())
    noise = np.random.default_rng(len(kinds))
    with av.open(str(whole)) as container:
        for packet in container.demux():
            if packet.size and packet.pos is not None and packet.stream.type in kinds:
                content[packet.pos : packet.pos + packet.size] = noise.bytes(packet.size)
    return bytes(content)


def _elsewhere(folder: Path) -> bytes:
    """A MOV whose only track lies, it says, in another file (an `alis` data reference)."""
    made = folder / "made.mov"
    run([*_tone(360), "-c:a", "pcm_s16le", f"file:{made}"])
    content = made.read_bytes()
    made.unlink()
    self_contained = struct.pack(">I4sI", 12, b"url ", 1)
    alias = _alias(b"/etc/passwd")
    grown = len(alias) - len(self_contained)
    at = content.rindex(self_contained)
    out = bytearray(content[:at] + alias + content[at + len(self_contained) :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = out.rindex(box, 0, at) - 4
        out[start : start + 4] = struct.pack(">I", struct.unpack_from(">I", out, start)[0] + grown)
    return bytes(out)


def _alias(path: bytes) -> bytes:
    """An `alis` entry (Mac alias record, version 2) with an absolute path, flags 0: not in this file."""
    record = bytes(150)  # names and levels, all empty
    posix = struct.pack(">HH", 2, len(path)) + path + b"\0" * (len(path) % 2)
    end = struct.pack(">HH", 0xFFFF, 0)
    body = struct.pack(">I", 0) + record + posix + end
    return struct.pack(">I4s", 8 + len(body), b"alis") + body


if __name__ == "__main__":
    import sys

    for name, outcome in make(Path(sys.argv[1])).items():
        print(f"{outcome:20} {name!r}")
