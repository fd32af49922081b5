"""A model server: vLLM (or the dummy) in processes of its own, watched and started again.

`Server` holds one thread, which starts the processes, asks for their health and starts them again
when they die; every method only reads or sets its state, so a `Server` can be a Ray actor or live
in a driver. The thread lives as long as the server may: the kernel ends the server when that
thread, and so its process, dies. What vLLM leaves behind when its own parent process is killed (its
engine processes, which hold the memory) is ended before the next start, by process group.
"""

import os
import secrets
import shlex
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from engine import processes
from engine.servers import gpu_lock
from engine.servers.address import free_port
from engine.servers.health import Health
from engine.servers.log import ending, error_lines, opened, recording, size
from engine.servers.redact import hidden_values, redacted
from engine.servers.spec import ServerError, ServerSpec, command, environment, lacks

State = Literal["idle", "starting", "ready", "waiting", "stopped", "failed"]

_POLL_S = 0.1
_STOP_GRACE_S = 10.0
_BACKOFF_S = (1.0, 5.0, 20.0, 60.0)
_UNHEALTHY_AFTER = 3  # health questions in a row without an answer
_WRONG_ARGUMENTS = 2  # exit code of argparse: another try with the same ones can't help


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
        self._health: Health | None = None
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
        """Base URL for an OpenAI client ("http://127.0.0.1:8000/v1"), None while it is not ready."""
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
        after `seconds`. Follow with `stop`."""
        health, self._url = self._health, None
        until = time.monotonic() + seconds
        while health is not None and health.in_work():
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_S)
        return True

    def wait_ready(self, seconds: float) -> str:
        """Waits until it is ready; its URL. Raises ServerError when it gave up, was stopped or is
        not ready after `seconds`. In a Ray actor rather ask `url()` again and again."""
        with self._changed:
            self._changed.wait_for(lambda: self._state in ("ready", "stopped", "failed"), seconds)
            if self._state == "ready" and self._url is not None:
                return self._url
            raise ServerError(self._error or f"the server is {self._state}; its log: {self.log}")

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
                raise ServerError(missing)
            while not self._stopping.is_set():
                why = self._one_life()
                if self._stopping.is_set():
                    return
                if self._failed_starts >= self.spec.tries:
                    raise ServerError(why)
                self._enter("waiting", error=why)
                self._stopping.wait(_BACKOFF_S[min(self._failed_starts, len(_BACKOFF_S) - 1)])
        except ServerError as error:
            self._enter("failed", error=str(error))
        except Exception as error:  # whoever waits must learn of it, whatever it is
            self._enter("failed", error=f"the watch over the server broke: {error!r}")

    def _one_life(self) -> str:
        """Starts the server, alone on its GPU, and watches it until it ends or must be ended; why that
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
        port = self.spec.port or self._free_port()
        line = command(self.spec, port)
        began, log_start = time.monotonic(), size(self.log)
        server = self._launch(line)
        recorder = recording(cast(BinaryIO, server.stdout), self.log, self._secrets(line))
        self._pid = server.pid
        self._health = Health(self.spec.host, port, self._key, self.spec.health_seconds)
        try:
            why = self._until_ready(server, self._health, began)
            loading.close()
            if why is None:
                self._failed_starts = 0
                why = self._until_unwell(server, self._health)
            elif server.poll() == _WRONG_ARGUMENTS:
                self._failed_starts = self.spec.tries
            elif not self._stopping.is_set():
                self._failed_starts += 1
        finally:
            self._enter("waiting")
            processes.end_group(server.pid, _STOP_GRACE_S)
            server.wait()
            self._pid = self._health = None
            recorder.join(_STOP_GRACE_S)
        return self._explain(why, line, time.monotonic() - began, log_start)

    def _free_port(self) -> int:
        try:
            return free_port(self.spec.host)
        except OSError as error:
            raise ServerError(
                f"server {self.spec.name}: this machine can't listen on {self.spec.host!r}: {error}"
            ) from error

    def _launch(self, line: list[str]) -> subprocess.Popen[bytes]:
        with opened(self.log) as log:
            log.write(f"\n== start {self._starts}: {shlex.join(redacted(line))}\n".encode())
        return subprocess.Popen(
            processes.dying_with_parent(line),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        variables = dict(os.environ)
        if self._mark is not None:
            variables = processes.marked(self._mark, variables)
        if self._key is not None:
            variables["VLLM_API_KEY"] = self._key  # not an argument: everybody can read those
        return variables | environment(self.spec)

    def _until_ready(
        self, server: subprocess.Popen[bytes], health: Health, began: float
    ) -> str | None:
        """None once it is ready, else why it is not going to be."""
        while not self._stopping.is_set():
            if (code := server.poll()) is not None:
                return ending(code)
            if health.serves(self.spec.name):
                health.warm_up(self.spec.name)
                self._seconds_to_ready = round(time.monotonic() - began, 2)
                self._enter("ready", url=health.url)
                return None
            if time.monotonic() - began > self.spec.start_seconds:
                return f"was not ready after {self.spec.start_seconds:.0f} s"
            self._stopping.wait(_POLL_S)
        return "was stopped"

    def _until_unwell(self, server: subprocess.Popen[bytes], health: Health) -> str:
        """Why a server that was ready is so no longer."""
        silent, asked = 0, time.monotonic()
        while not self._stopping.wait(_POLL_S):
            if (code := server.poll()) is not None:
                return ending(code)
            if time.monotonic() - asked < self.spec.health_seconds / _UNHEALTHY_AFTER:
                continue
            silent = 0 if health.is_well else silent + 1
            asked = time.monotonic()
            if silent >= _UNHEALTHY_AFTER:
                return f"did not answer /health {silent} times in a row"
        return "was stopped"

    def _secrets(self, line: list[str]) -> list[str | None]:
        """What a log or a message must not repeat of this server's key, environment and command line."""
        return [self._key, *self.spec.env.values(), *hidden_values(line)]

    def _explain(self, why: str, line: list[str], seconds: float, log_start: int) -> str:
        quoted = error_lines(self.log, log_start, self._secrets(line))
        excerpt = "\n".join(f"    {text}" for text in quoted)
        return (
            f'the {self.spec.kind} server "{self.spec.name}" {why}, {seconds:.0f} s after its start '
            f"(number {self._starts})."
            f"\n  The end of {self.log}:\n{excerpt or '    (nothing)'}"
            f"\n  To reproduce: {shlex.join(redacted(line))}"
            "\n  Or have the profile use a server of your own: `urls` under [[servers]]."
        )
