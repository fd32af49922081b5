"""Lists of clips that must leave: what an entry names, and files of every kind."""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.ids import content_hash, uri_of
from manifests.release import lists
from manifests.release.rules import RulesError
from tests.manifests.release.rows import clip_id, dropped, row, rules, source, written

ID = "dQw4w9WgXcQ"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


def gone(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    *rows: dict[str, Any],
    name: str = "list.txt",
    rule: str = "takedown",
) -> list[bool]:
    """Which rows a list drops."""
    section = "takedown" if rule == "takedown" else "decontaminate"
    wanted = rules(folder, **{section: {"lists": [name]}})
    lists.build(wanted, rule, lists.Tables(), folder / "tokens", connection)
    lists.register(connection, rule, folder / "tokens")
    made = [row(n, **each) for n, each in enumerate(rows)]
    return [each == rule for each in dropped(wanted, *made, folder=folder, connection=connection)]


def uri(name: str | bytes) -> str:
    return uri_of(name if isinstance(name, bytes) else name.encode())


YOUTUBE = [
    f"/a/Y{ID}.wav",
    f"/b/{ID}_30_40.wav",
    f"/{ID}_000030.mp4",
    f"/{ID}.m4a",
    f"/{ID}-30.0-40.0.wav",
]
ENTRIES: dict[str, tuple[str, list[dict[str, Any]], list[bool]]] = {
    "clip id": (clip_id(0), [{}, {}], [True, False]),
    "clip id in capitals": (clip_id(0).upper(), [{}, {}], [True, False]),
    "hash": (source(1), [{}, {}, {"content_hash": source(1)}], [False, True, True]),
    "no hash": ("h", [{"content_hash": None}], [False]),
    "line of sha256sum": (f"{source(0)}  *x/1.mp4", [{}, {}], [True, False]),
    "uri": ("file:///clips/1.mp4", [{}, {}], [False, True]),
    "uri of a store": ("s3://b/1.mp4", [{"uri": "s3://b/1.mp4"}, {}], [True, False]),
    "path": ("/my clips/é.wav", [{"uri": uri("/my clips/é.wav")}, {}], [True, False]),
    "path of another folder": ("/other/1.mp4", [{}, {}], [False, False]),
    "relative path": (
        "test/a b.wav",
        [{"uri": uri(f"/x/{name}")} for name in ("test/a b.wav", "train/a b.wav", "a b.wav")],
        [True, False, False],
    ),
    "path of Windows": ("C:\\x\\test\\1.wav", [{"uri": uri("/d/test/1.wav")}], [True]),
    "file name": (
        "a b.wav",
        [{"uri": uri(f"/x/{name}")} for name in ("a b.wav", "y/a b.wav", "a b.mp4", "xa b.wav")],
        [True, True, False, False],
    ),
    "name without ending": (
        "1",
        [{"uri": uri(f"/x/{name}")} for name in ("1.wav", "1.flac", "11.wav", "1/2.wav")],
        [True, True, False, False],
    ),
    "name that is a hash": (f"{source(5)}", [{"uri": uri(f"/{source(5)}.wav")}], [True]),
    "YouTube id": (ID, [{"uri": uri(name)} for name in YOUTUBE], [True] * 5),
    "file of AudioCaps": (f"Y{ID}.wav", [{"uri": uri(name)} for name in YOUTUBE], [True] * 5),
    "file with times": (f"{ID}_30_40.wav", [{"uri": uri(name)} for name in YOUTUBE], [True] * 5),
    "YouTube URL": (
        f"https://www.youtube.com/watch?v={ID}&t=3",
        [{"uri": uri(YOUTUBE[1])}, {"uri": f"https://www.youtube.com/watch?v={ID}&t=3"}],
        [True, True],
    ),
    "another YouTube id": (ID[::-1], [{"uri": uri(name)} for name in YOUTUBE], [False] * 5),
    "name that only looks like one": (
        "recording_1.wav",
        [{"uri": uri(f"/{name}")} for name in ("recording_1.wav", "recording_1_2.wav")],
        [True, False],
    ),
    "hash of an image": (f"sha256:{source(0)}", [{}, {}], [True, False]),
    "hash of BSD": (f"SHA256 (a b.mp4) = {source(0)}", [{}, {}], [True, False]),
    "escaped line of sha256sum": (f"\\{source(0)}  a\\nb.mp4", [{}, {}], [True, False]),
    "line of find": ("./1.mp4", [{}, {}], [False, True]),
    "path of find": ("./clips/1.mp4", [{}, {}], [False, True]),
    "name that begins with a number sign": (
        "#1 song.wav",
        [{"uri": uri("/x/#1 song.wav")}, {}],
        [True, False],
    ),
    "file of yt-dlp": (ID, [{"uri": uri(f"/x/A title: é [{ID}].mp4")}, {}], [True, False]),
    "file of yt-dlp by its name": (
        f"A title [{ID}].mp4",
        [{"uri": uri(f"/x/A title [{ID}].mp4")}, {"uri": uri(f"/x/Another [{ID}].mp4")}],
        [True, False],
    ),
    **{
        f"YouTube as {url}": (
            url.format(ID),
            [{"uri": uri(f"/x/{ID}.mp4")}, {"uri": uri(f"/x/{ID[::-1]}.mp4")}],
            [True, False],
        )
        for url in (
            *("youtube.com/watch?v={}", "www.youtube.com/watch?app=m&v={}", "youtu.be/{}?t=3"),
            *("https://m.youtube.com/shorts/{}", "https://www.youtube-nocookie.com/embed/{}"),
            *("https://music.youtube.com/watch?v={}&list=x", "http://youtube.com/v/{}"),
        )
    },
    "uri as browsers write it": (
        "file:///x/a%20(b)'c.wav",
        [{"uri": uri("/x/a (b)'c.wav")}, {}],
        [True, False],
    ),
    "uri that is not encoded": (
        "file:///x/50 % é.wav",
        [{"uri": uri("/x/50 % é.wav")}, {}],
        [True, False],
    ),
    "uri of this machine": ("file://localhost/clips/1.mp4", [{}, {}], [False, True]),
    "NFD": (
        "e\u0301.wav",
        [{"uri": uri("/\u00e9.wav")}, {"uri": uri("/e\u0301.wav")}],
        [True, True],
    ),
}


ORDINARY = [
    *("clip_10_20.wav", "7061-6-0-0.wav", "fold1/7061-6-0-0.wav", "103-1240-0003.flac"),
    *("common_voice_en_123_456.mp3", "VID_20260101_120000.mp4", "recording_2026-11-28.mp4"),
    *("2026-11-28", "\u00dcbung_01_02.wav", "my video 12", "a b c d e f", "Stra\u00dfe 1234"),
    *("talk 1-2-3", '"bunny.mp4"', ".wav", "/", "-", "clips/", "\\", "://"),
]


@pytest.mark.parametrize("entry", ORDINARY)
def test_an_entry_names_no_other_file(
    entry: str, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (tmp_path / "list.txt").write_text(entry)
    names = ("bunny.mp4", "1.wav", "clip_10_21.wav", "\u00e9", "a", f"Y{ID}.wav")
    rows = [{}, {"content_hash": None}, *({"uri": uri(f"/x/{name}")} for name in names)]
    assert not any(gone(tmp_path, connection, *rows))


@pytest.mark.parametrize("entry", ["copy.mp4", "/b/copy.mp4", "file:///b/copy.mp4", "b/copy.mp4"])
def test_a_clip_leaves_by_the_name_of_any_file_with_its_content(
    entry: str, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (tmp_path / "list.txt").write_text(entry)
    held = [
        {"uri": "file:///clips/0.mp4", "content_hash": source(0)},
        {"uri": "file:///clips/1.mp4", "content_hash": source(1)},
        {"uri": "file:///b/copy.mp4", "content_hash": source(1)},
    ]
    kind = pa.schema([("uri", pa.string()), ("content_hash", pa.string())])
    wanted = rules(tmp_path, takedown={"lists": ["list.txt"]})
    tables = lists.Tables(sources=[written(tmp_path / "sources.parquet", held, kind)])
    lists.build(wanted, "takedown", tables, tmp_path / "tokens", connection)
    lists.register(connection, "takedown", tmp_path / "tokens")
    rows = [row(n) for n in range(3)]
    assert dropped(wanted, *rows, folder=tmp_path, connection=connection) == [
        None,
        "takedown",
        None,
    ]


def test_entries_that_name_nothing_are_counted(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (tmp_path / "a.txt").write_text(
        f"0.mp4\n{clip_id(1)}\n{clip_id(2)}\n9.mp4\n9.mp4\n\u00e9.mp4\n"
    )
    (tmp_path / "b.txt").write_text("0.mp4\n")
    wanted = rules(tmp_path, takedown={"lists": ["a.txt", "b.txt"]})
    rows = [row(n) for n in range(2)]
    path = written(tmp_path / "rows.parquet", rows)
    tables = lists.Tables(sources=[path], clips=[path])
    read = lists.build(wanted, "takedown", tables, tmp_path / "tokens", connection)
    assert [(each.entries, each.unknown) for each in read] == [(6, 4), (1, 0)]


@pytest.mark.parametrize("what", ENTRIES)
@pytest.mark.parametrize("rule", ["takedown", "decontamination"])
def test_an_entry_names_clips(
    what: str, rule: str, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    entry, rows, expected = ENTRIES[what]
    (tmp_path / "list.txt").write_text(f"# a comment\n{entry}\n")
    assert gone(tmp_path, connection, *rows, rule=rule) == expected


ROWS = [{"uri": uri("/x/é 1.wav")}, {}, {}]
TEXTS: dict[str, bytes] = {
    "plain": "é 1.wav\n2\n".encode(),
    "byte order mark": codecs.BOM_UTF8 + "é 1.wav\n2\n".encode(),
    "CRLF, blanks and comments": "\r\n# x\r\n  é 1.wav \r\n\r\n\t2\t\r\n   # y".encode(),
    "CR": "é 1.wav\r2\r".encode(),
    "no end of line": "2\né 1.wav".encode(),
    "UTF-16": "é 1.wav\n2\n".encode("utf-16"),
    "UTF-32": "é 1.wav\n2\n".encode("utf-32"),
    "Latin-1": "é 1.wav\n2\n".encode("latin-1"),
}


@pytest.mark.parametrize("what", TEXTS)
def test_texts_are_read_whatever_their_encoding_and_ends_of_lines(
    what: str, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (tmp_path / "list.txt").write_bytes(TEXTS[what])
    assert gone(tmp_path, connection, *ROWS) == [True, False, True]


def test_a_name_that_is_no_utf8_is_its_bytes(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.wav\n/x/caf\xe9 \xff.wav\n")
    rows = [{"uri": uri(b"/y/caf\xe9.wav")}, {"uri": uri(b"/x/caf\xe9 \xff.wav")}, {}]
    assert gone(tmp_path, connection, *rows) == [True, True, False]


TABLES: dict[str, bytes] = {
    "names.csv": b'caption,File_Name\n"a, b",1.mp4\nx,\n',
    "names.tsv": b"\xef\xbb\xbfcaption\tfile_name\r\nx\t1.mp4\r\n",
    "audioset.csv": b'# YTID, start_seconds, end_seconds, positive_labels\n1, 30.000, 40.000, "/m/1"\n',
    "several.csv": f"clip_id,uri\n{clip_id(1)},\n,file:///no.mp4\n".encode(),
    "semicolons.csv": b"x;uri;y\na,b;file:///clips/1.mp4;2\n",
    "quoted.csv": b'x,path\n"a\nb","clips/1.mp4"\n',
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_read_by_their_columns(
    name: str, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (tmp_path / name).write_bytes(TABLES[name])
    assert gone(tmp_path, connection, {}, {}, {}, name=name) == [False, True, False]


@pytest.mark.parametrize("columns", ["file and others", "only", "views"])
def test_parquet_is_read_by_its_columns(
    columns: str, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    names = pa.array([None, "1.mp4", ""])
    tables = {
        "file and others": {"n": [1, 2, 3], "file": names.dictionary_encode(), "x": ["2"] * 3},
        "only": {"only": names, "n": [1, 2, 3]},
        "views": {"path": names.cast(pa.string_view())},
    }
    pq.write_table(pa.table(tables[columns]), tmp_path / "l.parquet")
    assert gone(tmp_path, connection, {}, {}, {}, name="l.parquet") == [False, True, False]


NO_LISTS: dict[str, tuple[bytes, str]] = {
    "a.txt": (b"x\n\0\0", r"R\.toml: takedown\.lists: .*a\.txt: is no text \(a NUL byte"),
    "long.txt": (b"x" * (3 << 20), "a line near line 0 is longer than"),
    "a.json": (b"[]", r"\.json is no list: make it a text file"),
    "a.txt.gz": (b"", r"\.gz is no list"),
    "a.parquet": (b"PAR1", "can't be read"),
    "open.csv": (b'file\n"' + b"x,\n" * 100_000, r"can't be read \(field larger"),
    "unclosed.csv": (b'file,title\na.wav,"A\nb.wav,B\n', "is a quotation mark not closed"),
    "title.tsv": (b'file\ttitle\na.wav\t"A" title\nb.wav\tB\n', r"near line 2 can't be read"),
    "odd.txt": (codecs.BOM_UTF16_LE + b"\x00\xd8", "can't be read"),
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_list_is_told(
    name: str, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    content, told = NO_LISTS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RulesError, match=told):
        gone(tmp_path, connection, name=name)


def test_parquet_without_a_column_of_names_is_told(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    pq.write_table(pa.table({"a": ["x"], "b": ["y"]}), tmp_path / "l.parquet")
    with pytest.raises(RulesError, match=r"no column names clips \(columns of text: a, b\)"):
        gone(tmp_path, connection, name="l.parquet")


def test_a_table_without_a_column_of_names_is_told(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (tmp_path / "l.csv").write_text("index,sound path,caption\n1,/x/1.wav,a dog\n")
    with pytest.raises(RulesError, match=r"columns of text: index, sound path, caption\)"):
        gone(tmp_path, connection, name="l.csv")


def test_clips_of_evaluation_sets_leave_by_source_and_id(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    clips = [
        {"clip_id": clip_id(0), "content_hash": None},
        {"clip_id": "x", "content_hash": source(1)},
    ]
    table = written(
        tmp_path / "clips [1].parquet",
        clips,
        pa.schema([("clip_id", pa.string()), ("content_hash", pa.string())]),
    )
    wanted = rules(tmp_path, decontaminate={"workspaces": ["."]})
    tables = lists.Tables(evaluated=[table])
    assert lists.build(wanted, "decontamination", tables, tmp_path / "tokens", connection) == []
    lists.register(connection, "decontamination", tmp_path / "tokens")
    rows = [row(n) for n in range(3)]
    assert dropped(wanted, *rows, folder=tmp_path, connection=connection) == [
        "decontamination",
        "decontamination",
        None,
    ]


def test_a_list_is_told_with_its_digest_and_entries_and_its_tokens_are_sorted(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (tmp_path / "a.txt").write_text("# none\n\n")
    (tmp_path / "b.txt").write_text("".join(f"{n}.wav\n" for n in range(5)) * 2)
    wanted = rules(tmp_path, takedown={"lists": ["a.txt", "b.txt"]})
    read = lists.build(wanted, "takedown", lists.Tables(), tmp_path / "tokens", connection)
    assert [(each.name, each.entries) for each in read] == [("a.txt", 0), ("b.txt", 10)]
    assert read[1].sha256 == content_hash(tmp_path / "b.txt")
    tokens = np.fromfile(tmp_path / "tokens", "<u8")
    assert len(tokens) == 5 and (tokens[1:] > tokens[:-1]).all()
    before = (tmp_path / "tokens").read_bytes()
    lists.build(wanted, "takedown", lists.Tables(), tmp_path / "tokens", connection)
    assert (tmp_path / "tokens").read_bytes() == before


def test_an_empty_list_drops_nothing(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    (tmp_path / "list.txt").write_text("# nothing yet\n")
    assert gone(tmp_path, connection, {}, {}) == [False, False]
