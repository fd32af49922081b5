"""Parts of a file as players ask for them."""

from io import FileIO
from pathlib import Path

import pytest

from pipelines.inspect.ranges import Unsatisfiable, asked, blocks


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-5", (95, 100)),
        ("bytes=-500", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-1,5-6", None),
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        (f"bytes={'9' * 5000}-", None),
    ],
)
def test_a_range(header: str | None, part: tuple[int, int] | None) -> None:
    assert asked(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_that_is_not_there(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        asked(header, 100)


def test_blocks_are_the_bytes_of_the_range(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096
    (tmp_path / "file").write_bytes(content)
    with FileIO(tmp_path / "file") as file:
        assert b"".join(blocks(file, 3, 900_001)) == content[3:900_001]
        assert b"".join(blocks(file, 0, 2 << 20)) == content
