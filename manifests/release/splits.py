"""The splits of a release. Whole sources fall to them, so of few sources none may fall to a small one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from manifests.release.keys import SOURCE
from manifests.release.layout import Release
from manifests.release.query import connection, linked


def rows_of(release: Release) -> dict[str, int]:
    """Rows of each split of the rules, of all classes; 0 where none fell to it."""
    rows = dict.fromkeys(_shares(release), 0)
    for file in release.of("data"):
        rows[file.split] = rows.get(file.split, 0) + file.rows
    return rows


def without_rows(root: Path, release: Release) -> list[str]:
    """A line about each split of the rules that has no row. Raises UserError where a file can't be
    read."""
    rows = rows_of(release)
    absent = {name: share for name, share in _shares(release).items() if not rows[name]}
    if not absent:
        return []
    sources = _sources(root, [file.path for file in release.of("data")])
    return [
        f"{name}: no rows: of {sources:,} {'source' if sources == 1 else 'sources'} none fell to it "
        f"(share {share})"
        for name, share in absent.items()
    ]


def _shares(release: Release) -> Mapping[str, object]:
    shares = release.rules.get("split")
    return shares if isinstance(shares, dict) else {}


def _sources(root: Path, paths: Sequence[str]) -> int:
    """How many sources all rows have; what has no content hash is one of its own."""
    with connection() as (database, folder):
        scan = f"read_parquet({linked(folder, 'data', root, paths)})"
        ((count,),) = database.execute(
            f"SELECT count(DISTINCT {SOURCE}) + count(*) FILTER (content_hash IS NULL) FROM {scan}"
        ).fetchall()
    return int(count)
