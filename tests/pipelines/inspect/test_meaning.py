"""Search by meaning: the clips of `captionmill search`, with everything else that a list can do."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from manifests.errors import UserError
from pipelines.inspect import serve
from pipelines.inspect.meaning import Meaning
from pipelines.inspect.sets import WorkspaceSet, inspected
from pipelines.search.search import Search, either
from pipelines.search.stored import By
from tests.manifests.made import JOB, Made, make
from tests.manifests.release.made import small
from tests.pipelines.inspect.made import client
from tests.pipelines.report.made import rows
from tests.pipelines.search.embedded import TinyEncoder, settings

MEDIA: tuple[By, ...] = ("audio", "video")


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
        Search(place.workspace, place.state, by, lambda stored: TinyEncoder()).text(text, 99)
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


def test_of_a_release_it_says_where_to_ask(tmp_path: Path) -> None:
    small(tmp_path / "release", 10)
    with pytest.raises(UserError, match="look at the workspace that it was made of"):
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
