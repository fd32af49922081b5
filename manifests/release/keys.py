"""Keys: what the rules need of each caption row, and whether a local rule drops it.

One query for a group of shards reads the columns that the rules need, decides the local rules and writes
the keys, so that whatever looks at all rows never reads a text. The row address is (input, shard, row):
row counts the rows of the shard's caption files, joined in order.

Clips and sources are told by digests, since numbers are drawn from them: parts of md5 and sha256. Texts
are only compared: for these two hashes of DuckDB's will do, 128 bits together. They change between its
versions, so a rebuild goes on with the version that it was begun with.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from manifests.atomic import replacing
from manifests.captions import CAPTIONS
from manifests.evidence import LEAST
from manifests.release import lists, mixing
from manifests.release.allowed import allows
from manifests.release.edits import BY_PEOPLE
from manifests.release.licences import licence_class
from manifests.release.rules import Rules
from manifests.release.sections import Pair
from manifests.release.shards import Input, Shard
from manifests.release.sql import array, files, literal

COLUMNS = {
    "input": "INTEGER",
    "shard": "INTEGER",
    "row": "INTEGER",
    "clip": "UUID",
    "source": "UBIGINT",
    "captions": "UUID",
    "caption": "UUID",
    "stage": "INTEGER",
    "confidence": "FLOAT",
    "support": "FLOAT",
    "similarity": "FLOAT",
    "age": "INTEGER",
    "duration_ms": "INTEGER",
    "domain": "VARCHAR",
    "licence": "VARCHAR",
    "real": "BOOLEAN",
    "edited": "BOOLEAN",
    "reviews": "INTEGER",
    "dropped": "VARCHAR",
}
"""Columns that keys may have, with their types in DuckDB: those that the rules need are there."""

_WEIGHT = (
    "CASE WHEN NOT claim.supported OR claim.confidence IS NULL THEN 0 "
    "ELSE coalesce(claim.confidence.probability, CASE claim.confidence.tier "
    + " ".join(f"WHEN {literal(tier)} THEN {least}" for tier, least in LEAST.items())
    + " ELSE 0 END) END"
)
CONFIDENCE = f"list_avg(list_transform(claims, lambda claim: {_WEIGHT}))"
"""Mean over a row's claims: probability, without a number the least of its tier, 0 without support. Null
without claims."""
SUPPORT = "list_avg(list_transform(claims, lambda claim: claim.supported::INTEGER))"
"""Share of a row's claims that are supported. Null without claims."""

_LEAST_OF_SIMILARITY: tuple[Pair, ...] = CAPTIONS
_BY = {name: f"{name.removesuffix('_caption')}_by" for name in CAPTIONS}
_BREAK = "chr(31)"
"""Between texts that are hashed together: no text of ours has it."""
_TEXTS = {
    "captions": f"lower(concat({f', {_BREAK}, '.join(CAPTIONS)}))",
    "caption": "lower(coalesce(audio_visual_caption, audio_caption, visual_caption))",
}
"""What is hashed of a row."""
# `list_distinct` leaves nulls out.
_ALL_BY_PEOPLE = f"(list_distinct([{', '.join(_BY.values())}]) = [{literal(BY_PEOPLE)}])"
_WITHOUT = f"CASE WHEN {_ALL_BY_PEOPLE} THEN 1 ELSE -1 END"
"""What a row without claims has: people's captions make none that could be weighed."""
_NO_TEXT = f"coalesce({', '.join(CAPTIONS)}) IS NULL"


def _digits(column: str) -> str:
    """The first 32 hex digits of a column as UUID, null for other texts."""
    return f"try_cast(left({column}, 32) AS UUID)"


CLIP = f"coalesce({_digits('clip_id')}, md5(clip_id)::UUID)"
"""What the keys have of a clip."""
SOURCE = mixing.upper(f"coalesce({_digits('content_hash')}, md5(content_hash)::UUID)")
"""What the keys have of a source."""


def prepare(
    connection: duckdb.DuckDBPyConnection, rules: Rules, tokens: Mapping[str, Path]
) -> None:
    """Makes known to a connection, once, what the rules ask for. tokens: files of `lists.build` by
    rule."""
    for rule, path in tokens.items():
        lists.register(connection, rule, path)
    if rules.keep.flags:
        from manifests.release import flags  # its libraries take long to import

        flags.register(connection)


def write_keys(
    connection: duckdb.DuckDBPyConnection,
    rules: Rules,
    given: Input,
    shards: Sequence[Shard],
    path: Path,
    decided: Path | None = None,
) -> int:
    """Writes the keys of some shards, sorted by shard and row, and returns how many there are.

    connection: prepared by `prepare`. decided: file of `edits.DECIDED` rows, if there are any. Equal
    files and rules give equal bytes. Raises duckdb.Error for a file that can't be read.
    """
    query = keys_query(rules, given, shards, _terms(connection, _captions(shards)), decided)
    with replacing(path) as temporary:
        ((written,),) = connection.execute(
            f"COPY ({query}) TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
        ).fetchall()
    return int(written)


Terms = tuple[str | None, bool | None]


def _captions(shards: Sequence[Shard]) -> list[str]:
    """Their files of captions, in order."""
    return [path for shard in shards for path in shard.captions]


def _terms(connection: duckdb.DuckDBPyConnection, captions: Sequence[str]) -> list[Terms]:
    """The different licences of some files, with whether they allow to train: few, mostly one."""
    rows = connection.execute(
        f"SELECT DISTINCT licence, outputs_train FROM read_parquet({files(captions)}) ORDER BY ALL"
    ).fetchall()
    return [(licence, outputs_train) for licence, outputs_train in rows]


def keys_query(
    rules: Rules,
    given: Input,
    shards: Sequence[Shard],
    terms: Sequence[Terms],
    decided: Path | None = None,
) -> str:
    """The query of the keys of some shards, sorted by shard and row. terms: their licences. decided: as
    in `write_keys`."""
    needs = rules.needs()
    made = {
        "input": str(given.number),
        "shard": _of_file([shard.number for shard in shards for _ in shard.captions]),
        "row": _row(shards),
        "clip": CLIP,
        "source": f"coalesce({SOURCE}, {mixing.upper(CLIP)})",
        **{name: _hashed(f"spaced_{name}") for name in _TEXTS},
        "stage": str(given.stage),
        "confidence": CONFIDENCE,
        "support": SUPPORT,
        "similarity": _similarity(),
        "age": str(given.age),
        "duration_ms": "duration_ms",
        "domain": "domain",
        "licence": _of_terms({each: literal(licence_class(*each)) for each in terms}),
        "real": str(given.real),
        "edited": "edited" if decided else "false",
        "reviews": "coalesce(reviews, 0)" if decided else "0",
        "dropped": _dropped(rules, given.real, terms, decided is not None),
    }
    columns = ", ".join(
        f'({made[name]})::{kind} AS "{name}"'
        for name, kind in COLUMNS.items()
        if name in needs.keys
    )
    source = f"read_parquet({files(_captions(shards))}, file_row_number = true)"
    if decided:
        source = _reviewed(source, decided)
    if wanted := [name for name in _TEXTS if name in needs.keys]:
        lower = ", ".join(f"{_TEXTS[name]} AS lower_{name}" for name in wanted)
        spaced = ", ".join(f"{_spaced(f'lower_{name}')} AS spaced_{name}" for name in wanted)
        source = f"(SELECT *, file_row_number, file_index, {lower} FROM {source})"
        source = f"(SELECT *, {spaced} FROM {source})"
    if not needs.similarity and not decided:
        return f"SELECT {columns} FROM {source}"  # rows come in the order of the files
    joined = ""
    if needs.similarity:
        near = [path for shard in shards for path in shard.similarity]
        joined = f"LEFT JOIN ({_measured(near)}) AS near USING (clip_id, caption_digest)"
    return f'SELECT {columns} FROM {source} {joined} ORDER BY "shard", "row"'


def _reviewed(source: str, decided: Path) -> str:
    """Rows of captions as people decided: `rejected`, `reviews`, and what follows from edits."""
    new = {
        name: f"d.{name} IS NOT NULL AND d.{name} IS DISTINCT FROM c.{name}" for name in CAPTIONS
    }
    texts = [f"coalesce(d.{name}, c.{name}) AS {name}" for name in CAPTIONS]
    authors = [
        f"CASE WHEN {new[name]} THEN {literal(BY_PEOPLE)} ELSE c.{by} END AS {by}"
        for name, by in _BY.items()
    ]
    edits = ", ".join(f"CASE WHEN {new[name]} THEN {literal(name)} END" for name in CAPTIONS)
    of_old_texts = [
        f"list_filter(c.{name}, lambda each: NOT list_contains([{edits}], each.caption)) AS {name}"
        for name in ("claims", "variants")
    ]
    return (
        f"(SELECT c.* REPLACE ({', '.join((*texts, *authors, *of_old_texts))}), "
        f"c.file_row_number, c.file_index, ({' OR '.join(new.values())}) AS edited, "
        f"d.reviews, coalesce(d.leaves, false) AS rejected "
        f"FROM (SELECT *, file_row_number, file_index FROM {source}) AS c "
        f"LEFT JOIN read_parquet({files([str(decided)])}) AS d USING (clip_id, caption_digest))"
    )


def _row(shards: Sequence[Shard]) -> str:
    """The number of a row in the files of its shard, which are joined in order."""
    starts = []
    for shard in shards:
        start = 0
        for path in shard.captions:
            starts.append(start)
            start += pq.read_metadata(path).num_rows if len(shard.captions) > 1 else 0
    return f"file_row_number + {_of_file(starts)}"


def _of_file(numbers: Sequence[int]) -> str:
    """A number for each file that is read, in order."""
    if len(set(numbers)) == 1:
        return str(numbers[0])
    return f"{list(numbers)}[file_index::BIGINT + 1]"


def _measured(paths: Sequence[str]) -> str:
    """Similarities by clip and captions; of several generations the newest counts."""
    if not paths:
        names = ", ".join(f"NULL::FLOAT AS sim_{name}" for name in ("audio_video", *CAPTIONS))
        return f"SELECT ''::VARCHAR AS clip_id, ''::VARCHAR AS caption_digest, {names} WHERE false"
    names = ", ".join(f"{name} AS sim_{name}" for name in ("audio_video", *CAPTIONS))
    return (
        f"SELECT clip_id, caption_digest, {names} "
        f"FROM read_parquet({files(paths)}, file_row_number = true) QUALIFY row_number() OVER "
        "(PARTITION BY clip_id, caption_digest ORDER BY file_index DESC, file_row_number DESC) = 1"
    )


def _similarity() -> str:
    return f"list_avg([{', '.join(map(_measure, _LEAST_OF_SIMILARITY))}])"


def _measure(name: Pair) -> str:
    """A similarity; null of a caption that people wrote since, of which nothing was measured."""
    if name not in _BY:
        return f"sim_{name}"
    return f"CASE WHEN {_BY[name]} IS DISTINCT FROM {literal(BY_PEOPLE)} THEN sim_{name} END"


def _hashed(text: str) -> str:
    """128 bits of a text, null where the row has none. A letter more moves all others to another place in
    the blocks that are hashed, so that texts of one hash do not have the other in common."""
    pair = f"hash({text})::UHUGEINT << 64 | hash('.' || {text})::UHUGEINT"
    return f"CASE WHEN {_NO_TEXT} THEN NULL ELSE ({pair})::UUID END"


def _spaced(text: str) -> str:
    """A text with single spaces. Nearly all have them: looking is ten times as quick as replacing."""
    single = f"regexp_replace({text}, ' +', ' ', 'g')"
    return f"CASE WHEN contains({text}, '  ') THEN {single} ELSE {text} END"


def _of_terms(values: dict[Terms, str]) -> str:
    """A value for each licence and what it allows."""
    cases = [
        f"WHEN licence IS NOT DISTINCT FROM {'NULL' if licence is None else literal(licence)} AND "
        f"outputs_train IS NOT DISTINCT FROM {'NULL' if train is None else train} THEN {value}"
        for (licence, train), value in values.items()
    ]
    return f"CASE {' '.join(cases)} END" if cases else "NULL"


def _dropped(rules: Rules, real: bool, terms: Sequence[Terms], reviewed: bool) -> str:
    """The first local rule that drops a row, null where none does."""
    cases = " ".join(
        f"WHEN {condition} THEN {literal(rule)}"
        for rule, condition in conditions(rules, real, terms, reviewed)
    )
    return f"CASE {cases} END"


def conditions(
    rules: Rules, real: bool, terms: Sequence[Terms], reviewed: bool = False
) -> Iterator[tuple[str, str]]:
    """The local rules that hold, in order, each with the condition under which it drops a row. reviewed:
    people decided about some rows."""
    keep, active = rules.keep, rules.active
    for rule in ("takedown", "decontamination"):
        if rule in active:
            yield rule, f"{rule}({lists.ROW_TOKENS})"
    if reviewed:
        yield "reviews", "rejected"
    # Who wrote a caption is quicker to read than the caption, and null where there is none.
    absent = " AND ".join(f"{_BY[name]} IS NULL" for name in CAPTIONS)
    lacking = [f"{_BY[name]} IS NULL" for name in keep.needed]
    yield "captions", " OR ".join((absent, *lacking))
    if not real:
        yield from _on_writing(rules)
    if keep.min_similarity:
        below = [f"{_measure(name)} < {least}" for name, least in keep.min_similarity.items()]
        yield "not_embedded", "near.clip_id IS NULL"
        yield "similarity", " OR ".join(below)
    if keep.lints and not real:
        yield (
            "lints",
            (
                f"NOT {_ALL_BY_PEOPLE} AND (list_has_any(lints, {array(keep.lints)}) OR "
                "list_has_any(list_transform(lints, lambda lint: split_part(lint, ':', 2)), "
                f"{array(keep.lints)}))"
            ),
        )
    if keep.flags:
        from manifests.release import flags  # as in `prepare`

        yield "flags", flags.condition(keep.flags, rules.output.evidence, rules.output.claims)
    if "licence" in active:
        verdicts = {each: str(not allows(keep, *each)) for each in terms}
        yield "licence", _of_terms(verdicts)
    if "length" in active:
        bounds = [(keep.min_ms, "<"), (keep.max_ms, ">")]
        yield (
            "length",
            " OR ".join(f"duration_ms {sign} {ms}" for ms, sign in bounds if ms is not None),
        )
    if keep.languages:
        known = f"language IN {tuple(keep.languages)}".replace(",)", ")")
        yield "language", f"trim(transcript) <> '' AND NOT coalesce({known}, false)"


def _on_writing(rules: Rules) -> Iterator[tuple[str, str]]:
    """Rules on how captions were written, which captions by people are free of."""
    keep = rules.keep
    if keep.writer == "llm":
        yield "writer", f"'template' IN ({', '.join(_BY.values())})"
    if keep.min_confidence is not None:
        yield "confidence", f"coalesce({CONFIDENCE}, {_WITHOUT}) < {keep.min_confidence}"
    if keep.min_support is not None:
        yield "support", f"coalesce({SUPPORT}, {_WITHOUT}) < {keep.min_support}"
