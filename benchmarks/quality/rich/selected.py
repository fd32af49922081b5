"""What selection keeps of rich clips: transcripts, and which domain it takes the sound for.

    python -m benchmarks.quality.rich.selected [--every N]

By the functions of `captionmill check`, over the hand-written cases and the grammar's scenes (seed 1), of
which every Nth is taken.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.quality.rich import cases
from benchmarks.quality.rich.bench import SEED, files
from pipelines.check.check import installed
from pipelines.check.evidence import evidence
from pipelines.check.given import given
from prompts.guards import Guards
from prompts.selection import Facts


def facts(item: Mapping[str, Any], guards: Guards) -> Facts:
    """What is selected of a clip."""
    line = json.dumps({"id": item["id"], "evidence": item["evidence"], "captions": {}})
    return guards.select(evidence(given(line)))


def counted(items: Iterable[Mapping[str, Any]], guards: Guards) -> Counter[str]:
    """How many clips had words or none, whether the words were kept, and their domains."""
    found: Counter[str] = Counter()
    for item in items:
        kept = facts(item, guards)
        if any(each.get("transcript") for each in item["evidence"]):
            found["transcript"] += 1
            found["kept"] += bool(kept.transcript or kept.lyrics)
            found[f"with words: {kept.domain}"] += 1
        else:
            found[f"without: {kept.domain}"] += 1
    return found


def main() -> None:
    """Selects and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.rich.selected")
    parser.add_argument("--every", type=int, default=1, help="take every Nth scene of the grammar")
    told = parser.parse_args()
    guards = installed()
    for path in files():
        print(path.stem, dict(counted(cases.load(path), guards)), flush=True)
    print("grammar", dict(counted(cases.items(SEED)[:: told.every], guards)))


if __name__ == "__main__":
    main()
