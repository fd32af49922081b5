"""F10 names that say little or the wrong thing, and ordinary files as controls."""

import io

from PIL import Image

from tests.mediazoo.case import SKIPPED, TONE_DBFS, Case, Clip
from tests.mediazoo.kitchen import AAC, X264, Kitchen, picture

_WORDS = b"The quick brown fox jumps over the lazy dog.\n" * 40
_TYPESCRIPT = (
    b"""import { Media } from "./media";

export interface Clip { id: string; startMs: number; endMs: number }

export function length(clip: Clip): number {
  return clip.endMs - clip.startMs;
}
"""
    * 12
)
_GENERIC = b"G" + _TYPESCRIPT
"""TypeScript that begins with the sync byte of a transport stream."""
_RED, _SOUND = Clip(("red",), (300,)), Clip((), (300,), TONE_DBFS)
_MPEG = ("-c:v", "mpeg2video", "-c:a", "mp2")
_VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis")


def _sound(kitchen: Kitchen, suffix: str, *codecs: str) -> bytes:
    return kitchen.film("", 300, suffix, *codecs).read_bytes()


def _film(kitchen: Kitchen, suffix: str, *codecs: str) -> bytes:
    return kitchen.film("red", 300, suffix, *codecs).read_bytes()


def _still(form: str, shade: int = 255, **options: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (96, 64), (shade, 0, 0)).save(out, form, **options)
    return out.getvalue()


def _heif(kitchen: Kitchen) -> bytes:
    import pillow_heif

    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (96, 64), (255, 0, 0))).save(out, quality=80)
    return out.getvalue()


def _jxl(kitchen: Kitchen) -> bytes:
    return kitchen.ffmpeg(
        "red.jxl", *picture("red", 1, 1), "-frames:v", "1", "-c:v", "libjxl"
    ).read_bytes()


def _mpeg_video(kitchen: Kitchen) -> bytes:
    options = ("-c:v", "mpeg2video", "-f", "mpeg2video")
    return kitchen.ffmpeg("red.mpv", *picture("red", 2, 25), *options).read_bytes()


_STILL = (Clip(("red",), ()),)
F10 = (
    Case("f10-web.weba", "F10", lambda k: _sound(k, "webm", "-c:a", "libopus"), (_SOUND,), 2),
    Case("f10-saved.jfif", "F10", lambda k: _still("JPEG", 254), _STILL, size=(96, 64)),
    Case("f10-phone.heif", "F10", _heif, _STILL, size=(96, 64)),
    Case("f10-new.jxl", "F10", _jxl, _STILL, size=(128, 96)),
    Case("f10-tape.m2t", "F10", lambda k: _film(k, "ts", *_MPEG, "-g", "5"), (_RED,), 2),
    Case("f10-mac.aifc", "F10", lambda k: _aifc(k), (_SOUND,), 2),
    Case("f10-long.w64", "F10", lambda k: _sound(k, "w64", "-c:a", "pcm_s16le"), (_SOUND,), 2),
    Case("f10-dvd.mpv", "F10", _mpeg_video, (Clip(("red",), ()),), 2),
    Case("f10-song", "F10", lambda k: _sound(k, "mp3", "-c:a", "libmp3lame"), (_SOUND,), 2),
    Case("f10-photo", "F10", lambda k: _still("PNG", 253), _STILL, size=(96, 64)),
    Case("f10-film.abcdef", "F10", lambda k: _film(k, "mp4"), (_RED,), 2),
    Case("f10-export.v2.final", "F10", lambda k: _film(k, "webm", *_VP8), (_RED,), 2),
    Case("f10-source.ts", "F10", lambda k: _TYPESCRIPT, outcome=SKIPPED),
    Case("f10-Generic.ts", "F10", lambda k: _GENERIC, outcome=SKIPPED),
    Case("f10-module.mts", "F10", lambda k: b"// a module\n" + _TYPESCRIPT, outcome=SKIPPED),
    Case("f10-script.py", "F10", lambda k: b"print('hello')\n" * 90, outcome=SKIPPED),
    Case("f10-notes.txt", "F10", lambda k: _WORDS, outcome=SKIPPED),
    Case("f10-README", "F10", lambda k: b"Read me first.\n" + _WORDS, outcome=SKIPPED),
    Case("f10-table.csv", "F10", lambda k: b"a,b,c\n1,2,3\n" * 99, outcome=SKIPPED),
    Case("f10-page.whatever", "F10", lambda k: b"<!doctype html><p>" + _WORDS, outcome=SKIPPED),
)  # fmt: skip


def _aifc(kitchen: Kitchen) -> bytes:
    """AIFF of little-endian samples is an AIFC."""
    return _sound(kitchen, "aif", "-c:a", "pcm_s16le", "-f", "aiff")


CONTROLS = (
    Case("plain.mp4", "control", lambda k: _film(k, "mp4", *X264, *AAC, "-ac", "2"), (_RED,), 2),
    Case("plain.mkv", "control", lambda k: _film(k, "mkv", *X264, "-c:a", "flac"), (_RED,), 2),
    Case("plain.webm", "control", lambda k: _film(k, "webm", *_VP8, "-ac", "2"), (_RED,), 2),
    Case(
        "plain.avi",
        "control",
        lambda k: _film(k, "avi", "-c:v", "mjpeg", "-c:a", "pcm_s16le"),
        (_RED,),
        2,
    ),
    Case("plain.ts", "control", lambda k: _film(k, "ts", *_MPEG), (_RED,), 2, 0.3),
    Case(
        "plain.mp3",
        "control",
        lambda k: _sound(k, "mp3", "-c:a", "libmp3lame", "-b:a", "160k"),
        (_SOUND,),
        2,
    ),
    Case("plain.opus", "control", lambda k: _sound(k, "opus", "-c:a", "libopus"), (_SOUND,), 2),
    Case("plain.wav", "control", lambda k: _sound(k, "wav", "-c:a", "pcm_s24le"), (_SOUND,), 2),
    Case("plain.jpg", "control", lambda k: _still("JPEG", quality=95), _STILL, size=(96, 64)),
    Case("plain.png", "control", lambda k: _still("PNG"), _STILL, size=(96, 64)),
)
