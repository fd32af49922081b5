"""Gates: what must not be true of a caption set, as `unsupported > 0.02` or `support < -5%`.

A plain number is a limit for the figure itself, with `%` a hundredth. A number with a sign is a limit for
its change against another set: of its own unit (`support < -0.05`), or with `%` relative to the other
set's figure (`support < -5%`). With the word `absolute` it is a limit for the figure itself, too:
`similarity_visual < -0.01 absolute`.
"""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.errors import UserError
from pipelines.report.scalars import SCALARS

_GATE = re.compile(
    r"\s*(?P<name>[a-z_]{1,40})\s*(?P<sign><=|>=|<|>)\s*"
    r"(?P<number>[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15}))\s*(?P<percent>%?)"
    r"\s*(?P<absolute>absolute)?\s*"
)
_KEY = "fail_on"
_LARGEST = 1 << 20
_ROUNDING = 1e-9


class GateError(UserError):
    """A gate that can't be read, or asks for another set where there is none."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What must not be. limit: as written, a hundredth where in percent; change: it is of the change
    against another set; relative: of that change divided by the other set's figure."""

    text: str
    name: str
    sign: str
    limit: float
    change: bool
    relative: bool

    def crossed(self, value: float) -> bool:
        """Whether a number is what must not be. Numbers that differ by rounding are equal."""
        above, below = value > self.limit + _ROUNDING, value < self.limit - _ROUNDING
        return {">": above, "<": below, ">=": not below, "<=": not above}[self.sign]


@dataclass(frozen=True, slots=True)
class Failure:
    """A gate that a caption set does not pass, and why. value: what the gate looked at; None where that
    was not measured, or is a change relative to 0."""

    gate: str
    name: str
    value: float | None
    why: str

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"gate": self.gate, "figure": self.name, "value": self.value, "why": self.why}


def read(text: str) -> Gate:
    """Raises GateError for what is no gate, names no figure, or can't be both true and untrue."""
    match = _GATE.fullmatch(text)
    if match is None:
        raise GateError(
            f"gate {text[:100]!r}: write a figure, <, <=, > or >=, and a number, "
            'as in "unsupported>0.02" or "support<-5%"'
        )
    if match["name"] not in SCALARS:
        raise GateError(f"gate {text!r}: no figure {match['name']}; there are {', '.join(SCALARS)}")
    change = match["number"][0] in "+-" and not match["absolute"]
    gate = Gate(
        text=text.strip(),
        name=match["name"],
        sign=match["sign"],
        limit=float(match["number"]) / (100 if match["percent"] else 1),
        change=change,
        relative=change and bool(match["percent"]),
    )
    _require_possible(gate, match["number"], bool(match["percent"]))
    return gate


def _require_possible(gate: Gate, number: str, in_percent: bool) -> None:
    """Raises GateError for a limit that the figure can't cross, or lies beyond all that it can be."""
    least, most = _bounds(gate)
    is_outside = not least <= gate.limit <= most
    if not is_outside and (gate.sign, gate.limit) not in ((">", most), ("<", least)):
        return
    of = f"the change of {gate.name}" if gate.change else gate.name
    told = f"{least:g} and more" if most == math.inf else f"{least:g} to {most:g}"
    hint = ""
    if is_outside and not in_percent and 1 < abs(gate.limit) <= 100:
        hint = f'; did you mean "{gate.name} {gate.sign} {number}%"?'
    raise GateError(
        f"gate {gate.text!r} says nothing: {of} can be {told}, so this is always or never true{hint}"
    )


def _bounds(gate: Gate) -> tuple[float, float]:
    """The least and the most that a gate may look at."""
    least, most = SCALARS[gate.name].bounds
    if gate.relative:
        return -1 if least == 0 else -math.inf, math.inf
    return (least - most, most - least) if gate.change else (least, most)


def read_file(path: Path) -> list[Gate]:
    """The gates of a TOML file with one list, `fail_on`. Raises GateError, OSError."""
    if path.stat().st_size > _LARGEST:
        raise GateError(f"{path}: too large for a file of thresholds")
    try:
        told = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GateError(f"{path} can't be read: {error}") from error
    gates = told.get(_KEY)
    if list(told) != [_KEY] or not isinstance(gates, list) or not gates:
        raise GateError(f'{path}: write one list, {_KEY} = ["unsupported > 0.02"]')
    try:
        return [read(gate) for gate in gates if _is_text(gate)]
    except GateError as error:
        raise GateError(f"{path}: {error}") from error


def _is_text(gate: object) -> bool:
    if not isinstance(gate, str):
        raise GateError(f"{gate!r} is no text")
    return True


def check(
    gates: Sequence[Gate],
    own: Mapping[str, float | None],
    other: Mapping[str, float | None] | None,
) -> list[Failure]:
    """The gates that are not passed. A figure that was not measured passes none. Raises GateError for a
    change where there is no other set."""
    failures = []
    for gate in gates:
        if gate.change and other is None:
            raise GateError(
                f"gate {gate.text!r} is of a change: name the other set with --against, or write "
                f"{f'{gate.text} absolute'!r} for a limit of the figure itself"
            )
        value, why = _value(gate, own, other or {})
        if value is None or gate.crossed(value):
            # JSON has no number without bound.
            told = value if value is not None and math.isfinite(value) else None
            failures.append(Failure(gate.text, gate.name, told, why))
    return failures


def _value(
    gate: Gate, own: Mapping[str, float | None], other: Mapping[str, float | None]
) -> tuple[float | None, str]:
    """What a gate looks at, and how it came to be, in words."""
    scalar, now = SCALARS[gate.name], own[gate.name]
    if now is None:
        return None, f"{gate.name} is not measured here"
    if not gate.change:
        return now, f"{gate.name} is {scalar.text(now)}"
    before = other[gate.name]
    if before is None:
        return None, f"{gate.name} is not measured in the other set"
    told = f"{gate.name} went from {scalar.text(before)} to {scalar.text(now)}"
    change = now - before
    if not gate.relative:
        return change, told
    if not before:
        if not change:
            return 0.0, told
        return math.copysign(math.inf, change), f"{told}: from 0 no change can be told in %"
    return change / abs(before), f"{told} ({change / abs(before):+.1%})"
