"""Lists of every format give the same rows, and say what is wrong with them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.sources.list import ListError, read

ROWS = [{"file": "a, b.wav", "caption": "Ein Löwe brüllt."}, {"file": "c.wav", "caption": ""}]
_TEXT = {
    ".csv": 'file,caption\n"a, b.wav",Ein Löwe brüllt.\nc.wav,\n',
    ".TSV": "file\tcaption\na, b.wav\tEin Löwe brüllt.\nc.wav\t\n",
    ".jsonl": "\n\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS),
    ".ndjson": "\n".join(json.dumps(row) for row in ROWS),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("suffix", _TEXT)
def test_text_gives_its_rows_with_and_without_a_byte_order_mark(
    tmp_path: Path, suffix: str, encoding: str
) -> None:
    path = tmp_path / f"list{suffix}"
    path.write_text(_TEXT[suffix], encoding=encoding)
    assert list(read(path, ["file", "caption"])) == ROWS


def test_parquet_gives_its_rows(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "list.parquet")
    assert list(read(tmp_path / "list.parquet", ["file"])) == ROWS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("suffix", _TEXT)
def test_other_encodings_that_can_be_told_give_the_same(
    tmp_path: Path, suffix: str, encoding: str
) -> None:
    path = tmp_path / f"list{suffix}"
    path.write_text(_TEXT[suffix], encoding=encoding)
    assert list(read(path, ["file", "caption"])) == ROWS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", "file;caption\na.wav;a dog, barking\n"),
        ("l.csv", "sep=;\nfile;caption\na.wav;a dog, barking\n"),
        ("l.csv", "file\tcaption\r\na.wav\ta dog, barking\r\n\r\n"),
        ("l.txt", "file|caption\na.wav|a dog, barking\n"),
        ("l.txt", "file\tcaption\na.wav\ta dog, barking\n"),
        ("l.csv", ' File , Caption \na.wav, "a dog, barking"\n'),
        ("l.csv", 'file,caption,,\na.wav,"a dog, barking",,\n'),
        ("l.csv", 'file,caption\nfile,caption\na.wav,"a dog, barking"\n'),
        ("l.json", '[{"file": "a.wav", "caption": "a dog, barking"}]'),
        ("l.jsonl", '[{"file": "a.wav",\n "Caption": "a dog, barking"}]'),
        ("l.json", '{"file": "a.wav", "caption": "a dog, barking"}'),
        ("l.json", '{\n "file": "a.wav",\n "caption": "a dog, barking"\n}\n'),
        ("l.jsonl", '{\r\n\t"file": "a.wav", "caption": "a dog, barking"}'),
    ],
)
def test_what_programs_write_under_any_name_is_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, newline="")
    (row,) = read(tmp_path / name, ["file", "caption"])
    assert (row["file"], row["caption"]) == ("a.wav", "a dog, barking")


def test_numbered_columns_are_a_list(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("file_name,caption_1,caption_2\na.wav,a dog,barks\n")
    (row,) = read(tmp_path / "l.csv", ["caption"])
    assert row == {"file_name": "a.wav", "caption": ["a dog", "barks"]}


@pytest.mark.parametrize("other", ["caption.1", "caption_2", "Caption 3"])
def test_a_numbered_column_beside_one_without_a_number_is_not_lost(
    tmp_path: Path, other: str
) -> None:
    (tmp_path / "l.csv").write_text(f"file,caption,{other}\na.wav,a dog,barks\n")
    (row,) = read(tmp_path / "l.csv", ["caption"])
    assert row == {"file": "a.wav", "caption": ["a dog", "barks"]}


def test_a_second_file_is_no_part_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("file,file_2,caption\na.wav,b.wav,a dog\n")
    (row,) = read(tmp_path / "l.csv", ["file", "caption"])
    assert row == {"file": "a.wav", "file_2": "b.wav", "caption": "a dog"}


@pytest.mark.parametrize(
    "rows", ["a.wav,an engine\nspeech behind it\n", "a.wav\n", "a.wav,x\nb.wav,y\nand z\n"]
)
def test_a_row_without_the_cell_that_is_needed_is_refused(tmp_path: Path, rows: str) -> None:
    (tmp_path / "l.csv").write_text(f"file,caption\n{rows}")
    with pytest.raises(ListError, match=r"row \d: 1 of 2 cells; a text with a line break"):
        list(read(tmp_path / "l.csv", ["caption"]))


def test_a_row_may_end_early_where_nothing_is_needed(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("caption,file,note\na dog,a.wav\n")
    assert list(read(tmp_path / "l.csv", ["caption"])) == [
        {"caption": "a dog", "file": "a.wav", "note": None}
    ]


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(f"file\n{'x' * 200_000}\n")
    assert len(next(read(tmp_path / "l.csv"))["file"]) == 200_000


def test_a_list_that_is_not_read_to_its_end_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(_TEXT[".csv"])
    assert next(read(tmp_path / "list.csv")) == ROWS[0]


_HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", 'file,caption\na.mp4,"A dog barks\nb.mp4,rain falls\nc.mp4,a bell rings"\n'),
        ("l.csv", 'caption,file\n"A dog barks,a.mp4\nrain falls,b.mp4\na bell rings",c.mp4\n'),
        ("l.csv", 'file;caption\na.mp4;"A dog barks\nfolder/b b.WAV;rain falls\n";\n'),
        ("l.tsv", 'file\tcaption\na.mp4\t"A dog\nb.ogg\train falls\nc.mp4\ta sign reads 5"\n'),
        ("l.csv", 'file,caption\ra.mp4,"A dog barks\rb.mp4,rain falls"\r'),
        ("l.csv", f'content_hash,caption\n{_HASH},"A dog\n{_HASH},rain"\n'),
        ("l.csv", 'file,caption\r\na.mp4,"A dog barks\r\n""b.mp4"",rain falls"\r\n'),
    ],
)
def test_a_cell_that_swallowed_rows_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, newline="")
    with pytest.raises(ListError, match=r"row 1: .* is a quotation mark not closed\?"):
        list(read(tmp_path / name, ["caption"]))


@pytest.mark.parametrize(
    "text", ["A dog barks,\nrain falls, and more", "It plays\na.mp4", "a\n\nb,"]
)
def test_a_cell_may_have_several_lines(tmp_path: Path, text: str) -> None:
    (tmp_path / "l.csv").write_text(f'file,caption\na.mp4,"{text}"\n')
    assert [row["caption"] for row in read(tmp_path / "l.csv", ["caption"])] == [text]


@pytest.mark.parametrize(
    "text", ['{\n"file": "a"}\n{\n"file": "b"}', '{\n"file": ', '{\n "file"\n']
)
def test_objects_over_several_lines_that_are_no_list_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "l.jsonl").write_text(text)
    with pytest.raises(ListError, match=r"l\.jsonl can't be read: it is not JSON"):
        list(read(tmp_path / "l.jsonl"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("l.doc", b"", "ends in .csv, .tsv, .txt, .jsonl, .ndjson, .json, .parquet"),
        ("l.csv", b"path,caption\n", '"file" is missing; there are: path, caption'),
        ("l.csv", b"", '"file" is missing; there are: none'),
        ("l.csv", b"file\na.wav,a dog\n", "row 1: more cells than columns"),
        ("l.csv", "file\nсобака\n".encode("cp1251"), "line 2 is not UTF-8 text"),
        ("l.csv", "file\n犬が吠える\n".encode("shift-jis"), "line 2 is not UTF-8 text"),
        ("l.csv", "file\ncafé\n".encode("mac-roman"), "line 2 is not UTF-8 text"),
        ("l.csv", b"PK\x03\x04", "an Excel workbook"),
        ("l.csv", b"\x1f\x8b\x08", "unpack it"),
        ("l.csv", b"version https://git-lfs.github.com/spec/v1\n", "run git lfs pull"),
        ("l.jsonl", b"version https://git-lfs.github.com/spec/v1\n", "run git lfs pull"),
        ("l.csv", b"file\n\x00\x00\x00\x01", "holds zeros"),
        ("l.csv", b'file,caption\na,b\nc,"open\nd,e\n', "row 2 can't be read"),
        ("l.csv", b"file,caption,caption\n", '"caption" is there twice'),
        ("l.csv", b"File,FILE\n", 'could be "file"'),
        ("l.json", b'[{"file": "a"}, 1]', "row 2: not a JSON object"),
        ("l.jsonl", b'{"file": "a", "file": "b"}', 'row 1 is not JSON: the field "file" is there'),
        ("l.jsonl", b"[" * 100_000, "nested too deep"),
        ("l.jsonl", b'{"file": "a"}\n{"path": "b"}', 'row 2: column "file" is missing'),
        ("l.jsonl", b"{", "row 1 is not JSON"),
        ("l.jsonl", b"[]", "row 1: not a JSON object"),
        ("l.parquet", b"none", "can't be read"),
    ],
)
def test_a_list_that_can_not_be_read_says_why(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ListError, match=message):
        list(read(tmp_path / name, ["file"]))


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="No such file"):
        list(read(tmp_path / "none.csv"))
