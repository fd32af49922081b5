"""Rules that look at all rows: who loses, by which rule, and that nothing else decides."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.release.errors import RulesError
from manifests.release.order import Sizes
from manifests.release.select import Keys
from tests.manifests.release.keyed import Row, clips, name, named, row, rules, selected


def test_the_later_stage_wins_and_the_loser_counts_as_its(tmp_path: Path) -> None:
    shards = {
        (0, 0): [row("a"), row("b"), row("c")],
        (1, 0): [row("b", stage=2), row("a", stage=2)],
    }
    selection, rows = selected(tmp_path, rules(tmp_path, inputs=2), shards)
    assert {(each["clip"], each["input"]) for each in rows} == {
        (name("a"), 1),
        (name("b"), 1),
        (name("c"), 0),
    }
    assert selection.counts.dropped["winner"] == 2
    assert selection.counts.inputs == {0: (3, 1), 1: (2, 2)}


@pytest.mark.parametrize(
    ("order", "winner"),
    [
        (["confidence"], "sure"),
        (["support", "confidence"], "supported"),
        (["similarity"], "near"),
        (["newest"], "new"),
        (["stage", "confidence", "support", "similarity", "newest"], "late"),
    ],
)
def test_the_order_of_the_rules_says_which_duplicate_stays(
    tmp_path: Path, order: list[str], winner: str
) -> None:
    of = {"captions": "the same", "confidence": 0.5, "support": 0.5, "similarity": 0.5}
    shards = {
        (0, 0): [
            row("sure", **of | {"confidence": 0.50001}),
            row("supported", **of | {"support": 0.75}),
            row("near", **of | {"similarity": 0.75}),
            row("late", **of, stage=2),
            row("unknown", **of | dict.fromkeys(("confidence", "support", "similarity"))),
            row("not a number", **of | {"similarity": float("nan"), "confidence": float("nan")}),
        ],
        (1, 0): [row("new", **of, age=1)],
    }
    wanted = rules(tmp_path, 2, winner={"order": order}, duplicates={"captions": True})
    _, rows = selected(tmp_path, wanted, shards)
    assert clips(rows) == named(winner)


def test_what_a_local_rule_drops_is_counted_and_gone(tmp_path: Path) -> None:
    rows = [row("a", dropped="captions"), row("b", captions="a"), row("c", dropped="takedown")]
    wanted = rules(tmp_path, duplicates={"captions": True})
    selection, kept = selected(tmp_path, wanted, {(0, 0): rows})
    assert clips(kept) == named("b")
    assert selection.counts.dropped == {
        "captions": 1,
        "takedown": 1,
        "reviews": 0,
        "winner": 0,
        "duplicate_captions": 0,
    }


def test_a_row_without_captions_is_no_duplicate_of_another(tmp_path: Path) -> None:
    bare = [row(clip) | {"captions": None, "caption": None} for clip in ("a", "b")]
    wanted = rules(tmp_path, duplicates={"captions": True}, caps={"caption": 1})
    _, kept = selected(tmp_path, wanted, {(0, 0): bare})
    assert clips(kept) == named("a", "b")


def test_caps_keep_the_best_of_a_source_and_of_a_caption(tmp_path: Path) -> None:
    shards = {
        (0, 0): [row(f"a{n}", source="a", confidence=n / 10) for n in range(5)],
        (0, 1): [row(f"b{n}", caption="b", confidence=n / 10) for n in range(4)],
    }
    wanted = rules(tmp_path, caps={"source": 2, "caption": 3})
    selection, kept = selected(tmp_path, wanted, shards)
    assert clips(kept) == named("a3", "a4", "b1", "b2", "b3")
    dropped = selection.counts.dropped
    assert (dropped["source_cap"], dropped["caption_cap"]) == (3, 1)


def test_a_row_counts_with_the_first_rule_that_drops_it(tmp_path: Path) -> None:
    same = {"captions": "x", "caption": "x", "source": "s"}
    rows = [row("best", **same, confidence=0.9), row("other", **same, confidence=0.1)]
    wanted = rules(tmp_path, duplicates={"captions": True}, caps={"source": 1, "caption": 1})
    selection, _ = selected(tmp_path, wanted, {(0, 0): rows})
    dropped = selection.counts.dropped
    assert [dropped[r] for r in ("duplicate_captions", "source_cap", "caption_cap")] == [1, 0, 0]


def test_a_rule_looks_only_at_what_earlier_ones_left(tmp_path: Path) -> None:
    """The loser of a clip is the best of its source: it must not push another one out."""
    shards = {
        (0, 0): [row("a", source="s", confidence=0.9), row("b", source="s", confidence=0.5)],
        (1, 0): [row("a", source="t", stage=2)],
    }
    wanted = rules(tmp_path, 2, caps={"source": 1})
    _, kept = selected(tmp_path, wanted, shards)
    assert clips(kept) == named("a", "b")


def test_near_duplicates_come_from_outside_when_their_turn_is(tmp_path: Path) -> None:
    asked: list[str] = []

    def near(rule: str, keys: Keys) -> Sequence[Path]:
        asked.append(rule)
        path, left = tmp_path / f"{rule}.parquet", tmp_path / f"{rule}-left.parquet"
        keys.write_alive(left)
        lived = {each["clip"].bytes for each in pq.read_table(left).to_pylist()}
        if rule == "decontamination_media":
            assert lived == named(*"abcdef")
            table = pa.table({"clip": pa.array([name("a")], pa.uuid())})
        elif rule == "duplicate_media":
            assert lived == named(*"bcdef")
            table = pa.table(
                {
                    "clip": pa.array([name("b"), name("c")], pa.uuid()),
                    "root": pa.array([name("b"), name("b")], pa.uuid()),
                }
            )
        else:
            assert lived == named(*"bdef")
            rows = pa.array([3, 4], pa.int32())
            zeros = pa.array([0, 0], pa.int32())
            root = pa.array([name("d"), name("d")], pa.uuid())
            table = pa.table({"input": zeros, "shard": zeros, "row": rows, "root": root})
        pq.write_table(table, path)
        return [path]

    wanted = rules(
        tmp_path,
        duplicates={"media": 0.9, "near_captions": 0.8},
        decontaminate={"near_media": 0.9, "workspaces": [str(tmp_path)]},
    )
    rows = [
        row(clip, confidence=n / 10) for clip, n in zip("abcdef", (9, 8, 7, 5, 6, 5), strict=True)
    ]
    selection, kept = selected(tmp_path, wanted, {(0, 0): rows}, near)
    assert asked == ["decontamination_media", "duplicate_media", "near_captions"]
    assert clips(kept) == named("b", "e", "f")
    assert [selection.counts.dropped[rule] for rule in asked] == [1, 1, 1]


def test_domains_get_their_shares_by_dropping_the_least_good(tmp_path: Path) -> None:
    rows = [
        row(f"{domain}{n}", domain=domain, confidence=n / 100)
        for domain, count in (("speech", 60), ("music", 20), ("general", 40))
        for n in range(count)
    ]
    wanted = rules(tmp_path, shares={"speech": 0.5, "music": 0.25})
    selection, kept = selected(tmp_path, wanted, {(0, 0): rows})
    assert clips(kept) == named(
        *(f"speech{n}" for n in range(20, 60)),
        *(f"music{n}" for n in range(20)),
        *(f"general{n}" for n in range(20, 40)),
    )
    assert selection.counts.dropped["domain_shares"] == 40


def test_real_and_synthetic_rows_are_in_their_ratio(tmp_path: Path) -> None:
    shards = {
        (0, 0): [row(f"s{n}", confidence=n / 100) for n in range(50)],
        (1, 0): [row(f"r{n}", real=True, age=1) for n in range(3)],
    }
    wanted = rules(tmp_path, 2, real=[1], mix={"real": 1, "synthetic": 10})
    selection, kept = selected(tmp_path, wanted, shards)
    assert clips(kept) == named("r0", "r1", "r2", *(f"s{n}" for n in range(20, 50)))
    assert selection.counts.dropped["real_share"] == 20


def test_shares_and_ratio_hold_together(tmp_path: Path) -> None:
    shards = {
        (0, 0): [row(f"s{d}{n}", domain=d) for d in ("speech", "music") for n in range(100)],
        (1, 0): [row(f"r{n}", real=True, domain="speech") for n in range(30)],
    }
    wanted = rules(
        tmp_path,
        2,
        real=[1],
        shares={"speech": 0.5, "music": 0.5},
        mix={"real": 1, "synthetic": 9},
    )
    selection, kept = selected(tmp_path, wanted, shards)
    people = sum(each["input"] for each in kept)
    speech = clips(kept) & named(
        *(f"sspeech{n}" for n in range(100)), *(f"r{n}" for n in range(30))
    )
    assert (len(kept), people, len(speech)) == (200, 20, 100)
    dropped = selection.counts.dropped
    assert dropped["domain_shares"] + dropped["real_share"] == 30


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"shares": {"music": 0.5}}, r"shares\.music: no row of it is left"),
        ({"shares": {"general": 0.5}}, r"shares\.another domain: no row of it is left"),
        ({"mix": {"real": 1, "synthetic": 10}}, "mix: no real rows are left"),
    ],
)
def test_an_impossible_share_is_an_error(
    tmp_path: Path, sections: dict[str, Any], message: str
) -> None:
    wanted = rules(tmp_path, 2, real=[1], **sections)
    with pytest.raises(RulesError, match=message):
        selected(tmp_path, wanted, {(0, 0): [row("a"), row("b")]})


def test_rules_that_leave_no_row_say_what_dropped_them(tmp_path: Path) -> None:
    rows = [row("a", dropped="confidence"), row("b", dropped="length")]
    with pytest.raises(RulesError, match=r"no row is left of 2 \(dropped: .*confidence 1"):
        selected(tmp_path, rules(tmp_path), {(0, 0): rows})


def test_examples_are_of_each_rule_and_always_the_same(tmp_path: Path) -> None:
    from manifests.release import select
    from tests.manifests.release.keyed import nothing_near, write

    rows = [row(f"a{n}", captions="x", dropped="lints" if n % 2 else None) for n in range(40)]
    files = write(tmp_path / "keys", {(0, 0): rows})
    wanted = rules(tmp_path, duplicates={"captions": True})
    told = []
    for threads in (1, 3):
        with select.keys(tmp_path / "select", wanted, threads) as keys:
            keys.load(files)
            keys.apply(nothing_near)
            told.append(keys.examples(10))
    assert told[0] == told[1]
    assert {rule: len(each) for rule, each in told[0].items()} == {
        "lints": 10,
        "duplicate_captions": 10,
    }
    assert all(number % 2 for _, _, number in told[0]["lints"])


def _random_rows(random_: random.Random, count: int, number: int) -> list[Row]:
    return [
        row(
            f"clip{random_.randrange(count)}-{number * (random_.random() < 0.5)}",
            source=f"source{random_.randrange(count // 5)}",
            captions=f"captions{random_.randrange(count)}",
            caption=f"caption{random_.randrange(count // 3)}",
            stage=number + 1,
            age=number,
            confidence=random_.choice([None, *(n / 8 for n in range(8))]),
            domain=random_.choice(["speech", "music", "general"]),
            dropped=random_.choice([None] * 9 + ["length"]),
        )
        for _ in range(count)
    ]


def _unique(rows: list[Row]) -> list[Row]:
    return list({each["clip"]: each for each in rows}.values())


def test_neither_shards_nor_threads_nor_spills_decide(tmp_path: Path) -> None:
    random_ = random.Random(5)
    inputs = [_unique(_random_rows(random_, 3000, number)) for number in (0, 1)]
    wanted = rules(
        tmp_path,
        2,
        duplicates={"captions": True},
        caps={"source": 3, "caption": 2},
        shares={"speech": 0.3},
        split={"train": 0.8, "test": 0.2},
    )
    outcomes = []
    for cut, threads in ((3000, 1), (700, 2), (31, 4)):
        shards = {
            (number, start // cut): rows[start : start + cut]
            for number, rows in enumerate(inputs)
            for start in range(0, len(rows), cut)
        }
        folder = tmp_path / f"{cut}"
        sizes = Sizes(200, 50)
        selection, kept = selected(folder, wanted, shards, sizes=sizes, threads=threads)
        order = [(each["clip"], each["input"], each["bucket"]) for each in kept]
        outcomes.append((order, selection.counts, selection.parts))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0][1].rows == outcomes[0][1].kept + sum(outcomes[0][1].dropped.values())


def test_the_outcome_is_that_of_the_rules_one_by_one(tmp_path: Path) -> None:
    """The same by plain Python over lists."""
    random_ = random.Random(9)
    inputs = [_unique(_random_rows(random_, 1000, number)) for number in (0, 1)]
    wanted = rules(tmp_path, 2, duplicates={"captions": True}, caps={"source": 3, "caption": 2})
    selection, kept = selected(
        tmp_path, wanted, {(number, 0): rows for number, rows in enumerate(inputs)}
    )
    place = {each["clip"]: each["h"] for each in kept}
    left = [each for rows in inputs for each in rows if each["dropped"] is None]
    counts = {}
    for rule, column, most in (
        ("winner", "clip", 1),
        ("duplicate_captions", "captions", 1),
        ("source_cap", "source", 3),
        ("caption_cap", "caption", 2),
    ):
        groups: dict[Any, list[Row]] = {}
        for each in left:
            groups.setdefault(each[column], []).append(each)
        stay = []
        for group in groups.values():
            group.sort(key=lambda each: _order(each, place))
            stay += group[:most]
        counts[rule] = len(left) - len(stay)
        left = stay
    assert {rule: selection.counts.dropped[rule] for rule in counts} == counts
    assert clips(kept) == {each["clip"] for each in left}


def _order(each: Row, place: dict[bytes, int]) -> tuple[int, float, int, int]:
    """The winner's order, then the mix of seed and clip."""
    import numpy as np

    from manifests.release import mixing

    confidence = -1.0 if each["confidence"] is None else each["confidence"]
    first = np.array([int.from_bytes(each["clip"][:8], "big")], np.uint64)
    h = int(mixing.mix(first, mixing.key(0, "order"))[0])
    assert place.get(each["clip"], h) == h
    return (-each["stage"], -confidence, -each["age"], h)
