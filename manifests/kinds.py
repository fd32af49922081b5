"""The kinds of tables that a workspace can hold: one registry.

A stage registers the kinds that it writes when it is imported. Everything that has to know what a table
looks like, where its files lie or what its rows mean to the books asks here.
"""

from dataclasses import dataclass

import pyarrow as pa

from manifests import schemas
from manifests.errors import UserError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of table.

    name: the first part of a table's name: `captions`, `weak` of `weak/yamnet-<digest>`. folder: where
    its files lie, below the workspace. doc: what a row is, for the page of the tables. outcome: what
    the books count a clip as that has a row here; None where a row decides nothing. shared: the table's
    name ends with a digest of its own and its rows serve every job; else they belong to one job. listed:
    its files are named by cut and number, as those of the listing. vectors: columns of vectors; a table's
    name says how long they are (`<kind>/<name>-<width>-<digest>`).
    """

    name: str
    schema: pa.Schema
    folder: str
    doc: str = ""
    outcome: str | None = None
    shared: bool = False
    listed: bool = False
    vectors: tuple[str, ...] = ()


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Makes a kind known; the same one twice is one. Raises ValueError when its name, or its folder, is
    that of another kind."""
    for other in _KINDS.values():
        if other != kind and (other.name == kind.name or other.folder == kind.folder):
            raise ValueError(f"table kind {kind.name} in {kind.folder}: taken by {other.name}")
    return _KINDS.setdefault(kind.name, kind)


def kind_of(table: str) -> Kind:
    """The kind of a table. Raises UserError for one that nobody registered."""
    name = table.partition("/")[0]
    if name not in _KINDS:
        raise UserError(f"table {table}: no stage of this installation writes tables like it")
    return _KINDS[name]


def schema_of(table: str) -> pa.Schema:
    """The columns of a table. Raises UserError for one that nobody registered, or whose name lacks the
    width of its vectors."""
    kind = kind_of(table)
    schema = kind.schema
    for name in kind.vectors:
        parts = table.rpartition("-")[0].rpartition("-")[2]
        if not parts.isdecimal():
            raise UserError(f"table {table}: its name does not say how long its vectors are")
        field = schema.field(name)
        sized = field.with_type(pa.list_(field.type.value_type, int(parts)))
        schema = schema.set(schema.get_field_index(name), sized)
    return schema


def kinds() -> tuple[Kind, ...]:
    """Every registered kind, in the order of registration."""
    return tuple(_KINDS.values())


def outcomes() -> dict[str, str]:
    """By kind, what the books count its rows as; only kinds that decide something."""
    return {kind.name: kind.outcome for kind in _KINDS.values() if kind.outcome is not None}


SOURCES = register(
    Kind(
        "sources",
        schemas.SOURCES,
        "sources",
        "One row for each file as it was listed; a file whose bytes are those of an earlier one has "
        "`duplicate` set and finds its clips by `content_hash`. The last row of a URI counts.",
        listed=True,
    )
)
CLIPS = register(
    Kind(
        "clips",
        schemas.CLIPS,
        "clips",
        "One row for each clip, in shards whose members never change.",
        listed=True,
    )
)
WEAK = register(
    Kind(
        "weak",
        schemas.WEAK,
        "weak",
        "What one captioner said: one table for each version of each captioner.",
        shared=True,
    )
)
CAPTIONS = register(
    Kind(
        "captions",
        schemas.CAPTIONS,
        "captions/stage1",
        "The result: one row for each captioned clip.",
        outcome="captioned",
    )
)
SPANS = register(
    Kind(
        "spans",
        schemas.SPANS,
        "spans",
        "When the claims of captions are heard (`captionmill localize`): one row for each captioned "
        "clip, without claims where it has no sound or its captions say nothing of it.",
        outcome="localized",
    )
)
FILTERED = register(
    Kind(
        "filtered",
        schemas.FILTERED,
        "filtered",
        "Clips that a rule of the profile left out.",
        outcome="filtered",
    )
)
QUARANTINE = register(
    Kind(
        "quarantine",
        schemas.QUARANTINE,
        "quarantine",
        "Clips that could not be processed. A retry adds a generation; the rows of the newest "
        "generation that names a clip count.",
        outcome="quarantined",
    )
)
EMBEDDINGS = register(
    Kind(
        "embeddings",
        schemas.EMBEDDINGS,
        "embeddings",
        "What one encoder makes of a clip's media: one table for each version of each encoder. The "
        "vectors are lists of a fixed size, which the table's name says.",
        shared=True,
        vectors=("audio", "video", "audio_video"),
    )
)
SIMILARITY = register(
    Kind(
        "similarity",
        schemas.SIMILARITY,
        "similarity",
        "How near a clip's sound, picture and captions are to each other, by an encoder that no "
        "captioner used: one row for each embedded clip, but for those that wait for captions.",
        outcome="embedded",
    )
)
REVIEWS = register(
    Kind(
        "reviews",
        schemas.REVIEWS,
        "reviews",
        "What people said of captions in `captionmill inspect`, each review whole. Those that no commit "
        "holds yet lie in `journal/reviews`.",
        listed=True,
    )
)
COMPARISONS = register(
    Kind(
        "comparisons",
        schemas.COMPARISONS,
        "comparisons",
        "Which of two caption sets people found better, clip by clip, in `captionmill inspect "
        "--against`, without knowing which is which. Those that no commit holds yet lie in "
        "`journal/comparisons`.",
        listed=True,
    )
)
