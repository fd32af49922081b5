"""A captioned and embedded workspace whose rows differ in all that a report counts."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from manifests import tables
from manifests.captions import CAPTIONS
from manifests.kinds import SIMILARITY, kind_of
from manifests.record import Record
from manifests.release.shards import Input, Shard
from tests.manifests.made import CUT, JOB, SHARDS, Made, sealed
from tests.pipelines.search.embedded import EMBED, TABLE, embedded, settings

Row = dict[str, Any]

WORDS = ("a dog barks", "music plays", "rain falls", "a man speaks", "a car passes")
TIERS = (("high", 0.9), ("medium", 0.7), ("low", 0.3), ("medium", None))
CAPTIONERS = ("ears", "words", "eyes")


def varied(row: Row, chance: random.Random) -> Row:
    """A caption row with other captions, claims, authors, refusals and evidence."""
    claims = [_claim(name, chance) for name in CAPTIONS for _ in range(chance.randrange(3))]
    changed: Row = {
        "claims": claims,
        "lints": chance.sample(
            ["first:lost", "first:unsupported", "repair:unsupported"], chance.randrange(4)
        ),
        "rungs": chance.choices(["first", "repair", "template"], k=3),
        "audio_judged": chance.choice([None, 0.25, 0.75]),
        "writer": chance.choice([None, "small", "large"]),
        "kind": chance.choice(["audio", "video", "image"]),
        "language": chance.choice(["en", "de", None]),
        "duration_ms": chance.choice([0, 1_999, 2_000, 9_000, 75_000]),
        "licence": chance.choice(["MIT", "CC-BY-NC-4.0"]),
        "outputs_train": chance.choice([True, False, None]),
    }
    for name in CAPTIONS:
        short = name.removesuffix("_caption")
        if chance.random() < 0.3:
            changed |= {name: None, f"{short}_by": None, f"{short}_why": f"no {short}"}
        else:
            changed[name] = f"{chance.choice(WORDS).capitalize()} while {chance.choice(WORDS)}."
            changed[f"{short}_by"] = chance.choice(["llm", "template"])
    evidence = [
        weak | {"claims": [_judged(claim, chance) for claim in weak["claims"]]}
        for weak in row["evidence"]
    ]
    return sealed(row | changed | {"evidence": evidence})


def _claim(caption: str, chance: random.Random) -> Row:
    supported = chance.random() < 0.7
    tier, probability = chance.choice(TIERS)
    confidence = {"probability": probability, "tier": tier, "by": "rule"}
    who = chance.sample(CAPTIONERS, chance.randrange(1, 4)) if supported else []
    return {
        "caption": caption,
        "text": chance.choice(WORDS),
        "captioners": sorted(who),
        "confidence": confidence if supported else None,
        "spans": [{"start_ms": 1000, "end_ms": 2500}] if chance.random() < 0.5 else [],
        "supported": supported,
    }


def _judged(claim: Row, chance: random.Random) -> Row:
    alone, fused = chance.random(), chance.random()
    return claim | {
        "confidence": {"probability": alone, "tier": "high", "by": "ears"},
        "fused": {"probability": fused, "tier": "low", "by": "rule"},
    }


def made(
    root: Path, seed: int = 1, change: Callable[[Row], Row] = lambda row: row, similar: bool = True
) -> Made:
    """The workspace of `tests.pipelines.search.embedded` with varied captions. change: made to each
    caption row at last."""
    place = embedded(root).made
    settings(place, JOB, "caption", {})
    settings(place, EMBED, "embed", {"encoder": "tiny", "embeddings": TABLE, "captions": JOB})
    chance = random.Random(seed)
    for shard in range(SHARDS):
        place.edit(
            "captions", lambda rows: [sealed(change(varied(row, chance))) for row in rows], shard
        )
        if similar:
            _commit_similarity(place, shard, chance)
    _log(root)
    return place


def as_input(place: Made) -> Input:
    """The workspace as an input of a release."""
    shards = tuple(
        Shard(
            shard,
            (str(place.root / place.file("captions", shard).path),),
            clips=str(place.root / place.state.clips_file(CUT, shard)),
        )
        for shard in range(SHARDS)
    )
    return Input(0, "input0", place.root, JOB, "d" * 16, False, 1, shards)


def _commit_similarity(place: Made, shard: int, chance: random.Random) -> None:
    rows = []
    for number, row in enumerate(place.rows("captions", shard)):
        products = {
            name: chance.choice([None, chance.uniform(-1, 1)])
            for name in ("audio_video", *CAPTIONS)
        }
        of = {"clip_id": row["clip_id"], "content_hash": row["content_hash"]}
        # One of each shard is of captions that were written again since.
        digest = "0" * 16 if number == 0 else row["caption_digest"]
        rows.append(of | {"caption_digest": digest} | products)
    path = f"similarity/{EMBED}/shard-{shard:05d}-g0-e000001.parquet"
    file = tables.write(place.root, path, SIMILARITY.name, rows, kind_of(SIMILARITY.name).schema)
    place.append(
        Record(stage="embed", epoch=1, cut=CUT, job=EMBED, shard=shard, generation=1, files=(file,))
    )


def _log(root: Path) -> None:
    """Two runs of the job, the first of which tells of itself twice; damaged lines; another job's."""
    line = {
        "stage": "caption",
        "job": JOB,
        "startup_s": 5.0,
        "elapsed_s": 40.0,
        "gpus": 2.0,
        "done": {"captioned": 6, "quarantined": 2, "llm": 12},
        "units": {"ears": {"clips": 8, "busy_s": 12.5, "tokens_in": 0, "tokens_out": 0}},
        "worker_deaths": 1,
        "tallies": {"captions checked by guards": 10, "rejected: lost": 3},
    }
    writer = {"clips": 6, "busy_s": 30.25, "tokens_in": 900, "tokens_out": 100}
    second = line | {
        "elapsed_s": 60.0,
        "gpus": 1.0,
        "units": {"writer": writer},
        "tallies": {"rejected: lost": 1},
    }
    other = line | {"job": EMBED, "elapsed_s": 1e6}
    folder = root / "runlog"
    folder.mkdir()
    half = json.dumps(line | {"elapsed_s": 20.0})
    first = "\n".join([half, "{damaged", "[]", json.dumps(line)])
    (folder / "000001.jsonl").write_text(first + "\n")
    (folder / "000002.jsonl").write_text(f"{json.dumps(second)}\n{json.dumps(other)}\n")


def rows(place: Made, table: str = "captions") -> list[Row]:
    """All rows of a table, read by pyarrow."""
    return [row for shard in range(SHARDS) for row in place.rows(table, shard)]
