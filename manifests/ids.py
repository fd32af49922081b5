"""Identities: what a source, a clip and a configuration are called, for ever.

Every join in captionmill is by one of these. They depend on content alone, never on time, order or
the machine.
"""

import hashlib
import json
import os
import re
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

_HASH_BLOCK = 1 << 20
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_SURROGATE = re.compile("[\ud800-\udfff]")


def content_hash(path: str | bytes | os.PathLike[str]) -> str:
    """sha256 of a file's bytes, hex. Raises OSError when it can't be read."""
    state, block = hashlib.sha256(), memoryview(bytearray(_HASH_BLOCK))
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(block):
            state.update(block[:count])
    return state.hexdigest()


def clip_id(content: str, start_ms: int, end_ms: int) -> str:
    """The clip of [start_ms, end_ms) of the source with this content hash: 32 hex digits."""
    return hashlib.sha256(f"{content}:{start_ms}:{end_ms}".encode()).hexdigest()[:32]


def storable(text: str) -> str:
    """The text with every lone surrogate, which no UTF-8 file can hold, replaced by U+FFFD.

    They come from half an emoji in a model's JSON and from file names that are not UTF-8.
    """
    return _SURROGATE.sub("\ufffd", text)


def digest(value: Any) -> str:
    """Digest of a JSON value: 16 hex digits of the sha256 of its canonical form.

    Text counts as it is stored (`storable`), so the digest of what was read back is the same.
    """
    return digest_of_json(_CANONICAL(value))


def digest_of_json(text: str) -> str:
    """`digest` of a value whose canonical JSON this is."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        content = storable(text).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def uri_of(path: bytes) -> str:
    """file:// URI of an absolute path; every byte that is not plain stays recoverable."""
    return "file://" + quote_from_bytes(path, safe="/")


def path_of(uri: str) -> bytes:
    """The path behind a URI of `uri_of`. Raises ValueError for any other scheme."""
    if not uri.startswith("file:///"):
        raise ValueError(f"not a local file: {uri!r} (captionmill reads file:// sources)")
    return unquote_to_bytes(uri.removeprefix("file://"))
