"""The Ray actors that touch media: decoders, and hosts of models."""

import asyncio
import os
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray

from captioners.contract import Answer, Model
from engine.media.decode import DecodePlan, decode
from engine.media.open import MediaError
from engine.profile.profile import ModelSpec
from engine.servers.client import Bridge, Client, Replicas
from engine.stages.contract import Fault, Inputs
from engine.stages.models import build
from manifests.ids import path_of
from manifests.media import Media

_GOODBYE_S = 0.2
_PATIENCE = 0.8
"""Share of a model's time that it may wait for a server that is away."""


class Hung(Exception):
    """A model did not return in time; its host ends itself after saying so."""


class Unreserved(Exception):
    """The host was started anew since the turn was reserved."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model answered about a batch, the seconds it worked, and the tokens that its server read and
    wrote for it."""

    answers: Sequence[Answer]
    seconds: float
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Decoding:
    """What decoding a clip gave, beside the media itself. seconds: of work. audio_reason, video_reason:
    why a stream that the source has could not be had. fault: why there is no media at all."""

    seconds: float
    audio_reason: str | None = None
    video_reason: str | None = None
    fault: Fault | None = None


class Decoder:
    """Decodes one clip a call. Ends with its process; what it returns belongs to the caller."""

    def __init__(self, plan: DecodePlan) -> None:
        self._plan = plan

    def ready(self) -> int:
        """Process id, once it can work."""
        import av  # noqa: F401 - the first clip shall not wait for it

        return os.getpid()

    def decode(self, clip: Mapping[str, Any]) -> tuple[Decoding, Media | None]:
        """What came out of a clip (a row of the clips table), and the media, None with a fault."""
        started = time.perf_counter()
        try:
            decoded = decode(
                path_of(clip["uri"]),
                clip_id=clip["clip_id"],
                content_hash=clip["content_hash"],
                start_ms=clip["file_ms"],
                end_ms=clip["file_ms"] + clip["end_ms"] - clip["start_ms"],
                plan=self._plan,
                has_audio=clip["has_audio"],
                has_video=clip["has_video"],
                expect=(clip["size"], clip["mtime_ns"]),
                part=(clip["first_byte"], clip["end_byte"]),
                since_ms=clip["since_ms"],
                audio_track=clip["audio_track"],
                video_track=clip["video_track"],
            )
        except MediaError as error:
            fault = Fault("decode", error.reason, error.message)
            return Decoding(time.perf_counter() - started, fault=fault), None
        media = replace(
            decoded.media,
            uri=clip["uri"],
            start_ms=clip["start_ms"],
            whole=bool(clip.get("whole")),
        )
        seconds = time.perf_counter() - started
        return Decoding(seconds, decoded.audio_reason, decoded.video_reason), media


class Host:
    """Several models in one process, one thread each.

    Async, so that calls wait here in order. A call can be run *alone*: `reserve` waits until nothing
    runs, and from then on only calls with its token do, until `release` or its time is up.

    servers: replicas of the servers that its models ask, by the server's name.
    """

    def __init__(
        self,
        specs: Sequence[ModelSpec],
        cache: Path,
        seconds: float,
        servers: Mapping[str, Replicas] | None = None,
    ) -> None:
        self._servers = servers or {}
        self._specs = {spec.name: spec for spec in specs}
        self._cache = cache
        self._seconds = seconds
        self._threads = {
            spec.name: ThreadPoolExecutor(1, thread_name_prefix=spec.name) for spec in specs
        }
        self._fetch = ThreadPoolExecutor(1, thread_name_prefix="fetch")
        self._loaded: dict[str, Model] = {}
        self._clients: dict[str, Client] = {}
        self._bridges: dict[str, Bridge] = {}
        self._following: list[asyncio.Task[None]] = []
        self._load = threading.Lock()
        self._alone: str | None = None
        self._ending = False
        self._running = 0
        self._turn = asyncio.Condition()

    async def warm(self) -> int:
        """Loads every model, with its server ready; returns the process id. Raises what a model's
        load raises."""
        loop = asyncio.get_running_loop()
        for spec in self._specs.values():
            if spec.server is not None:
                await self._connected(spec.name, spec.server).ready()
        for name, thread in self._threads.items():
            await loop.run_in_executor(thread, self._model, name)
        return os.getpid()

    async def reserve(self, token: str) -> None:
        """Returns when nothing but calls with `token` will run."""
        async with self._turn:
            await self._turn.wait_for(lambda: self._alone is None and not self._ending)
            self._alone = token
            await self._turn.wait_for(lambda: self._running == 0)
        loop = asyncio.get_running_loop()
        loop.call_later(3 * self._seconds, lambda: asyncio.ensure_future(self.release(token)))

    async def release(self, token: str) -> None:
        """Lets the others go on."""
        async with self._turn:
            if self._alone == token:
                self._alone = None
                self._turn.notify_all()

    async def ask(
        self,
        name: str,
        media: Sequence[Any],
        inputs: Inputs,
        token: str | None = None,
    ) -> Answered:
        """What model `name` answers about a batch.

        inputs: what it may read of others, by clip and name. Raises Hung when it takes longer
        than the host was given, and what the model raises.
        """
        async with self._turn:
            if token is not None and self._alone != token:
                raise Unreserved
            await self._turn.wait_for(lambda: self._alone == token and not self._ending)
            self._running += 1
        try:
            return await self._watched(name, media, inputs)
        finally:
            async with self._turn:
                self._running -= 1
                self._turn.notify_all()

    async def _watched(self, name: str, media: Sequence[Any], inputs: Inputs) -> Answered:
        started = asyncio.Event()
        loop = asyncio.get_running_loop()
        server = self._specs[name].server
        if server is not None:  # a host that died was not warmed again
            self._connected(name, server)

        # Fetched in another thread, while the model still works on the batch before.
        fetched: list[Media] = await loop.run_in_executor(self._fetch, ray.get, list(media))
        batch = [replace(clip, said=inputs.get(clip.clip_id, {})) for clip in fetched]

        def work() -> Answered:
            model = self._model(name)
            loop.call_soon_threadsafe(started.set)
            begin, before = time.perf_counter(), self._tokens(name)
            answers = model.answer(batch)
            seconds, now = time.perf_counter() - begin, self._tokens(name)
            return Answered(answers, seconds, now[0] - before[0], now[1] - before[1])

        working = loop.run_in_executor(self._threads[name], work)
        working.add_done_callback(lambda future: started.set())  # it may fail before it starts
        await started.wait()
        done, _ = await asyncio.wait([working], timeout=self._seconds)
        if not done:
            self._ending = True  # nothing more may begin, or its clips would be blamed for the end
            loop.call_later(_GOODBYE_S, os._exit, 1)
            raise Hung(f"{name} took longer than {self._seconds:g} s")
        return working.result()

    def _model(self, name: str) -> Model:
        if name not in self._loaded:
            with self._load:  # imports of torch and the like are not safe from two threads
                spec = self._specs[name]
                self._loaded[name] = build(spec, self._cache, self._bridges.get(name))
        return self._loaded[name]

    def _tokens(self, name: str) -> tuple[int, int]:
        """Tokens in and out of a model so far."""
        bridge = self._bridges.get(name)
        return (0, 0) if bridge is None else (bridge.tokens_in, bridge.tokens_out)

    def _connected(self, name: str, server: str) -> Replicas:
        """The replicas of a model's server, followed from the first call on; gives it its bridge."""
        replicas, loop = self._servers[server], asyncio.get_running_loop()
        if server not in self._clients:
            # It has to give up before the model is taken for hanging.
            patience = min(replicas.spec.patience_s, _PATIENCE * self._seconds)
            self._clients[server] = Client(replicas, replicas.spec.timeout_s, patience)
            self._following.append(asyncio.create_task(replicas.follow()))
        if name not in self._bridges:
            self._bridges[name] = Bridge(server, self._clients[server], loop)
        return replicas
