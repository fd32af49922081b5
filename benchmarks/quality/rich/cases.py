"""All items of the bench: `python -m benchmarks.quality.rich.cases OUT.jsonl --seed N`.

One JSON object a line: id, scene, grammar, evidence, truth, wrong, good, bad.
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.quality.rich.evidence import GRAMMARS, Told, tell
from benchmarks.quality.rich.goods import goods
from benchmarks.quality.rich.scenes import scenes
from benchmarks.quality.rich.swaps import swaps
from benchmarks.quality.rich.truth import Scene

NUMBER = 360


def told(seed: int, number: int = NUMBER) -> list[Told]:
    """The scenes of a seed with their evidence, by each grammar in turn."""
    return [tell(s, GRAMMARS[_turn(at)]) for at, s in enumerate(scenes(seed, number))]


def _turn(at: int) -> int:
    """The domains come round in a number that grammars divide: shift each round by one."""
    return (at + at // 24) % len(GRAMMARS)


def item(told: Told) -> dict[str, Any]:
    """A clip as CASES has it, and what it was made from."""
    return {
        "id": f"rich-{told.truth.id}",
        "scene": told.truth.id,
        "grammar": told.grammar.name,
        "evidence": [dict(i) for i in told.evidence],
        "truth": readable(told.truth),
        "wrong": [asdict(w) for w in told.wrong],
        "good": [
            {"caption": made.caption, "style": "copy", "plan": made.plan, "text": text}
            for made, text in goods(told)
        ],
        "bad": [asdict(bad) for bad in swaps(told)],
    }


def items(seed: int, number: int = NUMBER) -> list[dict[str, Any]]:
    """All items of a seed."""
    return [item(t) for t in told(seed, number)]


def load(path: Path) -> list[dict[str, Any]]:
    """Items from a file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def readable(scene: Scene) -> dict[str, Any]:
    """The truth as plain JSON, without what is empty."""
    made: dict[str, Any] = _lean(asdict(scene))
    return made


def _lean(thing: Any) -> Any:
    if isinstance(thing, Mapping):
        kept = {k: _lean(v) for k, v in thing.items()}
        return {k: v for k, v in kept.items() if v not in (None, "", False, [])}
    return [_lean(v) for v in thing] if isinstance(thing, tuple | list) else thing


def main() -> None:
    """Writes the items of a seed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.rich.cases")
    parser.add_argument("out", type=Path, help="a JSON Lines file to write")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=NUMBER, help="scenes")
    told = parser.parse_args()
    made = items(told.seed, told.number)
    with told.out.open("w", encoding="utf-8") as file:
        for one in made:
            file.write(json.dumps(one, ensure_ascii=False) + "\n")
    good = sum(len(one["good"]) for one in made)
    faults = Counter(bad["fault"] for one in made for bad in one["bad"])
    print(f"{len(made)} scenes, {good} good captions, {sum(faults.values())} bad ones")
    print(", ".join(f"{fault} {number}" for fault, number in faults.items()))


if __name__ == "__main__":
    main()
