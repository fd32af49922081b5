"""Whether the first bytes of a file are those of sound, pictures or film, when its name does not tell.

The signatures are those of the formats that `engine.media.open` reads. Those that are short are held to
more of the format, so that no text, archive, document, font or database is taken for media.
"""

import os
import re
import stat
from collections.abc import Callable

from manifests.sources import names

HEAD_BYTES = 4096

_SIGNATURES = re.compile(
    rb"""\x1a\x45\xdf\xa3.{0,64}?\x42\x82.{1,8}?(?:webm|matroska)  # Matroska, WebM
    | RIFF.{4}(?:WAVE|AVI[ ]|WEBP) | (?:RF64|BW64).{4}WAVE
    | FORM.{4}(?:AIFF|AIFC) | fLaC | OggS\x00 | FLV\x01 | \.RMF\x00 | \.ra\xfd
    | ID3[\x02-\x04].[\x00-\xf0][\x00-\x7f]{4}              # tags before MP3 and others
    | \x89PNG\r\n\x1a\n | GIF8[79]a | \xff\xd8\xff[\xc0-\xfe] | II\x2a\x00 | MM\x00\x2a
    | \x00\x00\x00\x0c(?:jP\x20\x20|JXL\x20)\r\n\x87\n | \xff\x0a[\x00-\xff]{10} | \xff\x4f\xff\x51
    | qoif.{8}[\x03\x04][\x00\x01] | 8BPS\x00\x01 | \x76\x2f\x31\x01 | \#\?(?:RADIANCE|RGBE)\n
    | P[456][ \t\r\n](?:\#[^\n]*\n)*\s*\d+\s+\d+\s | P7\nWIDTH[ ]
    | \x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c  # ASF
    | \xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d  # WTV
    | riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00              # Wave64
    | \x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02                      # MXF
    | \x00\x00\x01\xba[\x21-\x2f\x44-\x7f]                              # MPEG program stream
    | \x00\x00\x01\xb3.{3}[\x11-\xe8]                                  # MPEG-1 and 2 video
    | \x00\x00\x01\xb0.{1}\x00\x00\x01\xb5                               # MPEG-4 video
    | DKIF\x00\x00 | nut/multimedia[ ]container\x00 | YUV4MPEG2[ ] | \x1f\x07\x00[\x3f\xbf]
    | \.snd\x00\x00.{6}\x00\x00\x00[\x01-\x1b] | caff\x00\x01 | Creative[ ]Voice[ ]File\x1a
    | \#!AMR(?:-WB)?\n | MAC\x20.[\x0c-\x10] | wvpk.{4}.[\x04] | TTA[12]\x01\x00 | tBaK
    | MPCK(?:SH|RG|EI|SO|AP) | MP\+[\x07\x17] | \x7f\xfe\x80\x01""",
    re.DOTALL | re.VERBOSE,
)
_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"moof"}
_RAW_PHOTOS = (b"crx ",)
_BITMAP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}
# Bytes that no text has, in any encoding that has ASCII in it.
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MP3_KBITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_AC3_KBITS = (
    32,
    40,
    48,
    56,
    64,
    80,
    96,
    112,
    128,
    160,
    192,
    224,
    256,
    320,
    384,
    448,
    512,
    576,
    640,
)


def head_of(path: bytes) -> bytes | None:
    """The first 4 KiB of a file; None when it is no plain file or can't be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return os.read(descriptor, HEAD_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def holds_media(path: bytes) -> bool:
    """Whether a file is media by its name, or by its first 4 KiB where the name does not tell."""
    suffix = names.suffix(os.path.basename(path))
    if suffix in names.MEDIA or names.is_other(suffix):
        return suffix in names.MEDIA
    head = head_of(path)
    if suffix in names.SHARED:
        return head is None or not is_text(head)
    if head is None:
        return False
    if suffix in names.TRANSPORT and is_text(head):
        return False
    return is_media(head)


def is_media(head: bytes) -> bool:
    """Whether a file that begins like this is sound, pictures or film."""
    if _SIGNATURES.match(head) or _is_movie(head) or _is_bitmap(head) or is_transport(head):
        return True
    return any(_repeats(head, length) for length in (_mp3, _adts, _ac3))


def is_text(head: bytes) -> bool:
    """Whether it is text, in whatever encoding. No bytes are no text."""
    return head.startswith(_UTF16) or (bool(head) and not _CONTROLS.search(head))


def is_transport(head: bytes) -> bool:
    """Whether it is an MPEG transport stream: a sync byte every 188 bytes, or every 192 or 204 with times
    or checksums. It may begin within a packet; less than five packets have to be whole."""
    if is_text(head):
        return False
    for stride in (188, 192, 204):
        whole = len(head) % stride == 0
        for start in range(min(stride, len(head)) if len(head) >= 5 * stride else 5 * whole):
            places = range(start, len(head) - 3, stride)
            if places and all(_is_packet(head[at : at + 4]) for at in places):
                return True
    return False


def _is_packet(header: bytes) -> bool:
    """Whether these four bytes can begin a packet: its payload or its times are there, and no error."""
    return header[0] == 0x47 and not header[1] & 0x80 and bool(header[3] & 0x30)


def _is_movie(head: bytes) -> bool:
    """Whether it begins with a box of MP4 or MOV, one that can't be text, and is no raw photo."""
    if (
        len(head) < 16
        or head[4:8] not in _BOXES
        or 0x20 <= head[0] < 0x7F
        or head[8:12] in _RAW_PHOTOS
    ):
        return False
    length = int.from_bytes(head[:4])
    if head[4:8] == b"ftyp":
        return 16 <= length <= 1024
    following = head[length + 4 : length + 8]
    return length == 1 or (length >= 8 and (not following or following in _BOXES))


def _is_bitmap(head: bytes) -> bool:
    if len(head) < 18 or head[:2] != b"BM" or head[6:10] != bytes(4):
        return False
    return int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS


def _repeats(head: bytes, length: Callable[[bytes], int]) -> bool:
    """Whether frames follow each other: three of them, or all there are of a shorter file."""
    at, frames = 0, 0
    while frames < 3 and at + 8 <= len(head):
        size = length(head[at : at + 8])
        if not size:
            return False
        at += size
        frames += 1
    return frames >= 2


def _mp3(frame: bytes) -> int:
    """Length of an MPEG audio frame by its header; 0 when it is none."""
    version, layer = frame[1] >> 3 & 3, frame[1] >> 1 & 3
    rate, bits, padding = frame[2] >> 2 & 3, frame[2] >> 4, frame[2] >> 1 & 1
    if frame[0] != 0xFF or frame[1] < 0xE0 or version == 1 or layer not in (1, 2):
        return 0
    if rate == 3 or not 0 < bits < 15:
        return 0
    hertz = (44_100, 48_000, 32_000)[rate] >> (0 if version == 3 else 1 if version == 2 else 2)
    kbits = _MP3_KBITS[0 if version == 3 else 1][bits]
    if version == 3 and layer == 2:  # layer II has bit rates of its own
        kbits = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)[bits]
    return (144_000 if version == 3 or layer == 2 else 72_000) * kbits // hertz + padding


def _adts(frame: bytes) -> int:
    """Length of an AAC frame by its ADTS header; 0 when it is none."""
    if frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0 or frame[2] >> 2 & 15 > 12:
        return 0
    length = (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5
    return length if length > 7 else 0


def _ac3(frame: bytes) -> int:
    """Length of an AC-3 or E-AC-3 frame by its header; 0 when it is none."""
    if frame[:2] != b"\x0b\x77":
        return 0
    if frame[5] >> 3 > 10:  # E-AC-3
        return 2 * ((frame[2] & 7) << 8 | frame[3]) + 2 if frame[5] >> 3 <= 16 else 0
    rate, code = frame[4] >> 6, frame[4] & 63
    if rate == 3 or code >= 2 * len(_AC3_KBITS):
        return 0
    kbits = _AC3_KBITS[code >> 1]
    return (4 * kbits, 2 * (kbits * 320 // 147 + (code & 1)), 6 * kbits)[rate]
