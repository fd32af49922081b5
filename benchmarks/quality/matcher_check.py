"""How far the matcher agrees with captions that were read by a person.

A row of matcher_checked.jsonl: side («heard», «seen», «both»), caption, names: the narrowest concepts it
names, and where there is something to say of them: denied, counts, quoted, beyond (words that must be
left over, since the world has no concept for them). made: «template» of the world's phrasings, or
«reworded», written freely. Labels were written before the matcher was run on a row.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from benchmarks.quality.known import Concept, Reading, Side

Row = Mapping[str, Any]
_SIDES: Mapping[str, Side | None] = {"heard": "heard", "seen": "seen", "both": None}


class Reads(Protocol):
    """The matcher."""

    def read(self, caption: str, side: Side | None = None) -> Reading:
        """What it reads in a caption."""
        ...


def agreement(
    matcher: Reads, concepts: Sequence[Concept], rows: Sequence[Row], show: bool = False
) -> Iterator[str]:
    """Lines that tell it."""
    from benchmarks.quality.matcher import narrowest

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
