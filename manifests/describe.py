"""The tables of a workspace as Markdown, out of their schemas: `python -m manifests.describe`."""

import pyarrow as pa

from manifests import schemas

_TABLES = {
    "sources": (
        "`sources/<cut>/part-<n>.parquet`",
        "One row for each file as it was listed; a file whose bytes are those of an earlier one has "
        "`duplicate` set and finds its clips by `content_hash`. The last row of a URI counts.",
        schemas.SOURCES,
    ),
    "clips": (
        "`clips/<cut>/shard-<n>.parquet`",
        "One row for each clip, in shards whose members never change.",
        schemas.CLIPS,
    ),
    "weak": (
        "`weak/<captioner>-<digest>/shard-<n>-g<generation>-<job>.parquet`",
        "What one captioner said: one table for each version of each captioner.",
        schemas.WEAK,
    ),
    "captions": (
        "`captions/stage1/<config digest>/shard-<n>-g<generation>.parquet`",
        "The result: one row for each captioned clip.",
        schemas.CAPTIONS,
    ),
    "filtered": (
        "`filtered/<config digest>/shard-<n>-g<generation>.parquet`",
        "Clips that a rule of the profile left out.",
        schemas.FILTERED,
    ),
    "quarantine": (
        "`quarantine/<config digest>/shard-<n>-g<generation>.parquet`",
        "Clips that could not be worked. A retry adds a generation; the rows of the newest "
        "generation that names a clip count.",
        schemas.QUARANTINE,
    ),
}

_HEAD = """# Tables of a workspace

Made by `python -m manifests.describe` from `manifests/schemas.py`.

Rows are joined by `clip_id`, sources with clips by `content_hash`, never by position. A file counts
only if a record under `commits/` names it, with its rows, bytes and sha256; what a killed run left
behind is removed at the next start. `<cut>` and the other digests are of the settings that made a
table (`configs/<config digest>.json` has them in full).
"""


def markdown() -> str:
    """The whole page."""
    parts = [_HEAD]
    for name, (path, what, schema) in _TABLES.items():
        parts.append(f"\n## {name}\n{path}\n\n{what}\n\n| column | type | |\n|---|---|---|\n")
        parts += [f"| `{f.name}` | {_type(f.type)} | {_doc(f)} |\n" for f in schema]
    return "".join(parts)


def _doc(field: pa.Field) -> str:
    doc: bytes = (field.metadata or {}).get(b"doc", b"")
    return doc.decode()


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_type(kind.value_type)}"
    if pa.types.is_struct(kind):
        inner = ", ".join(kind.field(i).name for i in range(kind.num_fields))
        return f"({inner})"
    return str(kind)


if __name__ == "__main__":
    print(markdown(), end="")
