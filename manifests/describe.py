"""The tables of a workspace as Markdown, out of their schemas: `python -m manifests.describe`."""

import pyarrow as pa

from manifests.kinds import Kind, kinds

_HEAD = """# Tables of a workspace

Made by `python -m manifests.describe` from `manifests/schemas.py`.

Rows are joined by `clip_id`, sources with clips by `content_hash`, never by position. A file counts
only if a record under `commits/` names it, with its rows, bytes and sha256. The next start removes
what a killed run left: files named as below that no record names, and no others. `<cut>` and the other
digests are of the settings that made a table (`configs/<config digest>.json` has them in full).
"""


def markdown() -> str:
    """The whole page: every kind that has a description."""
    parts = [_HEAD]
    for kind in (kind for kind in kinds() if kind.doc):
        parts.append(f"\n## {kind.name}\n`{_path(kind)}`\n\n{kind.doc}\n\n")
        parts.append("| column | type | |\n|---|---|---|\n")
        parts += [f"| `{f.name}` | {_type(f.type)} | {_doc(f)} |\n" for f in kind.schema]
    return "".join(parts)


def _path(kind: Kind) -> str:
    if kind.listed:
        part = "part" if kind.name == "sources" else "shard"
        return f"{kind.folder}/<cut>/{part}-<n>-e<epoch>.parquet"
    shard = "shard-<n>-g<generation>-e<epoch>"
    if kind.shared:
        return f"{kind.folder}/<name>-<digest>/{shard}-<job>.parquet"
    return f"{kind.folder}/<config digest>/{shard}.parquet"


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
