"""Captions as people would have them, put into rows of captions.

An edit is of one clip and of the captions that its reviewer saw, told by their digest: it is put into no
other row. With it go the claims and further captions of the text that it replaces, since they are of that
text; the digest of the row's captions is made anew.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests.captions import CAPTIONS, CaptionName, CaptionSet, Variant, caption_digest

BY_PEOPLE = "human"
"""Who wrote an edited caption."""

DECIDED = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("caption_digest", pa.string(), nullable=False),
        pa.field("reviews", pa.int32(), nullable=False),
        pa.field("leaves", pa.bool_(), nullable=False),
        *(pa.field(name, pa.string()) for name in CAPTIONS),
    ]
)
"""What reviewers decided of captions. reviews: how many that follows from. leaves: they reject them. The
captions: as edited; null where they stay."""

Row = dict[str, Any]


class Edits:
    """The edits among what was decided. decided: rows of `DECIDED`."""

    def __init__(self, decided: pa.Table) -> None:
        has_edit = reduce(pc.or_, [pc.is_valid(decided[name]) for name in CAPTIONS])
        edited = decided.filter(has_edit).to_pylist()
        self._of = {(row["clip_id"], row["caption_digest"]): row for row in edited}
        self._digests = pa.array([digest for _, digest in self._of], pa.string())

    @classmethod
    def load(cls, path: Path | None) -> "Edits":
        """Those of a file; none without one."""
        return cls(DECIDED.empty_table() if path is None else pq.read_table(path, schema=DECIDED))

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._of)

    def texts(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows with `clip_id`, `caption_digest` and the captions, which are then as edited."""
        if not self._places(batch):
            return batch
        return self.rows(pa.Table.from_batches([batch])).combine_chunks().to_batches()[0]

    def rows(self, rows: pa.Table) -> pa.Table:
        """Rows of captions in their order, with everything that follows from an edit in those of their
        columns that they have."""
        places = self._places(rows)
        if not places:
            return rows
        edited = rows.take(pa.array(places))
        listed = [self._mended(row) for row in _plain(edited)]
        for name in _CHANGED:
            if name in rows.column_names:
                place = rows.column_names.index(name)
                values = pa.array([row[name] for row in listed], rows.schema.field(place).type)
                edited = edited.set_column(place, rows.schema.field(place), values)
        others = np.setdiff1d(np.arange(rows.num_rows), places)
        order = np.argsort(np.concatenate([others, places]), kind="stable")
        return pa.concat_tables([rows.take(pa.array(others)), edited]).take(pa.array(order))

    def _places(self, rows: pa.Table | pa.RecordBatch) -> list[int]:
        """Places of rows with an edit."""
        if not self._of:
            return []
        digests = rows["caption_digest"]
        likely = pc.indices_nonzero(pc.is_in(digests, value_set=self._digests)).to_pylist()
        clips = rows["clip_id"]
        return [at for at in likely if (clips[at].as_py(), digests[at].as_py()) in self._of]

    def _mended(self, row: Row) -> Row:
        edits = self._of[row["clip_id"], row["caption_digest"]]
        new = [name for name in CAPTIONS if edits[name] not in (None, row[name])]
        return mended(row, {name: edits[name] for name in new}) if new else row


_BY = {name: f"{name.removesuffix('_caption')}_by" for name in CAPTIONS}
_LISTS = ("variants", "claims")
_CHANGED = (*CAPTIONS, *_BY.values(), "writer", *_LISTS, "caption_digest")
_READ = ("clip_id", *_CHANGED, "transcript", "evidence_digest", "prompt_digest")


def _plain(rows: pa.Table) -> Sequence[Row]:
    """The columns that edits look at, as Python objects."""
    listed: Sequence[Row] = rows.select([n for n in _READ if n in rows.column_names]).to_pylist()
    return listed


def mended(row: Row, texts: Mapping[CaptionName, str]) -> Row:
    """A row of captions with other texts by people, with what follows from them in those columns that it
    has."""
    made: Row = {**row, **{str(name): text for name, text in texts.items()}}
    for name in _LISTS:
        if made.get(name):
            made[name] = [each for each in made[name] if each["caption"] not in texts]
    if all(by in row for by in _BY.values()):
        made |= {_BY[name]: BY_PEOPLE for name in texts}
        if {made[by] for by in _BY.values()} <= {BY_PEOPLE, None}:
            made["writer"] = None
    if "prompt_digest" in row:
        variants = [Variant(**each) for each in made["variants"] or ()]
        told = (made["transcript"], made["evidence_digest"], made["prompt_digest"])
        captions = CaptionSet(**{name: made[name] for name in CAPTIONS})
        made["caption_digest"] = caption_digest(made["clip_id"], captions, *told, variants)
    return made
