"""What recordings begin with, wherever it stands in a file."""

import pytest

from engine.media import recordings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("mark", recordings._MARKS)
@pytest.mark.parametrize("left", [0, 1, 5, 9, 10, 20, 21, 22, 40])
def test_a_mark_at_the_end_of_a_file_is_no_error(tmp_path, mark, left):
    path = tmp_path / "file"
    path.write_bytes(mark + bytes(100) + mark + bytes(left))
    with path.open("rb", buffering=0) as file:
        assert recordings.starts(file)[0] == 0


@pytest.mark.parametrize("mark", recordings._MARKS)
def test_a_mark_alone_does_not_hide_behind_tags(tmp_path, mark):
    path = tmp_path / "file"
    path.write_bytes(b"ID3\x04\0\0\0\0\0\0" * 100_000 + mark)
    with path.open("rb", buffering=0) as file:
        assert recordings.starts(file) == [0]
