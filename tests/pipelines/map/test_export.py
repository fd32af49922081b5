"""The exported folder. Without Embedding Atlas most of this can't run: pip install -e '.[map]'."""

import functools
import json
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.map.export import MARK, MapError, export, require_atlas, require_ours
from pipelines.map.points import points
from pipelines.map.projection import projected
from tests.browser import CHROMIUM, needs_chromium
from tests.manifests.made import Made
from tests.pipelines.report.hostile import hostile_row
from tests.pipelines.report.made import made

pytestmark = pytest.mark.run

needs_atlas = pytest.mark.skipif(
    find_spec("embedding_atlas") is None or find_spec("umap") is None,
    reason="embedding-atlas is not installed: pip install 'captionmill[map]'",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A workspace that is hostile throughout."""
    return made(tmp_path_factory.mktemp("map") / "set", change=hostile_row)


@pytest.fixture(scope="module")
def exported(place: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its map."""
    out = tmp_path_factory.mktemp("exported") / "map"
    done = CliRunner().invoke(app, ["map", str(place.root), "-o", str(out)])
    assert done.exit_code == 0, done.output
    return out


def test_without_the_extra_it_says_how_to_install_it(
    place: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "embedding_atlas", None)
    with pytest.raises(MapError, match=r'pip install "captionmill\[map\]"'):
        require_atlas()
    done = CliRunner().invoke(app, ["map", str(place.root), "-o", str(tmp_path / "map")])
    assert done.exit_code == 1
    assert not (tmp_path / "map").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(MapError, match="other files"):
        require_ours(tmp_path)
    with pytest.raises(MapError, match="no folder"):
        require_ours(tmp_path / "mine.txt")
    require_ours(tmp_path / "new")


@needs_atlas
def test_the_clips_lie_beside_the_page(exported: Path, place: Made) -> None:
    of = points(place.root, None)
    table = pq.read_table(exported / "data" / "dataset.parquet")
    assert table.select(of.rows.column_names).to_pylist() == of.rows.to_pylist()
    assert np.isfinite(table["x"].to_numpy()).all() and np.isfinite(table["y"].to_numpy()).all()
    told = json.loads((exported / MARK).read_text())
    assert told == {"name": "set", "by": of.by, "clips": len(table), "vectored": of.vectored}


@needs_atlas
def test_the_same_vectors_have_the_same_places(exported: Path, place: Made, tmp_path: Path) -> None:
    of = points(place.root, None)
    export(of, projected(of.vectors), tmp_path / "again")
    for name in ("dataset.parquet", "metadata.json"):
        first, second = exported / "data" / name, tmp_path / "again" / "data" / name
        assert first.read_bytes() == second.read_bytes()
    export(of, projected(of.vectors), tmp_path / "again")  # a map of ours is made again


@pytest.fixture
def served(exported: Path) -> Iterator[str]:
    """The map from a static web server of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(exported))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@needs_atlas
@needs_chromium
def test_it_opens_without_a_network_and_hostile_text_does_not_run(served: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        arguments = ["--no-sandbox", "--enable-unsafe-swiftshader"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            page = browser.new_page()
            elsewhere: list[str] = []
            # Chromium's own switch for being offline cuts off this machine too.
            page.route(
                lambda url: not url.startswith((served, "data:", "blob:")),
                lambda route: (elsewhere.append(route.request.url), route.abort())[1],
            )
            page.goto(served)
            page.get_by_text("12 / 12 points").wait_for(timeout=120_000)
            page.get_by_text("medium", exact=True).first.wait_for(timeout=60_000)
            page.get_by_text("<iframe srcdoc=").first.wait_for(timeout=60_000)
            assert page.title() == "set: map of clips"
            assert page.locator("html").get_attribute("lang") == "en"
            assert page.locator("iframe").count() == 0
            assert elsewhere == []
        finally:
            browser.close()
