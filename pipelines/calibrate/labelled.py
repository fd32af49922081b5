"""Media of known content: the list that `captionmill calibrate` reads, and what is true by it.

A row names a file and what is true of it, as labels ("Dog") or clauses ("a dog barks"). A claim is true
if one of them implies it by the lexicon (a dog is an animal) or is its label; a sentence ("caption") if
each of its content words stands in something true. Numbers count where both sides state one: of "one
person" "two people" is false. A claim that says the same as an `unsure` entry is not counted; everything
else is false, or not counted either where the list is not complete. An entry that begins with "heard:"
or "seen:" speaks of that side alone.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from manifests.evidence import Claim, Modality
from manifests.ids import path_of
from manifests.sources import cells
from manifests.sources import list as sources
from prompts.support import about, meaning
from prompts.words import NUMBERS, upward, words

_SIDES: dict[str, Modality] = {"heard:": "audio", "seen:": "video"}
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_COUNTS |= {"nine": 9, "ten": 10, "dozen": 12}
_MANY = 0


def _listed(value: Any) -> Any:
    """A list, also one as Python shows it, or text with ";" between its entries; nothing is none."""
    if cells.missing(value):
        return ()
    is_shown = isinstance(value, str) and value.lstrip().startswith("[")
    entries = cells.texts(value) if is_shown else value
    entries = entries.split(";") if isinstance(entries, str) else entries
    if not isinstance(entries, list | tuple):
        return value
    return tuple(e.strip() if isinstance(e, str) else e for e in entries if e != "")


def _unless_empty(value: Any) -> Any:
    return True if cells.missing(value) else value


Entries = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Labelled(BaseModel):
    """One file of known content.

    file: absolute, a file URI, or relative to the list. true, false, unsure: labels or clauses. origin:
    who made it, or with what; its content where nobody says. complete: nothing else is true of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(min_length=1)
    true: Entries
    false: Entries = ()
    unsure: Entries = ()
    origin: str | None = None
    complete: Annotated[bool, BeforeValidator(_unless_empty)] = True

    def path(self, folder: Path) -> Path:
        """Where the file lies; folder: of the list."""
        if self.file.startswith("file:"):
            return Path(path_of(self.file).decode("utf-8", "surrogateescape"))
        return folder / self.file

    def truth(self, claim: Claim) -> bool | None:
        """Whether a claim holds of the file; None where nobody can say."""
        entries = self._entries
        label = claim.label.casefold()
        for name, value in (("unsure", None), ("false", False), ("true", True)):
            if any(label == e.text and e.of(claim) for e in entries[name]):
                return value
        core, reach = about(claim), meaning(claim).reach
        if _implied(claim, core, entries["true"]):
            return True
        if any(e.of(claim) and e.core <= reach for e in entries["false"]):
            return False
        if any(e.of(claim) and e.core <= reach and core <= e.reach for e in entries["unsure"]):
            return None
        return False if self.complete else None

    @cached_property
    def _entries(self) -> Mapping[str, "list[_Entry]"]:
        return {
            name: [_Entry(text) for text in entries]
            for name, entries in (
                ("true", self.true),
                ("false", self.false),
                ("unsure", self.unsure),
            )
        }


class _Entry:
    """One label or clause: its text without the side, what it is about, all that implies, its number."""

    def __init__(self, text: str) -> None:
        self.text = text.casefold()
        self._side: Modality | None = None
        for prefix, side in _SIDES.items():
            if self.text.startswith(prefix):
                self.text, self._side = self.text.removeprefix(prefix).strip(), side
        as_label = Claim(self.text, self.text, "object", self._side or "audio", 0.0)
        core = about(as_label)
        self.core = (core - {"one"}) or core
        self.reach = upward(self.core)
        self.number = _number(self.text)

    def of(self, claim: Claim) -> bool:
        """Whether it speaks of what the claim perceives."""
        return self._side in (None, claim.modality)


def _implied(claim: Claim, core: frozenset[str], entries: Iterable[_Entry]) -> bool:
    number = _number(claim.text)
    fitting = [e for e in entries if e.of(claim) and _same(e.number, number)]
    if claim.kind == "caption":
        return core <= frozenset[str]().union(*(e.reach for e in fitting))
    return any(core <= e.reach for e in fitting)


def _number(text: str) -> int | None:
    """How many a text says there are; None where it does not, 0 for "several" and its like."""
    for word in words(text):
        if word in _COUNTS:
            return _COUNTS[word]
        if word in NUMBERS:
            return _MANY
    return None


def _same(first: int | None, second: int | None) -> bool:
    if first is None or second is None:
        return True
    return first == second or (_MANY in (first, second) and 1 not in (first, second))


def read(path: Path) -> list[Labelled]:
    """The rows of a list (`manifests.sources.list`). Raises ListError."""
    rows = []
    for number, row in enumerate(sources.read(path, optional=Labelled.model_fields), 1):
        try:
            rows.append(Labelled.model_validate(row))
        except ValidationError as error:
            raise sources.ListError(f"{path}, row {number}: {_why(error)}") from error
    if not rows:
        raise sources.ListError(f"{path} names no file")
    return rows


def _why(error: ValidationError) -> str:
    columns = ", ".join(Labelled.model_fields)
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f'no column is called "{name}"; there are {columns}'
    if first["type"] == "missing":
        return f'the column "{name}" is missing'
    return f"{name or 'row'}: {first['msg']}"
