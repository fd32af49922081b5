"""Claims whose times `captionmill localize` found, committed as it commits them."""

from collections.abc import Callable
from typing import Any

from manifests import tables
from manifests.kinds import SPANS, kind_of
from manifests.record import Record
from tests.manifests.made import CUT, JOB, SHARDS, Made
from tests.pipelines.search.embedded import settings

Row = dict[str, Any]

LOCALIZE, BY = "f" * 16, "yamnet patches"


def localize(place: Made, spans: Callable[[Row, Row], list[Row] | None]) -> None:
    """Localizes every claim of the captions. spans: of a caption row and its claim; None where the
    localizer can't tell."""
    settings(place, LOCALIZE, "localize", {"captions": JOB})
    for shard in range(SHARDS):
        rows = [_row(row, spans) for row in place.rows("captions", shard)]
        path = f"spans/{LOCALIZE}/shard-{shard:05d}-g0-e000001.parquet"
        schema = kind_of(SPANS.name).schema
        file = tables.write(place.root, path, SPANS.name, rows, schema)
        place.append(
            Record(
                stage="localize",
                epoch=1,
                cut=CUT,
                job=LOCALIZE,
                shard=shard,
                counts={"localized": len(rows)},
                files=(file,),
            )
        )


def _row(caption: Row, spans: Callable[[Row, Row], list[Row] | None]) -> Row:
    names = ("clip_id", "uri", "start_ms", "end_ms", "content_hash", "caption_digest")
    claims = []
    for claim in caption["claims"]:
        found = spans(caption, claim)
        claims.append(
            {
                "caption": claim["caption"],
                "text": claim["text"],
                "by": None if found is None else BY,
                "threshold": None if found is None else 0.3,
                "spans": found,
                "inside": 0.8 if found else None,
                "outside": 0.1 if found is not None else None,
            }
        )
    terms = {"licence": "Apache-2.0", "outputs_train": True}
    return {name: caption[name] for name in names} | {"claims": claims} | terms
