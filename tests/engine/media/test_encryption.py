"""Encrypted media is called encrypted, whatever its container; its clear side is used."""

import struct
from pathlib import Path

import numpy as np
import pytest

from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import run
from engine.media.open import MediaError
from engine.media.probe import probe

pytestmark = pytest.mark.run

_FILM = ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=10:d=3", "-f", "lavfi", "-i", "sine=500:d=3"]
_CODECS = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
_KEYS = [
    *("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"),
    *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"),
]


def _made(path: Path, *options: str) -> bytearray:
    run([*_FILM, *_CODECS, *options, str(path)])
    return bytearray(path.read_bytes())


def _outcome(path: Path, content: bytes | None = None) -> str:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError) as caught:
        probe(bytes(path))
    assert caught.value.reason != "encrypted" or "(DRM)" in caught.value.message
    return caught.value.reason


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.m4v"])
@pytest.mark.parametrize("flags", ["+faststart", "+frag_keyframe+empty_moov"])
def test_common_encryption(tmp_path: Path, name: str, flags: str) -> None:
    _made(tmp_path / name, *_KEYS, "-movflags", flags, "-f", "mp4")
    assert _outcome(tmp_path / name) == "encrypted"


@pytest.mark.parametrize("entry", [b"drms", b"aavd", b"enca"])
def test_bought_music_and_books(tmp_path: Path, entry: bytes) -> None:
    content = _made(tmp_path / "a.m4p", "-vn", "-f", "ipod")
    at = content.index(b"mp4a", content.index(b"stsd"))
    content[at : at + 4] = entry
    noise = np.random.default_rng(1).integers(0, 256, 20_000, np.uint8).tobytes()
    media = content.index(b"mdat") + 4
    content[media : media + 20_000] = noise[: max(0, len(content) - media)]
    assert _outcome(tmp_path / "a.m4p", content) == "encrypted"


def test_the_clear_side_is_used(tmp_path: Path) -> None:
    content = _made(tmp_path / "a.mp4", "-movflags", "+faststart")
    at = content.index(b"mp4a", content.index(b"soun"))
    content[at : at + 4] = b"enca"
    (tmp_path / "a.mp4").write_bytes(content)
    probed = probe(bytes(tmp_path / "a.mp4"))
    assert (probed.kind, probed.has_audio) == ("video", False)
    assert probed.audio_reason == "audio stream is encrypted (DRM)"
    plan = DecodePlan((16_000,), 2, 64)
    media = decode(bytes(tmp_path / "a.mp4"), "c", "h", 0, 3000, plan, False, True).media
    assert media.frames is not None
    assert not media.audio


@pytest.mark.parametrize("name", ["a.mp4", "a.ts"])
@pytest.mark.parametrize("first", ["clear", "encrypted"])
def test_a_clear_recording_beside_an_encrypted_one_is_used(
    tmp_path: Path, name: str, first: str
) -> None:
    clear = _made(tmp_path / name)
    if name == "a.ts":
        parts = {"clear": clear, "encrypted": _scramble(bytearray(clear), {256, 257})}
    else:
        parts = {"clear": clear, "encrypted": _made(tmp_path / name, *_KEYS)}
    order = sorted(parts, reverse=first == "encrypted")
    (tmp_path / name).write_bytes(b"".join(parts[kind] for kind in order))
    segments = probe(bytes(tmp_path / name)).segments
    faults = {kind: segment.fault for kind, segment in zip(order, segments, strict=True)}
    assert faults == {"clear": None, "encrypted": "encrypted"}
    used = segments[order.index("clear")]
    assert (used.has_audio, used.has_video) == (True, True)


def _scramble(content: bytearray, pids: set[int]) -> bytearray:
    rng = np.random.default_rng(2)
    for at in range(0, len(content), 188):
        if int.from_bytes(content[at + 1 : at + 3]) & 0x1FFF in pids:
            content[at + 3] |= 0x80
            content[at + 12 : at + 188] = rng.integers(0, 256, 176, np.uint8).tobytes()
    return content


def test_scrambled_broadcasts(tmp_path: Path) -> None:
    content = _made(tmp_path / "a.ts")
    assert _outcome(tmp_path / "a.ts", _scramble(content, {256, 257})) == "encrypted"
    with_times = b"".join(b"\0\0\0\0" + content[n : n + 188] for n in range(0, len(content), 188))
    assert _outcome(tmp_path / "a.m2ts", with_times) == "encrypted"
    sound = _scramble(_made(tmp_path / "b.ts"), {257})
    (tmp_path / "b.ts").write_bytes(sound)
    assert probe(bytes(tmp_path / "b.ts")).kind == "video"


def test_sample_aes(tmp_path: Path) -> None:
    """Only the samples are encrypted: the program map tells."""
    content = _made(tmp_path / "a.ts")
    for at in range(0, len(content), 188):
        if content[at + 5 : at + 6] == b"\2" and content[at + 1] & 0x40:
            packet = content[at : at + 188]
            packet = packet.replace(b"\x1b\xe1\x00", b"\xdb\xe1\x00")
            content[at : at + 188] = packet.replace(b"\x0f\xe1\x01", b"\xcf\xe1\x01")
    assert _outcome(tmp_path / "a.ts", content) == "encrypted"


@pytest.mark.parametrize(
    "guid",
    [
        "fbb3112223bdd211b4b700a0c955fc6e",
        "14e68a292226174cb935dae07ee9289c",
        "338505438169e6499b74ad12cb86d58c",
    ],
)
def test_windows_media(tmp_path: Path, guid: str) -> None:
    run(["-f", "lavfi", "-i", "sine=500:d=3", "-c:a", "wmav2", str(tmp_path / "a.wma")])
    content = bytearray((tmp_path / "a.wma").read_bytes())
    length, count = struct.unpack("<QI", content[16:28])
    added = bytes.fromhex(guid) + struct.pack("<Q", 32) + bytes(8)
    content[16:28] = struct.pack("<QI", length + len(added), count + 1)
    content[30:30] = added
    assert _outcome(tmp_path / "a.wma", content) == "encrypted"


def _element(kind: str, content: bytes) -> bytes:
    return bytes.fromhex(kind) + (0x0100_0000_0000_0000 | len(content)).to_bytes(8) + content


def test_webm(tmp_path: Path) -> None:
    run([*_FILM[:4], "-c:v", "libvpx", "-f", "webm", "-live", "1", str(tmp_path / "a.webm")])
    content = bytearray((tmp_path / "a.webm").read_bytes())
    key = _element("47e1", b"\5") + _element("47e2", b"0123456789abcdef")
    scheme = _element("5033", b"\1") + _element("5031", b"\0") + _element("5035", key)
    added = _element("6d80", _element("6240", scheme))
    end = content.rindex(b"\x16\x54\xae\x6b")
    for kind in (b"\x16\x54\xae\x6b", b"\xae"):  # all tracks, then the first of them
        at = content.index(kind, end) + len(kind)
        size = 9 - content[at].bit_length()
        length = int.from_bytes(content[at : at + size]) & (1 << 7 * size) - 1
        content[at : at + size] = _element("", bytes(length + len(added)))[:8]
        end = at + 8
    end += length
    content[end:end] = added
    assert _outcome(tmp_path / "a.webm", content) == "encrypted"


def test_what_is_not_encrypted_is_not_called_so(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.ts", "a.mkv", "a.mov"):
        _made(tmp_path / name)
        assert probe(bytes(tmp_path / name)).kind == "video"
    noise = np.random.default_rng(1).integers(0, 256, 50_000, np.uint8).tobytes()
    assert _outcome(tmp_path / "noise.mp4", noise) == "not_media"
