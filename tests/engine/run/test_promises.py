"""What a whole run promises whatever it captions: bounded memory, and no network."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.torch_cpu import SWITCH
from tests.conftest import (
    CLIPS,
    RUN_S,
    books_of,
    command,
    files_of,
    problems_of,
    processes_of,
    quick_profile,
    running,
    wait_until,
    write_clip,
)
from tests.engine.wide import FRAMES, SIDE

pytestmark = pytest.mark.run

_COUNT = 24
_CLIP_BYTES = FRAMES * SIDE * SIDE * 3
_WINDOW_MB = 8


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips whose frames are as large as `Wide` asks for."""
    folder = tmp_path_factory.mktemp("wide")
    for number in range(_COUNT):
        write_clip(folder / f"{number:02d}.mp4", number, seconds=4, size=(SIDE, SIDE))
    return folder


@dataclass(frozen=True)
class Watched:
    """A run on a joined cluster that was looked at while it worked. before, after: what the object store
    of Ray says of itself. held: bytes in it, again and again. server: the environment of the writer's
    server."""

    out: Path
    before: Any
    after: Any
    held: list[int]
    server: dict[str, str]


@pytest.fixture(scope="module")
def watched(wide: Path, cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A whole run of large clips through a small window."""
    folder = tmp_path_factory.mktemp("watched")
    out, profile = folder / "out", folder / "wide.toml"
    text = quick_profile().replace("captioners.dummy:DummyVideo", "tests.engine.wide:Wide")
    text = text.replace("batch = 4", f"batch = 1\nwindow_mb = {_WINDOW_MB}")
    profile.write_text(text)
    store = _store(cluster)
    before = store()
    held: list[int] = []
    environment: dict[str, str] = {}
    with running("caption", wide, out, "--profile", profile, RAY_ADDRESS=cluster) as driver:

        def over() -> bool:
            held.append(store().object_store_bytes_used - before.object_store_bytes_used)
            for server in [] if environment else processes_of(out, "engine.servers.dummy"):
                environment.update(server.environ())
            return driver.poll() is not None

        wait_until(over, RUN_S)
        assert driver.returncode == 0, driver.communicate()[1]
    return Watched(out, before, store(), held, environment)


def test_decoded_media_in_flight_stay_within_the_window(watched: Watched) -> None:
    """As the worker counts them before they are decoded, and as Ray's object store holds them."""
    (log,) = (watched.out / "runlog").iterdir()
    counted = json.loads(log.read_text())["window_bytes"]
    assert 2 * _CLIP_BYTES < counted <= _WINDOW_MB << 20
    before, after = watched.before, watched.after
    created = after.cumulative_created_bytes - before.cumulative_created_bytes
    assert created > _COUNT * _CLIP_BYTES > 5 * (_WINDOW_MB << 20)
    assert max(watched.held) <= _WINDOW_MB << 20
    assert after.spilled_bytes_total == before.spilled_bytes_total
    assert books_of(watched.out)[0]["captioned"] == _COUNT


def test_a_run_marks_its_processes_on_a_cluster_that_does_not(watched: Watched) -> None:
    """Hosts and shard workers too: they could not import the captioner (`tests.engine.wide`)."""
    assert watched.server[SWITCH] == "1"
    assert books_of(watched.out)[0]["captioned"] == _COUNT


def _store(address: str) -> Callable[[], Any]:
    """Asks the object store of a cluster for what it says of itself."""
    from ray._private.internal_api import get_memory_info_reply, get_state_from_address

    state = get_state_from_address(address)
    return lambda: get_memory_info_reply(state).store_stats


# Starts a command in a network of its own, in which there is nothing but loopback.
_ALONE = textwrap.dedent("""
    import ctypes, fcntl, os, socket, struct, sys
    CLONE_NEWUSER, CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x10000000, 0x40000000, 0x8914, 1
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if os.geteuid() else 0)):
        sys.exit("no network of its own: " + os.strerror(ctypes.get_errno()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    assert [name for _, name in socket.if_nameindex()] == ["lo"], socket.if_nameindex()
    os.execvp(sys.argv[1], sys.argv[1:])
""")


def test_a_whole_run_needs_no_network(
    reference: Path, clips: Path, tmp_path: Path, profile: Callable[..., Path]
) -> None:
    out = tmp_path / "out"
    line = command("caption", clips, out, "--profile", profile())
    alone = [sys.executable, "-c", _ALONE, *line]
    done = subprocess.run(alone, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert done.returncode == 0, done.stderr
    assert books_of(out)[0]["captioned"] == CLIPS
    assert files_of(out) == files_of(reference / "out") and problems_of(out) == []
