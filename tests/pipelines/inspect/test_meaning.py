"""Search by meaning: the clips of `captionmill search`, with everything else that a list can do."""

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from manifests.errors import UserError
from manifests.release.columns import embeddings
from manifests.release.layout import ReleaseEncoder
from pipelines.inspect import serve
from pipelines.inspect.meaning import Meaning
from pipelines.inspect.sets import WorkspaceSet, inspected
from pipelines.search.search import Search, either
from pipelines.search.stored import By, stored
from tests.manifests.made import JOB, SHARDS, Made, make
from tests.manifests.release.made import small
from tests.pipelines.inspect.made import client
from tests.pipelines.rebuild.built import release, rules
from tests.pipelines.report.made import as_input, rows
from tests.pipelines.search.embedded import TABLE, WIDTH, TinyEncoder, drawn, embedded, settings

MEDIA: tuple[By, ...] = ("audio", "video")
TINY = ReleaseEncoder(name="tiny", width=WIDTH, identity="e" * 16)


@pytest.fixture(scope="module")
def browser(place: Made) -> Iterator[TestClient]:
    """To be read only."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(serve, "Meaning", partial(Meaning, load=lambda stored: TinyEncoder()))
        with client(place.root) as opened:
            yield opened


def _searched(place: Made, text: str) -> list[tuple[str, str]]:
    """What `captionmill search` finds: clips and by what."""
    found = [
        Search(stored(place.workspace, place.state), by, lambda stored: TinyEncoder()).text(
            text, 99
        )
        for by in MEDIA
    ]
    return [(result.clip.clip_id, result.by) for result in either(found, 99).results]


def _clips(text: str) -> list[str]:
    return re.findall(r'<li class="row" tabindex="-1" data-clip="([0-9a-f]{32})"', text)


def test_it_finds_what_captionmill_search_finds(place: Made, shown: WorkspaceSet) -> None:
    near = Meaning(shown, lambda stored: TinyEncoder()).nearest("north east").to_pylist()
    assert [(row["clip_id"], row["medium"]) for row in near] == _searched(place, "north east")
    assert [row["rank"] for row in near] == list(range(1, 17))


def test_a_page_lists_the_nearest_first_and_says_how_near(place: Made, browser: TestClient) -> None:
    page = browser.get("/", params={"q": '~"north east"'}).text
    found = _searched(place, "north east")
    assert _clips(page) == [clip for clip, _ in found]
    told = re.findall(r"<dt>near</dt><dd>-?\d\.\d\d by (sound|picture)</dd>", page)
    assert told == [{"audio": "sound", "video": "picture"}[by] for _, by in found]
    assert "The clips nearest to what is meant" in page


def test_other_conditions_choose_among_them(place: Made, browser: TestClient) -> None:
    kinds = {row["clip_id"]: row["kind"] for row in rows(place)}
    nearest = [clip for clip, _ in _searched(place, "north")]
    page = browser.get("/", params={"q": '~"north" kind:audio'}).text
    assert _clips(page) == [clip for clip in nearest if kinds.get(clip) == "audio"]
    facet = re.findall(r'<a href="([^"]+)"[^>]*><bdi>audio</bdi><span>(\d+)', page)
    assert [int(count) for _, count in facet] == [len(_clips(page))]
    assert parse_qs(urlsplit(facet[0][0].replace("&amp;", "&")).query) == {"q": ['~"north"']}
    sorted_ = browser.get("/", params={"q": '~"north" kind:audio', "sort": "random"}).text
    assert _clips(sorted_) == sorted(_clips(page))


def test_clips_have_their_neighbours_in_that_order(place: Made, browser: TestClient) -> None:
    clips = [clip for clip, _ in _searched(place, "south")]
    for before, clip, after in zip(clips, clips[1:], clips[2:], strict=False):
        page = browser.get(f"/clip/{clip}", params={"q": '~"south"'}).text
        assert re.findall(r'rel="(prev|next)" href="/clip/([0-9a-f]+)\?', page) == [
            ("prev", before),
            ("next", after),
        ]


def test_the_button_asks_for_the_words_by_meaning(browser: TestClient) -> None:
    asked = {"q": 'a dog -cat kind:audio "in the rain"', "sort": "random", "how": "meaning"}
    answer = browser.get("/", params=asked)
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {
        "q": ['~"a dog in the rain" -cat kind:audio'],
        "sort": ["random"],
    }


def test_many_questions_are_answered_each_by_itself(place: Made, browser: TestClient) -> None:
    for number in range(70):
        browser.get("/", params={"q": f'~"north {number}"'})
    page = browser.get("/", params={"q": '~"north east south"'}).text
    assert _clips(page) == [clip for clip, _ in _searched(place, "north east south")]
    assert _clips(browser.get("/", params={"q": '~"north 0"'}).text) == _clips(
        browser.get("/", params={"q": '~"north 1"'}).text
    )


def test_without_embeddings_it_says_how_to_get_them(tmp_path: Path) -> None:
    place = make(tmp_path / "set")
    settings(place, JOB, "caption", {})
    with client(place.root) as browser:
        page = browser.get("/", params={"q": "~dog"})
    assert page.status_code == 200 and _clips(page.text) == []
    assert "run captionmill embed" in page.text
    assert "then start captionmill inspect again" in page.text


def _released(root: Path) -> Made:
    """A workspace in `w` whose captioned clips are embedded, and in `release` a release of it."""
    before = make(root / "before")
    captioned = {row["clip_id"]: row["content_hash"] for row in rows(before)}
    clips = [row["clip_id"] for shard in range(SHARDS) for row in before.rows("clips", shard)]
    media = zip(clips, drawn(1, len(clips)), drawn(2, len(clips)), strict=True)
    vectors = [
        {"audio": heard, "video": seen} if clip in captioned else {} for clip, heard, seen in media
    ]
    place = embedded(root / "w", vectors).made
    given = as_input(place)
    shards = []
    for shard in given.shards:
        held = [
            row | {"content_hash": captioned[row["clip_id"]]}
            for row in place.rows(TABLE, shard.number)
            if row["clip_id"] in captioned
        ]
        path = root / f"vectors-{shard.number}.parquet"
        pq.write_table(pa.Table.from_pylist(held, embeddings(WIDTH).remove(7)), path)
        shards.append(replace(shard, embeddings=(str(path),)))
    given = replace(given, shards=tuple(shards), encoder=TINY)
    release(rules(root, output={"embeddings": True}), [given], root / "release")
    return place


def test_in_a_release_it_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = _released(tmp_path)
    found = _searched(place, "north east")
    shutil.rmtree(place.root)
    monkeypatch.setattr(serve, "Meaning", partial(Meaning, load=lambda stored: TinyEncoder()))
    with client(tmp_path / "release") as browser:
        page = browser.get("/", params={"q": '~"north east"'}).text
        told = browser.get("/", params={"q": "north east", "how": "meaning"})
    assert _clips(page) == [clip for clip, _ in found]
    assert f"of {len(found)} that have such embeddings" in page
    assert parse_qs(urlsplit(told.headers["location"]).query) == {"q": ['~"north east"']}


def test_of_a_release_without_embeddings_it_says_how_to_get_them(tmp_path: Path) -> None:
    small(tmp_path / "release", 10)
    with client(tmp_path / "release") as browser:
        page = browser.get("/", params={"q": "~dog"})
    assert page.status_code == 200 and _clips(page.text) == []
    assert "this release has no embeddings" in page.text
    assert "rules with embeddings = true under [output]" in page.text


def test_of_a_release_without_a_clip_that_has_embeddings_it_says_so(tmp_path: Path) -> None:
    given = replace(as_input(make(tmp_path / "w")), encoder=TINY)
    release(rules(tmp_path, output={"embeddings": True}), [given], tmp_path / "release")
    with pytest.raises(UserError, match="of none of its clips"):
        Meaning(inspected(tmp_path / "release")).nearest("dog")


def test_of_a_release_by_another_encoder_it_says_so(tmp_path: Path) -> None:
    _released(tmp_path)
    with pytest.raises(
        UserError, match=r"by the encoder 'tiny' \(identity e{16}\), which is in no"
    ):
        Meaning(inspected(tmp_path / "release")).nearest("dog")


def test_other_pages_do_not_wait_for_the_encoder(
    place: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading, loaded = threading.Event(), threading.Event()

    def load(stored: object) -> TinyEncoder:
        loading.set()
        assert loaded.wait(60)
        return TinyEncoder()

    monkeypatch.setattr(serve, "Meaning", partial(Meaning, load=load))
    pages: list[str] = []
    with client(place.root) as browser:
        asking = threading.Thread(
            target=lambda: pages.append(browser.get("/", params={"q": "~north"}).text)
        )
        asking.start()
        assert loading.wait(60)
        assert len(_clips(browser.get("/").text)) == 16
        assert pages == []
        loaded.set()
        asking.join()
    assert len(_clips(pages[0])) == 16
