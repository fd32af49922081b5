"""Which files are sources, in which order, and what is said of the others."""

import os
import socket
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from manifests import schemas, tables
from manifests.ids import clip_id
from manifests.sources.examined import NO_SPANS, clip_rows, source_row
from manifests.sources.folder import Listing, SourceError
from tests.manifests.made import source

_NOBODY = 65_534


def _touch(root: Path, *names: bytes) -> None:
    for name in names:
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _below(root: Path, *sources: Path | str) -> list[bytes]:
    """Paths of a listing of `sources`, else of `root`, as they are below `root`."""
    found = Listing().paths([str(s) for s in sources] or [str(root)])
    return [os.path.relpath(path, os.fsencode(root)) for path in found]


# Folders


def test_order_is_that_of_the_paths_bytes(tmp_path: Path) -> None:
    names = [b"a b.mp4", b"a-b.mp4", b"a/z.mp4", b"a0.mp4", b"A.mp4", b"a\n.mp4", b"b/c/d.mp4"]
    names += ["ä.mp4".encode(), b"\xff.mp4", b"a/b.mp4", b"a.mp4", b"z.mp4", b"10.mp4", b"9.mp4"]
    _touch(tmp_path, *names)
    assert _below(tmp_path) == sorted(names)


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, b"a/b.mp4")
    monkeypatch.chdir(tmp_path)
    expected = [os.fsencode(tmp_path / "a" / "b.mp4")]
    for name in ("a", "./a/", "a/../a", "a/b.mp4", "a/*"):
        assert list(Listing().paths([name])) == expected


def test_media_are_known_by_their_names_and_the_rest_is_counted(tmp_path: Path) -> None:
    media = [b"a.mp4", b"b.WAV", b"c.JpEg", b"d.tar.webm"]
    others = [b"notes.txt", b"mp4", b"e.mp4.part", b"f.json", b"g/h.srt"]
    _touch(tmp_path, *media, *others)
    listing = Listing()
    assert len(list(listing.paths([str(tmp_path)]))) == len(media)
    assert listing.ignored == {".txt": 1, ".part": 1, ".json": 1, ".srt": 1, "without extension": 1}


@pytest.mark.parametrize(
    "suffix",
    [
        *(".weba", ".jfif", ".heif", ".jxl", ".m2t", ".aifc", ".w64", ".mpv", ".JXL", ".heics"),
        *(".hif", ".avifs", ".qt", ".3gpp", ".m4p", ".h264", ".qoi", ".wave"),
    ],
)
def test_suffixes_of_media_are_known(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(b"\0")
    assert _below(tmp_path) == [f"a{suffix}".encode()]


_TRANSPORT = (b"G\0\1\x10" + bytes(184)) * 12
_PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def test_without_a_known_suffix_the_content_decides(tmp_path: Path) -> None:
    for name in ("a", "b.mp4~", "c.1", "d.backup", "dump.unknown"):
        (tmp_path / name).write_bytes(_PNG)
    for name in ("Makefile", "e.unknown", "f.1"):
        (tmp_path / name).write_text("all: build\n")
    for name in ("g.txt", "h.thm", "i.mp4.part", "j.mp4.part-Frag3", "k.crdownload"):
        (tmp_path / name).write_bytes(_PNG)
    listing = Listing()
    paths = listing.paths([str(tmp_path)])
    assert [os.path.basename(p) for p in paths] == [
        b"a",
        b"b.mp4~",
        b"c.1",
        b"d.backup",
        b"dump.unknown",
    ]
    expected = {"without extension": 1, ".unknown": 1, ".1": 1, ".txt": 1, ".thm": 1, ".part": 1}
    assert listing.ignored == expected | {".part-frag3": 1, ".crdownload": 1}


@pytest.mark.parametrize("suffix", ["ts", "mts", "cts", "TS"])
def test_source_code_is_no_transport_stream(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"film.{suffix}").write_bytes(_TRANSPORT)
    texts = {"index": "export const a = 1;\n", "g": "G" * 5000, "empty": "", "short": "Go to 1\n"}
    texts["nul"] = 'const nul = "\0";\n' * 300
    for name, text in texts.items():
        (tmp_path / f"{name}.{suffix}").write_text(text)
    (tmp_path / f"utf16.{suffix}").write_text("export const a = 1;\n", encoding="utf-16")
    listing = Listing()
    assert len(list(listing.paths([str(tmp_path)]))) == 1
    assert listing.ignored == {f".{suffix.lower()}": 6}


@pytest.mark.parametrize("head", [_PNG, b"GIF89a" + bytes(300), b"\xff\xd8\xff\xe0" + bytes(500)])
def test_a_transport_stream_disguised_as_a_picture_is_one(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "segment.ts").write_bytes(head + _TRANSPORT)
    assert _below(tmp_path) == [b"segment.ts"]


@pytest.mark.parametrize("suffix", ["au", "dv", "rm", "mpg", "mpeg", "vob", "m2ts", "mpv"])
def test_text_named_like_media_is_none(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"text.{suffix}").write_text("label: jump\n" * 500, encoding="utf-8")
    (tmp_path / f"latin.{suffix}").write_bytes("caf\xe9\n".encode("latin-1") * 50)
    (tmp_path / f"film.{suffix}").write_bytes(_TRANSPORT)
    (tmp_path / f"noise.{suffix}").write_bytes(bytes(range(256)) * 4)
    listing = Listing()
    names = [os.path.basename(path) for path in listing.paths([str(tmp_path)])]
    assert names == [f"film.{suffix}".encode(), f"noise.{suffix}".encode()]
    assert listing.ignored == {f".{suffix}": 2}


def test_pipes_are_never_opened(tmp_path: Path) -> None:
    for name in ("a", "b.ts", "c.mpg", "d.unknown"):
        os.mkfifo(tmp_path / name)
    listing = Listing()
    assert list(listing.paths([str(tmp_path)])) == []
    assert listing.ignored == {"pipes or devices": 4}


def test_counts_of_skipped_files_are_bounded(tmp_path: Path) -> None:
    for number in range(1000, 1300):
        (tmp_path / f"a.{number}").touch()
    (tmp_path / "a.not really a suffix").touch()
    listing = Listing()
    assert list(listing.paths([str(tmp_path)])) == []
    assert len(listing.ignored) <= 201
    assert listing.ignored.total() == 301


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    _touch(tmp_path, b"a.mp4", b".b.mp4", b".git/c.mp4", b"d/.DS_Store")
    listing = Listing()
    assert list(listing.paths([str(tmp_path)])) == [os.fsencode(tmp_path / "a.mp4")]
    assert not listing.ignored


def test_an_empty_folder_has_no_sources(tmp_path: Path) -> None:
    assert _below(tmp_path) == []


def test_links_to_a_folder_above_are_counted_and_not_followed(tmp_path: Path) -> None:
    _touch(tmp_path, b"a/b/c.mp4")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "self").symlink_to(".")
    listing = Listing()
    assert len(list(listing.paths([str(tmp_path)]))) == 1
    assert listing.loops == 2


def test_a_folder_linked_beside_itself_is_listed_under_both_names(tmp_path: Path) -> None:
    _touch(tmp_path, b"a/b.mp4")
    (tmp_path / "c").symlink_to("a")
    assert _below(tmp_path) == [b"a/b.mp4", b"c/b.mp4"]


def test_two_links_to_each_other_end(tmp_path: Path) -> None:
    _touch(tmp_path, b"a/a.mp4", b"b/b.mp4")
    (tmp_path / "a" / "to_b").symlink_to("../b")
    (tmp_path / "b" / "to_a").symlink_to("../a")
    assert _below(tmp_path) == [b"a/a.mp4", b"a/to_b/b.mp4", b"b/b.mp4", b"b/to_a/a.mp4"]


def test_links_that_lead_nowhere_are_sources_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "gone.mp4").symlink_to("nowhere")
    (tmp_path / "round.mp4").symlink_to("round.mp4")
    (tmp_path / "round").symlink_to("round")
    listing = Listing()
    names = [os.path.basename(path) for path in listing.paths([str(tmp_path)])]
    assert names == [b"gone.mp4", b"round.mp4"]
    assert listing.ignored == {"without extension": 1}


def test_pipes_and_sockets_are_ignored(tmp_path: Path) -> None:
    """Opening them could wait for ever."""
    os.mkfifo(tmp_path / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.mp4"))
    listing = Listing()
    assert list(listing.paths([str(tmp_path)])) == []
    assert listing.ignored == {"pipes or devices": 2}


def test_a_folder_that_cannot_be_read_is_named_and_the_rest_listed() -> None:
    # Root may read everything: then the listing is made as nobody, in a place nobody can reach.
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        _touch(root, b"a.mp4", b"closed/b.mp4", b"z/c.mp4")
        root.chmod(0o755)
        (root / "closed").chmod(0)
        user = os.geteuid()
        os.seteuid(user or _NOBODY)
        try:
            listing = Listing()
            paths = list(listing.paths([name]))
        finally:
            os.seteuid(user)
            (root / "closed").chmod(0o755)
    assert paths == [os.fsencode(root / "a.mp4"), os.fsencode(root / "z" / "c.mp4")]
    assert listing.unreadable == [os.fsencode(root / "closed")]


@pytest.mark.run
def test_a_folder_whose_path_is_too_long_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nested deeper than Python calls, too."""
    monkeypatch.chdir(tmp_path)
    for _ in range(8):
        part = "/".join(["d"] * 300)
        os.makedirs(part)
        os.chdir(part)
        Path("a.mp4").touch()
    listing = Listing()
    try:
        depths = [path.count(b"/d") for path in listing.paths([str(tmp_path)])]
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)
    assert depths == [300, 600, 900, 1200, 1500, 1800]
    assert len(listing.unreadable) == 1


# Files, globs, several sources


def test_a_file_named_by_itself_is_a_source_whatever_its_name(tmp_path: Path) -> None:
    _touch(tmp_path, b"notes.txt", b".hidden.mp4")
    assert _below(tmp_path, tmp_path / "notes.txt") == [b"notes.txt"]
    assert _below(tmp_path, tmp_path / ".hidden.mp4") == [b".hidden.mp4"]


def test_a_name_that_is_not_utf8_is_found(tmp_path: Path) -> None:
    _touch(tmp_path, b"\xff\n.mp4")
    assert _below(tmp_path, os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.mp4")) == [b"\xff\n.mp4"]
    assert _below(tmp_path, tmp_path / "*.mp4") == [b"\xff\n.mp4"]


def test_a_glob_names_files_in_order(tmp_path: Path) -> None:
    _touch(tmp_path, b"b.mp4", b"a.mp4", b"c.wav", b"d/a.mp4", b"d/e/f.mp4", b"folder.mp4/x.mp4")
    assert _below(tmp_path, tmp_path / "*.mp4") == [b"a.mp4", b"b.mp4"]
    assert _below(tmp_path, tmp_path / "[bc].*") == [b"b.mp4", b"c.wav"]
    assert _below(tmp_path, tmp_path / "d" / "**" / "*.mp4") == [b"d/a.mp4", b"d/e/f.mp4"]


def test_a_file_whose_name_is_a_glob_is_that_file(tmp_path: Path) -> None:
    _touch(tmp_path, b"[a].mp4", b"a.mp4", b"*.mp4")
    assert _below(tmp_path, tmp_path / "[a].mp4") == [b"[a].mp4"]
    assert _below(tmp_path, tmp_path / "*.mp4") == [b"*.mp4"]


def test_sources_come_in_the_order_given(tmp_path: Path) -> None:
    _touch(tmp_path, b"a/a.mp4", b"b/b.mp4", b"c.mp4")
    found = _below(tmp_path, tmp_path / "c.mp4", tmp_path / "b", tmp_path / "a")
    assert found == [b"c.mp4", b"b/b.mp4", b"a/a.mp4"]


def test_what_several_sources_name_comes_once(tmp_path: Path) -> None:
    _touch(tmp_path, b"a.mp4", b"d/b.mp4", b"d/c.mp4", b"d/n.txt")
    listing = Listing()
    sources = ["d/c.mp4", "d", "", "d", "*.mp4", "d/../a.mp4"]
    found = list(listing.paths([str(tmp_path / name) for name in sources]))
    assert [os.path.basename(path) for path in found] == [b"c.mp4", b"b.mp4", b"a.mp4"]
    assert listing.ignored == {".txt": 1}


@pytest.mark.parametrize("name", ["missing", "missing.mp4", "*.wav", "missing/*", "fold*", "pipe*"])
def test_what_names_no_file_is_an_error(name: str, tmp_path: Path) -> None:
    _touch(tmp_path, b"folder/a.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceError, match="no such file or folder, and no file matches it"):
        _below(tmp_path, tmp_path / name)


def test_all_sources_are_looked_for_before_the_first_path_comes(tmp_path: Path) -> None:
    _touch(tmp_path, b"a.mp4")
    with pytest.raises(SourceError, match="missing"):
        Listing().paths([str(tmp_path), str(tmp_path / "missing")])


def test_folders_are_read_as_paths_are_asked_for(tmp_path: Path) -> None:
    _touch(tmp_path, b"a/a.mp4", b"b/b.mp4")
    paths = Listing().paths([str(tmp_path)])
    assert next(paths).endswith(b"/a/a.mp4")
    _touch(tmp_path, b"b/c.mp4")
    assert [os.path.basename(path) for path in paths] == [b"b.mp4", b"c.mp4"]


def test_a_pipe_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        _below(tmp_path, tmp_path / "pipe.mp4")


# Rows


def test_rows_fit_their_tables(tmp_path: Path) -> None:
    one = source(1)
    rows = [source_row(one, 2, duplicate=False)]
    tables.write(tmp_path, "s.parquet", "sources", rows, schemas.SOURCES)
    tables.write(tmp_path, "c.parquet", "clips", clip_rows(one), schemas.CLIPS)
    (row,) = tables.read(tmp_path, "s.parquet")
    assert (row["spans"], row["taken"], row["duplicate"]) == (2, 2, False)
    clips = tables.read(tmp_path, "c.parquet")
    assert [(c["start_ms"], c["end_ms"]) for c in clips] == [span[:2] for span in one.spans]
    assert {c["uri"] for c in clips} == {row["uri"]} == {"file:///clips/1%20%FF.mp4"}


def test_clips_are_known_by_content_and_span_alone() -> None:
    one, moved = source(1), replace(source(1), path=b"/elsewhere", mtime_ns=7, size=9)
    ids = [row["clip_id"] for row in clip_rows(one)]
    assert ids == [row["clip_id"] for row in clip_rows(moved)]
    assert ids == [clip_id(str(one.content_hash), *span[:2]) for span in one.spans]


def test_a_file_that_cannot_be_read_is_known_by_its_uri() -> None:
    one = replace(source(1), content_hash=None, spans=NO_SPANS)
    assert clip_rows(one)[0]["clip_id"] == clip_id("file:///clips/1%20%FF.mp4", 0, 0)
