"""What can only be seen over all parts of a release: a clip that is there twice, a source in two splits.

DuckDB groups 64-bit hashes (its own: nothing of them is kept) and spills to disk; only what looks wrong
is looked at by its whole id.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from manifests.release.layout import ReleaseFile
from manifests.release.query import NUMBER, connection, linked
from manifests.verify.problems import Problem

_TOLD = 20
"""Clips, and sources, that are told."""


def across(root: Path, files: Sequence[ReleaseFile]) -> Iterator[Problem]:
    """Problems of data files that are each sound."""
    if not files:
        return
    with connection() as (database, folder):
        listed = linked(folder, "data", root, [file.path for file in files])
        scan = f"read_parquet({listed}, filename = true, file_row_number = true)"
        splits = {name: n for n, name in enumerate(dict.fromkeys(file.split for file in files))}
        of_file = ", ".join(str(splits[file.split]) for file in files)
        split = f"list_extract([{of_file}], 1 + {NUMBER})"
        doubled = database.execute(
            f"""SELECT {NUMBER}, file_row_number, clip_id FROM {scan} WHERE hash(clip_id) IN (
                SELECT key FROM (SELECT hash(clip_id) AS key FROM {scan})
                GROUP BY key HAVING count(*) > 1 ORDER BY key LIMIT {_TOLD})
            ORDER BY 3, 1, 2 LIMIT {50 * _TOLD}"""
        ).fetchall()
        yield from _told(
            files, doubled, "duplicate", "the clip is there already, in {} row {}", own_split=True
        )
        if len(splits) < 2:
            return
        parted = database.execute(
            f"""SELECT {NUMBER}, file_row_number, content_hash FROM {scan}
            WHERE hash(content_hash) IN (
                SELECT key FROM (SELECT hash(content_hash) AS key, {split} AS split FROM {scan}
                    WHERE content_hash IS NOT NULL)
                GROUP BY key HAVING min(split) <> max(split) ORDER BY key LIMIT {_TOLD})
            ORDER BY 3, 1, 2 LIMIT {50 * _TOLD}"""
        ).fetchall()
        yield from _told(
            files, parted, "split", "its source is in another split too: {} row {}", own_split=False
        )


def _told(
    files: Sequence[ReleaseFile],
    rows: Sequence[tuple[int, int, str]],
    kind: str,
    message: str,
    own_split: bool,
) -> Iterator[Problem]:
    """One problem for each key: the first row of it that clashes with the one before. own_split: rows of
    one split clash too."""
    told: set[str] = set()
    first: dict[str, tuple[int, int]] = {}
    for number, row, key in rows:
        if key in told:
            continue
        earlier = first.setdefault(key, (number, row))
        if earlier == (number, row):
            continue
        file, other = files[number], files[earlier[0]]
        if own_split or file.split != other.split:
            told.add(key)
            clip = key if kind == "duplicate" else None
            text = message.format(other.path, earlier[1])
            yield Problem(kind, f"{file.path} row {row}", text, clip)
