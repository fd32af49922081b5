"""Which rows of all inputs stay, and which rule drops the others: passes over their keys, in DuckDB.

Keys lie in a database file. Each rule is a few lean queries over one column of it: groups with too many
rows, the rows of these groups that are still there, and of those the ones that lose. What spills does so
beside the database, so memory does not grow with the rows.

Which row of a group stays is decided by the winner's order, packed into one or two numbers (`good0`,
`good1`; greater is better), then by a mix of the seed and the clip, so order and place of the inputs
change nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from manifests.atomic import replacing
from manifests.duck import connect
from manifests.release import impossible, mixing
from manifests.release.licences import CLASSES
from manifests.release.rules import GLOBAL, LOCAL, Rules
from manifests.release.shares import ImpossibleShare, targets
from manifests.release.sql import files as sql_files
from manifests.release.sql import literal

MEMORY_MB = 2500
"""Of DuckDB's buffers: a whole rebuild is to stay below 6 GiB."""

_BATCH = 1 << 18
_AT_REST_MB = 300
_SCORE_BITS, _LARGEST_SCORE = 24, (1 << 24) - 2
_NUMBERS = {rule: number for number, rule in enumerate(GLOBAL)}
_RANKS: dict[str, tuple[str, int, tuple[float, float] | None]] = {
    # By the name in the winner's order: column, bits, smallest and largest value. Null is 0, and loses.
    # However they are ordered, two numbers of 64 bits hold all: as fine as these scores are (FLOAT).
    "edited": ("edited", 1, None),
    "stage": ("stage", 7, None),
    "confidence": ("confidence", _SCORE_BITS, (0.0, 1.0)),
    "support": ("support", _SCORE_BITS, (0.0, 1.0)),
    "similarity": ("similarity", _SCORE_BITS, (-1.0, 1.0)),
    "newest": ("age", 24, None),
}


Near = Callable[[str, "Keys"], Sequence[Path]]
"""Looks for what is nearly alike, when the turn of a rule comes. Files of Parquet: for
`decontamination_media` with `clip`, of clips that leave; for `duplicate_media` with `clip` and the
`root` of its cluster; for `near_captions` with `input`, `shard`, `row` and `root`."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The books of a selection. inputs: rows and kept rows by input. dropped: by rule, of every rule that
    is active."""

    rows: int
    kept: int
    dropped: dict[str, int]
    inputs: dict[int, tuple[int, int]]


Address = tuple[int, int, int]


class Keys:
    """The keys of all rows in a database, and what rules have dropped so far."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, rules: Rules) -> None:
        self.connection = connection
        self._rules = rules

    def load(self, files: Sequence[Path]) -> None:
        """Reads the keys of rows that no local rule drops, in the order of the files, and counts all."""
        self._run("CREATE TEMP VIEW files AS SELECT * FROM read_parquet($files)", files)
        self._run(
            "CREATE TABLE local AS SELECT input, dropped AS rule, count(*) AS rows FROM files "
            "GROUP BY ALL ORDER BY ALL"
        )
        self._run(f"CREATE TABLE keys AS SELECT {self._columns()} FROM files WHERE dropped IS NULL")
        self._run("CREATE TABLE losers (id BIGINT, rule UTINYINT)")

    def apply(self, near: Near) -> None:
        """Applies every rule that looks at all rows. Raises RulesError."""
        caps = self._rules.caps
        for rule in self._rules.active:
            number = _NUMBERS.get(rule, 0)
            match rule:
                case "winner":
                    self._keep_best(number, "clip", 1)
                case "decontamination_media":
                    self._drop_clips(number, near(rule, self))
                case "duplicate_media":
                    self._keep_best_of_clusters(number, near(rule, self), "clip")
                case "duplicate_captions":
                    self._keep_best(number, "captions", 1)
                case "near_captions":
                    self._keep_best_of_clusters(number, near(rule, self), "input, shard, row")
                case "source_cap":
                    self._keep_best(number, "source", caps.source or 1)
                case "caption_cap":
                    self._keep_best(number, "caption", caps.caption or 1)
        if self._rules.shares or self._rules.mix:
            self._share()

    def counts(self) -> Counts:
        """The books. Raises RulesError when no row is left."""
        local = self._run("SELECT * FROM local").fetchall()
        lost = self._run(
            "SELECT keys.input, losers.rule, count(*) FROM keys JOIN losers ON keys.rowid = losers.id "
            "GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        dropped = dict.fromkeys(self._rules.active, 0)
        rows, kept = dict.fromkeys(range(len(self._rules.input)), 0), {}
        for number, rule, count in local:
            rows[number] += count
            if rule is None:
                kept[number] = count
            else:
                dropped[rule] = dropped.get(rule, 0) + count
        for number, rule, count in lost:
            kept[number] -= count
            dropped[GLOBAL[rule]] += count
        inputs = {number: (count, kept.get(number, 0)) for number, count in rows.items()}
        counted = Counts(sum(rows.values()), sum(kept.values()), dropped, inputs)
        if counted.rows != counted.kept + sum(dropped.values()):
            raise AssertionError(f"the books do not close: {counted}")
        return counted

    def write_alive(self, path: Path) -> None:
        """Writes `input`, `shard`, `row` and `clip` of what is still there."""
        with replacing(path, durable=False) as temporary:
            self._run(
                "COPY (SELECT input, shard, row, clip FROM keys "
                "ANTI JOIN losers ON losers.id = keys.rowid) "
                f"TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
            )

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Gives its memory to others for the block."""
        (limit,) = self._run("SELECT current_setting('memory_limit')").fetchall()[0]
        self._run(f"SET memory_limit = '{_AT_REST_MB}MB'")
        try:
            yield
        finally:
            self._run(f"SET memory_limit = '{limit}'")

    def alive(self) -> npt.NDArray[np.bool_]:
        """Of each key row, by its rowid, whether it is still there."""
        (rows,) = self._run("SELECT count(*) FROM keys").fetchall()[0]
        alive = np.ones(rows, np.bool_)
        for batch in self.connection.sql("SELECT id FROM losers").to_arrow_reader(_BATCH):
            alive[batch["id"].to_numpy()] = False
        return alive

    def examples(self, most: int) -> dict[str, list[Address]]:
        """Of each rule that drops rows, at most so many of these; the same ones every time."""
        examples: dict[str, list[Address]] = {}
        order = f"mix({mixing.upper('clip')}, {self._order_key})"
        for rule in LOCAL:
            examples[rule] = self._addresses(
                f"SELECT input, shard, row FROM files WHERE dropped = '{rule}' "
                f"ORDER BY {order}, input, shard, row LIMIT {most}"
            )
        for number, rule in enumerate(GLOBAL):
            examples[rule] = self._addresses(
                "SELECT input, shard, row FROM keys JOIN losers ON keys.rowid = losers.id "
                f"WHERE rule = {number} ORDER BY h, input, shard, row LIMIT {most}"
            )
        return {rule: rows for rule, rows in examples.items() if rows}

    def _columns(self) -> str:
        """What is kept of a key row, and what is computed of it once."""
        rules = self._rules
        keep = [name for name in ("source", "captions", "caption") if name in rules.needs().keys]
        classes = ", ".join(f"'{name}'" for name in CLASSES)
        cells = [
            f"mix({mixing.upper('clip')}, {self._order_key}) AS h",
            f"(list_position([{classes}], licence) - 1)::UTINYINT AS licence",
            f"{self._split()} AS split",
            f"{self._domain()} AS domain",
            f"{'real' if rules.mix else 'false'} AS real",
        ]
        return ", ".join(["input, shard, row, clip", *keep, *self._goodness(), *cells])

    @property
    def _order_key(self) -> int:
        return mixing.key(self._rules.shuffle.seed, "order")

    def _goodness(self) -> list[str]:
        """The winner's order in whole numbers: one, or two where it does not fit into 64 bits."""
        needed = self._rules.needs().keys
        columns: list[list[tuple[str, int]]] = [[]]
        for rank in ("edited", *self._rules.winner.order):
            column, bits, bounds = _RANKS[rank]
            if column not in needed:
                continue
            if sum(width for _, width in columns[-1]) + bits > 64:
                columns.append([])
            columns[-1].append((_packed(column, bits, bounds), bits))
        columns += [[]] * (2 - len(columns))
        return [f"{_joined(column)} AS good{place}" for place, column in enumerate(columns)]

    def _split(self) -> str:
        """The number of the split that a row's source falls to."""
        shares = list(self._rules.split.values())
        if len(shares) == 1:
            return "0::UTINYINT"
        drawn = f"mix(source, {mixing.key(self._rules.shuffle.seed, 'split')})"
        reached, cases = 0.0, []
        for number, share in enumerate(shares[:-1]):
            reached += share
            bound = min(int(reached * 2**64), 2**64 - 1)
            cases.append(f"WHEN {drawn} < {bound}::UBIGINT THEN {number}")
        return f"(CASE {' '.join(cases)} ELSE {len(shares) - 1} END)::UTINYINT"

    def _domain(self) -> str:
        """The number of a row's domain among those with a share; all others are one more."""
        names = list(self._rules.shares)
        cases = " ".join(f"WHEN '{name}' THEN {number}" for number, name in enumerate(names))
        return f"(CASE domain {cases} ELSE {len(names)} END)::UTINYINT" if names else "0::UTINYINT"

    def _keep_best(self, rule: int, column: str, most: int) -> None:
        """Of rows with the same value in a column so many stay."""
        groups = (
            f"SELECT {column} FROM keys WHERE {column} IS NOT NULL "
            f"GROUP BY {column} HAVING count(*) > {most}"
        )
        self._drop_all_but(
            rule,
            most,
            f"SELECT rowid AS id, {column} AS root, good0, good1, h "
            f"FROM keys SEMI JOIN ({groups}) AS large USING ({column})",
        )

    def _keep_best_of_clusters(self, rule: int, files: Sequence[Path], by: str) -> None:
        """Of rows in one cluster one stays. by: the columns that name a row in the files."""
        if not files:
            return
        self._run("CREATE OR REPLACE TEMP VIEW near AS SELECT * FROM read_parquet($files)", files)
        self._drop_all_but(
            rule,
            1,
            "SELECT keys.rowid AS id, near.root AS root, good0, good1, h "
            f"FROM keys JOIN near USING ({by})",
        )

    def _drop_all_but(self, rule: int, most: int, candidates: str) -> None:
        """Drops all but the best of each group (`root`) of candidates that are still there."""
        self._run(
            f"CREATE OR REPLACE TEMP TABLE candidates AS {candidates} "
            "ANTI JOIN losers ON losers.id = keys.rowid"
        )
        self._run(
            f"INSERT INTO losers SELECT id, {rule} FROM candidates QUALIFY row_number() OVER "
            f"(PARTITION BY root ORDER BY good0 DESC, good1 DESC, h, id DESC) > {most}"
        )
        self._run("DROP TABLE candidates")

    def _drop_clips(self, rule: int, files: Sequence[Path]) -> None:
        if not files:
            return
        self._run("CREATE OR REPLACE TEMP VIEW near AS SELECT * FROM read_parquet($files)", files)
        self._run(
            f"INSERT INTO losers SELECT keys.rowid, {rule} FROM keys SEMI JOIN near USING (clip) "
            "ANTI JOIN losers ON losers.id = keys.rowid"
        )

    def _share(self) -> None:
        """Drops the least good rows until domains have their shares and the ratio is as asked."""
        rules = self._rules
        cells = {
            (domain, real): count
            for domain, real, count in self._run(
                "SELECT domain, real, count(*) FROM keys ANTI JOIN losers ON losers.id = keys.rowid "
                "GROUP BY ALL"
            ).fetchall()
        }
        shares = list(rules.shares.values())
        shares.append(max(0.0, 1.0 - sum(shares)))
        if shares[-1] < 1e-6:
            shares[-1] = 0.0
        try:
            stay = targets(cells, shares, rules.mix.share if rules.mix else None)
        except ImpossibleShare as error:
            raise impossible.told(error, self._rules) from error
        self._run(
            "CREATE OR REPLACE TEMP TABLE leaving "
            "(id BIGINT, domain UTINYINT, good0 UBIGINT, good1 UBIGINT, h UBIGINT)"
        )
        for (domain, real), count in sorted(cells.items()):
            kept = stay.keep.get((domain, real), 0)
            if count > kept:
                self._run(
                    "INSERT INTO leaving SELECT rowid, domain, good0, good1, h FROM keys "
                    "ANTI JOIN losers ON losers.id = keys.rowid "
                    f"WHERE domain = {domain} AND real = {real} "
                    f"ORDER BY good0 DESC, good1 DESC, h, rowid DESC OFFSET {kept}"
                )
        bounds = " ".join(f"WHEN {d} THEN {count}" for d, count in enumerate(stay.by_shares))
        self._run(
            f"INSERT INTO losers SELECT id, CASE WHEN row_number() OVER (PARTITION BY domain "
            f"ORDER BY good0, good1, h DESC, id) <= CASE domain {bounds} END "
            f"THEN {_NUMBERS['domain_shares']} ELSE {_NUMBERS['real_share']} END FROM leaving"
        )
        self._run("DROP TABLE leaving")

    def _addresses(self, query: str) -> list[Address]:
        rows: list[Address] = self._run(query).fetchall()
        return rows

    def _run(self, query: str, files: Sequence[Path] | None = None) -> duckdb.DuckDBPyConnection:
        """Runs a query; $files are files of Parquet."""
        if files is not None:
            query = query.replace("$files", sql_files(map(str, files)))
        return self.connection.execute(query)


@contextmanager
def keys(folder: Path, rules: Rules, threads: int, memory_mb: int = MEMORY_MB) -> Iterator[Keys]:
    """An empty database of keys in a folder, for the block; what an earlier one left there is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "keys.duckdb"
    _remove(path)
    connection = connect(
        path,
        threads=threads,
        memory_limit=f"{memory_mb}MB",
        temp_directory=str(folder / "spill"),
        arrow_lossless_conversion=True,
    )
    try:
        mixing.define(connection)
        yield Keys(connection, rules)
    finally:
        connection.close()
        _remove(path)


def _remove(path: Path) -> None:
    for each in (path, path.with_name(f"{path.name}.wal")):
        each.unlink(missing_ok=True)


def _packed(column: str, bits: int, bounds: tuple[float, float] | None) -> str:
    """A score or a number as a whole number of so many bits, 0 for null."""
    if bounds is None:
        return f"least(greatest(coalesce({column}, 0), 0), {(1 << bits) - 1})::UBIGINT"
    low, high = bounds
    number = f"nullif({column}::DOUBLE, 'NaN'::DOUBLE)"  # least and greatest pass over nulls
    inside = f"(least(greatest({number}, {low}), {high}) - {low}) / {high - low}"
    packed = f"(floor({inside} * {_LARGEST_SCORE}) + 1)::UBIGINT"
    return f"CASE WHEN {number} IS NULL THEN 0::UBIGINT ELSE {packed} END"


def _joined(packed: Sequence[tuple[str, int]]) -> str:
    """Whole numbers side by side in one, the first in the highest bits."""
    value = "0::UBIGINT"
    for expression, bits in packed:
        value = expression if value == "0::UBIGINT" else f"(({value}) << {bits} | {expression})"
    return value
