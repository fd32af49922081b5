"""What `captionmill rebuild` tells while it works."""

import pytest

from pipelines.cli.rebuild import _Progress as Progress


def test_counts_wait_and_all_else_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    lines = ["keys: 1/9", "keys: 2/9", "takedown: 2 of 2 entries of a.txt name no file"]
    lines += ["takedown: 3 of 3 entries of b.txt name no file", "keys: 3/9", "keys: 4/9"]
    for line in lines:
        progress.tell(line)
    assert capsys.readouterr().err.splitlines() == [lines[0], *lines[2:5]]
