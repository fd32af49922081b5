"""A sample looks at rows drawn evenly, finds what is wrong with them, and says how sure that makes."""

import random
from pathlib import Path

import pytest

from manifests.release.layout import Release
from manifests.verify.chance import bound
from manifests.verify.problems import Problem
from manifests.verify.sample import check_drawn, draw
from tests.manifests.release import made


def _problems(folder: Path, release: Release, count: int) -> list[Problem]:
    drawn = draw(folder, release, count, random.Random(1))
    return [problem for part in drawn for problem in check_drawn(part).problems]


def test_every_row_can_be_drawn_and_no_row_is_drawn_twice(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    drawn = draw(tmp_path, release, 1000, random.Random(1))
    assert sum(len(part.rows) for part in drawn) == 40
    assert all(part.rows == tuple(range(part.part.files[0].rows)) for part in drawn)


def test_rows_are_drawn_evenly_over_parts(tmp_path: Path) -> None:
    release = made.write(tmp_path, [made.clip(5 * n) for n in range(30)], 10, tables=["data"])
    counts = [0] * 30
    for seed in range(300):
        for part in draw(tmp_path, release, 3, random.Random(seed)):
            for row in part.rows:
                counts[part.part.files[0].part * 10 + row] += 1
    assert sum(counts) == 900
    assert min(counts) > 10 and max(counts) < 60  # 30 each, with a deviation of 5


def test_a_sound_release_has_no_problems_in_any_sample(tmp_path: Path) -> None:
    release = made.small(tmp_path)
    assert _problems(tmp_path, release, 7) == []
    assert _problems(tmp_path, release, 40) == []


@pytest.mark.parametrize(
    ("table", "change", "kind"),
    [
        ("data", {"audio_caption": "Another."}, "digest"),
        ("evidence", {"score": 9.0}, "evidence"),
        ("claims", {"caption": "x"}, "join"),
    ],
)
def test_a_row_that_was_changed_is_named_when_it_is_drawn(
    tmp_path: Path, table: str, change: dict[str, object], kind: str
) -> None:
    release = made.small(tmp_path)
    path = f"{table}/permissive/train-00001-of-00003.parquet"
    changed = made.broken(tmp_path, release, path, lambda rows: [rows[0] | change, *rows[1:]])
    (problem,) = _problems(tmp_path, changed, 40)
    assert (problem.kind, problem.where) == (kind, f"{path} row 0")


def test_a_file_of_another_size_is_named(tmp_path: Path) -> None:
    release = made.write(tmp_path, [made.clip(1)])
    path = release.files[0].path
    (tmp_path / path).write_bytes(b"x")
    (problem,) = _problems(tmp_path, release, 1)
    assert (problem.kind, problem.where) == ("checksum", path)


@pytest.mark.parametrize(("drawn", "share"), [(300, 0.01), (1000, 0.003), (3000, 0.001)])
def test_the_bound_is_about_three_of_the_rows_drawn(drawn: int, share: float) -> None:
    assert bound(drawn, 100_000_000) / 100_000_000 == pytest.approx(share, rel=0.01)


def test_the_bound_is_right_where_it_can_be_counted() -> None:
    # 10 of 20 drawn: none of 4 bad rows is drawn in 16!/(6! 10!) of 20!/(10! 10!), 4.3 %; of 3, 10.5 %.
    assert bound(10, 20) == 4
    assert bound(20, 20) == 0
    assert bound(1, 2) == 2
