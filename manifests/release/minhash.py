"""MinHash signatures of captions, by which near duplicates are found (`manifests.release.near`).

A row is signed by the pairs of neighbouring words in its captions, joined in the order heard, seen,
together. Words are runs of letters and digits in lower case, so case, spaces and punctuation do not
count; vowel signs and accents belong to the letter before them. Signs of scripts that put no spaces
between words count as words. Pairs and not single words, since "a dog chases a cat" and "a cat chases
a dog" have the same words.

Pairs are hashed to 15 bits, so two in 32,768 count as the same one. A signature is `SLOTS` bytes.
Two rows agree in a slot with the probability of their Jaccard similarity (shared pairs / all
pairs), and by chance in one slot of 256.

All of it is arithmetic on integers, of Arrow's flat buffers in NumPy, so the same captions give the
same bytes anywhere. rensa, a library for this, gives its signatures as Python lists only: making
arrays of them took eight times as long as signing. It also changed its signatures in version 0.5.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests.atomic import replacing
from manifests.captions import CAPTIONS
from manifests.errors import UserError
from manifests.release.edits import Edits

SLOTS = 128
LONGEST = 1 << 16
"""Bytes of a row's captions that are read; what is behind does not count."""

SCHEMA = pa.schema(
    [
        pa.field("input", pa.int32(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("id", pa.uuid(), nullable=False),
        pa.field("signature", pa.binary(SLOTS), nullable=False),
    ]
)
"""Of a file of signatures. id: a digest of the signature, so rows with equal ones have the same
words."""

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint16]
Wide = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

_ROWS = 4096
_CHUNK = 1 << 16
"""Bytes of text that are hashed at a time: so many that the arrays stay in the processor's cache.
"""
_AREA, _WIDEST, _AT_ONCE = 1 << 16, 4096, 16
"""Word pairs, rows and slots that are signed at a time."""


def _drawn(seed: int, count: int) -> Wide:
    """Numbers that only look random (splitmix64), the same with every version of every library."""
    numbers = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
        0x9E3779B97F4A7C15
    )
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _powers(base: int, count: int) -> Words:
    return np.cumprod(np.full(count, base, np.uint32), dtype=np.uint32)


_BASE = 0xDE82EF95
_POWERS = _powers(_BASE, max(_CHUNK, LONGEST))
_INVERSES = _powers(pow(_BASE, -1, 1 << 32), len(_POWERS))
_FACTORS = (_drawn(2, SLOTS) >> np.uint64(48)).astype(np.uint16) | np.uint16(1)
_OF_PART = _drawn(3, SLOTS // 4).reshape(2, -1) | np.uint64(1)

_SMALL = bytes(
    code if code > 127 else ord(chr(code).lower()) if chr(code).isalnum() else 0
    for code in range(256)
)
"""By byte of UTF-8: the same for both cases of a letter, 0 for what in ASCII is neither letter nor
digit."""
_UNSPACED = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_RARE = re.compile("[\U00010000-\U0001efff]")
"""Scripts that few write; emoji lie behind them."""
_MARKS = ("Mn", "Mc")
_JOINERS = ("\u200c", "\u200d")
"""Inside words of Persian and of Indian scripts; they say how signs are drawn."""


class SignatureError(UserError):
    """Why captions can't be signed; says what to do."""


def write(
    captions: Sequence[str | Path], path: Path, number: int, shard: int, edits: Edits | None = None
) -> int:
    """Signs the captions of one shard of one input, and tells how many rows have a signature.

    captions: its files in order; a row's number counts through all of them. path: of a Parquet file
    with the columns of `SCHEMA`, in the order of the rows; rows without a word have none. number:
    of the input. edits: signed in place of what they replace. Raises SignatureError for a file that
    can't be read.
    """
    signed = first = 0
    with (
        replacing(path, durable=False) as temporary,
        pq.ParquetWriter(
            temporary, SCHEMA, compression="none", use_dictionary=["input", "shard"]
        ) as writer,
    ):
        for batch in _batches(captions, edits):
            texts = joined([batch[name] for name in CAPTIONS])
            has_words, made = signatures(texts)
            rows = np.flatnonzero(has_words)
            made = np.ascontiguousarray(made[rows])
            columns = [
                pa.array(np.full(len(rows), number, np.int32)),
                pa.array(np.full(len(rows), shard, np.int32)),
                pa.array((rows + first).astype(np.int32)),
                pa.ExtensionArray.from_storage(pa.uuid(), fixed(ids(made))),
                fixed(made),
            ]
            writer.write_table(pa.table(columns, schema=SCHEMA))
            first += len(batch)
            signed += len(rows)
    return signed


def _batches(captions: Sequence[str | Path], edits: Edits | None) -> Iterator[pa.RecordBatch]:
    columns = [*CAPTIONS, *(("clip_id", "caption_digest") if edits else ())]
    for name in captions:
        try:
            with Path(name).open("rb") as handle, pq.ParquetFile(handle) as file:
                if lost := set(columns) - set(file.schema_arrow.names):
                    raise SignatureError(
                        f"{name} has no column {min(lost)}: it is no table of captions"
                    )
                for batch in file.iter_batches(_ROWS, columns=columns, use_threads=False):
                    yield edits.texts(batch) if edits else batch
        except (pa.ArrowException, OSError) as error:
            raise SignatureError(
                f"{name} can't be read: {error}. captionmill verify tells what is damaged."
            ) from error


def joined(columns: Sequence[Any]) -> pa.Array:
    """Texts of rows, each of the captions it has; with a space at the end where there is any."""
    texts = [column.cast(pa.large_string()) for column in columns]
    end = pa.scalar("", pa.large_string())
    space = pa.scalar(" ", pa.large_string())
    return pc.binary_join_element_wise(*texts, end, space, null_handling="skip")


def signatures(texts: pa.Array) -> tuple[npt.NDArray[np.bool_], Bytes]:
    """Signatures of texts of `joined`: which of them have a word, and (texts, SLOTS)."""
    data, offsets = _plain(texts)
    pairs, counts = [np.empty(0, np.uint16)], [np.empty(0, np.int64)]
    start = 0
    while start < len(texts):
        end = int(np.searchsorted(offsets, offsets[start] + _CHUNK, "right")) - 1
        end = max(end, start + 1)
        own = offsets[start : end + 1]
        hashes, numbers = _pairs(data[own[0] : own[-1]], own - own[0])
        pairs.append(hashes)
        counts.append(numbers)
        start = end
    every = np.concatenate(counts)
    return every > 0, _signed(np.concatenate(pairs), every)


def ids(signed: Bytes) -> Bytes:
    """Digests of signatures, (rows, 16)."""
    parts = signed.view(np.uint64)
    parts = (parts ^ (parts >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    parts ^= parts >> np.uint64(32)
    made = np.stack([(parts * half).sum(axis=1, dtype=np.uint64) for half in _OF_PART], axis=1)
    made ^= made >> np.uint64(31)
    made *= np.uint64(0x94D049BB133111EB)
    made ^= made >> np.uint64(30)
    return made.view(np.uint8)


def fixed(rows: Bytes) -> pa.Array:
    """Rows of bytes, (rows, width), as a column of Arrow."""
    rows = np.ascontiguousarray(rows)
    return pa.Array.from_buffers(
        pa.binary(rows.shape[1]), len(rows), [None, pa.py_buffer(rows.reshape(-1))]
    )


def _plain(texts: pa.Array) -> tuple[Bytes, Numbers]:
    """The bytes of the words of all texts, 0 between words, and the offsets of the texts."""
    odd = pc.or_(pc.invert(pc.string_is_ascii(texts)), pc.greater(pc.binary_length(texts), LONGEST))
    if pc.any(odd).as_py():
        raw = texts.filter(odd).cast(pa.large_binary()).to_pylist()
        texts = pc.replace_with_mask(texts, odd, pa.array(map(_words, raw), pa.large_string()))
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return np.empty(0, np.uint8), np.zeros(len(texts) + 1, np.int64)
    places = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    small = data.slice(places[0], places[-1] - places[0]).to_pybytes().translate(_SMALL)
    return np.frombuffer(small, np.uint8), places - places[0]


def _words(raw: bytes) -> str:
    """A text beyond ASCII, or a long one, with nothing beyond ASCII in it that is of no word."""
    text = unicodedata.normalize("NFKC", raw[:LONGEST].decode("utf-8", "replace")).lower()
    for joiner in _JOINERS:
        text = text.replace(joiner, "")
    sign, no_word, lone_mark = _patterns(0x1F000 if _RARE.search(text) else 0x10000)
    text = lone_mark.sub(" ", no_word.sub(" ", sign.sub(r" \1 ", text)))
    return text.encode()[: LONGEST - 1].decode("utf-8", "ignore") + " "


@cache
def _patterns(end: int) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Of a sign that is a word, of what is of no word, and of marks on nothing.

    Marks are vowel signs and accents, which Python does not count as letters. end: of the marks that
    are told; none lie beyond U+1F000. Those beyond U+FFFF make the search four times as slow.
    """
    every = (char for char in map(chr, range(0x300, end)) if unicodedata.category(char) in _MARKS)
    # Selectors of variants are marks, too, and follow emoji.
    marks = "".join(char for char in every if not "\ufe00" <= char <= "\ufe0f")
    return (
        re.compile(rf"({_UNSPACED}[{marks}]*)"),
        re.compile(rf"[^\x00-\x7f\w{marks}]+"),
        re.compile(rf"[\x00-/:-@\[-`{{-\x7f][{marks}]+"),  # behind ASCII that is of no word
    )


def _pairs(data: Bytes, offsets: Numbers) -> tuple[Hashes, Numbers]:
    """Hashes of the pairs of neighbouring words in texts, and how many each text has. A text of one
    word has that word.

    A word's hash is a polynomial over its bytes, the difference of two running sums.
    """
    in_word = data != 0
    begins = np.flatnonzero(in_word[1:] > in_word[:-1]) + 1
    if len(data) and in_word[0]:
        begins = np.concatenate([[0], begins])
    sums = data.astype(np.uint32)
    sums *= _POWERS[: len(data)]
    np.cumsum(sums, dtype=np.uint32, out=sums)
    until = sums[np.append(begins[1:], len(data)) - 1] if len(begins) else sums[:0]
    hashes = until.copy()
    hashes[1:] -= until[:-1]
    hashes = _mixed(hashes * _INVERSES[begins])
    bounds = np.searchsorted(begins, offsets)
    words = np.diff(bounds)
    following = np.append(hashes[1:], np.uint32(0))
    following[bounds[1:][words > 0] - 1] = 0
    pairs = (_mixed(hashes * np.uint32(_BASE) + following) >> np.uint32(16)).astype(np.uint16)
    pairs |= np.uint16(1)
    is_pair = np.ones(len(pairs), np.bool_)
    is_pair[bounds[1:][words > 1] - 1] = False
    return pairs[is_pair], np.where(words > 1, words - 1, words)


def _mixed(numbers: Words) -> Words:
    """Numbers whose every bit depends on every bit of those given (the end of MurmurHash3)."""
    mixed = numbers ^ (numbers >> np.uint32(16))
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed


def _signed(pairs: Hashes, counts: Numbers) -> Bytes:
    """Signatures of texts, (texts, SLOTS), from their pairs; zeros where there are none.

    Texts with about as many pairs are signed together, the shorter ones with their last pair
    repeated, which changes no smallest number.
    """
    made = np.zeros((len(counts), SLOTS), np.uint8)
    firsts = np.cumsum(counts) - counts
    order = np.argsort(counts, kind="stable")
    start = int(np.searchsorted(counts[order], 1))
    while start < len(order):
        some = order[start : start + _WIDEST]
        fit = counts[some] * np.arange(1, len(some) + 1) <= _AREA
        some = some[: max(1, int(fit.sum()))]
        places = np.arange(counts[some[-1]])[:, None]
        mine = pairs[firsts[some] + np.minimum(places, counts[some] - 1)]
        made[some] = _smallest(mine).T
        start += len(some)
    return made


def _smallest(pairs: Hashes) -> Bytes:
    """A byte for the smallest of the pairs, (pairs, texts), in each of `SLOTS` orders: (SLOTS,
    texts).

    An order is that of products with an odd number, modulo 2^16.
    """
    least = np.empty((SLOTS, pairs.shape[1]), np.uint16)
    products = np.empty((_AT_ONCE, *pairs.shape), np.uint16)
    for slot in range(0, SLOTS, _AT_ONCE):
        some = slice(slot, slot + _AT_ONCE)
        np.multiply(pairs[None], _FACTORS[some, None, None], out=products)
        np.minimum.reduce(products, axis=1, out=least[some])
    least ^= least >> np.uint16(7)
    least *= np.uint16(0x2C6D)
    return (least >> np.uint16(8)).astype(np.uint8)
