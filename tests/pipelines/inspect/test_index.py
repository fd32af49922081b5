"""An index is made once for what is committed, and appears whole."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from manifests.release.layout import load
from pipelines.inspect import index, words
from pipelines.inspect.columns import WORKSPACE
from pipelines.inspect.index import prepare
from pipelines.inspect.sets import InspectError, ReleaseSet, WorkspaceSet, inspected
from pipelines.inspect.sorting import Order
from pipelines.inspect.terms import QueryError, parse
from pipelines.inspect.words import words_of
from pipelines.reviews.journal import Journal
from pipelines.reviews.stored import collect
from tests.manifests.made import Made
from tests.manifests.release.made import Clip, clip, small, write
from tests.pipelines.inspect.made import lookup
from tests.pipelines.report.made import made
from tests.pipelines.reviews.made import review


def test_it_is_made_once(shown: WorkspaceSet) -> None:
    prepare(shown, lambda line: None)
    told: list[str] = []
    prepare(shown, told.append)
    assert told == []


def test_other_captions_make_another_one_that_takes_the_place_of_the_first(
    tmp_path: Path,
) -> None:
    place = made(tmp_path / "set")
    first = prepare(WorkspaceSet(place.root), lambda line: None)
    place.edit("captions", lambda rows: [r | {"audio_caption": "Zebras neigh."} for r in rows])
    second = prepare(WorkspaceSet(place.root), lambda line: None)
    assert (first.exists(), second.exists(), first.parent) == (False, True, second.parent)
    with lookup(WorkspaceSet(place.root)) as made_anew:
        assert made_anew.count(parse("heard:zebras", WORKSPACE)) == 6


def test_reviews_do_not_change_it(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    first = prepare(WorkspaceSet(place.root), lambda line: None)
    journal = Journal(place.workspace.open_reviews)
    journal.append(review(1))
    journal.close()
    collect(place.workspace)
    assert prepare(WorkspaceSet(place.root), lambda line: None) == first


def test_a_damaged_table_is_told_and_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    place = made(tmp_path / "set")
    (place.root / place.file("captions").path).write_bytes(b"nothing")
    before = set((cache / "inspect").rglob("*"))
    with pytest.raises(InspectError, match="captionmill verify"):
        prepare(WorkspaceSet(place.root), lambda line: None)
    assert {p for p in set((cache / "inspect").rglob("*")) - before if p.suffix != ".lock"} == set()


def test_many_groups_of_files_make_the_same_index(
    place: Made, shown: WorkspaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = prepare(shown, lambda line: None)
    monkeypatch.setenv("CAPTIONMILL_CACHE", str(tmp_path))
    monkeypatch.setattr(index, "_ROWS", 1)
    monkeypatch.setattr(words, "_CHARACTERS", 2000)
    parts = prepare(shown, lambda line: None)
    tables = {
        "clips": "SELECT * EXCLUDE (file, number) FROM clips ORDER BY clip_id",
        "choices": "SELECT name, value, clips FROM choices ORDER BY ALL",
        "words": "SELECT word, clip_id, text, place FROM (SELECT word, text, "
        "unnest(numbers) AS number, unnest(places) AS place FROM words) "
        "JOIN clips USING (number) ORDER BY ALL",
    }
    assert whole != parts
    for sql in tables.values():
        with (
            duckdb.connect(whole, read_only=True) as one,
            duckdb.connect(parts, read_only=True) as other,
        ):
            assert one.execute(sql).fetchall() == other.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A Dog's bark, twice!", ["a", "dog", "s", "bark", "twice"]),
        ("Été à München x1", ["ete", "a", "munchen", "x1"]),
        ("你好 ひら", ["你", "好", "ひ", "ら"]),
        ("\x1b[31m <b>", ["31m", "b"]),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    with duckdb.connect() as database:
        assert database.execute(f"SELECT {words_of('?')}", [text]).fetchone() == (words,)


def test_a_long_word_is_found_by_its_beginning(tmp_path: Path) -> None:
    place = made(tmp_path / "set", change=lambda row: row | {"transcript": "o" * 500 + "!"})
    shown = WorkspaceSet(place.root)
    with lookup(shown) as made_index:
        for text in ("said:" + "o" * 500, "said:" + "o" * 64, "said:" + "o" * 20 + "*"):
            assert made_index.count(parse(text, shown.columns)) == 12
        assert made_index.count(parse("said:" + "o" * 63, shown.columns)) == 0


def test_a_release_is_indexed_with_its_splits(tmp_path: Path) -> None:
    small(tmp_path / "release", 40)
    shown = inspected(tmp_path / "release")
    assert isinstance(shown, ReleaseSet)
    with lookup(shown) as made_index:
        assert made_index.count(parse("", ())) == load(tmp_path / "release").books.kept == 40
        assert made_index.count(parse("split:test", shown.columns)) == 8
        assert made_index.count(parse("terms:noncommercial", shown.columns)) == 0
        rows = made_index.page(parse('heard:"sound 7"', shown.columns), Order()).rows
        assert [row["heard"] for row in rows] == ["Sound 7 is heard."]
        whole = shown.whole(made_index.place(rows[0]))
        assert whole["clip_id"] == rows[0]["clip_id"]
        assert [weak["captioner"] for weak in whole["evidence"]] == ["ears", "words"]
        assert [claim["text"] for claim in whole["claims"]] == ["a sound"]


def _counted(number: int) -> Clip:
    """A clip with up to four claims, of which some are unsupported."""
    made_clip = clip(number)
    claims = [
        made_clip.claims[0] | {"claim": n, "supported": [True, False, None][n % 3]}
        for n in range(number % 5)
    ]
    return replace(made_clip, claims=claims)


@pytest.mark.parametrize("rows", [1, 200_000])
def test_of_a_release_with_claims_they_are_counted(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [_counted(number) for number in range(20)]
    write(tmp_path / "release", clips, per_part=3)
    monkeypatch.setattr(index, "_ROWS", rows)
    monkeypatch.setenv("CAPTIONMILL_CACHE", str(tmp_path / "cache"))
    shown = inspected(tmp_path / "release")
    told = {
        each.data["clip_id"]: (
            len(each.claims),
            sum(claim["supported"] is not True for claim in each.claims),
        )
        for each in clips
    }
    with lookup(shown) as made_index:
        listed = made_index.page(parse("", ()), Order()).rows
        assert {row["clip_id"]: (row["claims"], row["unsupported"]) for row in listed} == told
        some = sum(unsupported > 0 for _, unsupported in told.values())
        assert made_index.count(parse("unsupported>0", shown.columns)) == some > 0


def test_of_a_release_without_claims_it_is_said_where_they_are(tmp_path: Path) -> None:
    write(tmp_path / "release", [clip(number) for number in range(4)], tables=("data",))
    shown = inspected(tmp_path / "release")
    with lookup(shown) as made_index:
        assert made_index.count(parse("", shown.columns)) == 4
    for text in ("unsupported>0", "refused>0", "near_heard<0.1"):
        with pytest.raises(
            QueryError, match="is not known of this release: look for it in the work"
        ):
            parse(text, shown.columns)
