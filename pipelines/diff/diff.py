"""What changed from one release to another: a join of keys in DuckDB, and texts of some examples."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from manifests.captions import CAPTIONS
from manifests.release.layout import STATISTICS, Release, load
from manifests.release.query import NUMBER, connection, linked
from manifests.release.statistics import Statistics, statistics

_SHARES = {"domain": "domains", "kind": "kinds", "language": "languages", "origin": "origins"}
_EXAMPLES = 5

Texts = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Clips:
    """Clips of both releases together, by what became of them. split, licence_class: of those in both, in
    how many it is another one; changed: with another caption; same: with the same captions."""

    added: int
    gone: int
    changed: int
    same: int
    split: int
    licence_class: int


@dataclass(frozen=True, slots=True)
class Example:
    """A clip that is not as it was. before, after: captions by name; None where it is not there."""

    clip_id: str
    before: Texts | None
    after: Texts | None


@dataclass(frozen=True, slots=True)
class Share:
    """Rows with one value of a column, in both releases, and the shares of all rows that they are."""

    of: str
    value: str
    before: int
    after: int
    before_share: float
    after_share: float

    @property
    def moved(self) -> float:
        """How far the share moved, in [-1, 1]."""
        return self.after_share - self.before_share


@dataclass(frozen=True, slots=True)
class Diff:
    """rules: by dotted name, before and after, where they differ. dropped: rows by rule, of rules that
    dropped another number. inputs: digests before and after of inputs, lists and encoders that are not
    the same, by name. examples: by what became of them."""

    before: Release
    after: Release
    clips: Clips
    rules: Mapping[str, tuple[Any, Any]]
    dropped: Mapping[str, tuple[int, int]]
    inputs: Mapping[str, tuple[str | None, str | None]]
    shares: tuple[Share, ...]
    examples: Mapping[str, tuple[Example, ...]]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "before": {"digest": self.before.digest, "rows": self.before.books.kept},
            "after": {"digest": self.after.digest, "rows": self.after.books.kept},
            "clips": asdict(self.clips),
            "rules": {name: list(pair) for name, pair in self.rules.items()},
            "dropped": {name: list(pair) for name, pair in self.dropped.items()},
            "inputs": {name: list(pair) for name, pair in self.inputs.items()},
            "shares": [asdict(share) for share in self.shares],
            "examples": {
                kind: [asdict(example) for example in examples]
                for kind, examples in self.examples.items()
            },
        }


def diff(before: Path, after: Path) -> Diff:
    """What changed from one release to another. Raises ReleaseError for what is none, UserError where a
    part can't be read."""
    old, new = load(before), load(after)
    with connection() as (database, folder):
        sides = [_side(folder, *side) for side in (("a", before, old), ("b", after, new))]
        keys = [_keys(scan, release) for scan, release in zip(sides, (old, new), strict=True)]
        clips, chosen = _joined(database, *keys)
        examples = _examples(database, sides, chosen)
    return Diff(
        before=old,
        after=new,
        clips=clips,
        rules=_changed(_flat(old.rules), _flat(new.rules)),
        dropped={
            name: (pair[0] or 0, pair[1] or 0)
            for name, pair in _changed(old.books.dropped, new.books.dropped).items()
        },
        inputs=_changed(_digests(old), _digests(new)),
        shares=_shares(_counted(before, old), _counted(after, new)),
        examples=examples,
    )


def _side(folder: Path, name: str, root: Path, release: Release) -> str | None:
    """SQL of the data rows of a release; None for one without any."""
    paths = [file.path for file in release.of("data")]
    if not paths:
        return None
    return f"read_parquet({linked(folder, name, root, paths)}, filename = true)"


def _keys(scan: str | None, release: Release) -> str:
    """SQL of what is compared of each row: its clip, its captions, its split and class as numbers."""
    if scan is None:
        return "SELECT NULL::UHUGEINT AS clip, 0::UBIGINT AS texts, '' AS split, '' AS class WHERE false"
    files = release.of("data")
    splits = ", ".join(f"'{file.split}'" for file in files)
    classes = ", ".join(f"'{file.licence_class}'" for file in files)
    return (
        f"SELECT md5_number(clip_id) AS clip, hash({', '.join(CAPTIONS)}) AS texts, "
        f"list_extract([{splits}], 1 + {NUMBER}) AS split, "
        f"list_extract([{classes}], 1 + {NUMBER}) AS class FROM {scan}"
    )


_KINDS = {
    "added": "a.clip IS NULL",
    "gone": "b.clip IS NULL",
    "changed": "a.texts <> b.texts",
    "same": "a.texts = b.texts",
    "split": "a.split <> b.split",
    "licence_class": "a.class <> b.class",
}


def _joined(
    database: duckdb.DuckDBPyConnection, before: str, after: str
) -> tuple[Clips, dict[str, list[int]]]:
    """Counts, and the keys of examples of what is added, gone and changed."""
    joined = f"FROM ({before}) AS a FULL JOIN ({after}) AS b ON a.clip = b.clip"
    key = "coalesce(a.clip, b.clip)"
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition in _KINDS.values())
    kinds = ("added", "gone", "changed")
    examples = ", ".join(f"min({key}, {_EXAMPLES}) FILTER ({_KINDS[kind]})" for kind in kinds)
    (row,) = database.execute(f"SELECT {counts}, {examples} {joined}").fetchall()
    chosen = {kind: list(keys or ()) for kind, keys in zip(kinds, row[len(_KINDS) :], strict=True)}
    return Clips(**dict(zip(_KINDS, row[: len(_KINDS)], strict=True))), chosen


def _examples(
    database: duckdb.DuckDBPyConnection,
    sides: list[str | None],
    chosen: Mapping[str, list[int]],
) -> dict[str, tuple[Example, ...]]:
    """The captions of chosen clips, in both releases."""
    keys = [key for listed in chosen.values() for key in listed]
    texts: list[dict[int, tuple[str, Texts]]] = []
    for scan in sides:
        rows = []
        if scan is not None and keys:
            query = (
                f"SELECT md5_number(clip_id), clip_id, {', '.join(CAPTIONS)} FROM {scan} "
                f"WHERE md5_number(clip_id) IN ({', '.join(f'{key}::UHUGEINT' for key in keys)})"
            )
            rows = database.execute(query).fetchall()
        texts.append({r[0]: (r[1], dict(zip(CAPTIONS, r[2:], strict=True))) for r in rows})
    before, after = texts
    return {
        kind: tuple(
            Example(
                (before.get(key) or after[key])[0],
                before[key][1] if key in before else None,
                after[key][1] if key in after else None,
            )
            for key in listed
        )
        for kind, listed in chosen.items()
    }


def _counted(root: Path, release: Release) -> Statistics:
    """The statistics that a release has, if they are those that were released; else counted again."""
    for document in release.documents:
        if document.path == STATISTICS and document.bytes < 64 << 20:
            try:
                content = (root / STATISTICS).read_bytes()
                if hashlib.sha256(content).hexdigest() == document.sha256:
                    return Statistics.from_json(content)
            except (OSError, ValueError):
                break
    return statistics(root, release.of("data"))


def _shares(before: Statistics, after: Statistics) -> tuple[Share, ...]:
    """Shares that are not as they were: by column, those that moved farthest first."""
    columns: dict[str, tuple[Mapping[str, int], Mapping[str, int]]] = {
        "licence class": (_by(before, "licence_class"), _by(after, "licence_class")),
        "split": (_by(before, "split"), _by(after, "split")),
    }
    for of, name in _SHARES.items():
        columns[of] = (before.total(name), after.total(name))
    old, new = before.authors(), after.authors()
    for kind in CAPTIONS:
        columns[f"{kind} by"] = (old[kind], new[kind])
    shares: list[Share] = []
    for of, (earlier, later) in columns.items():
        sums = [max(1, sum(counts.values())) for counts in (earlier, later)]
        moved = []
        for value in sorted({*earlier, *later}):
            a, b = earlier.get(value, 0), later.get(value, 0)
            moved.append(Share(of, value, a, b, a / sums[0], b / sums[1]))
        moved.sort(key=lambda share: -abs(share.moved))
        shares += [share for share in moved if share.before_share != share.after_share]
    return tuple(shares)


def _by(counted: Statistics, name: str) -> dict[str, int]:
    total: dict[str, int] = {}
    for group in counted.groups:
        value = getattr(group, name)
        total[value] = total.get(value, 0) + group.rows
    return total


def _digests(release: Release) -> dict[str, str]:
    inputs = {f"{each.name} ({each.job})": each.digest for each in release.inputs}
    encoder = release.encoder
    whose = {} if encoder is None else {f"{encoder.name} (encoder)": encoder.identity}
    return inputs | {f"{each.name} ({each.rule})": each.digest for each in release.lists} | whose


def _flat(rules: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Rules by dotted name."""
    flat: dict[str, Any] = {}
    for name, value in rules.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """By name, what is not the same; None where it is not there."""
    names = dict.fromkeys([*before, *after])
    pairs = {name: (before.get(name), after.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
