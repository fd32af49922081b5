"""Whether there are the licences that the rules name: a mistyped one would drop rows."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from manifests.release.allowed import names_in
from manifests.release.licences import CLASSES
from manifests.release.rules import Rules
from manifests.release.shards import Input
from pipelines.rebuild.errors import unreadable

_SHOWN = 20
"""Names that an error lists."""


def require_known(rules: Rules, inputs: Sequence[Input]) -> None:
    """Raises RulesError for a licence that is neither in the list of SPDX nor in a row, and WritingError
    for a file that can't be read.

    Rules may allow what this month's inputs do not have. Files are read only until all names were seen.
    """
    unseen = {
        name.lower(): name
        for name in rules.keep.licences
        if name not in CLASSES and not _in_spdx(name)
    }
    there: set[str] = set()
    for licence in _licences(inputs) if unseen else ():
        there |= names_in(licence)
        for name in names_in(licence):
            unseen.pop(name.lower(), None)
        if not unseen:
            return
    if unseen:
        raise rules.error("keep.licences", _message(list(unseen.values()), sorted(there)))


def _in_spdx(name: str) -> bool:
    try:
        canonicalize_license_expression(name)
    except InvalidLicenseExpression:
        return False
    return not name.lower().startswith("licenseref-")


def _message(unknown: Sequence[str], there: Sequence[str]) -> str:
    listed = ", ".join(there[:_SHOWN]) or "none"
    more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
    return (
        f"no row of the inputs has {', '.join(map(repr, unknown))}: they have {listed}{more}, and there "
        f"are the classes {', '.join(CLASSES)}; correct the name or leave it out"
    )


def _licences(inputs: Sequence[Input]) -> Iterator[str | None]:
    """Licences of the rows, file by file, each once or more."""
    for given in inputs:
        for shard in given.shards:
            for path in shard.captions:
                try:
                    with pq.ParquetFile(path) as file:
                        column = file.read(columns=["licence"], use_threads=False)["licence"]
                except (pa.ArrowException, OSError) as error:
                    raise unreadable(path, given.root, error) from error
                yield from column.unique().to_pylist()
