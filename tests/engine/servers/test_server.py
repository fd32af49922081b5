"""The watch over a server: with the dummy for what it does, with vLLM once for what must hold."""

import io
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from openai import OpenAI

from captioners.weights.cache import Cache
from engine import processes
from engine.servers.log import error_lines, recording
from engine.servers.redact import HIDDEN
from engine.servers.server import Server
from engine.servers.spec import ServerError, ServerSpec

Make = Callable[..., Server]

# The dummy starts in a second, and in many where the machine does much else.
_READY_S = 120.0


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes servers (started) that are stopped when the test ends."""
    servers: list[Server] = []

    def making(*, begin: bool = True, mark: str | None = None, **spec: Any) -> Server:
        server = Server(ServerSpec(**{"kind": "dummy", **spec}), tmp_path / "logs", mark)
        servers.append(server)
        if begin:
            server.start()
        return server

    yield making
    for server in servers:
        server.stop()


def _until(condition: Callable[[], Any], seconds: float = _READY_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def _group(pid: int) -> list[psutil.Process]:
    """Living processes of the group that `pid` leads or led."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (OSError, psutil.Error):
            continue
    return found


@pytest.mark.run
def test_start_returns_at_once_and_the_server_becomes_ready(make: Make) -> None:
    server = make(begin=False)
    assert server.status()["state"] == "idle"
    server.start()
    assert server.url() is None, "it did not wait for the process"
    url = server.wait_ready(_READY_S)
    assert server.url() == url
    assert httpx.get(f"{url}/models").json()["data"][0]["id"] == "writer"
    status = server.status()
    assert (status["state"], status["starts"], status["restarts"]) == ("ready", 1, 0)
    assert 0 < status["seconds_to_ready"] < _READY_S


@pytest.mark.run
def test_a_killed_server_comes_back_by_itself(make: Make) -> None:
    server = make()
    server.wait_ready(_READY_S)
    first = server.status()["pid"]
    os.kill(first, signal.SIGKILL)
    _until(lambda: server.url() is None)
    server.wait_ready(_READY_S)
    status = server.status()
    assert (status["restarts"], status["failed_starts"]) == (1, 0)
    assert status["pid"] != first


@pytest.mark.run
def test_a_server_that_no_longer_answers_is_replaced(make: Make) -> None:
    server = make(health_seconds=0.3)
    server.wait_ready(_READY_S)
    os.kill(server.status()["pid"], signal.SIGSTOP)
    _until(lambda: server.status()["restarts"] == 1)
    server.wait_ready(_READY_S)


@pytest.mark.run
def test_why_a_server_went_is_told_while_it_is_away(make: Make) -> None:
    server = make()
    server.wait_ready(_READY_S)
    os.kill(server.status()["pid"], signal.SIGKILL)
    _until(lambda: server.status()["error"] is not None)
    assert "signal 9 (out of memory?)" in server.status()["error"]


@pytest.mark.run
def test_wrong_arguments_are_quoted_from_the_log_and_not_tried_again(make: Make) -> None:
    server = make(args=("--no-such-option",))
    with pytest.raises(ServerError) as raised:
        server.wait_ready(_READY_S)
    text = str(raised.value)
    assert "exit code 2" in text
    assert "unrecognized arguments: --no-such-option" in text
    assert "To reproduce: " in text
    status = server.status()
    assert (status["state"], status["url"], status["starts"]) == ("failed", None, 1)


@pytest.mark.run
def test_neither_the_log_nor_the_error_shows_a_key(make: Make) -> None:
    secrets = ("sk-0123456789", "hf-0123456789", "env-0123456789")
    args = ("--api-key", secrets[0], f"--hf-token={secrets[1]}", secrets[2])
    server = make(args=args, env={"SOME_KEY": secrets[2]})
    with pytest.raises(ServerError) as raised:
        server.wait_ready(_READY_S)
    server.stop()
    log = server.log.read_text()
    start = next(line for line in log.splitlines() if "== start 1" in line)
    assert "--api-key" in start and "engine.servers.dummy" in start
    # argparse quotes what it does not know: the error must not repeat it.
    assert "unrecognized arguments" in str(raised.value) and "unrecognized arguments" in log
    for secret in secrets:
        assert secret not in log and secret not in str(raised.value)


@pytest.mark.run
def test_a_server_that_is_never_ready_has_failed(make: Make) -> None:
    server = make(kind="dummy", name="writer", args=("--name", "other"), start_seconds=1, tries=1)
    with pytest.raises(ServerError, match="was not ready after 1 s"):
        server.wait_ready(_READY_S)


def test_a_missing_model_is_said_without_a_try(make: Make, tmp_path: Path) -> None:
    server = make(kind="vllm", model=str(tmp_path / "nothing"))
    with pytest.raises(ServerError, match=r"no model to serve .*`captionmill models fetch`"):
        server.wait_ready(5)
    assert server.status()["starts"] == 0


def test_an_address_of_another_machine_is_refused(make: Make) -> None:
    server = make(host="192.0.2.7")
    with pytest.raises(ServerError, match=r"can't listen on '192\.0\.2\.7'"):
        server.wait_ready(5)


@pytest.mark.run
def test_stop_leaves_no_process_and_needs_no_kill(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.servers.server._STOP_GRACE_S", 10 * _READY_S)  # then it is killed
    server = make()
    server.wait_ready(_READY_S)
    pid = server.status()["pid"]
    server.stop()
    assert _group(pid) == []
    assert (server.status()["state"], server.url()) == ("stopped", None)


@pytest.mark.run
def test_stop_during_a_start_ends_it(make: Make) -> None:
    server = make(args=("--name", "other"))
    _until(lambda: server.status()["pid"])
    pid = server.status()["pid"]
    server.stop()
    assert _group(pid) == []


def test_stop_before_start_is_fine(make: Make) -> None:
    make(begin=False).stop()


@pytest.mark.run
def test_waiters_learn_that_it_was_stopped(make: Make) -> None:
    server = make(args=("--name", "other"))
    errors: list[str] = []

    def waits() -> None:
        try:
            server.wait_ready(60)
        except ServerError as error:
            errors.append(str(error))

    waiter = threading.Thread(target=waits)
    waiter.start()
    server.stop()
    waiter.join(10)
    assert "stopped" in errors[0]


@pytest.mark.run
def test_its_processes_carry_the_mark_of_the_run(make: Make) -> None:
    server = make(mark=processes.mark("here", 7))
    server.wait_ready(_READY_S)
    assert psutil.Process(server.status()["pid"]).environ()[processes.MARK] == "here:7"


def test_on_loopback_there_is_no_key(make: Make) -> None:
    assert make(begin=False).api_key() is None


@pytest.mark.run
def test_on_another_address_requests_need_the_key_of_the_run(make: Make) -> None:
    server = make(host="0.0.0.0")
    url = server.wait_ready(_READY_S)
    key = server.api_key()
    assert key is not None
    assert httpx.get(f"{url}/models").status_code == 401
    assert httpx.get(f"{url}/models", headers={"Authorization": f"Bearer {key}"}).is_success
    command = psutil.Process(server.status()["pid"]).cmdline()
    assert all(key not in part for part in command)


@pytest.mark.run
def test_a_stranger_on_the_port_is_not_taken_for_the_server(make: Make) -> None:
    stranger = make(name="stranger")
    port = int(stranger.wait_ready(_READY_S).rsplit(":", 1)[1].partition("/")[0])
    server = make(name="writer", port=port, tries=2)
    with pytest.raises(ServerError, match=r"(?i)address already in use"):
        server.wait_ready(_READY_S)
    assert server.status()["starts"] == 2


@pytest.mark.run
def test_a_proxy_in_the_environment_is_not_asked(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed.getsockname()[1]}")
        make().wait_ready(_READY_S)


def test_what_a_ray_actor_needs_travels(tmp_path: Path) -> None:
    spec = ServerSpec(kind="dummy", args=("--slots", "2"))
    assert pickle.loads(pickle.dumps((spec, tmp_path))) == (spec, tmp_path)


def test_error_lines_are_the_errors_without_noise_and_repeats(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "ValueError: of an earlier start\n"
        "== start 2: python -m vllm\n"
        "INFO loading\nRuntimeError: no kernel\nRuntimeError: no kernel\n"
        'nanobind: leaked 64 types!\n - leaked type "Error"\nINFO:     Shutting down\n'
    )
    assert error_lines(log, log.read_text().index("==")) == ["RuntimeError: no kernel"]
    log.write_text("one\ntwo\n\n")
    assert error_lines(log) == ["one", "two"]
    log.write_text('Error: 2\n  Value error, no such backend\n  File "x.py", line 3\n')
    assert error_lines(log) == ["Error: 2", "  Value error, no such backend"]


def test_secrets_never_reach_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    given = b"after sk-secret \xff\nno end: sk-secret"
    recording(io.BytesIO(given), log, ["sk-secret", None]).join()
    hidden = HIDDEN.encode()
    assert log.read_bytes() == b"before\nafter " + hidden + b" \xff\nno end: " + hidden


@pytest.mark.run
def test_a_key_is_not_in_the_log_of_a_server_whose_watch_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, threading\n"
        "from engine.servers.server import Server\n"
        "from engine.servers.spec import ServerSpec\n"
        "Server(ServerSpec(name='d', kind='dummy', args=('--api-key', 'sk-0123456789')), sys.argv[1])"
        ".start()\n"
        "threading.Event().wait()\n"
    )
    watch = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    log, until = tmp_path / "dummy-d.log", time.monotonic() + _READY_S
    while not (log.exists() and b"unrecognized arguments" in log.read_bytes()):
        assert time.monotonic() < until and watch.poll() is None
    watch.kill()
    assert watch.wait() == -9
    assert b"sk-0123456789" not in log.read_bytes()


def test_a_long_line_is_cut_after_its_secrets_are_hidden(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Error: " + "x" * 290 + "sk-secret\n")
    (line,) = error_lines(log, 0, ["sk-secret"])
    assert len(line) == 300 and line.endswith("x" + HIDDEN[:3])


def test_a_log_that_is_a_link_is_not_followed(make: Make, tmp_path: Path) -> None:
    server = make(begin=False)
    server.log.parent.mkdir()
    target = tmp_path / "target"
    target.write_text("")
    server.log.symlink_to(target)
    server.start()
    with pytest.raises(ServerError, match="is a symbolic link; remove it"):
        server.wait_ready(_READY_S)
    assert target.read_text() == ""


def _captions(url: str) -> dict[str, str]:
    """Eight seeded requests at once with a JSON schema; the first reply."""
    names = ("audio_caption", "visual_caption")
    text = {"type": "string", "minLength": 5, "maxLength": 24}
    schema = {
        "type": "object",
        "properties": dict.fromkeys(names, text),
        "required": list(names),
        "additionalProperties": False,
    }
    replies: dict[int, dict[str, str]] = {}

    def ask(seed: int) -> None:
        content = f"Clip {seed}. " + "A dog barks in a park while a man walks by. " * 30
        with OpenAI(base_url=url, api_key="none", max_retries=0) as client:
            answer = client.chat.completions.create(
                model="writer",
                messages=[{"role": "user", "content": content}],
                response_format={  # type: ignore[call-overload]
                    "type": "json_schema",
                    "json_schema": {"name": "captions", "schema": schema},
                },
                max_tokens=96,
                temperature=0.3,
                seed=seed,
            )
        replies[seed] = json.loads(answer.choices[0].message.content)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 8
    assert all(set(reply) == set(names) for reply in replies.values())
    return replies[0]


def _running(url: str) -> float:
    """Requests that vLLM works on or holds in its queue."""
    lines = httpx.get(url.replace("/v1", "/metrics")).text.splitlines()
    counted = ("vllm:num_requests_running{", "vllm:num_requests_waiting{")
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(counted))


@pytest.mark.models
@pytest.mark.xdist_group("vllm")
def test_vllm_answers_drains_and_leaves_nothing(make: Make) -> None:
    """One start, since it costs half a minute (tests/pipelines/caption/test_live_writer.py kills one).
    The seeded requests that are longer together than a scheduling step are what killed vLLM's CPU engine
    while it cut prompts in chunks. In float32: bfloat16 takes seven times as long on a CPU that does not
    know it."""
    model = str(Cache().fetch("smollm2-135m-instruct"))
    eager: dict[str, Any] = {"dtype": "float32", "args": ("--enforce-eager",)}
    server = make(kind="vllm", model=model, env={"VLLM_CPU_KVCACHE_SPACE": "1"}, **eager)
    url = server.wait_ready(300)
    pid = server.status()["pid"]
    assert any("EngineCore" in process.name() for process in _group(pid))
    answered = threading.Thread(target=_captions, args=(url,))
    answered.start()
    _until(lambda: _running(url) > 0)
    assert server.drain(300) and server.url() is None and _running(url) == 0
    answered.join()
    server.stop()
    assert _group(pid) == []
