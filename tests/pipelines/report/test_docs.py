"""docs/report.md names every figure as it is."""

import re
from pathlib import Path

from pipelines.report.gate import read
from pipelines.report.scalars import SCALARS

_DOCS = (Path(__file__).parents[3] / "docs" / "report.md").read_text("utf-8")


def test_the_table_of_figures_is_whole() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", _DOCS, re.MULTILINE))
    assert told == {name: scalar.doc for name, scalar in SCALARS.items()}


def test_every_gate_in_it_can_be_read() -> None:
    gates = re.findall(r'"([a-z_]+ [<>]=? [^"A-Z]+)"', _DOCS)
    assert len(gates) >= 5
    for gate in gates:
        read(gate)
