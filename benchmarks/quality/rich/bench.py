"""What `prompts.meaning` says of captions of rich evidence.

    python -m benchmarks.quality.rich.bench [FILE ...] [--every N]

Judges every caption of case files, by default of all that lie in `cases/`, and of the grammar's scenes
(seed 1), and prints the tables of `report` for each: Markdown. The writer's own guards take no part.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality.rich import cases
from benchmarks.quality.rich.report import Row, report
from benchmarks.quality.rich.sides import judge, likeness
from prompts.meaning.likeness import Likeness

CASES = Path(__file__).parent / "texts"
SEED = 1


def files() -> list[Path]:
    """The case files that have evidence: all but the honest sentences."""
    return [path for path in sorted(CASES.glob("*.jsonl")) if path.stem != "honest"]


def rows(item: Mapping[str, Any], source: str, like: Likeness) -> list[Row]:
    """What is said of each caption of a clip."""
    judged = judge(item["evidence"], like)
    return [
        Row(
            item["id"],
            item.get("grammar", source),
            made["caption"],
            judged(made["caption"], made["text"]),
            made.get("style"),
            made.get("fault"),
        )
        for made in [*item["good"], *item["bad"]]
    ]


def tables(name: str, items: Sequence[Mapping[str, Any]], like: Likeness) -> str:
    """A section in Markdown: tables, and how long a clip took."""
    began = time.perf_counter()
    judged = [row for item in items for row in rows(item, name, like)]
    each = 1000 * (time.perf_counter() - began) / len(items)
    return f"## {name}\n\n{report(judged)}\n\n{len(items)} clips, {each:.0f} ms a clip.\n"


def main() -> None:
    """Judges and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.rich.bench")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a file of cases")
    parser.add_argument("--every", type=int, default=1, help="take every Nth scene of the grammar")
    told = parser.parse_args()
    like = likeness()
    for path in told.files or files():
        print(tables(path.stem, cases.load(path), like), flush=True)
    if not told.files:
        print(tables("grammar", cases.items(SEED)[:: told.every], like), flush=True)


if __name__ == "__main__":
    main()
