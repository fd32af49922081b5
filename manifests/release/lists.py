"""Lists of clips that must leave a release: takedowns, and clips of evaluation sets.

A list is a text file with one entry a line, a CSV or TSV file, or Parquet. An entry is

- a clip id (32 hex digits) or the sha256 of a source (64; also as `sha256sum` and others write it),
- a URI, or an absolute path: of that very file,
- a relative path (its last folder and name count), a file name, or a name without its ending,
- a YouTube id, alone, in a URL, or in a name as AudioSet's derivatives have it (`Y<id>.wav`,
  `<id>_30_40.wav`, `<id>_000030.mp4`): of every file that is named by this id in any of these ways, or as
  yt-dlp names it (`<title> [<id>].mp4`).

Each entry becomes one or a few *tokens*, and so does each caption row (`ROW_TOKENS`): 64 bits of a md5
each. The tokens of all lists lie sorted in one file (`build`) that every process maps into memory and
looks its rows up in (`register`): 8 bytes a token, however many processes there are.

The same file may lie in several places, in one input or in several, and a caption row knows one of them.
So entries are looked up among all sources of the inputs, and whatever has the content of one that is
named leaves too.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

import duckdb
import numpy as np
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from manifests.atomic import replacing
from manifests.ids import content_hash
from manifests.release.entries import entries
from manifests.release.rules import Rules
from manifests.release.sql import files

_AN_ID = "([A-Za-z0-9_-]{11})"
_TIMES = "([_-][0-9.]+)"
_ENDING = r"\.(3gp|[A-Za-z][A-Za-z0-9]{0,4})$"
_SENT = 100_000
"""Entries that are looked at together."""


def _digest(letter: str, text: str) -> str:
    """A token; null without a text, since else all that lack one would be the same."""
    return f"md5_number_lower('{letter}' || nullif({text}, ''))"


def _by_youtube(stem: str) -> str:
    return f"regexp_extract({stem}, '^Y?{_AN_ID}{_TIMES}{{0,2}}$', 1)"


_OF_YT_DLP = rf"(?:\[|%5B){_AN_ID}(?:\]|%5D)$"

_ROW_NAME = "split_part(uri, '/', -1)"
_ROW_STEM = f"regexp_replace({_ROW_NAME}, '{_ENDING}', '')"
_ROW = [
    _digest("c", "clip_id"),
    _digest("h", "content_hash"),
    _digest("u", "uri"),
    _digest("p", r"regexp_extract(uri, '[^/]*/[^/]*$')"),
    _digest("n", _ROW_NAME),
    _digest("s", _ROW_STEM),
    _digest(
        "y",
        f"coalesce(nullif({_by_youtube(_ROW_STEM)}, ''), "
        f"regexp_extract({_ROW_STEM}, '{_OF_YT_DLP}', 1))",
    ),
]
ROW_TOKENS = f"[{', '.join(_ROW)}]"
"""SQL of a caption row's tokens, from its clip_id, content_hash and uri: as many for every row."""

# What follows is of an entry: `line`, without spaces around it.
_HEX = "regexp_full_match(line, '[0-9A-Fa-f]{{{}}}')"
_OF_URI = "contains(line, '://')"
_URI = "regexp_replace(line, '^file://localhost/', 'file:///')"
_OF_FILE = f"starts_with({_URI}, 'file:///')"
# Whatever of it was encoded: browsers and others leave other signs as they are.
_SPELLED = f"'file://' || replace(url_encode(url_decode(substr({_URI}, 8))), '%2F', '/')"
_HASHED = r"(?:sha256:|SHA256 \(.*\) = |\\)?([0-9A-Fa-f]{64})(?:\s.*)?"
_PATH = "(CASE WHEN contains(line, '/') THEN line ELSE replace(line, '\\', '/') END)"
_NAME = f"split_part({_PATH}, '/', -1)"
_STEM = f"regexp_replace({_NAME}, '{_ENDING}', '')"
_ENCODED_PATH = f"replace(url_encode({_PATH}), '%2F', '/')"
_TUBE = r"youtube(?:-nocookie)?\.com/"
_YOUTUBE_URL = (
    r"^(?:https?://)?(?:[a-z]+\.)?"
    rf"(?:{_TUBE}.*[?&]v=|{_TUBE}(?:shorts|embed|live|v)/|youtu\.be/){_AN_ID}"
)
_YOUTUBE = _by_youtube(_STEM)
# A name may look like one with a YouTube id and be none ("recording_1.wav"). These are surely meant.
_SURELY = (
    f"({_STEM} = line AND length(line) = 11 OR regexp_matches({_STEM}, '^Y{_AN_ID}$|{_TIMES}{{2}}$') "
    f"OR regexp_matches({_YOUTUBE}, '[A-Z]') AND regexp_matches({_YOUTUBE}, '[a-z]'))"
)
_LAST_TWO = "regexp_extract({}, '[^/]*/[^/]*$')"

# Of each entry: whether it is of this form, and then its tokens. The first form that fits counts.
_FORMS = [
    (_HEX.format(32), [_digest("c", "lower(line)"), _digest("s", "line")]),
    (_HEX.format(64), [_digest("h", "lower(line)"), _digest("s", "line")]),
    (
        f"regexp_full_match(line, '{_HASHED}')",
        [_digest("h", f"lower(regexp_extract(line, '^{_HASHED}$', 1))")],
    ),
    (
        f"regexp_matches(line, '{_YOUTUBE_URL}')",
        [_digest("u", "line"), _digest("y", f"regexp_extract(line, '{_YOUTUBE_URL}', 1)")],
    ),
    (
        _OF_URI,
        [
            _digest("u", _URI),
            _digest("u", f"replace({_URI}, ' ', '%20')"),
            f"CASE WHEN {_OF_FILE} THEN {_digest('u', _SPELLED)} END",
        ],
    ),
    (
        f"starts_with({_PATH}, '/')",
        [_digest("u", f"'file://' || {_PATH}"), _digest("u", f"'file://' || {_ENCODED_PATH}")],
    ),
    (
        f"contains({_PATH}, '/')",
        [
            _digest("p", _LAST_TWO.format(_PATH)),
            _digest("p", _LAST_TWO.format(_ENCODED_PATH)),
            f"CASE WHEN {_SURELY} THEN {_digest('y', _YOUTUBE)} END",
        ],
    ),
    (
        f"regexp_matches(line, '{_ENDING}')",
        [
            _digest("n", "line"),
            _digest("n", "url_encode(line)"),
            f"CASE WHEN {_SURELY} THEN {_digest('y', _YOUTUBE)} END",
        ],
    ),
    (
        "true",
        [
            _digest("s", "line"),
            _digest("s", "url_encode(line)"),
            f"CASE WHEN {_SURELY} THEN {_digest('y', _YOUTUBE)} END",
        ],
    ),
]
_TOKENS = "CASE " + " ".join(f"WHEN {form} THEN [{', '.join(t)}]" for form, t in _FORMS) + " END"


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list as a release names it. name: as the rules write it. entries: what it names, line by line.
    unknown: entries that name no source and no clip of the inputs."""

    name: str
    sha256: str
    entries: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Tables:
    """Parquet files that entries are looked up in. evaluated: with the clip_id and content_hash of clips
    of evaluation sets, which all leave. sources: of the inputs, with content_hash and uri. clips: of the
    inputs, with clip_id."""

    evaluated: Sequence[str] = ()
    sources: Sequence[str] = ()
    clips: Sequence[str] = ()


def build(
    rules: Rules, rule: str, tables: Tables, path: Path, connection: duckdb.DuckDBPyConnection
) -> list[ListFile]:
    """Writes the tokens of the lists of a rule, `takedown` or `decontamination`.

    connection: its memory limit and temporary directory bound the work. Raises RulesError for a list
    that can't be read.
    """
    names = rules.takedown.lists if rule == "takedown" else rules.decontaminate.lists
    key = "takedown.lists" if rule == "takedown" else "decontaminate.lists"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE tokens (list INTEGER, entry BIGINT, token UBIGINT)"
    )
    counts = []
    for number, name in enumerate(names):
        count = 0
        for lines in entries(rules, key, name, _SENT):
            _add(connection, number, count, lines)
            count += len(lines)
        counts.append(count)
    unknown = _look_up(connection, tables)
    if tables.evaluated:
        both = f"[{_digest('c', 'clip_id')}, {_digest('h', 'content_hash')}]"
        _insert(connection, f"SELECT unnest({both}) FROM read_parquet({files(tables.evaluated)})")
    _write(connection, path)
    connection.execute("DROP TABLE tokens")
    return [
        ListFile(name, content_hash(rules.path(name)), count, unknown.get(number, 0))
        for number, (name, count) in enumerate(zip(names, counts, strict=True))
    ]


def _add(
    connection: duckdb.DuckDBPyConnection, number: int, first: int, lines: Sequence[str]
) -> None:
    """Adds entries of a list. first: the number of the first one."""
    spelled = [(at, each) for at, line in enumerate(lines, first) for each in _spelled(line)]
    batch = pa.table(
        {
            "entry": pa.array([at for at, _ in spelled], pa.int64()),
            "line": pa.array([each for _, each in spelled], pa.string()),
        }
    )
    connection.register("entries_of_list", batch)
    connection.execute(
        f"INSERT INTO tokens SELECT DISTINCT {number}, entry, token FROM "
        f"(SELECT entry, unnest({_TOKENS}) AS token FROM entries_of_list) WHERE token IS NOT NULL"
    )
    connection.unregister("entries_of_list")


def _look_up(connection: duckdb.DuckDBPyConnection, tables: Tables) -> dict[int, int]:
    """Adds the content of what entries name; how many entries of each list name nothing."""
    connection.execute("CREATE OR REPLACE TEMP TABLE met (token UBIGINT, content_hash VARCHAR)")
    sources = (
        f"(SELECT NULL AS clip_id, content_hash, uri FROM read_parquet({files(tables.sources)}))"
    )
    clips = f"SELECT {_digest('c', 'clip_id')}, NULL FROM read_parquet({files(tables.clips)})"
    for there, query in (
        (tables.sources, f"SELECT unnest({ROW_TOKENS}), content_hash FROM {sources}"),
        (tables.clips, clips),
    ):
        if there:
            connection.execute(
                f"INSERT INTO met FROM ({query}) AS held(token, content_hash) "
                "SEMI JOIN tokens USING (token)"
            )
    counted = connection.execute(
        "SELECT list, count(*) FROM (SELECT list, entry FROM tokens LEFT JOIN "
        "(SELECT DISTINCT token AS met FROM met) ON token = met "
        "GROUP BY ALL HAVING count(met) = 0) GROUP BY list"
    ).fetchall()
    named = "(SELECT DISTINCT content_hash FROM met)"
    _insert(connection, f"SELECT {_digest('h', 'content_hash')} FROM {named}")
    connection.execute("DROP TABLE met")
    return dict(counted)


def _insert(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Adds tokens that are of no entry."""
    connection.execute(
        f"INSERT INTO tokens SELECT NULL, NULL, token FROM ({query}) AS more(token) "
        "WHERE token IS NOT NULL"
    )


def _spelled(line: str) -> Iterator[str]:
    """An entry in the ways in which a file system may spell it, without the "./" of `find`. What is no
    UTF-8 comes as surrogates, as file names do: its bytes may be the name, or letters of Latin-1."""
    line = re.sub(r"^(\./+)+", "", line)
    if line.isascii():
        yield line
        return
    try:
        line.encode()
    except UnicodeEncodeError:
        raw = line.encode("utf-8", "surrogateescape")
        yield quote_from_bytes(raw, safe="/:")
        line = raw.decode("latin-1")
    yield from {unicodedata.normalize(form, line): None for form in ("NFC", "NFD")}


def _write(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """The tokens in order, each once, as plain 64-bit numbers."""
    rows = connection.sql("SELECT DISTINCT token FROM tokens ORDER BY token")
    with replacing(path, durable=False) as temporary, temporary.open("wb") as file:
        for batch in rows.to_arrow_reader(_SENT):
            file.write(batch.column(0).to_numpy(zero_copy_only=False).astype("<u8").tobytes())


def register(connection: duckdb.DuckDBPyConnection, rule: str, path: Path) -> None:
    """Makes `<rule>(tokens)` known: whether one of a row's tokens is in the file of `build`."""
    known = np.memmap(path, "<u8", "r") if path.stat().st_size else np.empty(0, "<u8")
    width = len(_ROW)

    def listed(tokens: pa.ChunkedArray) -> pa.Array:
        given = np.asarray(tokens.combine_chunks().flatten().fill_null(0)).reshape(-1, width)
        # In order, a long list is looked up in twice as fast: neighbours are near in memory.
        ordered = np.sort(given, axis=None)
        at = np.searchsorted(known, ordered)
        there = ordered[at < len(known)]
        there = there[known[at[: len(there)]] == there]
        hit = np.isin(given, there).any(axis=1) if len(there) else np.zeros(len(given), bool)
        return pa.array(hit)

    connection.create_function(
        rule,
        listed,
        ["UBIGINT[]"],
        "BOOLEAN",
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )
