"""Croissant 1.1: what a release is, for programs that look for data sets (https://docs.mlcommons.org)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from manifests.release.columns import PARQUET, Table, schema_of
from manifests.release.layout import ReleaseFile
from manifests.release.statistics import Statistics

CONFORMS = "http://mlcommons.org/croissant/1.1"

_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_PARQUET, _TAR = "application/x-parquet", "application/x-tar"


def croissant(
    name: str, files: Sequence[ReleaseFile], counted: Statistics, width: int | None = None
) -> bytes:
    """The content of `croissant.json`: each file with its sha256, and the columns of each table of each
    class of licences. width: of vectors, where there are embeddings. No date: the same release gives the
    same bytes."""
    tables = [file for file in files if file.table in PARQUET]
    groups = dict.fromkeys((file.table, file.licence_class) for file in tables)
    media = "in `media/`" if len(tables) < len(files) else "not part of it"
    told = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": name,
        "description": (
            f"{counted.rows:,} clips ({counted.hours:,.1f} hours) with captions of what is heard, what "
            "is seen and both together. Licences are those of the models behind the captions, in the "
            f"column `licence`; the media is {media}."
        ),
        "license": sorted(counted.total("licences")) or ["LicenseRef-unknown"],
        "url": "README.md",
        "version": "1.0.0",
        "distribution": [_object(file) for file in files] + [_set(*group) for group in groups],
        "recordSet": [_records(*group, width) for group in groups],
    }
    return json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n"


def _object(file: ReleaseFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": _PARQUET if file.table in PARQUET else _TAR,
        "sha256": file.sha256,
    }


def _set(table: str, licence: str) -> dict[str, Any]:
    """The files of a table and class as one."""
    return {
        "@type": "cr:FileSet",
        "@id": f"{table}/{licence}",
        "name": f"{table}/{licence}",
        "encodingFormat": _PARQUET,
        "includes": f"{table}/{licence}/*.parquet",
    }


def _records(table: Table, licence: str, width: int | None) -> dict[str, Any]:
    place = f"{table}/{licence}"
    records: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": f"{place}/rows",
        "name": f"{place}/rows",
    }
    if table == "data":
        records["key"] = {"@id": f"{place}/rows/clip_id"}
    return records | {"field": [_field(place, field) for field in schema_of(table, width)]}


def _field(place: str, field: pa.Field) -> dict[str, Any]:
    described = {
        "@type": "cr:Field",
        "@id": f"{place}/rows/{field.name}",
        "name": f"{place}/rows/{field.name}",
        "description": (field.metadata or {}).get(b"doc", b"").decode(),
        "source": {"fileSet": {"@id": place}, "extract": {"column": field.name}},
    }
    kind = field.type
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        length = kind.list_size if pa.types.is_fixed_size_list(kind) else -1
        described |= {"isArray": True, "arrayShape": str(length)}
        kind = kind.value_type
    return described | {"dataType": _type(kind)}


def _type(kind: pa.DataType) -> str:
    if pa.types.is_string(kind):
        return "sc:Text"
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float"
