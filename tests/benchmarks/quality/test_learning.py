"""What fusion gains from more labelled clips."""

import pytest

from benchmarks.quality import learning


def test_each_number_of_labelled_clips_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    learning.main(["--clips", "20", "--calibration", "20", "40"])
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| 20", "| 40"]
    assert all(row.count("[") == 2 for row in rows)
