"""Whether media is encrypted, as its container says. Nothing is decrypted.

MP4 and MOV: sample entries of common encryption (ISO/IEC 23001-7), FairPlay and Audible. MPEG-TS: packets
that are scrambled (ISO/IEC 13818-1) and the stream types of HLS's SAMPLE-AES. ASF: the encryption
objects of its header. WebM: FFmpeg gives the id of the key. MXF: the cryptographic framework (SMPTE
ST 429-6) of cinema packages.

Segments of HLS that are encrypted whole (AES-128) are noise that nothing tells from other noise.
"""

from dataclasses import dataclass
from io import FileIO
from typing import Any

import numpy as np

from engine.media.boxes import Box, boxes, content, find, whole
from engine.media.movies import STARTS
from engine.media.open import WHOLE, Range, open_file
from engine.media.recordings import ASF
from engine.media.transport import form_of

ENCRYPTED = "the file is encrypted (DRM): only players that have its key can show it"
LOCKED = "is encrypted (DRM)"

_ENTRIES = {b"encv", b"enca", b"encs", b"enct", b"drms", b"drmi", b"aavd"}
_ASF_OBJECTS = (
    bytes.fromhex("fbb31122 23bdd211 b4b700a0c955fc6e"),  # content encryption
    bytes.fromhex("14e68a29 2226 174c b935 dae07ee9289c"),  # extended: PlayReady
    bytes.fromhex("33850543 8169 e649 9b74 ad12cb86d58c"),  # advanced
)
_MXF = bytes.fromhex("060e2b34")
_MXF_CRYPTOGRAPHY = bytes.fromhex("060e2b34 0401 0107 0d01 0401 0201 0100")
_AUDIBLE = bytes.fromhex("57907536")
_HEAD = 4096
_MOST_HEADER = 1 << 20
# Of MPEG-TS so much is looked at: a second or two.
_MOST_TS = 2 << 20
_SAMPLE_AES = {0xDB: b"", 0xCF: b"", 0xC1: b"ac3d", 0xC2: b"ec3d"}


@dataclass(frozen=True, slots=True)
class Encryption:
    """What of a recording is encrypted: all, or the streams with these ids (track numbers, PIDs)."""

    whole: bool = False
    ids: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.whole or bool(self.ids)

    def holds(self, stream: Any) -> bool:
        """Whether a stream of it, as PyAV gives it, is encrypted."""
        return self.whole or stream.id in self.ids or "enc_key_id" in stream.metadata


def encryption(path: bytes, part: Range = WHOLE) -> Encryption:
    """What is encrypted in a part of the file at `path`. Raises MediaError when it can't be opened."""
    with open_file(path) as (file, _):
        end = whole(file).end if part[1] is None else part[1]
        return _of(file, Box(b"", part[0], end))


def _of(file: FileIO, part: Box) -> Encryption:
    def first(count: int) -> bytes:
        return content(file, part, count)

    head = first(_HEAD)
    if head[4:8] in STARTS:
        return Encryption(ids=frozenset(_tracks(file, part)))
    if head.startswith(ASF):
        length = int.from_bytes(head[16:24], "little")
        header = first(min(length, _MOST_HEADER))
        return Encryption(any(object_id in header for object_id in _ASF_OBJECTS))
    if head.startswith(_MXF):
        return Encryption(_MXF_CRYPTOGRAPHY in first(_MOST_HEADER))
    if head[4:8] == _AUDIBLE:
        return Encryption(True)
    if (form := form_of(head)) is not None:
        return Encryption(ids=_scrambled(first(_MOST_TS)[form.first + form.lead :], form.size))
    return Encryption()


def _tracks(file: FileIO, part: Box) -> set[int]:
    """Numbers of the tracks whose samples are encrypted."""
    numbers = set()
    for movie in find(file, part, b"moov"):
        for track in find(file, movie, b"trak"):
            entries = set()
            for table in find(file, track, b"mdia", b"minf", b"stbl", b"stsd"):
                entries |= {entry.kind for entry in boxes(file, table.start + 8, table.end)}
            header = b"".join(content(file, box, 32) for box in find(file, track, b"tkhd"))
            at = 20 if header[:1] == b"\1" else 12
            if entries & _ENTRIES:
                numbers.add(int.from_bytes(header[at : at + 4]))
    return numbers


def _scrambled(content: bytes, stride: int) -> frozenset[int]:
    """PIDs whose packets are for the most part scrambled, or whose stream type says SAMPLE-AES."""
    count = len(content) // stride
    packets = np.frombuffer(content, np.uint8, count * stride).reshape(count, stride)[:, :188]
    packets = packets[(packets[:, 0] == 0x47) & (packets[:, 3] & 0x10 > 0)]
    pids = (packets[:, 1].astype(int) & 0x1F) << 8 | packets[:, 2]
    locked = np.bincount(pids, weights=packets[:, 3] >> 7, minlength=1)
    ids = set(np.flatnonzero(2 * locked > np.bincount(pids, minlength=1)).tolist())
    for start in np.flatnonzero(packets[:, 1] & 0x40)[:1000].tolist():
        ids |= _sample_aes(packets[start].tobytes())
    return frozenset(ids)


def _sample_aes(packet: bytes) -> set[int]:
    """PIDs of SAMPLE-AES in the packet of a program map; none in any other packet."""
    at = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    if at >= len(packet):
        return set()
    section = packet[at + 1 + packet[at] :]
    if len(section) < 12 or section[0] != 2 or section[1] & 0xC0 != 0x80:
        return set()
    end = 3 + (int.from_bytes(section[1:3]) & 0xFFF) - 4
    at, pids = 12 + (int.from_bytes(section[10:12]) & 0xFFF), set()
    while at + 5 <= min(end, len(section)):
        length = int.from_bytes(section[at + 3 : at + 5]) & 0xFFF
        mark = _SAMPLE_AES.get(section[at])
        if mark is not None and mark in section[at + 5 : at + 5 + length]:
            pids.add(int.from_bytes(section[at + 1 : at + 3]) & 0x1FFF)
        at += 5 + length
    return pids
