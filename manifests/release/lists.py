"""Lists of clips that must leave a release: takedowns, and clips of evaluation sets.

A list is a text file with one entry a line, a CSV or TSV file, or Parquet. An entry is

- a clip id (32 hex digits) or the sha256 of a source (64; also a line of `sha256sum`),
- a URI, or an absolute path: of that very file,
- a relative path (its last folder and name count), a file name, or a name without its ending,
- a YouTube id, alone, in a URL, or in a name as AudioSet's derivatives have it (`Y<id>.wav`,
  `<id>_30_40.wav`, `<id>_000030.mp4`): of every file that is named by this id in any of these ways.

Each entry becomes one or a few *tokens*, and so does each caption row (`ROW_TOKENS`): 64 bits of a md5
each. The tokens of all lists lie sorted in one file (`build`) that every process maps into memory and
looks its rows up in (`register`): 8 bytes a token, however many processes there are.
"""

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
    return f"md5_number_lower('{letter}' || {text})"


def _by_youtube(stem: str) -> str:
    return f"regexp_extract({stem}, '^Y?{_AN_ID}{_TIMES}{{0,2}}$', 1)"


_ROW_NAME = "split_part(uri, '/', -1)"
_ROW_STEM = f"regexp_replace({_ROW_NAME}, '{_ENDING}', '')"
_ROW = [
    _digest("c", "clip_id"),
    _digest("h", "coalesce(content_hash, '')"),
    _digest("u", "uri"),
    _digest("p", r"regexp_extract(uri, '[^/]*/[^/]*$')"),
    _digest("n", _ROW_NAME),
    _digest("s", _ROW_STEM),
    _digest("y", _by_youtube(_ROW_STEM)),
]
ROW_TOKENS = f"[{', '.join(_ROW)}]"
"""SQL of a caption row's tokens, from its clip_id, content_hash and uri: as many for every row."""

# What follows is of an entry: `line`, without spaces around it.
_HEX = "regexp_full_match(line, '[0-9A-Fa-f]{{{}}}')"
_OF_URI = "contains(line, '://')"
_PATH = "(CASE WHEN contains(line, '/') THEN line ELSE replace(line, '\\', '/') END)"
_NAME = f"split_part({_PATH}, '/', -1)"
_STEM = f"regexp_replace({_NAME}, '{_ENDING}', '')"
_ENCODED_PATH = f"replace(url_encode({_PATH}), '%2F', '/')"
_YOUTUBE_URL = rf"(youtube\.com/.*[?&]v=|youtube\.com/(shorts|embed|live)/|youtu\.be/){_AN_ID}"
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
        r"regexp_matches(line, '^[0-9A-Fa-f]{64}\s')",
        [_digest("h", "lower(left(line, 64))")],
    ),
    (
        f"{_OF_URI} AND regexp_matches(line, '{_YOUTUBE_URL}')",
        [_digest("u", "line"), _digest("y", f"regexp_extract(line, '{_YOUTUBE_URL}', 3)")],
    ),
    (_OF_URI, [_digest("u", "line"), _digest("u", "replace(line, ' ', '%20')")]),
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
    """A list as a release names it. name: as the rules write it. entries: what it names, line by line."""

    name: str
    sha256: str
    entries: int


def build(
    rules: Rules,
    rule: str,
    evaluated: Sequence[str],
    path: Path,
    connection: duckdb.DuckDBPyConnection,
) -> list[ListFile]:
    """Writes the tokens of the lists of a rule, `takedown` or `decontamination`.

    evaluated: Parquet files with the clip_id and content_hash of clips of evaluation sets. connection:
    its memory limit and temporary directory bound the work. Raises RulesError for a list that can't be
    read.
    """
    names = rules.takedown.lists if rule == "takedown" else rules.decontaminate.lists
    key = "takedown.lists" if rule == "takedown" else "decontaminate.lists"
    connection.execute("CREATE OR REPLACE TEMP TABLE tokens (token UBIGINT)")
    read = []
    for name in names:
        count = 0
        for lines in entries(rules, key, name, _SENT):
            count += len(lines)
            _add(connection, lines)
        read.append(ListFile(name, content_hash(rules.path(name)), count))
    if evaluated:
        both = f"[{_digest('c', 'clip_id')}, {_digest('h', 'content_hash')}]"
        source = f"(SELECT unnest({both}) AS token FROM read_parquet({files(evaluated)}))"
        connection.execute(f"INSERT INTO tokens FROM {source} WHERE token IS NOT NULL")
    _write(connection, path)
    connection.execute("DROP TABLE tokens")
    return read


def _add(connection: duckdb.DuckDBPyConnection, lines: Sequence[str]) -> None:
    batch = pa.table({"line": pa.array(list(_spelled(lines)), pa.string())})
    connection.register("entries_of_list", batch)
    connection.execute(
        f"INSERT INTO tokens SELECT DISTINCT token FROM (SELECT unnest({_TOKENS}) AS token "
        "FROM entries_of_list) WHERE token IS NOT NULL"
    )
    connection.unregister("entries_of_list")


def _spelled(lines: Sequence[str]) -> Iterator[str]:
    """Each entry in the ways in which a file system may spell it. What is no UTF-8 comes as surrogates,
    as file names do: its bytes may be the name, or letters of Latin-1."""
    for line in lines:
        if line.isascii():
            yield line
            continue
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
