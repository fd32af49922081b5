"""Is a committed file, as a whole, what its record says?"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import UserError
from manifests.ids import content_hash
from manifests.kinds import schema_of
from manifests.tables import File
from manifests.verify.problems import Problem

DAMAGE = ("checksum", "schema")
"""Kinds of problems after which the rows of a file are not judged."""


def check_file(root: Path, file: File, hashed: bool = True) -> Iterator[Problem]:
    """Problems of a file: its bytes, its columns, its number of rows. hashed: without it, of its bytes
    only their number is looked at."""
    path = root / file.path
    if not path.is_file():
        yield Problem("checksum", file.path, "committed, but not there")
        return
    if path.stat().st_size != file.bytes or (hashed and content_hash(path) != file.sha256):
        yield Problem("checksum", file.path, "its bytes are not those that were committed")
        return
    try:
        expected = schema_of(file.table)
        with path.open("rb") as handle:
            parquet = pq.ParquetFile(handle)
            rows, schema = parquet.metadata.num_rows, parquet.schema_arrow
    except UserError as error:
        yield Problem("schema", file.path, str(error))
        return
    except (pa.ArrowException, OSError) as error:
        yield Problem("schema", file.path, f"it can't be read: {error}")
        return
    if not schema.equals(expected):
        yield Problem("schema", file.path, f"its columns are not those of {file.table}")
    elif rows != file.rows:
        yield Problem("rows", file.path, f"{rows} rows, {file.rows} were committed")
