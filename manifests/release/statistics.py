"""What a release holds, counted for each licence class and split by DuckDB over its finished parts.

Everything is a count or a sum of whole numbers, so that it is the same in whatever order parts are read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from pydantic import TypeAdapter

from manifests.captions import CAPTIONS
from manifests.release.keys import SOURCE
from manifests.release.layout import ReleaseFile
from manifests.release.query import connection, linked

_LISTED = 50
"""Values of a column that are listed of a group; rarer ones are one."""

OTHERS = "(others)"
NONE = "(none)"

Counts = dict[str, int]

_VALUES = {
    "kinds": "kind",
    "domains": "domain",
    "languages": "language",
    "licences": "licence",
    "writers": "writer",
    "stages": "stage",
    "inputs": "input",
    "origins": "CASE WHEN real THEN 'by people' ELSE 'synthetic' END",
    "seconds": "least(60, duration_ms // 5000 * 5)",
    "support": "least(9, floor(support * 10)::INTEGER) / 10",
    "confidence": "least(9, floor(confidence * 10)::INTEGER) / 10",
}
"""What is counted of rows, by SQL of its value."""

_BINNED = ("words", "seconds", "support", "confidence", "stages", "inputs")
"""Of these the values have an order of their own."""


@dataclass(slots=True)
class Group:
    """The rows of one class and split. milliseconds: of all clips. captions: by kind and by whom they
    are. words: of captions, by kind and by the least number of a bin of five, 100 and more being one.
    values: counts of rows by what `_VALUES` names; `seconds` by the least of a bin of five, `support`
    and `confidence` of a tenth."""

    licence_class: str
    split: str
    rows: int = 0
    milliseconds: int = 0
    sources: int = 0
    captions: dict[str, Counts] = field(default_factory=dict)
    words: dict[str, Counts] = field(default_factory=dict)
    values: dict[str, Counts] = field(default_factory=dict)

    @property
    def hours(self) -> float:
        """How long all clips are."""
        return self.milliseconds / 3_600_000


@dataclass(frozen=True, slots=True)
class Statistics:
    """All groups, by class and split."""

    groups: tuple[Group, ...]

    @property
    def rows(self) -> int:
        """Of all groups."""
        return sum(group.rows for group in self.groups)

    @property
    def hours(self) -> float:
        """Of all groups."""
        return sum(group.milliseconds for group in self.groups) / 3_600_000

    def total(self, name: str) -> Counts:
        """Counts of rows of all groups by a value, the most frequent first."""
        total: Counts = {}
        for group in self.groups:
            for value, count in group.values[name].items():
                total[value] = total.get(value, 0) + count
        return _ordered(name, total)

    def authors(self) -> dict[str, Counts]:
        """Captions of all groups, by kind and by whom they are."""
        total: dict[str, Counts] = {name: {} for name in CAPTIONS}
        for group in self.groups:
            for name, counts in group.captions.items():
                for author, count in counts.items():
                    total[name][author] = total[name].get(author, 0) + count
        return total

    def to_json(self) -> bytes:
        """The content of `statistics.json`."""
        groups = [asdict(group) | {"hours": round(group.hours, 3)} for group in self.groups]
        told = {"rows": self.rows, "hours": round(self.hours, 3), "groups": groups}
        return json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> "Statistics":
        """What `to_json` wrote. Raises ValueError for anything else."""
        groups = _FILE.validate_json(content).groups
        for group in groups:
            if not (group.values.keys() == _VALUES.keys() and group.captions.keys() == {*CAPTIONS}):
                raise ValueError("its groups do not have the counts of this version")
        return cls(groups)


@dataclass(frozen=True, slots=True)
class _File:
    groups: tuple[Group, ...]


_FILE = TypeAdapter(_File)


def statistics(root: Path, files: Sequence[ReleaseFile]) -> Statistics:
    """Counts the rows of data files. Raises UserError where one can't be read."""
    groups: dict[tuple[str, str], list[str]] = {}
    for file in files:
        groups.setdefault((file.licence_class, file.split), []).append(file.path)
    counted = []
    for key in sorted(groups):
        with connection() as (database, folder):
            scan = f"read_parquet({linked(folder, 'data', root, groups[key])})"
            counted.append(_Counting(database, scan).group(*key))
    return Statistics(tuple(counted))


@dataclass(frozen=True, slots=True)
class _Counting:
    """Counts the rows of one scan."""

    database: duckdb.DuckDBPyConnection
    scan: str

    def group(self, licence_class: str, split: str) -> Group:
        """All counts."""
        ((rows, lasting),) = self._fetch(
            f"SELECT count(*), sum(duration_ms)::BIGINT FROM {self.scan}"
        )
        ((sources,),) = self._fetch(
            f"SELECT count(*) FROM (SELECT DISTINCT {SOURCE} FROM {self.scan} "
            "WHERE content_hash IS NOT NULL)"
        )
        group = Group(licence_class, split, rows, lasting or 0, sources)
        counted = self._counted()
        group.values = {name: _ordered(name, counted[name]) for name in _VALUES}
        for name in CAPTIONS:
            group.captions[name] = _ordered("authors", counted[f"{name} by"])
            group.words[name] = _ordered("words", counted[f"{name} words"])
        return group

    def _counted(self) -> dict[str, Counts]:
        """Rows by each value, in one reading of the rows: of its values the most frequent, and the
        others as one."""
        values = {
            name: f"coalesce(({value})::VARCHAR, '{NONE}')" for name, value in _VALUES.items()
        }
        for name in CAPTIONS:
            author = f"coalesce({name.removesuffix('_caption')}_by, '{NONE}')"
            words = f"strlen({name}) - strlen(replace({name}, ' ', '')) + 1"
            values[f"{name} by"] = f"CASE WHEN {name} IS NOT NULL THEN {author} END"
            values[f"{name} words"] = f"least(100, ({words}) // 5 * 5)::VARCHAR"
        names = [f"v{place}" for place in range(len(values))]
        cells = ", ".join(f"{v} AS {name}" for v, name in zip(values.values(), names, strict=True))
        listed = ", ".join(names)
        query = f"""
            SELECT of, CASE WHEN place <= {_LISTED} THEN value ELSE '{OTHERS}' END, sum(n)::BIGINT
            FROM (
                SELECT *, row_number() OVER (PARTITION BY of ORDER BY n DESC, value) AS place
                FROM (
                    SELECT grouping_id({listed}) AS of, coalesce({listed}) AS value, count(*) AS n
                    FROM (SELECT {cells} FROM {self.scan})
                    GROUP BY GROUPING SETS ({", ".join(f"({name})" for name in names)})
                    HAVING value IS NOT NULL))
            GROUP BY ALL"""
        # A set is told by the bits of the columns that it is not of; the last column has the lowest.
        every = (1 << len(names)) - 1
        sets = {every & ~(1 << (len(names) - 1 - at)): name for at, name in enumerate(values)}
        counted: dict[str, Counts] = {name: {} for name in values}
        for of, value, count in self._fetch(query):
            counted[sets[of]][value] = count
        return counted

    def _fetch(self, query: str) -> list[tuple[Any, ...]]:
        return self.database.execute(query).fetchall()


def _ordered(name: str, counts: Mapping[str, int]) -> Counts:
    """Counts in the order in which they are told: by value where values have one, else by number."""
    if name in _BINNED:
        return dict(sorted(counts.items(), key=lambda item: (item[0] == NONE, _number(item[0]))))
    return dict(sorted(counts.items(), key=lambda item: (item[0] == OTHERS, -item[1], item[0])))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("inf")
