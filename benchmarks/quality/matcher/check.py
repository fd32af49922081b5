"""How far the matcher agrees with captions that were read by a person.

    python -m benchmarks.quality.matcher.check [--show]

A row of checked.jsonl: side ("heard", "seen", "both"), caption, names: the narrowest concepts it
names, and where there is something to say of them: denied, counts, quoted, beyond (words that must be
left over, since the world has no concept for them). made: "template": of the world's phrasings;
"reworded", "second", "third": written freely, one after the other; "written": by captionmill's writer for
simulated clips of seed 8, read by somebody who saw neither matcher nor clips. Labels were written before
the matcher was run on a row, and were not changed after. It was mended after reading what "template",
"reworded" and "second" showed, and what it misread of captions of seed 7; not after "third" and
"written". As each was first run (precision, recall, exact rows; 2026-11-25, "written" 2026-11-26):

| | rows | first run | | | now | | |
|---|---|---|---|---|---|---|---|
| template | 90 | 0.966 | 0.983 | 0.956 | 1.000 | 1.000 | 1.000 |
| reworded | 160 | 0.862 | 0.927 | 0.694 | 0.975 | 0.972 | 0.906 |
| second | 85 | 0.919 | 0.919 | 0.788 | 0.944 | 0.950 | 0.871 |
| third | 70 | 0.985 | 0.985 | 0.943 | 0.985 | 0.985 | 0.943 |
| written | 150 | 0.995 | 0.995 | 0.973 | 0.995 | 0.995 | 0.973 |
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality.known import Reading
from benchmarks.quality.matcher.matcher import Matcher
from recipes.world.concepts import Concept, Side
from recipes.world.world import load

CHECKED = Path(__file__).parent / "checked.jsonl"

Row = Mapping[str, Any]
_SIDES: Mapping[str, Side | None] = {"heard": "heard", "seen": "seen", "both": None}


def rows() -> list[Row]:
    """The rows that were labelled by hand."""
    return [json.loads(line) for line in CHECKED.read_text("utf-8").splitlines()]


def agreement(
    matcher: Matcher, concepts: Sequence[Concept], rows: Sequence[Row], show: bool = False
) -> Iterator[str]:
    """Lines that tell it."""
    tallies: dict[str, Counter[str]] = {}
    for row in rows:
        reading = matcher.read(row["caption"], _SIDES[row["side"]])
        read = narrowest((m.key for m in reading.mentions), concepts)
        meant = frozenset(row["names"])
        other = _other(row, reading)
        for group in ("all", row["side"], row["made"]):
            tally = tallies.setdefault(group, Counter())
            tally.update(rows=1, right=len(read & meant), read=len(read), meant=len(meant))
            tally["exact"] += read == meant
            tally["more"] += not other
        if show and (read != meant or other):
            yield f"{row['side']:<6}{row['caption']}"
            yield f"      not read {sorted(meant - read)}, read {sorted(read - meant)} {other}"
    for group, tally in tallies.items():
        precision, recall = tally["right"] / tally["read"], tally["right"] / tally["meant"]
        yield (
            f"{group:<9} {tally['rows']:>4} rows: precision {precision:.3f}, recall {recall:.3f}, "
            f"exact {tally['exact'] / tally['rows']:.3f}, counts, denials, quotations and unknown "
            f"words right {tally['more'] / tally['rows']:.3f}"
        )


def narrowest(keys: Iterable[str], concepts: Sequence[Concept]) -> frozenset[str]:
    """Of these concepts, those that are not broader words for another of them."""
    broader = {concept.key: concept.broader for concept in concepts}
    found = frozenset(keys)
    beyond: set[str] = set()
    todo = [up for key in found for up in broader.get(key, ())]
    while todo:
        key = todo.pop()
        if key not in beyond:
            beyond.add(key)
            todo += broader.get(key, ())
    return found - beyond


def _other(row: Row, reading: Reading) -> list[str]:
    """What else is read otherwise: counts, what is denied, what is quoted, unknown words."""
    counts = {m.key: m.count for m in reading.mentions if m.count is not None}
    wrong = []
    if counts != row.get("counts", {}):
        wrong.append(f"counts {counts}")
    if not frozenset(row.get("denied", ())) <= {m.key for m in reading.denied}:
        wrong.append(f"denied {[m.key for m in reading.denied]}")
    if tuple(row.get("quoted", ())) != reading.quoted:
        wrong.append(f"quoted {reading.quoted}")
    if missing := sorted(frozenset(row.get("beyond", ())) - frozenset(reading.leftover)):
        wrong.append(f"not left over {missing}")
    return wrong


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints how far the matcher agrees."""
    parser = argparse.ArgumentParser(description="Agreement of the matcher with labels by hand.")
    parser.add_argument("--show", action="store_true", help="rows that it reads otherwise")
    told = parser.parse_args(arguments)
    concepts = load().concepts()
    for line in agreement(Matcher(concepts), concepts, rows(), told.show):
        print(line)


if __name__ == "__main__":
    main()
