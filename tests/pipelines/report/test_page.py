"""The page, read by a parser of HTML."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipelines.preview import Preview
from pipelines.report import page
from pipelines.report.query import ReportError
from pipelines.report.report import make
from tests.manifests.made import Made
from tests.pipelines.report.hostile import hostile

_TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "main",
    "section",
    "nav",
    "footer",
    "article",
    "h1",
    "h2",
    "h3",
    "p",
    "a",
    "ul",
    "li",
    "dl",
    "dt",
    "dd",
    "div",
    "span",
    "strong",
    "small",
    "code",
    "bdi",
    "br",
    "wbr",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "figure",
    "figcaption",
    "details",
    "summary",
    "video",
    "audio",
    "img",
    "svg",
    "g",
    "path",
    "line",
    "rect",
    "text",
    "tspan",
    "image",
}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _read(path: Path) -> _Reader:
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    return reader


@pytest.fixture(scope="module")
def written(place: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the workspace, with a small player for each clip."""
    report = make(Path(place.root), None, [])
    preview = Preview(b"film", "video/mp4", None, b"strip", b"wave", b"spectrum", 10.0)
    target = tmp_path_factory.mktemp("page") / "report.html"
    page.write(target, report.report, {row["clip_id"]: preview for row in report.clips})
    return target


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a hostile workspace."""
    return hostile(tmp_path_factory.mktemp("hostile"))


def test_the_page_asks_for_nothing_and_forbids_scripts(written: Path) -> None:
    read = _read(written)
    policy = next(
        value
        for tag, name, value in read.attributes
        if name == "content" and "default-src" in value
    )
    assert "default-src 'none'" in policy and "script" not in policy
    for _, name, value in read.attributes:
        if name in ("src", "href", "poster", "srcset", "action"):
            assert value.startswith(("data:image/", "data:video/", "data:audio/", "#")), value


def test_every_link_leads_to_a_place_of_the_page(written: Path) -> None:
    read = _read(written)
    targets = {
        value[1:] for _, name, value in read.attributes if name == "href" and value[0] == "#"
    }
    assert targets <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))


def test_hostile_text_makes_no_element_and_no_attribute(broken: Path) -> None:
    read = _read(broken)
    assert read.tags <= _TAGS
    assert not [name for _, name, _ in read.attributes if name.startswith("on") or name == "srcdoc"]
    text = "".join(read.words)
    assert "<script>document.title='ran'</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_a_file_that_is_no_report_is_not_written_over(written: Path, tmp_path: Path) -> None:
    other = tmp_path / "captions.parquet"
    other.write_bytes(b"PAR1")
    with pytest.raises(ReportError, match="name another file"):
        page.require_ours(other)
    with pytest.raises(ReportError, match="folder"):
        page.require_ours(tmp_path)
    page.require_ours(written)


def test_a_clip_of_two_galleries_has_one_player(written: Path) -> None:
    read = _read(written)
    players = [value for tag, name, value in read.attributes if tag == "video" and name == "src"]
    cards = [place for place in read.ids if place.startswith("clip-")]
    captioned = 12
    assert len(players) == captioned
    assert len(cards) == captioned + 2  # with those in quarantine


def test_claims_say_in_words_whether_they_are_supported(written: Path) -> None:
    text = "".join(_read(written).words)
    assert "not supported" in text
    assert re.search(r"(high|medium|low) 0\.\d\d by \w+", text)
