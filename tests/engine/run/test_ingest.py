"""Ingest into real workspaces: every span of every source once, whatever happens to the files."""

import os
import wave
from pathlib import Path
from typing import Any

import pytest

from engine.profile.profile import load
from engine.run.ingest import Ingest
from engine.run.lease import DriverLease
from engine.run.twins import Places
from manifests import commits, tables
from manifests.books import books
from manifests.commits import EpochTaken, Holder, Log
from manifests.workspace import Workspace
from pipelines.caption.stage import CaptionStage
from tests.conftest import quick_profile

pytestmark = pytest.mark.run


@pytest.fixture
def job(tmp_path: Path) -> CaptionStage:
    """A dummy job with shards of eight clips."""
    path = tmp_path / "quick.toml"
    path.write_text(quick_profile())
    return CaptionStage(load(str(path)))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty one."""
    return Workspace.create(tmp_path / "out")


def _wav(path: Path, seconds: int, level: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes([127 + level, 128]) * (4000 * seconds))
    return path


def _ingest(
    job: CaptionStage, workspace: Workspace, *sources: Path, limit: int | None = None
) -> int:
    with DriverLease(workspace) as log:
        return Ingest(job.cut, job.profile, workspace, log).run([str(s) for s in sources], limit)


def _clips(job: CaptionStage, workspace: Workspace) -> list[dict[str, Any]]:
    state = commits.load(workspace)
    files = state.files("clips", cut=job.cut)
    return list(tables.read_all(workspace.root, files))


def test_a_long_source_becomes_its_spans(
    job: CaptionStage, workspace: Workspace, tmp_path: Path
) -> None:
    assert _ingest(job, workspace, _wav(tmp_path / "a.wav", 95)) == 4
    spans = [(c["start_ms"], c["end_ms"]) for c in _clips(job, workspace)]
    assert spans == [(0, 30_000), (30_000, 60_000), (60_000, 90_000), (90_000, 95_000)]


def test_nothing_new_adds_nothing(job: CaptionStage, workspace: Workspace, tmp_path: Path) -> None:
    source = _wav(tmp_path / "a.wav", 5)
    assert [_ingest(job, workspace, source) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("change", ["none", "touch", "rename"])
def test_what_a_limit_left_is_taken_later_whatever_happened_to_the_file(
    change: str, job: CaptionStage, workspace: Workspace, tmp_path: Path
) -> None:
    source = _wav(tmp_path / "a.wav", 95)
    assert _ingest(job, workspace, source, limit=1) == 1
    if change == "touch":
        os.utime(source, (1, 1))
    if change == "rename":
        source = source.rename(tmp_path / "b.wav")
    assert _ingest(job, workspace, source) == 3
    starts = [c["start_ms"] for c in _clips(job, workspace)]
    assert starts == [0, 30_000, 60_000, 90_000]


def test_shards_fill_across_sources(
    job: CaptionStage, workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(3):
        _wav(folder / f"{number}.wav", 95, level=1 + number)
    assert _ingest(job, workspace, folder) == 12
    records = commits.load(workspace).ingests(job.cut)
    assert [r.counts["clips"] for r in records] == [8, 4]


def test_a_shard_is_committed_as_soon_as_it_is_full_and_later_ones_are_larger(
    job: CaptionStage, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("manifests.sources.shards._STEP", 2)
    source = _wav(tmp_path / "a.wav", 30 * 50)
    committed = []

    def seen(count: int) -> None:
        committed.append(len(commits.load(workspace).listed(job.cut)))

    with DriverLease(workspace) as log:
        Ingest(job.cut, job.profile, workspace, log).run([str(source)], None, seen)
    assert committed == [4]
    assert list(commits.load(workspace).listed(job.cut).values()) == [8, 8, 16, 16, 2]


def test_the_size_of_a_shard_does_not_depend_on_the_run_that_fills_it(
    job: CaptionStage, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("manifests.sources.shards._STEP", 1)
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(2):
        _wav(folder / f"{number}.wav", 30 * 12, level=1 + number)
        _ingest(job, workspace, folder)
    assert list(commits.load(workspace).listed(job.cut).values()) == [8, 4, 12]


def test_twins_share_their_clips(job: CaptionStage, workspace: Workspace, tmp_path: Path) -> None:
    twins = [_wav(tmp_path / name, 5) for name in ("a.wav", "b.wav")]
    assert _ingest(job, workspace, *twins) == 1


def test_a_twin_is_a_place_of_the_shards_that_hold_its_content(
    job: CaptionStage, workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(3):
        _wav(folder / f"{number}.wav", 95, level=1 + number)
    twin = _wav(tmp_path / "twin.wav", 95, level=3)
    assert _ingest(job, workspace, folder, twin) == 12
    state = commits.load(workspace)
    places = Places(workspace, state, job.cut)
    assert places.of(state.clips_file(job.cut, 0)) == {}
    (twins,) = places.of(state.clips_file(job.cut, 1)).values()
    assert [place.uri[-8:] for place in twins] == ["twin.wav", "ia/2.wav"]


def _take_over(job: CaptionStage, workspace: Workspace, source: Path) -> dict[Path, bytes]:
    """Lists a source in epoch 2; returns the tables that are there then."""
    log = Log(workspace, commits.open_epoch(workspace, 2, Holder(host="h", pid=1, started=0.0)))
    Ingest(job.cut, job.profile, workspace, log).run([str(source)])
    return _listing(workspace)


def _listing(workspace: Workspace) -> dict[Path, bytes]:
    folders = (workspace.root / "sources", workspace.root / "clips")
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*.parquet")}


def test_a_driver_that_was_left_behind_lists_nothing(
    job: CaptionStage, workspace: Workspace, tmp_path: Path
) -> None:
    mine, theirs = _wav(tmp_path / "a.wav", 5), _wav(tmp_path / "b.wav", 5, level=2)
    with DriverLease(workspace) as log:
        zombie = Ingest(job.cut, job.profile, workspace, log)
        committed = _take_over(job, workspace, theirs)
        with pytest.raises(EpochTaken):
            zombie.run([str(mine)])
    assert _listing(workspace) == committed


def test_a_driver_that_is_left_behind_while_it_lists_leaves_the_tables_of_the_next_alone(
    job: CaptionStage, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It passed its check before the new epoch was opened, and wrote after."""
    mine, theirs = _wav(tmp_path / "a.wav", 5), _wav(tmp_path / "b.wav", 5, level=2)
    committed: dict[Path, bytes] = {}

    def slow(place: Workspace, epoch: int) -> None:
        monkeypatch.undo()
        commits.check_newest(place, epoch)
        committed.update(_take_over(job, place, theirs))

    with DriverLease(workspace) as log:
        monkeypatch.setattr("engine.run.ingest.check_newest", slow)
        with pytest.raises(EpochTaken):
            Ingest(job.cut, job.profile, workspace, log).run([str(mine)])
    assert len(committed) == 2
    listing = _listing(workspace)
    assert len(listing) == 4
    assert committed.items() <= listing.items()
    assert [clip["uri"][-5:] for clip in _clips(job, workspace)] == ["b.wav"]


def test_a_mended_file_is_new_and_its_broken_twin_stays_in_the_books(
    job: CaptionStage, workspace: Workspace, tmp_path: Path
) -> None:
    broken = [tmp_path / name for name in ("a.wav", "b.wav")]
    for path in broken:
        path.write_bytes(b"RIFF nothing")
    assert _ingest(job, workspace, *broken) == 1
    _wav(broken[0], 5)
    assert _ingest(job, workspace, *broken) == 1
    assert books(commits.load(workspace), job.cut, job.digest).input == 2
    _wav(broken[1], 5, level=3)
    _ingest(job, workspace, *broken)
    told = books(commits.load(workspace), job.cut, job.digest)
    assert (told.input, told.pending, told.close) == (2, 2, True)
