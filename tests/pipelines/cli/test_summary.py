"""What a run says of files that it passed over."""

from pipelines.cli.summary import skipped


def test_skipped_files_are_counted_by_suffix() -> None:
    counts = {".json": 3, "without extension": 1, ".txt": 8}
    assert skipped(counts) == "12 files skipped: 8 .txt, 3 .json, 1 without extension"
    assert skipped({".txt": 1}) == "1 file skipped: 1 .txt"


def test_many_kinds_of_skipped_files_stay_one_line() -> None:
    counts = {f".{number}\n\x1b[31m": 100 - number for number in range(50)}
    line = skipped(counts)
    assert line.count("\n") == 0
    assert "\x1b" not in line
    assert line.endswith(f"{sum(100 - n for n in range(6, 50))} of other kinds")
