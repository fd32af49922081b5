"""Pages, and reviews through them."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from manifests.workspace import Workspace
from pipelines.reviews.journal import Journal
from tests.manifests.made import Made
from tests.manifests.release.made import small
from tests.pipelines.inspect.made import ORIGIN, client, reviews_of
from tests.pipelines.report.hostile import TEXTS, hostile_row
from tests.pipelines.report.localized import BY, localize
from tests.pipelines.report.made import made, rows
from tests.pipelines.reviews.made import review


@pytest.fixture(scope="module")
def browser(place: Made) -> Iterator[TestClient]:
    """To be read only."""
    with client(place.root) as opened:
        yield opened


def _clips(text: str) -> list[str]:
    return re.findall(r'<li class="row" tabindex="-1" data-clip="([0-9a-f]{32})"', text)


def test_the_first_page_lists_all_clips(place: Made, browser: TestClient) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    assert len(_clips(page.text)) == 16
    assert "<strong>16</strong> clips" in page.text
    assert "decode: corrupt" in page.text


def test_the_state_of_a_page_is_its_address(browser: TestClient) -> None:
    page = browser.get("/", params={"q": "kind:audio", "sort": "-confidence"})
    clips = _clips(page.text)
    assert 0 < len(clips) < 12
    links = re.findall(r'<h3><a href="([^"]+)"', page.text)
    assert all("q=kind%3Aaudio" in link and "sort=-confidence" in link for link in links)
    follow = browser.get(links[0].replace("&amp;", "&")).text
    (following,) = re.findall(r'<a rel="next" href="/clip/([0-9a-f]+)\?', follow)
    assert following == clips[1]


def test_what_cannot_be_read_is_told_on_the_page(browser: TestClient) -> None:
    page = browser.get("/", params={"q": "colour:<b>red</b>"})
    assert page.status_code == 200
    assert "no column is named &#34;colour&#34;" in page.text
    assert _clips(page.text) == []


@pytest.mark.parametrize(
    "query",
    [
        "'; DROP TABLE clips; --",
        'kind:"\' OR 1=1 --"',
        "support<1e999",
        "support<nan",
        "%00 \x00",
        "\ud800",
        "heard:* -",
        '""',
        "a" * 5000,
    ],
    ids=range(9),
)
def test_odd_questions_get_a_page(query: str, browser: TestClient) -> None:
    page = browser.get("/", params={"q": query.encode("utf-8", "surrogatepass")})
    assert page.status_code == 200
    assert browser.get("/").text.count("data-clip") == 16


@pytest.mark.parametrize("sort", ["nothing", "number;", "-", "--support", "clip_id"])
def test_an_order_that_there_is_not_is_that_of_the_listing(sort: str, browser: TestClient) -> None:
    page = browser.get("/", params={"sort": sort, "after": "-1", "before": "x"})
    assert _clips(page.text) == _clips(browser.get("/").text)


@pytest.mark.parametrize("sort", ["", "-number", "random", "support", "-path"])
def test_a_link_of_a_larger_set_gets_a_page(sort: str, browser: TestClient) -> None:
    whole = _clips(browser.get("/", params={"sort": sort}).text)
    for number in (16, 999_999_999):
        later = browser.get("/", params={"sort": sort, "after": number})
        assert (later.status_code, _clips(later.text)) == (200, [])
        earlier = browser.get("/", params={"sort": sort, "before": number})
        assert (earlier.status_code, _clips(earlier.text)) == (200, whole)


def test_a_clip_shows_captions_claims_and_evidence(place: Made, browser: TestClient) -> None:
    for row in rows(place):
        page = browser.get(f"/clip/{row['clip_id']}")
        assert page.status_code == 200
        for name in ("audio_caption", "visual_caption", "audio_visual_caption"):
            assert (row[name] or "none: ") in page.text
        for weak in row["evidence"]:
            assert weak["captioner"] in page.text
        assert row["prompt_digest"] in page.text


def test_localized_claims_are_drawn_at_their_times(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    localize(place, lambda row, claim: [{"start_ms": 700, "end_ms": 1111}])
    [row, *_] = [row for row in rows(place) if row["claims"] and row["duration_ms"]]
    with client(place.root) as browser:
        page = browser.get(f"/clip/{row['clip_id']}").text
    assert "0.70 to 1.11 s, " in page and f"by {BY}</title>" in page


def test_a_clip_in_quarantine_says_why(place: Made, browser: TestClient) -> None:
    (row, _) = rows(place, "quarantine")
    page = browser.get(f"/clip/{row['clip_id']}").text
    assert "quarantined: decode: corrupt" in page
    assert "<bdi>m</bdi>" in page


def test_a_clip_without_captions_takes_no_review(place: Made, browser: TestClient) -> None:
    (row, _) = rows(place, "quarantine")
    page = browser.get(f"/clip/{row['clip_id']}").text
    assert "It has no captions to review." in page
    assert "data-say" not in page and "still" not in page
    answer = browser.post(
        f"/clip/{row['clip_id']}/review", headers=ORIGIN, json={"verdict": "good"}
    )
    assert (answer.status_code, answer.text) == (422, "This clip has no captions to review.")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        f"/clip/{'0' * 32}",
        "/clip/..%2f..%2fetc%2fpasswd",
        "/clip/1'%20OR%201=1",
        f"/clip/{'0' * 32}/source",
        f"/clip/{'0' * 32}/../../etc/passwd",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2fpyproject.toml",
        "/static//etc/passwd",
        "/openapi.json",
        "/docs",
    ],
)
def test_what_is_not_there_is_not_found(path: str, browser: TestClient) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text


def test_only_reviews_can_be_posted(browser: TestClient) -> None:
    assert browser.post("/", headers=ORIGIN).status_code == 405


def test_a_review_is_on_disk_when_it_is_acknowledged(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    row = rows(place)[0]
    url = f"/clip/{row['clip_id']}/review"
    with client(place.root) as browser:
        answer = browser.post(
            url, headers=ORIGIN, json={"verdict": "bad", "reasons": {"wrong": True}}
        )
        assert answer.status_code == 200
        (stored_one,) = reviews_of(place.root)
        assert stored_one["review_id"] == answer.json()["review_id"]
        assert stored_one["caption_digest"] == row["caption_digest"]
        # What a change does not name stays.
        browser.post(url, headers=ORIGIN, json={"audio_caption": " Rain\nfalls. "})
        (edited,) = reviews_of(place.root)
        assert (edited["verdict"], edited["reasons"]) == ("bad", ["wrong"])
        assert edited["audio_caption"] == "Rain falls."
        # Reasons are of bad captions only.
        browser.post(url, headers=ORIGIN, json={"verdict": "good"})
        (good,) = reviews_of(place.root)
        assert (good["verdict"], good["reasons"]) == ("good", [])
        assert good["audio_caption"] == "Rain falls."
        page = browser.get("/", params={"q": "review:good"})
        assert _clips(page.text) == [row["clip_id"]]
        assert 'data-verdict="good"' in page.text
    with client(place.root, reviewer="bob") as browser:
        page = browser.get(f"/clip/{row['clip_id']}").text
        assert "ada: good, edited heard" in page
        assert 'data-verdict=""' in page
        browser.post(url, headers=ORIGIN, json={"verdict": "bad"})
    assert [(r["reviewer"], r["verdict"]) for r in reviews_of(place.root)] == [
        ("ada", "good"),
        ("bob", "bad"),
    ]


def test_a_review_of_other_captions_is_not_carried_over(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    clip = rows(place)[0]["clip_id"]
    journal = Journal(place.workspace.open_reviews)
    journal.append(
        review(clip_id=clip, caption_digest="f" * 16, audio_caption="Rain falls.", verdict="bad")
    )
    journal.close()
    with client(place.root) as browser:
        assert "(of other captions)" in browser.get(f"/clip/{clip}").text
        browser.post(f"/clip/{clip}/review", headers=ORIGIN, json={"verdict": "good"})
        assert "(of other captions)" not in browser.get(f"/clip/{clip}").text
    (_, own) = sorted(reviews_of(place.root), key=lambda row: row["reviewed_ms"])
    assert (own["verdict"], own["audio_caption"]) == ("good", None)
    with client(place.root) as browser:
        page = browser.get(f"/clip/{clip}").text
    assert 'data-verdict="good"' in page and "(of other captions)" not in page


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"verdict": "fine"}',
        b'{"reviewer": "somebody else"}',
        b'{"verdict": "good", "reasons": {"wrong": true}}',
        b'{"audio_caption": "' + b"x" * 5000 + b'"}',
        b"\xff",
    ],
    ids=range(7),
)
def test_what_is_no_review_is_not_stored(body: bytes, tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    with client(place.root) as browser:
        url = f"/clip/{rows(place)[0]['clip_id']}/review"
        answer = browser.post(url, headers=ORIGIN, content=body)
        assert (answer.status_code, reviews_of(place.root)) == (422, [])
        missing = browser.post(f"/clip/{'0' * 32}/review", headers=ORIGIN, content=b"{}")
        assert missing.status_code == 404


@pytest.mark.parametrize(
    ("has", "text"),
    [
        ({"has_audio": False}, "A clip without sound can't have this caption."),
        ({"has_audio": True}, ""),
    ],
)
def test_a_caption_that_the_clip_cannot_have_is_not_edited(
    has: dict[str, bool], text: str, tmp_path: Path
) -> None:
    place = made(tmp_path / "set")
    place.edit("captions", lambda rows: [row | has for row in rows])
    with client(place.root) as browser:
        url = f"/clip/{rows(place)[0]['clip_id']}/review"
        answer = browser.post(url, headers=ORIGIN, json={"audio_caption": "No sound."})
        assert len(reviews_of(place.root)) == int(not text)
        assert (answer.status_code, answer.text) == (422, text) if text else answer.is_success


def test_reviews_of_a_release_lie_beside_it(tmp_path: Path) -> None:
    small(tmp_path / "release", 10)
    before = sorted(path for path in (tmp_path / "release").rglob("*"))
    reviews = Workspace.create(tmp_path / "reviews")
    with client(tmp_path / "release", reviews) as browser:
        (clip, *_) = _clips(browser.get("/").text)
        answer = browser.post(f"/clip/{clip}/review", headers=ORIGIN, json={"verdict": "good"})
        assert answer.status_code == 200
    assert [review["clip_id"] for review in reviews_of(reviews.root)] == [clip]
    assert sorted(path for path in (tmp_path / "release").rglob("*")) == before


def test_a_release_without_a_folder_of_reviews_takes_none(tmp_path: Path) -> None:
    small(tmp_path / "release", 10)
    with client(tmp_path / "release") as browser:
        page = browser.get("/").text
        assert "--reviews FOLDER" in page
        url = f"/clip/{_clips(page)[0]}/review"
        assert browser.post(url, headers=ORIGIN, json={"verdict": "good"}).status_code == 409


# Hostile text


class _Tags(HTMLParser):
    """Elements of a page, and attributes that could run something."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.risky: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        for name, value in attrs:
            runs = name in ("href", "src", "action") and not (value or "").startswith(("/", "#"))
            if name.startswith("on") or name == "style" or runs:
                self.risky.append((tag, name, value))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    place = made(tmp_path_factory.mktemp("hostile") / "<b>set \u202e", change=hostile_row)
    with client(place.root, reviewer=TEXTS[0][:80]) as opened:
        clip = rows(place)[0]["clip_id"]
        for text in TEXTS:
            answer = opened.post(
                f"/clip/{clip}/review", headers=ORIGIN, json={"audio_caption": text[:4000]}
            )
            assert answer.status_code == 200
        yield opened


def _pages(browser: TestClient) -> Iterator[str]:
    first = browser.get("/").text
    yield first
    for text in TEXTS:
        yield browser.get("/", params={"q": f'"{text[:500]}"'}).text
    for clip in _clips(first):
        yield browser.get(f"/clip/{clip}").text


def test_hostile_text_is_data(hostile: TestClient) -> None:
    for page in _pages(hostile):
        tags = _Tags()
        tags.feed(page)
        assert tags.risky == []
        assert not tags.names & {"iframe", "object", "embed", "base"}
        assert page.count("<script") == page.count('<script src="/static/') == 2
        assert '<script src="/static/app.js" defer></script>' in page


def test_controls_and_marks_that_turn_text_are_seen(hostile: TestClient) -> None:
    for page in _pages(hostile):
        # A field of an edit holds the caption's own characters, for it is what is stored.
        told = re.sub(r"<textarea .*?</textarea>", "", page, flags=re.DOTALL)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", page)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", told)
    assert any("[U+202E]" in page for page in _pages(hostile))
