"""The inverted list: for each word and text the clips that have it, and where in the text.

DuckDB's own extension for searching texts comes from the network, and is not there on a machine without
one.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import duckdb
import numpy as np
import numpy.typing as npt

from pipelines.inspect.columns import TEXTS
from pipelines.inspect.numbers import Numbers
from pipelines.inspect.reading import Reader

WORDS = "word VARCHAR, text UTINYINT, numbers INTEGER[], places USMALLINT[]"
"""Columns of the list. text: the bit of `TEXTS`. numbers: of clips, once for each time that the text has
the word. places: of each of these, counted in words from 0."""

_CHARACTERS = 64_000_000
"""Characters of texts whose words are listed together: about 9 million words."""
LONGEST_WORD = 64
"""Characters of a word; of a longer one its beginning."""
_LAST_PLACE = (1 << 16) - 1
"""Words further back have this place, and are in no phrase."""
_APART = 17
"""Bits of a place in a key of clip and place: one more than a place has, so that no phrase goes on in the
next clip."""

# Scripts that put no space between words: each of their characters is a word.
_ALONE = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_PATTERN = rf"[{_ALONE}]|(?:[^\PL{_ALONE}]|[\pN\pM])+"

Keys = npt.NDArray[np.int64]


def words_of(sql: str) -> str:
    """SQL of the list of words of a text: small letters without accents, and digits."""
    return f"regexp_extract_all({folded(sql)}, '{_PATTERN}')"


def folded(sql: str) -> str:
    """SQL of a text in small letters without accents."""
    return f"strip_accents(lower({sql}))"


def alike(sql: str) -> str:
    """SQL of a value of a choice as it is compared with one that is asked for: folded, with ' for
    quotes, which a query can't write."""
    return f"""replace({folded(sql)}, '"', '''')"""


def fill(database: duckdb.DuckDBPyConnection, table: str, start: int, end: int) -> None:
    """Adds the words of the clips with numbers from `start` to before `end` to a table with the columns
    `WORDS`, in pieces, each of so much text as fits in memory."""
    lengths = " + ".join(f"coalesce(length({name}), 0)" for name in TEXTS)
    ((characters,),) = database.execute(
        f"SELECT coalesce(sum({lengths}), 0) FROM clips WHERE number >= {start} AND number < {end}"
    ).fetchall()
    pieces = max(1, -(-int(characters) // _CHARACTERS))
    edges = [start + (end - start) * n // pieces for n in range(pieces + 1)]
    for first, last in pairwise(edges):
        database.execute(f"INSERT INTO {table} {_between(first, last)}")


def _between(start: int, end: int) -> str:
    """SQL of a part of the inverted list: of the clips with numbers from `start` to before `end`."""
    texts = " UNION ALL ".join(
        f"SELECT number, {bit} AS text, {words_of(name)} AS words FROM clips "
        f"WHERE number >= {start} AND number < {end} AND {name} IS NOT NULL"
        for name, bit in TEXTS.items()
    )
    return (
        f"SELECT left(word, {LONGEST_WORD}) AS word, text, list(number) AS numbers, "
        f"list(least(place, {_LAST_PLACE})::USMALLINT) AS places "
        "FROM (SELECT number, text, unnest(words) AS word, unnest(range(len(words))) AS place "
        f"FROM ({texts})) GROUP BY 1, 2"
    )


def make(database: duckdb.DuckDBPyConnection, pieces: str) -> None:
    """Makes the table `words`, sorted, those of paths last. pieces: the table that `fill` filled."""
    database.execute(
        f"CREATE TABLE words AS SELECT * FROM {pieces} ORDER BY text = {TEXTS['path']}, word"
    )


class Words:
    """Which clips have words."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def having(self, text: str, names: Sequence[str], phrase: bool) -> Numbers:
        """Clips that have all words of a text in some of their texts. names: of `TEXTS`. phrase: the
        words follow each other in one of these; else a `*` at the end asks for the beginning of the last
        word."""
        [(words,)] = self._reader.rows(f"SELECT {words_of('?')}", [text])
        words = [word[:LONGEST_WORD] for word in words]
        if not words:
            return Numbers.of((), self._reader.size)
        begun = text.endswith("*") and not phrase
        found = Numbers.every(self._reader.size)
        for place, word in enumerate(words):
            found &= self._one(word, names, begun and place == len(words) - 1)
        if not phrase or len(words) == 1:
            return found
        key = ("phrase", *words, *names)
        return self._reader.kept(key, lambda: self._in_a_row(words, names, found))

    def _one(self, word: str, names: Sequence[str], begins: bool) -> Numbers:
        """Clips with a word, or with one that begins so."""
        mask, last = sum(TEXTS[name] for name in names), max(TEXTS[name] for name in names)
        like, values = "word = ?", [word]
        if begins:
            # Also as a range, by which blocks without such a word are passed over.
            like = "word >= ? AND word < ? AND starts_with(word, ?)"
            values = [word, word + "\U0010ffff", word]
        sql = f"SELECT numbers FROM words WHERE {like} AND text <= {last} AND text & {mask} <> 0"

        def read() -> Numbers:
            parts = (numbers for (numbers,) in self._reader.columns(sql, values))
            return Numbers.of(parts, self._reader.size)

        return self._reader.kept(("word", word, mask, begins), read)

    def _in_a_row(self, words: Sequence[str], names: Sequence[str], within: Numbers) -> Numbers:
        """Clips in which these words follow each other in one text. within: that have them all."""
        found = []
        for name in names:
            starts = self._keys(words[0], name, within)
            for place, word in enumerate(words[1:], start=1):
                if not len(starts):
                    break
                keys = self._keys(word, name, within) - place
                starts = np.intersect1d(starts, keys, assume_unique=True)
            found.append((starts >> _APART).astype(np.int32))
        return Numbers.of(found, self._reader.size)

    def _keys(self, word: str, name: str, within: Numbers) -> Keys:
        """Where a word is in a text, as keys of clip and place."""
        return np.concatenate([*self._parts(word, name, within), np.zeros(0, np.int64)])

    def _parts(self, word: str, name: str, within: Numbers) -> Iterator[Keys]:
        bit = TEXTS[name]
        sql = f"SELECT numbers, places FROM words WHERE word = ? AND text <= {bit} AND text = {bit}"
        for numbers, places in self._reader.columns(sql, [word]):
            held = within.has(numbers) & (places < _LAST_PLACE)
            yield (numbers[held].astype(np.int64) << _APART) + places[held]
