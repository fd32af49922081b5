"""Made-up workspaces of caption rows: about 600 bytes of captions each.

Two inputs with a tenth of their clips in common, one caption set in twenty a copy of another, sources of
1 to 20 clips. With `judged` rows have what further rules look at: three claims each, domains, one caption
set in thirty that differs from another in four of its 92 words, and one row in a hundred whose
audio-visual caption three others have on average. Rows follow from their numbers, so shards are made in
any order, in several processes.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests import schemas
from manifests.captions import CAPTIONS
from manifests.release.shards import Input, Shard

SHARD = 5000
COMMON, COPIES, NEAR, COMMON_TEXTS, MOST_CLIPS = 0.1, 0.05, 0.03, 0.01, 20
_PIECES, _WORDS = 4096, 1500
_PER_CAPTION = (7, 7, 9)
"""Pieces of about 26 characters in each of the three captions."""

_DOMAINS = np.repeat(["general", "speech", "music"], [5, 3, 2])
_SUPPORTED = 0.9

Ids = npt.NDArray[np.int64]


def make(folder: Path, rows: int, processes: int, judged: bool = False) -> list[Input]:
    """Two inputs with so many rows in all; files that are there from another run stay."""
    inputs = inputs_of(folder, rows)
    half = rows // 2
    missing = []
    for given in inputs:
        (given.root / "clips").mkdir(parents=True, exist_ok=True)
        start = (half - int(half * COMMON)) * given.number
        for shard in given.shards:
            begin = start + shard.number * SHARD
            if not Path(shard.captions[0]).exists():
                end = min(begin + SHARD, start + half)
                missing.append((shard, begin, end, given.number, judged))
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(_write, missing, chunksize=20))
    return inputs


def inputs_of(folder: Path, rows: int) -> list[Input]:
    """The two inputs, as they lie in a folder."""
    shards = range(-(-(rows // 2) // SHARD))
    return [
        Input(
            number=number,
            name=f"input{number}",
            root=root,
            job="0" * 16,
            digest="0" * 16,
            real=False,
            stage=number + 1,
            age=number,
            shards=tuple(
                Shard(
                    at,
                    (str(root / f"{at:06d}.parquet"),),
                    clips=str(root / f"clips/{at:06d}.parquet"),
                )
                for at in shards
            ),
        )
        for number, root in ((number, folder / f"input-{number}") for number in (0, 1))
    ]


def _write(asked: tuple[Shard, int, int, int, bool]) -> None:
    """Writes one shard: where, its first clip, the one behind its last, its input, and `judged`."""
    shard, begin, end, number, judged = asked
    rows = _rows(np.arange(begin, end), number, judged)
    pq.write_table(_listed(rows), shard.clips, compression="zstd")
    temporary = Path(f"{shard.captions[0]}.tmp")
    pq.write_table(rows, temporary, compression="zstd")
    temporary.rename(shard.captions[0])


def _listed(rows: pa.Table) -> pa.Table:
    """The clips of caption rows."""
    zeros, ones = (pa.array(np.full(len(rows), value)) for value in (0, 1))
    values = {name: rows[name] for name in schemas.CLIPS.names if name in rows.column_names}
    values |= {"file_ms": rows["start_ms"], "since_ms": zeros, "first_byte": zeros}
    values |= {"end_byte": ones, "size": ones, "mtime_ns": ones}
    arrays = [values.get(f.name, pa.nulls(len(rows), f.type)) for f in schemas.CLIPS]
    return pa.table(arrays, schema=schemas.CLIPS)


def _rows(clips: Ids, number: int, judged: bool) -> pa.Table:
    """Caption rows of clips by one input."""
    sources = _source(clips)
    ids = _hex(clips, 1, 2)
    drawn = clips * 2 + number
    share = _mixed(drawn, 3) % 1000 / 1000
    is_near = judged & (share >= COPIES) & (share < COPIES + NEAR)
    numbers = [np.where((share < COPIES) | is_near, drawn // 40 * 40 + 1, drawn)] * 3
    if judged:
        numbers[2] = np.where(share >= 1 - COMMON_TEXTS, drawn // 400 * 400 + 3, numbers[2])
    texts = _captions(numbers)
    if judged:
        texts[0] = _with_another_piece(texts[0], drawn, is_near)
    length = len(clips)
    values: dict[str, pa.Array] = {
        "clip_id": ids,
        "content_hash": _hex(sources, 4, 4),
        "uri": pc.binary_join_element_wise("file:///media/set/", _hex(sources, 5, 1), ".mp4", ""),
        "start_ms": pa.array(clips % MOST_CLIPS * 10_000),
        "end_ms": pa.array(clips % MOST_CLIPS * 10_000 + 10_000),
        "duration_ms": pa.array(np.full(length, 10_000)),
        "kind": pa.array(["video"] * length),
        "has_audio": pa.array([True] * length),
        "has_video": pa.array([True] * length),
        "audio_caption": texts[0],
        "visual_caption": texts[1],
        "audio_visual_caption": texts[2],
        "evidence_digest": _hex(clips, 6, 1),
        "prompt_digest": pa.array(["0123456789abcdef"] * length),
        "config_digest": pa.array(["0123456789abcdef"] * length),
        "caption_digest": _hex(drawn, 7, 1),
        "licence": pa.array(["Apache-2.0"] * length),
        "outputs_train": pa.array([True] * length),
        "domain": pa.array(
            _DOMAINS[_mixed(clips, 8) % len(_DOMAINS)] if judged else ["general"] * length
        ),
        "writer": pa.array(["writer-8b"] * length),
        **{
            f"{name}_by": pa.array(["llm"] * length) for name in ("audio", "visual", "audio_visual")
        },
        **({"claims": _claims(drawn)} if judged else {}),
    }
    arrays = []
    for field in schemas.CAPTIONS:
        if field.name in values:
            arrays.append(values[field.name])
        elif not field.nullable:
            arrays.append(pa.array([[]] * length, field.type))
        else:
            arrays.append(pa.nulls(length, field.type))
    return pa.table(arrays, schema=schemas.CAPTIONS)


def _captions(numbers: Sequence[Ids]) -> list[pa.Array]:
    """Three captions, each made of pieces that follow from its numbers."""
    pieces = _pieces()
    captions = []
    for place, (count, drawn) in enumerate(zip(_PER_CAPTION, numbers, strict=True)):
        columns = [
            pieces.take(pa.array(_mixed(drawn, 100 * place + at) % _PIECES)) for at in range(count)
        ]
        captions.append(pc.binary_join_element_wise(*columns, " "))
    return captions


def _with_another_piece(captions: pa.Array, drawn: Ids, where: npt.NDArray[np.bool_]) -> pa.Array:
    """Captions whose first four words are others in some rows."""
    others = _pieces().take(pa.array(_mixed(drawn, 99) % _PIECES))
    changed = pc.binary_join_element_wise(
        others, pc.replace_substring_regex(captions, r"^(\S+ ){3}\S+ ", ""), " "
    )
    return pc.if_else(pa.array(where), changed, captions)


def _claims(drawn: Ids) -> pa.Array:
    """Three claims of each row, one of each caption, nine in ten of them supported."""
    kinds = next(field.type for field in schemas.CAPTIONS if field.name == "claims").value_type
    rows = len(drawn)
    each = np.repeat(drawn, 3) * 3 + np.tile(np.arange(3), rows)
    tiers = [None] * len(each)
    confidence = pa.StructArray.from_arrays(
        [
            pa.array(_mixed(each, 9) % 1000 / 1000),
            pa.array(tiers, pa.string()),
            pa.array(["scorer"] * len(each)),
        ],
        fields=list(kinds.field("confidence").type),
    )
    values: dict[str, pa.Array] = {
        "caption": pa.array(list(CAPTIONS) * rows),
        "text": _pieces().take(pa.array(_mixed(each, 10) % _PIECES)),
        "confidence": confidence,
        "supported": pa.array(_mixed(each, 11) % 1000 < _SUPPORTED * 1000),
    }
    claims = pa.StructArray.from_arrays(
        [values.get(field.name, pa.nulls(len(each), field.type)) for field in kinds],
        fields=list(kinds),
    )
    return pa.ListArray.from_arrays(np.arange(0, len(each) + 1, 3, dtype=np.int32), claims)


@lru_cache
def _pieces() -> pa.Array:
    random = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwyp"))
    words = ["".join(random.choice(letters, random.integers(2, 9))) for _ in range(_WORDS)]
    return pa.array([" ".join(random.choice(words, 4)) for _ in range(_PIECES)])


def _source(clips: Ids) -> Ids:
    """The source of a clip: of 210 clips in a row, 20 sources of 1 to 20 clips."""
    edges = np.cumsum(np.arange(1, MOST_CLIPS + 1))
    sources: Ids = clips // edges[-1] * MOST_CLIPS
    sources += np.searchsorted(edges, clips % edges[-1], "right")
    return sources


def _mixed(values: Ids, salt: int) -> Ids:
    mixed = values.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt * 7919 + 1)
    for shift in (31, 29):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(1)).astype(np.int64)


def _hex(values: Ids, salt: int, words: int) -> pa.Array:
    """16 digits of each number, `words` times."""
    columns = [_mixed(values, salt * 10 + word).astype(">u8") for word in range(words)]
    digits = np.stack(columns, 1).tobytes().hex().encode()
    offsets = np.arange(len(values) + 1, dtype=np.int32) * (16 * words)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets), pa.py_buffer(digits))
