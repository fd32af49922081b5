"""Keys of caption rows, and the local rules."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

import duckdb
import pytest

from manifests.release.keys import COLUMNS
from manifests.release.shards import Shard
from tests.manifests.release.rows import (
    claim,
    clip_id,
    dropped,
    keys,
    keys_of,
    row,
    rules,
    similar,
    source,
    written,
)


def _uuid(text: str) -> uuid.UUID:
    return uuid.UUID(hashlib.md5(text.encode()).hexdigest())


def test_a_key_holds_what_the_rules_compare(tmp_path: Path) -> None:
    both = {
        "audio_caption": "A  Dog.",
        "visual_caption": None,
        "audio_visual_caption": "A DOG runs.",
    }
    file = written(tmp_path / "c.parquet", [row(7, **both, domain="music")])
    wanted = rules(
        tmp_path,
        duplicates={"captions": True},
        caps={"source": 1, "caption": 1},
        shares={"music": 0.5},
    )
    (key,) = keys(wanted, file)
    assert isinstance(key["captions"], uuid.UUID) and isinstance(key["caption"], uuid.UUID)
    assert key == {
        "input": 0,
        "shard": 3,
        "row": 0,
        "clip": uuid.UUID(clip_id(7)),
        "source": int(source(7)[:16], 16),
        "captions": key["captions"],
        "caption": key["caption"],
        "stage": 1,
        "age": 0,
        "duration_ms": 10_000,
        "domain": "music",
        "licence": "permissive",
        "real": False,
        "edited": False,
        "reviews": 0,
        "dropped": None,
    }
    assert list(key) == [name for name in COLUMNS if name in wanted.needs().keys]


def test_equal_captions_have_equal_keys_whatever_their_spaces_and_case(tmp_path: Path) -> None:
    texts = ["A dog barks.", "a  dog barks.", "A DOG   barks.", "A dog bark s.", "É ñ", "é  Ñ"]
    file = written(tmp_path / "c.parquet", [row(n, audio_caption=t) for n, t in enumerate(texts)])
    made = keys(rules(tmp_path, duplicates={"captions": True}, caps={"caption": 1}), file)
    for column in ("captions", "caption"):
        first, *others = [key[column] for key in made]
        assert [other == first for other in others] == [True, True, False, False, False]
        assert made[4][column] == made[5][column]
    sides = [
        row(1, audio_caption="A"),
        row(2, audio_caption=None, visual_caption="A"),
        row(3, audio_caption=None),
    ]
    made = keys(
        rules(tmp_path, duplicates={"captions": True}), written(tmp_path / "d.parquet", sides)
    )
    assert made[0]["captions"] != made[1]["captions"] and made[2]["captions"] is None
    different = [row(n, audio_caption=f"Dog {n}.") for n in range(2000)]
    made = keys(
        rules(tmp_path, duplicates={"captions": True}), written(tmp_path / "e.parquet", different)
    )
    for half in (slice(8), slice(8, 16)):
        assert len({key["captions"].bytes[half] for key in made}) == 2000


def test_a_clip_without_a_hex_id_has_the_md5_of_its_id(tmp_path: Path) -> None:
    file = written(tmp_path / "c.parquet", [row(1, clip_id="clip one", content_hash=None)])
    (key,) = keys(rules(tmp_path, caps={"source": 1}), file)
    assert key["clip"] == _uuid("clip one") and key["source"] is not None


def test_rows_are_counted_over_the_files_of_a_shard(tmp_path: Path) -> None:
    names = ["a.parquet", "b [1]*.parquet", "c?'.parquet"]
    files = [
        written(tmp_path / name, [row(10 * at + n) for n in range(at + 2)])
        for at, name in enumerate(names)
    ]
    made = keys(rules(tmp_path), *files, to=tmp_path / "o'ut.keys")
    assert [key["row"] for key in made] == list(range(2 + 3 + 4))
    ids = [clip_id(n) for n in (0, 1, 10, 11, 12, 20, 21, 22, 23)]
    assert [key["clip"] for key in made] == [uuid.UUID(each) for each in ids]
    near = similar(
        tmp_path / "s.parquet", [{"clip_id": clip_id(20), "caption_digest": f"{20:016d}"}]
    )
    again = keys(rules(tmp_path, winner={"order": ["similarity"]}), *files, similarity=(near,))
    assert [(key["row"], key["clip"]) for key in again] == [(k["row"], k["clip"]) for k in made]


@pytest.mark.parametrize("order", ["newest", "similarity"])
def test_several_shards_are_read_at_once(order: str, tmp_path: Path) -> None:
    """With as many files and rows as they have, and similarities of each beside."""
    files = [
        written(tmp_path / f"{at}.parquet", [row(10 * at + n) for n in range(at + 2)])
        for at in range(4)
    ]
    of = {"clip_id": clip_id(31), "caption_digest": f"{31:016d}", "audio_caption": 0.5}
    near = similar(tmp_path / "s.parquet", [of])
    shards = [Shard(2, (files[0], files[1])), Shard(5, (files[2],)), Shard(9, (files[3],), (near,))]
    made = keys_of(rules(tmp_path, winner={"order": [order]}), shards, tmp_path / "made.keys")
    expected = [(2, n) for n in range(5)] + [(5, n) for n in range(4)] + [(9, n) for n in range(5)]
    assert [(key["shard"], key["row"]) for key in made] == expected
    numbers = [0, 1, 10, 11, 12, 20, 21, 22, 23, 30, 31, 32, 33, 34]
    assert [key["clip"] for key in made] == [uuid.UUID(clip_id(n)) for n in numbers]
    if order == "similarity":
        told = [number for number, key in zip(numbers, made, strict=True) if key["similarity"]]
        assert told == [31]


def test_confidence_and_support_are_means_over_the_claims(tmp_path: Path) -> None:
    claims = [
        claim(probability=0.9),
        claim(tier="medium"),
        claim(supported=False),
        claim(tier="low"),
    ]
    file = written(tmp_path / "c.parquet", [row(1, claims=claims), row(2)])
    made = keys(rules(tmp_path, winner={"order": ["confidence", "support"]}), file)
    assert made[0]["confidence"] == pytest.approx((0.9 + 0.5) / 4)
    assert made[0]["support"] == pytest.approx(3 / 4)
    assert made[1]["confidence"] is made[1]["support"] is None


def test_similarity_is_that_of_these_captions(tmp_path: Path) -> None:
    file = written(tmp_path / "c.parquet", [row(n) for n in (1, 2, 3)])
    of = {"clip_id": clip_id(1), "caption_digest": f"{1:016d}"}
    old = similar(tmp_path / "s0.parquet", [{**of, "audio_caption": 0.9}])
    rows = [
        {**of, "audio_caption": 0.2, "visual_caption": 0.4},
        {"clip_id": clip_id(2), "caption_digest": "of others", "audio_caption": 0.9},
    ]
    new = similar(tmp_path / "s1.parquet", rows)
    wanted = rules(
        tmp_path, winner={"order": ["similarity"]}, keep={"min_similarity": {"audio_caption": 0.1}}
    )
    made = keys(wanted, file, similarity=(old, new))
    assert made[0]["similarity"] == pytest.approx(0.3)
    assert [key["dropped"] for key in made] == [None, "not_embedded", "not_embedded"]
    assert [key["dropped"] for key in keys(wanted, file)] == ["not_embedded"] * 3
    low = rules(tmp_path, keep={"min_similarity": {"audio_caption": 0.3}})
    dropped = [key["dropped"] for key in keys(low, file, similarity=(old, new))]
    assert dropped == ["similarity", "not_embedded", "not_embedded"]


TEMPLATE = {"audio_by": "template"}
LOCAL: dict[str, tuple[dict[str, Any], list[dict[str, Any]], list[str | None]]] = {
    "no captions": ({}, [{}, {"audio_caption": None}], [None, "captions"]),
    "all captions": (
        {"captions": "all"},
        [{"visual_caption": "x"}, {"visual_caption": "x", "audio_visual_caption": "y"}],
        ["captions", None],
    ),
    "one caption": (
        {"captions": ["visual_caption"]},
        [{}, {"visual_caption": "x", "audio_caption": None}],
        ["captions", None],
    ),
    "writer": (
        {"writer": "llm"},
        [{}, TEMPLATE, {"visual_caption": "x", "visual_by": "template"}],
        [None, "writer", "writer"],
    ),
    "confidence": (
        {"min_confidence": 0.5},
        [{"claims": [claim(probability=0.5)]}, {"claims": [claim(probability=0.49)]}, {}],
        [None, "confidence", "confidence"],
    ),
    "support": (
        {"min_support": 0.5},
        [{"claims": [claim(), claim(False)]}, {"claims": [claim(False)]}, {}],
        [None, "support", "support"],
    ),
    "lints": (
        {"lints": ["loop", "again:leak"]},
        [
            {"lints": ["first:loop"]},
            {"lints": ["first:leak"]},
            {"lints": ["again:leak"]},
            {"lints": None},
        ],
        ["lints", None, "lints", None],
    ),
    "licence": (
        {"licences": ["Apache-2.0", "mit"]},
        [
            {"licence": "MIT"},
            {"licence": "Apache-2.0 AND MIT"},
            {"licence": "GPL-3.0"},
            {"licence": "MIT AND GPL-3.0"},
            {"licence": "MIT OR GPL-3.0"},
            {"licence": "Apache-2.0 AND (GPL-3.0 OR MIT)"},
            {"licence": "it's"},
        ],
        [None, None, "licence", "licence", None, None, "licence"],
    ),
    "licence class": (
        {"licences": ["permissive"]},
        [{"licence": "BSD-3-Clause"}, {"licence": "BSD-3-Clause", "outputs_train": False}],
        [None, "licence"],
    ),
    "training": (
        {"outputs_train": True},
        [{}, {"outputs_train": None}, {"outputs_train": False}],
        [None, "licence", "licence"],
    ),
    "length": (
        {"min_ms": 1000, "max_ms": 5000},
        [{"duration_ms": n} for n in (0, 999, 1000, 5000, 5001)],
        ["length", "length", None, None, "length"],
    ),
    "language": (
        {"languages": ["en", "de"]},
        [
            {"transcript": "hi", "language": "en"},
            {"transcript": "hola", "language": "es"},
            {"transcript": "hm"},
            {"language": "es"},
            {"transcript": " ", "language": "es"},
        ],
        [None, "language", "language", None, None],
    ),
}


@pytest.mark.parametrize("what", LOCAL)
def test_a_local_rule_drops_what_it_says(what: str, tmp_path: Path) -> None:
    keep, rows, expected = LOCAL[what]
    assert (
        dropped(
            rules(tmp_path, keep=keep), *(row(n, **r) for n, r in enumerate(rows)), folder=tmp_path
        )
        == expected
    )


def test_the_first_rule_that_drops_a_row_is_told(tmp_path: Path) -> None:
    keep = {"writer": "llm", "min_ms": 20_000, "lints": ["loop"], "captions": ["visual_caption"]}
    rows = [
        row(1, **TEMPLATE),
        row(2, visual_caption="x", **TEMPLATE),
        row(3, visual_caption="x", lints=["first:loop"]),
        row(4, visual_caption="x"),
    ]
    assert dropped(rules(tmp_path, keep=keep), *rows, folder=tmp_path) == [
        "captions",
        "writer",
        "lints",
        "length",
    ]


def test_captions_by_people_are_free_of_rules_on_writing(tmp_path: Path) -> None:
    keep = {
        "writer": "llm",
        "min_confidence": 0.5,
        "min_support": 0.5,
        "lints": ["loop"],
        "min_ms": 1,
    }
    rows = [row(1, lints=["first:loop"], **TEMPLATE), row(2, duration_ms=0)]
    assert dropped(rules(tmp_path, keep=keep), *rows, folder=tmp_path) == ["writer", "confidence"]
    by_people = rules(tmp_path, real=True, keep=keep)
    assert dropped(by_people, *rows, folder=tmp_path) == [None, "length"]


def test_equal_files_and_rules_give_equal_bytes(tmp_path: Path) -> None:
    rows = [
        row(n, licence=["MIT", "GPL-3.0"][n % 2], claims=[claim(probability=n / 5000)])
        for n in range(5000)
    ]
    file = written(tmp_path / "c.parquet", rows)
    near = similar(
        tmp_path / "s.parquet",
        [
            {"clip_id": clip_id(n), "caption_digest": f"{n:016d}", "audio_caption": n / 5000}
            for n in range(5000)
        ],
    )
    wanted = rules(
        tmp_path,
        winner={"order": ["similarity", "confidence", "support", "stage"]},
        duplicates={"captions": True},
        caps={"source": 1, "caption": 1},
        keep={"min_confidence": 0.5},
    )
    bytes_of = set()
    for threads in (1, 1, 4):
        connection = duckdb.connect(config={"threads": threads})
        keys(wanted, file, similarity=(near,), connection=connection, to=tmp_path / "out.keys")
        bytes_of.add((tmp_path / "out.keys").read_bytes())
    assert len(bytes_of) == 1
