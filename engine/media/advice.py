"""What a file that no format reads is, in a user's words, and the command that makes it usable."""

import re

# Start codes of H.264, HEVC and VC-1; the delimiter of AV1.
_BARE = re.compile(
    rb"\x00{2,3}\x01(?:[\x09\x27\x47\x67].|[\x40\x42\x44\x46]\x01|\x0f)|\x12\x00\x0a",
    re.DOTALL,
)
_ARCHIVES = (
    *(b"PK\3\4", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\7", b"\xfd7zXZ\0", b"BZh"),
    b"\x28\xb5\x2f\xfd",
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<script")
_DOCUMENTS = (b"%pdf", b"%!ps", b"<svg", b"{\\rtf", b"\xd0\xcf\x11\xe0")
_LFS = b"version https://git-lfs.github.com/spec/"
_ANNEX = b"/annex/objects/"
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

CUT_INDEX = (
    "its index (moov) is missing or cut: the recording or the download did not end. Download it again; "
    "untrunc WHOLE.mp4 FILE rebuilds a recording from a whole one of the same camera"
)
PLAYLIST = (
    "a playlist: it names other files or hosts. ffmpeg -i FILE -c copy OUT.mp4 saves what it plays"
)


def what_it_is(head: bytes) -> str:
    """What a file that begins like this is. The first 4 KiB of it do."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if _BARE.match(head):
        return "bare video without times: ffmpeg -i FILE OUT.mp4 gives it some"
    if head.startswith(_ARCHIVES) or head[257:262] == b"ustar":
        return "an archive: unpack it first"
    if head.startswith(_LFS):
        return "a pointer of Git LFS: git lfs pull fetches the file itself"
    if _ANNEX in head[:100]:
        return "a pointer of git-annex: git annex get FILE fetches the file itself"
    if text.startswith(_PAGES):
        return "a web page: what should have been downloaded was not"
    if text.startswith(_DOCUMENTS) or (text.startswith(b"<?xml") and b"<svg" in text):
        return "a document"
    if not head.strip(b"\0"):
        return "it begins with nothing but zeros: it was not copied or downloaded whole"
    if not _CONTROLS.search(head):
        return "a text"
    return "no format of sound, pictures or film that is read here"
