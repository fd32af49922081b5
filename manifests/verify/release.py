"""Verification of a release: does each file hold what `release.json` says, and does each row belong where
it lies?

Parts are checked each by itself, by whoever `run` gives them to; what concerns several is a pass over
keys. What stands on a file that is damaged is not judged: the damage is the one problem told.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from manifests.errors import UserError
from manifests.ids import content_hash
from manifests.release.layout import RELEASE, TABLES, WORK, Release, ReleaseFile
from manifests.verify.across import across
from manifests.verify.part import Checked, Part, check_part
from manifests.verify.problems import Problem

Run = Callable[[Callable[[Part], Checked], Sequence[Part]], Iterator[Checked]]
"""Calls a function with each part, in any order; `map` is one."""


def check_release(root: Path, release: Release, run: Run = map) -> Checked:
    """Everything that was found of a release. run: checks the parts."""
    found = Checked()
    found.tell(_documents(root, release))
    found.tell(_strangers(root, release))
    parts = parts_of(root, release)
    found.tell(_incomplete(release, parts))
    for checked in run(check_part, parts):
        found.add(checked)
    data = release.of("data")
    damaged = {problem.where for problem in found.problems}
    sound = [file for file in data if file.path not in damaged]
    try:
        found.tell(across(root, sound))
    except UserError as error:
        found.tell([Problem("schema", "data", str(error))])
    found.tell(_inputs(release, found))
    return found


def parts_of(root: Path, release: Release) -> list[Part]:
    """The parts of a release: files of one class, split and number, of every table."""
    inputs = tuple((each.stage, each.real) for each in release.inputs)
    parts = groupby(sorted(release.files, key=_part), _part)
    return [
        Part(str(root), tuple(files), inputs, release.links_only, release.width)
        for _, files in parts
    ]


def _part(file: ReleaseFile) -> tuple[str, str, int]:
    return file.licence_class, file.split, file.part


def _documents(root: Path, release: Release) -> Iterator[Problem]:
    for document in release.documents:
        path = root / document.path
        try:
            same = path.stat().st_size == document.bytes and content_hash(path) == document.sha256
        except OSError:
            yield Problem("checksum", document.path, "release.json names it, but it can't be read")
            continue
        if not same:
            yield Problem("checksum", document.path, "it is not as it was released")


def _strangers(root: Path, release: Release) -> Iterator[Problem]:
    """Files in the folders of tables that `release.json` does not name: who loads a folder loads them."""
    named = {file.path for file in release.files}
    for table in TABLES:
        for path in sorted((root / table).rglob("*")):
            below = path.relative_to(root).as_posix()
            if below not in named and not path.is_dir():
                yield Problem("stranger", below, f"{RELEASE} does not name it")
    if (root / WORK).exists():
        yield Problem("stranger", WORK, "what a rebuild left behind: it can be removed")


def _incomplete(release: Release, parts: Iterable[Part]) -> Iterator[Problem]:
    """Parts that lack a table that others have."""
    tables = [table for table in TABLES if release.of(table)]
    for part in parts:
        there = {file.table for file in part.files}
        for table in tables:
            if table not in there:
                yield Problem("books", part.files[0].path, f"{table} has no file of this part")


def _inputs(release: Release, found: Checked) -> Iterator[Problem]:
    """Whether the inputs gave as many rows as the books say; not told where not all could be read."""
    if found.inputs is None:
        return
    for each in release.inputs:
        if found.inputs[each.number] != each.kept:
            message = (
                f"input {each.number} gave {each.kept} rows by the books, "
                f"{found.inputs[each.number]} by the rows"
            )
            yield Problem("books", RELEASE, message)
