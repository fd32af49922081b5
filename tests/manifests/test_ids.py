"""Identities never change: the literal values here are those of every workspace there is."""

import hashlib
import os
from pathlib import Path

import pytest

from manifests.ids import clip_id, content_hash, digest, path_of, storable, uri_of

_PATHS = [
    b"/clips/a.mp4",
    b"/",
    b"/with space/and\ttab",
    b"/new\nline\r.wav",
    b"/quotes'\"`.mp4",
    b"/100%/%41.mp4",
    b"/question?hash#semi;colon:at@and&plus+.mp4",
    b"/back\\slash",
    "/Ünïcode/日本/🎬.mp4".encode(),
    b"/not utf-8 \xff\xfe\x80.mp4",
    b"/\x01\x7f",
    b"//double//slashes",
    bytes([0x2F, *range(1, 256)]),
]


@pytest.mark.parametrize("path", _PATHS)
def test_uris_keep_every_byte_of_a_path(path: bytes) -> None:
    uri = uri_of(path)
    assert uri.isascii() and uri.isprintable() and " " not in uri
    assert path_of(uri) == path


def test_different_paths_have_different_uris() -> None:
    assert len({uri_of(path) for path in _PATHS}) == len(_PATHS)


def test_uris_never_change() -> None:
    assert uri_of("/ü %41~/\n🎬".encode() + b"\xff") == (
        "file:///%C3%BC%20%2541~/%0A%F0%9F%8E%AC%FF"
    )


@pytest.mark.parametrize("uri", ["https://host/a.mp4", "file://host/a.mp4", "/a.mp4", ""])
def test_only_local_files_have_a_path(uri: str) -> None:
    with pytest.raises(ValueError, match="not a local file"):
        path_of(uri)


def test_clip_ids_never_change() -> None:
    assert clip_id("0" * 64, 0, 30_000) == "ca45277b2262882c121c65924f1c6738"
    assert clip_id("0" * 64, 30_000, 41_234) == "eabfa54692596e6c92ef591ea2111fc0"


def test_clip_id_depends_on_content_start_and_end() -> None:
    ids = [clip_id("a", 1, 23), clip_id("b", 1, 23), clip_id("a", 12, 3), clip_id("a", 1, 24)]
    assert len(set(ids)) == 4


def test_digests_never_change() -> None:
    value = {"b": [1, 2.5, None, True, "ü\n"], "a": {"": -0.1, "x": 1e300}}
    assert digest(value) == "70fb260ebfd19185"
    assert digest("") == "12ae32cb1ec02d01"


def test_digest_does_not_depend_on_the_order_of_keys_but_on_that_of_lists() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest([1, 2]) != digest([2, 1])


def test_digest_tells_values_from_their_text() -> None:
    values = [1, "1", None, "null", [], {}, "", [""], ["a", "b"], ["a,b"], True, "true"]
    assert len({digest(value) for value in values}) == len(values)


def test_content_hash_is_sha256_of_all_bytes(tmp_path: Path) -> None:
    data = os.urandom((2 << 20) + 7)
    file = tmp_path / "big"
    file.write_bytes(data)
    assert content_hash(file) == hashlib.sha256(data).hexdigest()


def test_content_hash_opens_names_that_are_not_utf8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\n.mp4"
    Path(os.fsdecode(path)).write_bytes(b"x")
    assert content_hash(path) == hashlib.sha256(b"x").hexdigest()


def test_storable_text_is_any_text_but_lone_surrogates() -> None:
    assert storable("a 🎬\ud83d b\udcff") == "a 🎬\ufffd b\ufffd"
    assert storable("plain\x00 ü\n") == "plain\x00 ü\n"


def test_digest_of_text_is_that_of_the_text_as_it_is_stored() -> None:
    assert digest(["half an emoji \ud83d"]) == digest(["half an emoji \ufffd"])
