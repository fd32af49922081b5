"""What a training tells: a line of JSON for each step and each comparison, and a picture of them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from manifests.atomic import replacing, write_atomic

Line = Mapping[str, Any]
"""Of a step, from 1 on: {"step", "loss": {pair: number}, "learning_rate", "samples_per_s"}. Of a
comparison: {"step", "held_out": `pipelines.train.compare.Recalls`, "clips"}."""


class Log:
    """The lines of a training. step: from which it goes on; what a killed process told of later ones is
    dropped."""

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        kept = [line for line in lines(path) if line["step"] <= step]
        write_atomic(path, "".join(_text(line) for line in kept).encode())

    def add(self, line: Line) -> None:
        """Appends a line."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_text(line))


def lines(path: Path) -> Iterator[Line]:
    """The lines of a log, without a last one that was cut off."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for text in file:
            if text.endswith("\n"):
                yield json.loads(text)


def draw(log: Path, picture: Path) -> None:
    """The losses of all pairs, and R@1 of all directions on held-out clips, as a PNG."""
    from matplotlib.figure import Figure

    steps = [line for line in lines(log) if "loss" in line]
    compared = [line for line in lines(log) if "held_out" in line]
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for pair in steps[0]["loss"] if steps else ():
        left.plot(
            [line["step"] for line in steps], [line["loss"][pair] for line in steps], label=pair
        )
    left.set(xlabel="step", ylabel="loss of each pair", yscale="log")
    for pair in compared[0]["held_out"] if compared else ():
        for way, style in (("right_of_left", "-"), ("left_of_right", "--")):
            values = [100 * line["held_out"][pair][way] for line in compared]
            count = compared[-1]["held_out"][pair]["clips"]
            name = f"{pair} ({count})" if way == "right_of_left" else None
            color = f"C{list(compared[0]['held_out']).index(pair)}"
            right.plot([line["step"] for line in compared], values, style, color=color, label=name)
    right.set(xlabel="step", ylabel="R@1 in %, of (so many) clips; dashed: backwards")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize="small")
    with replacing(picture, durable=False) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def _text(line: Line) -> str:
    return json.dumps(line) + "\n"
