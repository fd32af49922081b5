"""Pools of Ray actors: decoders of one shard worker, hosts of models shared by all.

Ray restarts a dead actor; who is to blame for its death is found here. A decoder serves one call at a
time, so the blame is plain. A host runs several models at once: a batch whose host died is tried
again *alone* (the host holds all other calls back), halved until the guilty clip is by itself.
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil
import ray
from ray.exceptions import RayActorError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from captioners.contract import Answer
from engine.media.decode import DecodePlan
from engine.media.memory import MemoryGuard, allowance
from engine.servers.client import ServerRefused, ServerUnavailable
from engine.stages.actors import Answered, Decoder, Decoding, Hung, Unreserved
from engine.stages.calls import START_S, answer, last_line, retried, until_up
from engine.stages.contract import Fault, Inputs
from engine.stages.window import decoded_bytes


@dataclass(frozen=True, slots=True)
class DecodedClip:
    """A clip that was decoded. media: reference to its `Media`. seconds: of work. audio_reason,
    video_reason: why a stream that the source has could not be had."""

    media: Any
    seconds: float
    audio_reason: str | None = None
    video_reason: str | None = None


@dataclass(slots=True)
class Answers:
    """What came of a batch, by clip_id: every clip is in exactly one of answers and faults. seconds that
    the model worked, and tokens that its server read and wrote."""

    answers: dict[str, Answer] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0

    def add(self, other: "Answers") -> None:
        """Adds another part of the batch."""
        self.answers |= other.answers
        self.faults |= other.faults
        self.seconds += other.seconds
        self.tokens_in += other.tokens_in
        self.tokens_out += other.tokens_out


class Decoders:
    """The decoding processes of one shard worker; one clip at a time each. ready is called when one is
    up.

    They run on the worker's own node, where their memory can be watched. They reserve no CPU: whoever
    makes them has reserved it.
    """

    def __init__(
        self,
        count: int,
        plan: DecodePlan,
        seconds: float,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._plan = plan
        self._seconds = seconds
        self._ready = ready
        self._guard = MemoryGuard()
        self._idle: asyncio.Queue[Any] = asyncio.Queue()
        self._actors = self._made(count) if count else []
        for handle in self._actors:
            self._idle.put_nowait(handle)
        self._pids: dict[Any, int] = {}

    def _made(self, count: int) -> list[Any]:
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        actor: Any = ray.remote(Decoder)
        actor = actor.options(num_cpus=0, max_restarts=-1, scheduling_strategy=here)
        return [actor.remote(self._plan) for _ in range(count)]

    async def decode(self, clip: Mapping[str, Any]) -> DecodedClip | Fault:
        """A decoded clip (a row of the clips table), or why there is none.

        A process that dies is tried a second time, since somebody else may have killed it; not one
        that was killed here, for its time or its memory.
        """
        actor = await self._idle.get()
        try:
            for _ in range(2):
                if actor not in self._pids:
                    self._pids[actor] = await until_up(actor.ready, "a decoder")
                    self._ready()
                try:
                    return await self._once(actor, clip)
                except TimeoutError:
                    ray.kill(actor, no_restart=False)
                    del self._pids[actor]
                    return Fault("decode", "timeout", f"decoding took over {self._seconds:g} s")
                except RayTaskError as error:
                    return Fault("decode", "decoder_error", last_line(error))
                except _TookTooMuch as error:
                    del self._pids[actor]
                    return Fault("decode", "memory", str(error))
                except (RayActorError, psutil.NoSuchProcess):
                    del self._pids[actor]
            return Fault("decode", "decoder_crash", "decoding killed its process, twice")
        finally:
            self._idle.put_nowait(actor)

    async def _once(self, actor: Any, clip: Mapping[str, Any]) -> DecodedClip | Fault:
        limit = allowance(decoded_bytes(clip, self._plan))
        with self._guard.watching(self._pids[actor], limit) as watch:
            result, media = actor.decode.options(num_returns=2).remote(dict(clip))
            try:
                decoding: Decoding = await asyncio.wait_for(answer(result), self._seconds)
            except RayActorError:
                self._guard.forget(watch)
                if watch.exceeded:
                    raise _TookTooMuch(f"decoding took over {limit >> 20} MiB of memory") from None
                raise
        if decoding.fault is not None:
            return decoding.fault
        return DecodedClip(media, decoding.seconds, decoding.audio_reason, decoding.video_reason)


class _TookTooMuch(Exception):
    """A decoder was killed for its memory."""


@dataclass(frozen=True, slots=True)
class _Question:
    """Which model is asked about a batch where, and what it may read of others."""

    model: str
    replica: Any
    inputs: Inputs


class Hosts:
    """The hosts of one group of models; takes the least loaded replica.

    seconds: after which a call hangs. servers_s: how long the servers of its models may take to start.
    """

    def __init__(self, replicas: Sequence[Any], seconds: float, servers_s: float = 0.0) -> None:
        self._warming: asyncio.Future[Any] | None = None
        self._start_s = START_S + servers_s
        self._seconds = seconds
        self._load = dict.fromkeys(replicas, 0)

    async def _warm(self) -> None:
        """Returns when every model of every replica is loaded. Raises what a load raises.

        Begins with the first batch: decoding goes on meanwhile.
        """
        if self._warming is None:
            loads = (until_up(r.warm, "a model", self._start_s) for r in self._load)
            self._warming = asyncio.gather(*loads)
        try:
            await asyncio.shield(self._warming)
        except BaseException:
            self._warming = None
            raise

    async def ask(
        self,
        name: str,
        batch: Mapping[str, Any],
        inputs: Inputs,
    ) -> Answers:
        """What a model makes of a batch.

        batch: references to media by clip_id; inputs: what it may read of others, by clip and name.
        Raises ServerUnavailable, ServerRefused: no clip's fault.
        """
        if not batch:
            return Answers()
        await self._warm()
        replica = min(self._load, key=lambda handle: self._load[handle])
        self._load[replica] += 1
        try:
            question = _Question(name, replica, inputs)
            return await self._attempt(question, dict(batch), alone=False)
        finally:
            self._load[replica] -= 1

    async def _attempt(self, question: _Question, batch: dict[str, Any], alone: bool) -> Answers:
        try:
            answered = await self._call(question, batch, alone)
        except RayTaskError as error:
            cause, name = error.cause, question.model
            if isinstance(cause, ServerUnavailable | ServerRefused):
                raise
            if isinstance(cause, Unreserved):
                return await self._attempt(question, batch, alone=True)
            hung = isinstance(cause, Hung)
            fault = Fault(name, "model_hang" if hung else "model_error", last_line(error))
            alone = hung
        except (RayActorError, TimeoutError):
            if not alone:
                return await self._attempt(question, batch, alone=True)
            name = question.model
            fault = Fault(name, "model_crash", f"{name} died on this clip alone")
        else:
            answers = _by_clip(question.model, batch, answered.answers)
            return Answers(answers, {}, answered.seconds, answered.tokens_in, answered.tokens_out)
        if len(batch) == 1:
            return Answers(faults={next(iter(batch)): fault})
        return await self._halves(question, batch, alone)

    async def _halves(self, question: _Question, batch: dict[str, Any], alone: bool) -> Answers:
        items = list(batch.items())
        both = Answers()
        for half in (items[: len(items) // 2], items[len(items) // 2 :]):
            both.add(await self._attempt(question, dict(half), alone))
        return both

    async def _call(self, question: _Question, batch: dict[str, Any], alone: bool) -> Answered:
        limit = START_S + 3 * self._seconds
        replica = question.replica
        inputs = {clip: question.inputs[clip] for clip in batch if clip in question.inputs}
        token = uuid.uuid4().hex if alone else None
        try:
            if token is not None:
                await self._reserve(replica, token, limit)
            call = answer(replica.ask.remote(question.model, list(batch.values()), inputs, token))
            return await asyncio.wait_for(call, limit)
        except TimeoutError:  # not even its own watch over hanging captioners answered
            ray.kill(replica, no_restart=False)
            raise
        finally:
            if token is not None:
                replica.release.remote(token)

    async def _reserve(self, replica: Any, token: str, limit: float) -> None:
        """Waits for the turn to run alone; a death meanwhile is another call's and is waited out."""

        def reserve() -> Any:
            return replica.reserve.remote(token)

        try:
            async with asyncio.timeout(limit):
                await retried(reserve)
        except TimeoutError:
            ray.kill(replica, no_restart=False)
            raise RuntimeError(
                "a model's process is stuck and was killed; its clips were not judged by that"
            ) from None


def _by_clip(name: str, batch: Mapping[str, Any], answers: Sequence[Answer]) -> dict[str, Answer]:
    """Ties answers to their clips; a model that speaks of others ends the run."""
    by_clip = {answer.clip_id: answer for answer in answers}
    if len(answers) != len(batch) or by_clip.keys() != batch.keys():
        raise RuntimeError(
            f"{name} answered for other clips than it was given "
            f"({len(answers)} answers, {len(batch)} clips): nothing of this batch is kept"
        )
    return by_clip
