"""Sets to inspect: rows that differ in all that the app shows, and clips of real media."""

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from engine.media.examine import examine_one
from engine.media.ffmpeg import run as ffmpeg
from engine.profile.profile import Cutting
from manifests import commits, tables
from manifests.commits import Holder, Log, Record
from manifests.kinds import kind_of
from manifests.schemas import REVIEWS
from manifests.sources.examined import clip_rows, source_row
from manifests.workspace import Workspace
from pipelines.inspect.index import prepare
from pipelines.inspect.lookup import Lookup, opened
from pipelines.inspect.media import Media
from pipelines.inspect.serve import app
from pipelines.inspect.sets import Inspected, WorkspaceSet, inspected
from pipelines.inspect.start import Start
from pipelines.reviews.stored import counting, stored
from tests.browser import DESKTOP
from tests.browser import opened as opened_page
from tests.manifests.made import CUT, JOB, Made, captioned, sealed
from tests.pipelines.search.embedded import settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

Row = dict[str, Any]
Started = Callable[..., subprocess.Popen[str]]
"""The fixture `started`."""

HOST = "http://127.0.0.1"
TOKEN, COOKIE = "of-this-run", "captionmill-test"
ORIGIN = {"origin": HOST}


def real(root: Path, sources: Sequence[Path], max_seconds: float = 30) -> Made:
    """A workspace of one shard in which every clip of these files is captioned."""
    workspace = Workspace.create(root)
    log = Log(workspace, commits.open_epoch(workspace, 1, Holder(host="h", pid=1, started=0.0)))
    examined = [examine_one(bytes(path), Cutting(max_seconds=max_seconds)) for path in sources]
    clips = [row for each in examined for row in clip_rows(each)]
    listed = [source_row(each, len(each.spans), duplicate=False) for each in examined]
    captions = [sealed(captioned(clip, number)) for number, clip in enumerate(clips)]
    files = {
        "sources": (workspace.sources(CUT, 0, 1), listed),
        "clips": (workspace.clips(CUT, 0, 1), clips),
        "captions": (workspace.path("captions", JOB, 0, 0, 1), captions),
    }
    written = {
        name: tables.write(workspace.root, path, name, rows, kind_of(name).schema)
        for name, (path, rows) in files.items()
    }
    listing = (written["sources"], written["clips"])
    counts = {"sources": len(listed), "clips": len(clips)}
    log.append(Record(stage="ingest", epoch=1, cut=CUT, shard=0, counts=counts, files=listing))
    log.append(
        Record(
            stage="caption",
            epoch=1,
            cut=CUT,
            job=JOB,
            shard=0,
            counts={"captioned": len(captions)},
            files=(written["captions"],),
        )
    )
    commits.released(workspace, 1).touch()
    place = Made(workspace)
    settings(place, JOB, "caption", {})
    return place


def film(path: Path, seconds: int) -> None:
    """A film that browsers play."""
    made = [f"testsrc2=s=96x64:r=25:d={seconds}", "-f", "lavfi", "-i", f"sine=440:d={seconds}"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    ffmpeg(["-f", "lavfi", "-i", *made, *coded, f"file:{path}"])


@contextmanager
def lookup(shown: Inspected) -> Iterator[Lookup]:
    """The index of a set, without reviews."""
    path = prepare(shown, lambda line: None)
    with opened(path, shown.columns, REVIEWS.empty_table()) as made:
        yield made


@contextmanager
def client(
    root: Path,
    reviews: Workspace | None = None,
    reviewer: str = "ada",
    plan: str | None = None,
) -> Iterator[TestClient]:
    """A browser that was let in. reviews: where those of a release are stored."""
    shown = inspected(root)
    if isinstance(shown, WorkspaceSet):
        reviews = shown.workspace
    told: list[str] = []
    with (
        Media(shown, 2) as media,
        app(Start(shown, reviews, reviewer, TOKEN, COOKIE, told.append, plan), media) as asgi,
        TestClient(asgi, base_url=HOST, follow_redirects=False) as browser,
    ):
        browser.cookies.set(COOKIE, TOKEN)
        yield browser


def reviews_of(root: Path) -> list[Row]:
    """The reviews of a workspace that count."""
    reviews: list[Row] = counting(stored(Workspace.open(root))).to_pylist()
    return reviews


def opened_app(started: Started, *arguments: str | Path) -> tuple[subprocess.Popen[str], int, str]:
    """The app, its port and its token."""
    process = started("inspect", "--port", "0", *arguments)
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", line):
            return process, int(match[1]), match[2]
    raise AssertionError(process.stderr.read() if process.stderr else "")


@contextmanager
def let_in(
    port: int, token: str, size: tuple[int, int] = DESKTOP, dark: bool = False
) -> "Iterator[Page]":
    """A real browser that was let in to the app."""
    with opened_page(f"http://127.0.0.1:{port}/?token={token}", size, dark, loopback=True) as page:
        yield page
