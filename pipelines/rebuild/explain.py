"""`captionmill rebuild --explain`: rows that each rule would drop, with examples, without a release."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from manifests.captions import CAPTIONS
from manifests.release.errors import RulesError
from manifests.release.rules import Rules
from manifests.release.select import Address, Counts
from manifests.release.shards import Input
from pipelines.rebuild.leaving import leaving
from pipelines.rebuild.rebuild import Phases, Tell
from pipelines.rebuild.running import running
from pipelines.rebuild.steps import groups
from pipelines.rebuild.work import Work

EXAMPLES = 10
_COLUMNS = ["clip_id", "uri", "start_ms", "end_ms", *CAPTIONS]
_SHOWN = 160
"""Characters of a caption that are shown."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explained:
    """counts: the books. examples: rows that a rule drops, by rule, each with the name of its input."""

    counts: Counts
    examples: dict[str, list[Row]]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "rows": self.counts.rows,
            "kept": self.counts.kept,
            "rules": [
                {"rule": rule, "dropped": rows, "examples": self.examples.get(rule, [])}
                for rule, rows in self.counts.dropped.items()
            ],
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        kept, rows = self.counts.kept, self.counts.rows
        yield f"{rows:,} rows = {kept:,} kept + {rows - kept:,} dropped"
        for rule, dropped in self.counts.dropped.items():
            yield f"{rule}: {dropped:,} dropped"
            for row in self.examples.get(rule, []):
                yield f"  {_line(row)}"


def explain(rules: Rules, inputs: Sequence[Input], tell: Tell = lambda line: None) -> Explained:
    """Applies the rules to keys in a temporary folder. Raises UserError."""
    with tempfile.TemporaryDirectory(prefix="captionmill-explain-") as folder:
        work = Work(Path(folder))
        work.root.mkdir()
        with running(work, 1) as runner:
            named = leaving(rules, inputs)
            steps = Phases(rules, inputs, named, groups(inputs), work, runner, tell)
            return explained(steps)


def explained(steps: Phases) -> Explained:
    """What the phases before anything is written tell."""
    if not steps.groups:
        raise RulesError(f"{steps.rules.source}: its inputs hold no captions")
    steps.keys()
    with steps.selected() as keys:
        counts, places = keys.counts(), keys.examples(EXAMPLES)
    rows = _rows(steps.inputs, [address for each in places.values() for address in each])
    return Explained(
        counts, {rule: [rows[address] for address in each] for rule, each in places.items()}
    )


def _rows(inputs: Sequence[Input], addresses: Sequence[Address]) -> Mapping[Address, Row]:
    """The rows at some addresses."""
    wanted: dict[tuple[int, int], set[int]] = {}
    for address in addresses:
        wanted.setdefault(address[:2], set()).add(address[2])
    rows: dict[Address, Row] = {}
    for given in inputs:
        for shard in given.shards:
            numbers = wanted.get((given.number, shard.number), set())
            first = 0
            for path in shard.captions if numbers else ():
                table = pq.read_table(path, columns=_COLUMNS)
                for number in numbers:
                    if first <= number < first + table.num_rows:
                        (row,) = table.slice(number - first, 1).to_pylist()
                        rows[given.number, shard.number, number] = {"input": given.name, **row}
                first += table.num_rows
    return rows


def _line(row: Row) -> str:
    """One row in a line."""
    text = next((row[name] for name in reversed(CAPTIONS) if row[name]), "no caption")
    if len(text) > _SHOWN:
        text = f"{text[:_SHOWN]}..."
    name = row["uri"].rpartition("/")[2]
    span = f"{row['start_ms'] / 1000:g}-{row['end_ms'] / 1000:g} s"
    return f"{row['clip_id']}  {row['input']}  {name} [{span}]  {text}"
