"""Processes with a share of one GPU load one at a time."""

import fcntl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.servers import gpu_lock
from engine.servers.server import Server
from engine.servers.spec import ServerSpec
from tests.conftest import wait_until

pytestmark = pytest.mark.run

_HOLD = """
import sys, time
from engine.servers import gpu_lock
with gpu_lock.alone(0.5):
    print("mine", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def own_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", f"test-{tmp_path.name}")


def holding() -> subprocess.Popen[str]:
    """Another process that is loading; it goes on when its input ends."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    other = subprocess.Popen([sys.executable, "-c", _HOLD], text=True, **pipes)  # type: ignore[call-overload]
    assert other.stdout.readline() == "mine\n"
    return other  # type: ignore[no-any-return]


def is_free() -> bool:
    with gpu_lock.lock_file().open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_a_share_waits_until_the_other_has_loaded(tmp_path: Path) -> None:
    other = holding()
    server = Server(ServerSpec(kind="dummy", num_gpus=0.5), tmp_path)
    server.start()
    try:
        while server.status()["state"] != "starting":
            time.sleep(0.01)
        assert server.status()["pid"] is None
        other.communicate("")
        server.wait_ready(60)
        wait_until(is_free)
    finally:
        server.stop()


def test_who_dies_lets_go() -> None:
    other = holding()
    assert not is_free()
    other.kill()
    other.communicate()
    assert is_free()


@pytest.mark.parametrize("num_gpus", [0.0, 1.0, 2.0])
def test_whole_gpus_and_none_wait_for_nobody(num_gpus: float) -> None:
    other = holding()
    with gpu_lock.alone(num_gpus):
        assert not is_free()
    other.communicate("")


def test_a_server_that_is_stopped_waits_no_longer(tmp_path: Path) -> None:
    other = holding()
    server = Server(ServerSpec(kind="dummy", num_gpus=0.5), tmp_path)
    server.start()
    done = threading.Thread(target=server.stop)
    done.start()
    done.join(30)
    assert not done.is_alive()
    other.communicate("")
