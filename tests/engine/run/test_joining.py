"""Joining a Ray that runs: with the token that it asks for, and where there is none."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from engine.run.cluster import ray_cluster
from engine.run.joining import NoCluster, joined, named
from tests.conftest import run, wait_until

pytestmark = pytest.mark.run

_TOKEN = "5" * 64


def _unused_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory with a token, as an earlier Ray leaves it."""
    home = tmp_path_factory.mktemp("home")
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text(_TOKEN)
    return home


@pytest.fixture(scope="module")
def asking(home: Path) -> Iterator[str]:
    """The address of a Ray that asks for that token."""
    port = _unused_port()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        start = ["start", "--head", "--block", f"--port={port}", f"--temp-dir={folder}"]
        start += ["--num-cpus=1", "--include-dashboard=false", "--disable-usage-stats"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
        with subprocess.Popen(
            [Path(sys.executable).with_name("ray"), *start, "--object-store-memory=90000000"],
            env=environment | {"HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as started:
            wait_until(lambda: _answers(port) or started.poll() is not None, 120)
            yield f"127.0.0.1:{port}"
            started.terminate()


def test_the_token_of_the_user_is_shown_where_a_cluster_asks_for_one(
    asking: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", asking)
    monkeypatch.setenv("HOME", str(home))

    @ray.remote
    class Greeter:
        def greet(self) -> str:
            return "hello"

    with ray_cluster("captionmill-test", 1, 80 << 20, tmp_path):
        greeter = Greeter.remote()  # type: ignore[attr-defined]
        assert ray.get(greeter.greet.remote(), timeout=60) == "hello"
    assert "RAY_AUTH_MODE" not in os.environ


def test_who_has_no_token_is_told_where_it_is(
    asking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", asking)
    monkeypatch.setenv("HOME", str(tmp_path))
    told = pytest.raises(NoCluster, match=r"copy ~/\.ray/auth_token")
    with told, ray_cluster("captionmill-test", 1, 80 << 20, tmp_path):
        pass


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (None, None),
        ("", None),
        ("local", None),
        (" 10.0.0.1:6379\n", "10.0.0.1:6379"),
        ("auto", "auto"),
    ],
)
def test_a_cluster_is_named_by_the_environment(
    given: str | None, address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if given is not None:
        monkeypatch.setenv("RAY_ADDRESS", given)
    assert named() == address


@pytest.mark.parametrize(
    "address", ["nowhere", f"{'a' * 70}:6379", "127.0.0.1:1", "127.0.0.1:70000"]
)
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(NoCluster, match="start one with ray start --head"), joined(address):
        pass


def test_where_no_ray_runs_the_command_says_so(clips: Path, tmp_path: Path) -> None:
    address = f"127.0.0.1:{_unused_port()}"
    done = run("caption", clips, tmp_path / "out", "--profile", "dummy", RAY_ADDRESS=address)
    assert done.returncode == 1
    assert f"no Ray cluster answers at {address} (Connection refused)" in done.stderr
    assert "Traceback" not in done.stderr
