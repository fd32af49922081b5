"""A model server: vLLM (or the dummy) in processes of its own, watched and started again.

`Server` holds one thread, which starts the processes, asks for their health and starts them again
when they die; every method only reads or sets its state, so a `Server` can be a Ray actor or live
in a driver. The thread lives as long as the server may: the kernel ends the server when that
thread, and so its process, dies. What vLLM leaves behind when its own parent process is killed (its
engine processes, which hold the memory) is ended before the next start, by process group.
"""

import json
import os
import re
import secrets
import shlex
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

from engine import processes
from engine.servers import gpu_lock
from engine.servers.spec import ServerSpec, command, environment, lacks
from manifests.errors import UserError

State = Literal["idle", "starting", "ready", "waiting", "stopped", "failed"]

_POLL_S = 0.1
_STOP_GRACE_S = 10.0
_BACKOFF_S = (1.0, 5.0, 20.0, 60.0)
_UNHEALTHY_AFTER = 3  # health questions in a row without an answer
_LOG_TAIL_BYTES = 1 << 16
_LOG_LINES = 8
_WRONG_ARGUMENTS = 2  # exit code of argparse: another try with the same ones can't help
# Lines that stand at the end of a vLLM log and say nothing of why it ended.
_NOISE = re.compile(
    r"nanobind|leaked|resource_tracker|warnings\.warn|Route: |\[shutdown\]|^\s*\^*\s*$|^ - "
    r"|DeprecationWarning|FutureWarning|^INFO: "
)
_IN_WORK = re.compile(r"^vllm:num_requests_(?:running|waiting)\{[^}]*\} (\S+)", re.MULTILINE)
_TELLING = re.compile(r"Error|error:|Exception|Killed|Out of memory|No space")


class ServiceError(UserError):
    """The server can't be brought up; says why and what to do."""


class Server:
    """One watched server. States: idle, starting, ready, waiting (ends, or waits for its next start),
    stopped, and failed (gave up; `status()["error"]` says why).

    logs: folder for its log. mark: the run's mark (`processes.mark`), None to inherit this process's.
    replica: its number among those of the same spec.
    """

    def __init__(
        self, spec: ServerSpec, logs: str | Path, mark: str | None = None, replica: int = 0
    ) -> None:
        self.spec = spec
        number = f"-{replica}" if spec.replicas > 1 else ""
        self.log = Path(logs) / f"{spec.kind}-{spec.name.replace('/', '--')}{number}.log"
        self._mark = mark or os.environ.get(processes.MARK)
        self._key = None if spec.is_local else secrets.token_urlsafe(32)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._state: State = "idle"
        self._error: str | None = None
        self._url: str | None = None
        self._pid: int | None = None
        self._port: int | None = None
        self._starts = 0
        self._failed_starts = 0
        self._seconds_to_ready: float | None = None

    def start(self) -> None:
        """Begins to start the server and returns at once; does nothing when it has begun already."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_up, name="server", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the server and all its processes; returns when they are gone."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._enter("stopped")

    def url(self) -> str | None:
        """Base URL for an OpenAI client («http://127.0.0.1:8000/v1»), None while it is not ready."""
        return self._url

    def api_key(self) -> str | None:
        """The key that requests need; None for a server on loopback."""
        return self._key

    def endpoint(self) -> tuple[str, str | None] | None:
        """URL and key together; None while it is not ready."""
        url = self._url
        return None if url is None else (url, self._key)

    def drain(self, seconds: float) -> bool:
        """Takes its URL from clients and waits until no request is in work; False if some still were
        after `seconds`. Asks vLLM's own counters; follow with `stop`."""
        port, self._url = self._port, None
        until = time.monotonic() + seconds
        while port is not None and (counted := self._ask(port, "/metrics")) is not None:
            if not sum(float(n) for n in _IN_WORK.findall(counted.decode("utf-8", "replace"))):
                return True
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_S)
        return True

    def wait_ready(self, seconds: float) -> str:
        """Waits until it is ready; its URL. Raises ServiceError when it gave up, was stopped or is
        not ready after `seconds`. In a Ray actor rather ask `url()` again and again."""
        with self._changed:
            self._changed.wait_for(lambda: self._state in ("ready", "stopped", "failed"), seconds)
            if self._state == "ready" and self._url is not None:
                return self._url
            raise ServiceError(self._error or f"the server is {self._state}; its log: {self.log}")

    def status(self) -> dict[str, Any]:
        """State, url, pid of the API process, starts, restarts, failed_starts in a row, seconds from
        start to ready of the last start that got there, log, error."""
        return {
            "state": self._state,
            "url": self._url,
            "pid": self._pid,
            "starts": self._starts,
            "restarts": max(0, self._starts - 1),
            "failed_starts": self._failed_starts,
            "seconds_to_ready": self._seconds_to_ready,
            "log": str(self.log),
            "error": self._error,
        }

    def _enter(self, state: State, url: str | None = None, error: str | None = None) -> None:
        with self._changed:
            if self._state != "failed":
                self._state, self._error = state, error
            self._url = url
            self._changed.notify_all()

    def _keep_up(self) -> None:
        """The thread: one start after another until it is stopped or gives up."""
        try:
            if (missing := lacks(self.spec)) is not None:
                raise ServiceError(missing)
            while not self._stopping.is_set():
                why = self._one_life()
                if self._stopping.is_set():
                    return
                if self._failed_starts >= self.spec.tries:
                    raise ServiceError(why)
                self._enter("waiting", error=why)
                self._stopping.wait(_BACKOFF_S[min(self._failed_starts, len(_BACKOFF_S) - 1)])
        except ServiceError as error:
            self._enter("failed", error=str(error))
        except Exception as error:  # whoever waits must learn of it, whatever it is
            self._enter("failed", error=f"the watch over the server broke: {error!r}")

    def _one_life(self) -> str:
        """Starts the server, alone on its card, and watches it until it ends or must be ended; why that
        was."""
        self._starts += 1
        self._enter("starting")
        with ExitStack() as loading:
            loading.enter_context(gpu_lock.alone(self.spec.num_gpus, self._stopping))
            if self._stopping.is_set():
                return "was stopped"
            return self._watched(loading)

    def _watched(self, loading: ExitStack) -> str:
        """The life of the server's process. loading: closed when it is ready."""
        port = self.spec.port or _free_port(self.spec.host)
        line = command(self.spec, port)
        began, written = time.monotonic(), self._log_size()
        server = self._launch(line)
        self._pid = server.pid
        try:
            why = self._until_ready(server, port, began)
            loading.close()
            if why is None:
                self._failed_starts = 0
                why = self._until_unwell(server, port)
            elif server.poll() == _WRONG_ARGUMENTS:
                self._failed_starts = self.spec.tries
            elif not self._stopping.is_set():
                self._failed_starts += 1
        finally:
            self._enter("waiting")
            processes.end_group(server.pid, _STOP_GRACE_S)
            server.wait()
            self._pid = self._port = None
        return self._explain(why, line, time.monotonic() - began, written)

    def _launch(self, line: list[str]) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            log.write(f"\n== start {self._starts}: {shlex.join(line)}\n".encode())
            log.flush()
            return subprocess.Popen(
                processes.dying_with_parent(line),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        found = dict(os.environ)
        if self._mark is not None:
            found = processes.marked(self._mark, found)
        if self._key is not None:
            found["VLLM_API_KEY"] = self._key  # not an argument: everybody can read those
        return found | environment(self.spec)

    def _until_ready(self, server: subprocess.Popen[bytes], port: int, began: float) -> str | None:
        """None once it is ready, else why it is not going to be."""
        while not self._stopping.is_set():
            if (code := server.poll()) is not None:
                return _ending(code)
            if self._serves(port):
                self._warm(port)
                self._port = port
                self._seconds_to_ready = round(time.monotonic() - began, 2)
                self._enter("ready", url=f"http://{_in_url(self.spec.host)}:{port}/v1")
                return None
            if time.monotonic() - began > self.spec.start_seconds:
                return f"was not ready after {self.spec.start_seconds:.0f} s"
            self._stopping.wait(_POLL_S)
        return "was stopped"

    def _warm(self, port: int) -> None:
        """Lets it answer once: what a server does only at its first request (kernels, the first pass)
        shall not be a clip's. Whatever comes back, requests of clips are what counts."""
        body = {"model": self.spec.name, "prompt": "Hello", "max_tokens": 1}
        self._ask(port, "/v1/completions", json.dumps(body).encode())

    def _until_unwell(self, server: subprocess.Popen[bytes], port: int) -> str:
        """Why a server that was ready is so no longer."""
        silent, asked = 0, time.monotonic()
        while not self._stopping.wait(_POLL_S):
            if (code := server.poll()) is not None:
                return _ending(code)
            if time.monotonic() - asked < self.spec.health_seconds / _UNHEALTHY_AFTER:
                continue
            silent = 0 if self._ask(port, "/health") is not None else silent + 1
            asked = time.monotonic()
            if silent >= _UNHEALTHY_AFTER:
                return f"did not answer /health {silent} times in a row"
        return "was stopped"

    def _serves(self, port: int) -> bool:
        """Whether it is well and serves our model: the port might have been taken by a stranger."""
        if self._ask(port, "/health") is None:
            return False
        models = self._ask(port, "/v1/models")
        try:
            return any(m["id"] == self.spec.name for m in json.loads(models or b"{}")["data"])
        except (ValueError, KeyError, TypeError):
            return False

    def _ask(self, port: int, path: str, body: bytes | None = None) -> bytes | None:
        """What the server answers to a GET, or a POST of `body`, with status 200, else None."""
        url = f"http://{_in_url(self.spec.host)}:{port}{path}"
        request = urllib.request.Request(url, body)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if self._key is not None:
            request.add_header("Authorization", f"Bearer {self._key}")
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=self.spec.health_seconds) as answer:
                return bytes(answer.read())
        except (OSError, ValueError):  # URLError is an OSError
            return None

    def _log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def _explain(self, why: str, line: list[str], seconds: float, written: int) -> str:
        lines = "\n".join(f"    {line}" for line in telling_lines(self.log, written))
        return (
            f"the {self.spec.kind} server «{self.spec.name}» {why}, {seconds:.0f} s after its start "
            f"(number {self._starts})."
            f"\n  What {self.log} says last:\n{lines or '    (nothing)'}"
            f"\n  To see it fail by hand: {shlex.join(line)}"
            "\n  Or let the profile use a server of your own: `urls` under [[servers]]."
        )


def telling_lines(log: Path, start: int = 0) -> list[str]:
    """The last lines of `log`, from byte `start` on, that may say why a server ended: those that
    name an error, with the line that goes on from it, else the last ones that are no known noise."""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(start, size - _LOG_TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    lines = [line.rstrip()[:300] for line in text.splitlines() if not _NOISE.search(line)]
    lines = [line for line in lines if line and not line.startswith("== start ")]
    pairs = zip(["", *lines], lines, strict=False)
    telling = [line for last, line in pairs if _TELLING.search(line) or _goes_on(last, line)]
    return list(dict.fromkeys(telling or lines))[-_LOG_LINES:]


def _goes_on(last: str, line: str) -> bool:
    """Whether `line` is indented under an error, and no frame of a traceback."""
    return bool(_TELLING.search(last)) and line.startswith("  ") and "File " not in line


def _ending(code: int) -> str:
    """What an exit code means; 9 is how the kernel ends a process when memory runs out."""
    if code == -9:
        return "was killed by signal 9 (out of memory?)"
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _free_port(host: str) -> int:
    """A port nobody uses now. Another process may take it first: then the start fails and the next
    one takes another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((host, 0))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise ServiceError(f"this machine can't listen on {host!r}: {error}") from error


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
