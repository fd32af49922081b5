"""Clips in a notebook."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import captionmill
from manifests.workspace import WorkspaceError
from pipelines.notebook import Clip, Clips, html
from pipelines.preview import Preview
from tests.browser import needs_chromium, opened
from tests.pipelines.report.hostile import TEXTS, hostile_row
from tests.pipelines.report.made import made, rows

pytestmark = pytest.mark.run

_LINES = Path(__file__).parents[2] / "docs" / "notebook.md"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    return reader


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Clips whose texts are hostile."""
    place = made(tmp_path_factory.mktemp("notebook") / "set", change=hostile_row)
    preview = Preview(b"film", "video/mp4", TEXTS[1], b"strip", b"wave", b"spectrum", 10.0)
    return html([Clip(row, preview) for row in rows(place)])


def test_the_lines_of_the_docs_run(reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", _LINES.read_text("utf-8"), re.DOTALL)
    assert len([line for line in lines.splitlines() if line]) == 10
    monkeypatch.chdir(reference)
    names: dict[str, object] = {}
    exec(lines, names)
    clips = names["clips"]
    assert isinstance(clips, Clips) and len(clips) == 3
    read = _read(clips._repr_html_())
    players = [value for name, value in read.attributes if name == "src" and "video/mp4" in value]
    assert len(players) >= 1
    assert isinstance(names["first"], Clip) and names["first"].row == clips[0].row
    assert "captionmill" in names["first"]._repr_html_()


def test_clips_are_asked_for_by_id(reference: Path) -> None:
    work = captionmill.open(reference / "out")
    ids = sorted(work.captions(["clip_id"])["clip_id"].to_pylist())[:2][::-1]
    clips = work.clips(ids)
    assert [clip.row["clip_id"] for clip in clips] == ids
    assert isinstance(clips[:1], Clips)
    assert list(work.clips([])) == []
    with pytest.raises(WorkspaceError, match="no captions of clip ffff"):
        work.clips(["ffff"])


def test_a_source_that_is_gone_is_told(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    clips = captionmill.open(place.root, "0123456789abcdef").clips(1)
    assert "No such file" in clips._repr_html_()
    assert "<video" not in clips._repr_html_()


def test_hostile_text_makes_no_element_and_no_attribute(broken: str) -> None:
    read = _read(broken)
    assert not read.tags & {"script", "iframe", "object", "embed", "form", "base", "link", "meta"}
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "srcdoc"]
    for name, value in read.attributes:
        if name in ("src", "href"):
            assert value.startswith(("data:image/", "data:video/", "#")), value
    assert "&lt;script&gt;" in broken


@needs_chromium
def test_hostile_text_never_runs(broken: str, tmp_path: Path) -> None:
    page = tmp_path / "notebook.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><title>calm</title>{broken}", "utf-8")
    with opened(page.as_uri()) as shown:
        shown.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        shown.wait_for_load_state("load")
        assert shown.title() == "calm"
        assert shown.evaluate("document.scripts.length") == 0
        assert shown.evaluate("document.documentElement.scrollWidth") <= 1280
