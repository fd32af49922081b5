"""F4 channels that cancel, F5 silent tracks, F6 tracks that nothing decodes, F9 quiet sound."""

import io
import struct
import wave
import zlib

import numpy as np

from tests.mediazoo.case import FILTERED, TONE_DBFS, Case, Clip
from tests.mediazoo.kitchen import AAC, X264, Kitchen, mpeg_crc, picture, silence, tone

_HZ = 48_000


def _panned(
    kitchen: Kitchen, suffix: str, pan: str, *codecs: str, film: bool = False, hertz: int = 400
) -> bytes:
    inputs = [*tone(hertz), *(picture("red") if film else ())]
    name = f"pan-{hertz}-{len(pan)}-{zlib.crc32(repr((pan, codecs)).encode()):08x}.{suffix}"
    return kitchen.ffmpeg(name, *inputs, "-af", f"pan={pan}", *codecs).read_bytes()


def _f4(name: str, pan: str, *codecs: str, dbfs: float = TONE_DBFS, film: bool = False) -> Case:
    suffix = name.rsplit(".", 1)[1]
    clip = Clip(("red",) if film else (), (400,), dbfs)
    return Case(name, "F4", lambda k: _panned(k, suffix, pan, *codecs, film=film), (clip,), 2, 0.2)


_PHASE = "stereo|c0=c0|c1=-1*c0"
F4 = (
    _f4("f04-phase.mp3", _PHASE, "-c:a", "libmp3lame", "-b:a", "192k"),
    _f4("f04-phase.mov", _PHASE, "-c:v", "mjpeg", "-c:a", "pcm_s24le", film=True),
    _f4("f04-phase.mka", _PHASE, "-c:a", "pcm_f32le"),
    _f4("f04-nearly-phase.flac", "stereo|c0=c0|c1=-0.9*c0"),
    _f4("f04-phase-quad.wav", "quad|c0=c0|c1=-1*c0|c2=c0|c3=-1*c0"),
    _f4("f04-right.flac", "stereo|c0=0*c0|c1=c0"),
    _f4("f04-right.ogg", "stereo|c0=0*c0|c1=c0", "-c:a", "libvorbis", "-q:a", "6"),
    _f4("f04-centre.ac3", "5.1|FC=c0", "-c:a", "ac3", "-b:a", "384k"),
    _f4("f04-back.mka", "7.1|BL=c0", "-c:a", "flac"),
    _f4("f04-side.mkv", "5.1(side)|SL=c0", *X264, "-c:a", "eac3", film=True),
    _f4("f04-both.wav", "stereo|c0=c0|c1=c0"),
)


def _tracks(kitchen: Kitchen, name: str, tracks: list[list[str]], *codecs: str) -> bytes:
    inputs = [option for track in [picture("red"), *tracks] for option in track]
    maps = [option for number in range(len(tracks) + 1) for option in ("-map", str(number))]
    return kitchen.ffmpeg(name, *inputs, *maps, *codecs, "-t", "2").read_bytes()


def _late_start(kitchen: Kitchen) -> bytes:
    """The second track is silent but for its last seconds, the first altogether."""
    inputs = [*picture("red", 10), *silence(10), *silence(7), *tone(700, 3)]
    joint = ["-filter_complex", "[2:a][3:a]concat=n=2:v=0:a=1[late]"]
    maps = ["-map", "0:v", "-map", "1:a", "-map", "[late]"]
    return kitchen.ffmpeg("late.mov", *inputs, *joint, *maps, *X264, *AAC).read_bytes()


_HISS = ["-f", "lavfi", "-i", f"anoisesrc=a=0.00005:r={_HZ}:d=2:seed=5"]
_SECOND = (Clip(("red",), (700,)),)
_MAIN = ("-metadata:s:a:0", "language=eng", "-disposition:a:0", "0", "-metadata:s:a:1", "language=fra",
         "-disposition:a:1", "default")  # fmt: skip
_WEBM = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")
F5 = (
    Case("f05-second.mp4", "F5", lambda k: _tracks(k, "second.mp4", [silence(), tone(700)], *X264, *AAC),
         _SECOND, 2),
    Case("f05-second.ts", "F5", lambda k: _tracks(k, "second.ts", [silence(), tone(700)], "-c:v",
         "mpeg2video", "-c:a", "mp2"), _SECOND, 2),
    Case("f05-second.webm", "F5", lambda k: _tracks(k, "second.webm", [silence(), tone(700)], *_WEBM),
         _SECOND, 2),
    Case("f05-third.mkv", "F5", lambda k: _tracks(k, "third.mkv", [silence(), silence(layout="mono"),
         tone(700)], *X264, "-c:a", "flac"), _SECOND, 2),
    Case("f05-hiss-first.mkv", "F5", lambda k: _tracks(k, "hiss.mkv", [_HISS, tone(700)], *X264,
         "-c:a", "flac"), _SECOND, 2),
    Case("f05-late.mov", "F5", _late_start, (Clip(("red",), (700,)),), 10),
    Case("f05-languages.mkv", "F5", lambda k: _tracks(k, "lang.mkv", [tone(500), tone(700)], *X264,
         "-c:a", "flac", *_MAIN), _SECOND, 2),
    Case("f05-first.mkv", "F5", lambda k: _tracks(k, "first.mkv", [tone(700), silence()], *X264,
         "-c:a", "flac"), _SECOND, 2),
)  # fmt: skip


def _unknown(kitchen: Kitchen, which: int) -> bytes:
    """Two tracks of AAC, the entry of one renamed to what nobody knows."""
    hertz = [700, 700]
    hertz[which] = 500
    tracks = [tone(number) for number in hertz]
    content = bytearray(_tracks(kitchen, f"two{which}.mp4", tracks, *X264, *AAC))
    starts = [at for at in range(len(content) - 20) if content[at : at + 4] == b"stsd"]
    entries = [at + 16 for at in starts if content[at + 16 : at + 20] == b"mp4a"]
    content[entries[which] : entries[which] + 4] = b"zzq1"
    at = content.index(b"esds", entries[which])
    content[at : at + 4] = b"free"
    return bytes(content)


def _unknown_mkv(kitchen: Kitchen) -> bytes:
    content = _tracks(kitchen, "two.mkv", [tone(500), tone(700)], *X264, "-c:a:0", "pcm_s16le",
                      "-c:a:1", "flac")  # fmt: skip
    return content.replace(b"A_PCM/INT/LIT", b"A_XYZ/INT/LIT", 1)


def _overwrite(content: bytearray, at: int, noise: np.random.Generator) -> None:
    """Fills a packet with noise, but for its head and those of its PES."""
    head = at + 4 + (1 + content[at + 4] if content[at + 3] & 0x20 else 0)
    if content[at + 1] & 0x40:
        head += 9 + content[head + 8]
    content[head : at + 188] = noise.bytes(at + 188 - head)


def _unknown_ts(kitchen: Kitchen) -> bytes:
    """The first of two tracks has a stream type and data that nobody knows."""
    noise = np.random.default_rng(6)
    content = bytearray(_tracks(kitchen, "two.ts", [tone(500), tone(700)], "-c:v", "mpeg2video",
                                "-c:a", "ac3"))  # fmt: skip
    for at in range(0, len(content), 188):
        packet = content[at : at + 188]
        if (packet[1] & 0x1F) << 8 | packet[2] == 0x101:
            _overwrite(content, at, noise)
        start = 4 + 1  # no adaptation field in packets of tables
        if not packet[1] & 0x40 or packet[3] & 0x20 or packet[start] != 2 or packet[4]:
            continue
        length = (packet[start + 1] & 15) << 8 | packet[start + 2]
        stream = start + 12 + ((packet[start + 10] & 15) << 8 | packet[start + 11])
        types: list[int] = []
        while stream < start + 3 + length - 4:
            types.append(stream)
            stream += 5 + ((packet[stream + 3] & 15) << 8 | packet[stream + 4])
        first = types[1]
        packet[first] = 0x9A
        size = (packet[first + 3] & 15) << 8 | packet[first + 4]
        packet[first + 5 : first + 5 + size] = (
            b"\xff" + bytes([size - 2]) + bytes(size - 2) if size else b""
        )
        crc = mpeg_crc(bytes(packet[start : start + 3 + length - 4]))
        struct.pack_into(">I", packet, start + 3 + length - 4, crc)
        content[at : at + 188] = packet
    return bytes(content)


def _unknown_picture(kitchen: Kitchen) -> bytes:
    content = _tracks(kitchen, "picture.mov", [tone(700)], "-c:v", "mjpeg", "-c:a", "pcm_s16le")
    at = content.index(b"stsd")
    return content[:at] + content[at:].replace(b"jpeg", b"zzq2", 1)


F6 = (
    Case("f06-second.mp4", "F6", lambda k: _unknown(k, 1), _SECOND, 2),
    Case("f06-first.mp4", "F6", lambda k: _unknown(k, 0), _SECOND, 2),
    Case("f06-first.mkv", "F6", _unknown_mkv, _SECOND, 2),
    Case("f06-first.ts", "F6", _unknown_ts, _SECOND, 2),
    Case("f06-picture.mov", "F6", _unknown_picture, (Clip((), (700,)),), 2),
)


def _wav(samples: np.ndarray) -> bytes:
    """A mono WAV of 16 bits with dither of one step."""
    noise = np.random.default_rng(7)
    dither = noise.random(samples.size) - noise.random(samples.size)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_HZ)
        file.writeframes(np.round(samples * 32768 + dither).astype("<i2").tobytes())
    return out.getvalue()


def _at(samples: np.ndarray, dbfs: float) -> np.ndarray:
    levelled: np.ndarray = samples * 10 ** (dbfs / 20) / np.sqrt(np.mean(samples**2))
    return levelled


_TIME = np.arange(4 * _HZ) / _HZ


def _chirps() -> np.ndarray:
    """Birdsong: short sweeps from 3 to 6 kHz, four a second."""
    phase = 2 * np.pi * (3000 * _TIME + 6000 * np.square(_TIME % 0.25))
    sweeps: np.ndarray = np.sin(phase) * (_TIME % 0.25 < 0.1)
    return sweeps


def _bursts() -> np.ndarray:
    """Steps: short bursts of noise, two a second."""
    coarse = np.arange(0, _TIME.size, 12)  # nothing above what the zoo listens to
    noise = np.interp(
        np.arange(_TIME.size), coarse, np.random.default_rng(3).normal(size=coarse.size)
    )
    bursts: np.ndarray = noise * np.exp(-((_TIME + 0.25) % 0.5) * 30)
    return bursts


def _melody() -> np.ndarray:
    """Four notes, one a second."""
    notes: np.ndarray = np.sin(
        2 * np.pi * _TIME * np.choose(_TIME.astype(int), [440, 554, 659, 880])
    )
    return notes


def _hiss() -> np.ndarray:
    return np.random.default_rng(4).normal(size=_TIME.size)


def _f9(name: str, samples: np.ndarray, dbfs: float) -> Case:
    return Case(name, "F9", lambda k: _wav(_at(samples, dbfs)), (Clip((), None, dbfs),), 4)


F9 = (
    _f9("f09-birds.wav", _chirps(), -62),
    _f9("f09-steps.wav", _bursts(), -60),
    _f9("f09-melody.wav", _melody(), -65),
    Case("f09-silence.wav", "F9", lambda k: _wav(np.zeros(4 * _HZ)), outcome=FILTERED, seconds=4),
    Case("f09-hiss.wav", "F9", lambda k: _wav(_at(_hiss(), -84)), outcome=FILTERED, seconds=4),
)
