"""Shared fixtures: small real clips, the command line as a process, a quick dummy profile, a captioned
workspace and a Ray cluster that stand all the time.

Every test belongs to one of three tiers, chosen by marker: `run` starts processes or talks to servers,
`models` loads weights or a torch model, and a test without a marker is a `unit` test, which does none of
this: a guard (`tests/tiers.py`) fails a unit test that starts a process, connects a socket or reads a
pack. `pytest -m unit` takes less than two minutes. A file whose tests are all of one tier says so once
(`pytestmark = pytest.mark.run`), else each test does.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from typer.testing import CliRunner

from engine import torch_cpu
from engine.run.cluster import SYSTEM_CONFIG
from manifests import commits
from manifests.workspace import Workspace, WorkspaceError
from pipelines.status import jobs
from pipelines.verify import verify_workspace
from tests import browser, tiers
from tests.stages import mark as mark  # registers its kind of table

# What a shell runs in the background ignores Ctrl-C, and so does all that it starts in turn.
signal.signal(signal.SIGINT, signal.default_int_handler)
torch_cpu.switch_on()

_GUARD = tiers.Guard()

CLIPS = 20
RUN_S = 400
"""A run that lasts longer hangs: on a machine that does much else it may take minutes."""

LOOK_S = 0.2
"""A pause between looks at every process of the machine, which would take a core for themselves."""

_PROFILE = """
name = "quick"
{filters}
[[captioners]]
name = "dummy-audio"
use = "captioners.dummy:DummyAudio"
group = "models"
num_cpus = 0.1
options = {{ batch_ms = {batch_ms}{audio} }}

[[captioners]]
name = "dummy-video"
use = "captioners.dummy:DummyVideo"
group = "{video_group}"
num_cpus = 0.1
options = {{ batch_ms = {batch_ms}{video} }}

[writer]
model = "dummy"
licence = "CC0-1.0"
concurrency = 16

[[writer.ladder]]
name = "first"
prompt = "{prompt}"

[[servers]]
kind = "dummy"
name = "dummy"
batch_ms = {batch_ms}
slots = 16
patience_s = 60

[sizes]
batch = 4
shard = 8
workers = {workers}
decode_seconds = {decode_seconds}
model_seconds = {model_seconds}
object_store_mb = 128
"""


def pytest_configure(config: pytest.Config) -> None:
    tiers.add(config)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return tiers.is_of_another_tier(collection_path, config) or None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--exhaustive", action="store_true", help=tiers.EXHAUSTIVE)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.option.exhaustive:
        tiers.leave_out(config, items)
    tiers.sort(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if told := browser.told(terminalreporter.stats.get("skipped", ())):
        terminalreporter.write_line(told, yellow=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    yield from _guarded(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    yield from _guarded(item)


def _guarded(item: pytest.Item) -> Iterator[None]:
    if item.get_closest_marker("unit"):
        yield from _GUARD.watch()
    else:
        yield


def write_clip(path: Path, seed: int, seconds: int = 1, size: tuple[int, int] = (64, 48)) -> None:
    """A small real video of noise (5 frames a second, size: width and height) with a tone; other bytes
    for every seed."""
    import av

    random = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=5)
        (video.width, video.height), video.pix_fmt = size, "yuv420p"
        audio = container.add_stream("aac", rate=16000)
        audio.layout = "mono"
        for _ in range(5 * seconds):
            picture = random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        tone = np.sin(np.arange(16000 * seconds) * 2 * np.pi * (200 + seed) / 16000) * 0.3
        frame = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], "fltp", "mono")
        frame.rate, frame.pts = 16000, 0
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


@pytest.fixture(scope="module", autouse=True)
def browser_of_the_module() -> Iterator[None]:
    with browser.one_browser():
        yield


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of `CLIPS` different small videos with sound."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(CLIPS):
        write_clip(folder / f"clip{number:03d}.mp4", number)
    return folder


@pytest.fixture(scope="session")
def reference(clips: Path, cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all clips captioned in one go by two workers and a host for each captioner (`out`),
    and the profile that did it (`quick.toml`). To be read only: copy `out` to go on with it."""
    folder = tmp_path_factory.mktemp("reference")
    (folder / "quick.toml").write_text(quick_profile(workers=2, video_group="others"))
    arguments = ("caption", clips, folder / "out", "--profile", folder / "quick.toml")
    done = run(*arguments, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    return folder


@dataclass(frozen=True)
class Staged:
    """A stage as tests run it. verb: of its command. outcome: of a clip that is worked. reference: a
    folder like that of the fixture `reference`, worked by this stage."""

    verb: str
    outcome: str
    reference: Path

    def same_as_reference(self, workspace: Path) -> None:
        """Asserts that a workspace holds what one unbroken run gave: each clip once, the same bytes."""
        assert files_of(workspace) == files_of(self.reference / "out")
        (books,) = books_of(workspace)
        assert books["close"] and books[self.outcome] == CLIPS and books["pending"] == 0
        assert problems_of(workspace) == []


@pytest.fixture(scope="session")
def captioning(reference: Path) -> Staged:
    """The stage `caption`."""
    return Staged("caption", "captioned", reference)


@pytest.fixture(scope="session")
def marking(clips: Path, cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """The stage `mark` (`tests.stages.mark`)."""
    folder = tmp_path_factory.mktemp("marked")
    (folder / "quick.toml").write_text(quick_profile(workers=2))
    arguments = ("mark", clips, folder / "out", "--profile", folder / "quick.toml")
    done = run(*arguments, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    return Staged("mark", "marked", folder)


@pytest.fixture(params=["captioning", pytest.param("marking", marks=pytest.mark.exhaustive)])
def staged(request: pytest.FixtureRequest) -> Staged:
    """Each stage in turn."""
    found: Staged = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a Ray cluster that believes to have one GPU, for RAY_ADDRESS: a run that joins it
    need not start Ray. What a run starts there has the cluster's environment and not its own, so that
    it is not marked as captionmill's."""
    from ray._common.utils import reset_ray_address
    from ray.cluster_utils import Cluster

    size = {"num_cpus": 4, "num_gpus": 1, "object_store_memory": 512 << 20}
    less = {"include_dashboard": False, "include_log_monitor": False, "no_monitor": True}
    ours = {"_system_config": SYSTEM_CONFIG}
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv(torch_cpu.SWITCH)
        started = Cluster(initialize_head=True, head_node_args=size | less | ours)
    reset_ray_address()  # else whoever starts a Ray of his own on this machine would join this one
    yield started.address
    started.shutdown()


@pytest.fixture
def profile(tmp_path: Path) -> Callable[..., Path]:
    """Writes a variant of the dummy profile and returns its path."""

    def write(**changes: Any) -> Path:
        path = tmp_path / f"profile-{len(list(tmp_path.glob('profile-*')))}.toml"
        path.write_text(quick_profile(**changes))
        return path

    return write


def quick_profile(**changes: Any) -> str:
    """The text of a dummy profile that wastes no time."""
    settings = {
        "filters": "",
        "batch_ms": 5,
        "audio": "",
        "video": "",
        "video_group": "models",
        "prompt": "draft",
        "workers": 1,
        "decode_seconds": 60,
        "model_seconds": 60,
    }
    return _PROFILE.format(**settings | changes)


def command(*arguments: str | Path) -> list[str]:
    """The command line of captionmill, as a user's shell would run it; `mark` is the tests' stage."""
    if arguments[0] == "mark":
        return [sys.executable, "-m", "tests.stages.mark", *map(str, arguments[1:])]
    return [sys.executable, "-m", "captionmill", *map(str, arguments)]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs captionmill to its end."""
    return subprocess.run(
        command(*arguments),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )


def here(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs captionmill to its end in this process: for what needs none of its own."""
    from pipelines.cli.main import app

    line, on_term = list(map(str, arguments)), signal.getsignal(signal.SIGTERM)
    ran = CliRunner().invoke(app, line, prog_name="captionmill", catch_exceptions=False)
    signal.signal(signal.SIGTERM, on_term)  # the command has its own
    return subprocess.CompletedProcess(line, ran.exit_code, ran.stdout, ran.stderr)


@contextmanager
def running(*arguments: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """captionmill in the background; it is killed if it still runs at the end of the block."""
    process = subprocess.Popen(
        command(*arguments),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts captionmill in the background; whatever still runs at the end is killed."""
    with ExitStack() as every:
        yield lambda *arguments, **environment: every.enter_context(
            running(*arguments, **environment)
        )


def wait_until(what: Callable[[], Any], seconds: float = 120.0, poll_s: float = 0.02) -> Any:
    """Waits for a condition of other processes; its value. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(poll_s)
    return value


def processes_of(workspace: Path, title: str = "") -> list[psutil.Process]:
    """Living processes that carry the mark of a workspace's runs, of this title."""
    try:
        mark = f"{Workspace.open(workspace).place_id}:"
    except WorkspaceError:
        return []
    marked = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            if not process.environ().get("CAPTIONMILL_RUN", "").startswith(mark):
                continue
            if title in " ".join(process.cmdline()):
                marked.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return marked


def kill(workspace: Path, title: str) -> set[int]:
    """Kills the processes of this title, of which there must be some, and sees them dead; their ids."""
    processes = processes_of(workspace, title)
    assert processes, f"{workspace} has no process {title} to kill"
    for process in processes:
        process.kill()
    dead = {process.pid for process in processes}

    def gone() -> bool:
        return not dead & {process.pid for process in processes_of(workspace, title)}

    wait_until(gone, poll_s=LOOK_S)
    return dead


def stop_at_work(workspace: Path) -> list[psutil.Process]:
    """Stops the one shard worker of a run (SIGSTOP) as soon as it has journaled something, so that
    nothing is finished until it goes on; the worker. Fails when no clip is left to work."""
    worker = wait_until(lambda: processes_of(workspace, "ray::ShardWorker"), poll_s=LOOK_S)
    wait_until(lambda: list(workspace.glob("journal/*/*/*.json")), poll_s=0.001)
    for process in worker:
        process.suspend()
    assert books_of(workspace)[0]["pending"] > 0, "it was over before it could be stopped"
    return list(worker)


def files_of(workspace: Path) -> dict[str, str]:
    """sha256 of every committed file, by its path but for the epoch in it."""
    state = commits.load(Workspace.open(workspace))
    return {re.sub(r"-e\d{6}", "", file.path): file.sha256 for file in state.files()}


def committed_bytes(workspace: Path) -> dict[Path, bytes]:
    """The content of every committed file."""
    state = commits.load(Workspace.open(workspace))
    return {workspace / file.path: (workspace / file.path).read_bytes() for file in state.files()}


def books_of(workspace: Path) -> list[dict[str, Any]]:
    """The books of each job of a workspace, as `captionmill status --json` tells them."""
    place = Workspace.open(workspace)
    return [job.to_json() for job in jobs(place, commits.load(place))]


def problems_of(workspace: Path) -> list[str]:
    """What `captionmill verify` finds wrong, and what it could not look at."""
    place = Workspace.open(workspace)
    report = verify_workspace(place, commits.load(place))
    return [*map(str, report.problems), *report.notes]
