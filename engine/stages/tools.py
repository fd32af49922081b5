"""What the engine gives to the work of a stage in one shard worker: decoding, models, servers, counts."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.servers.client import Client, Replicas
from engine.stages.computers import Computers
from engine.stages.contract import Computing, Fault, Inputs, Place, Turn
from engine.stages.pools import Answers, DecodedClip, Decoders, Hosts
from engine.stages.progress import Progress
from manifests.ids import path_of


class Tools:
    """Decoders, hosts and servers of one turn, by the names that the stage and its profile give them.

    groups: of each unit with a model, the group of its hosts.
    """

    def __init__(
        self,
        workspace: Path,
        turn: Turn,
        decoders: Decoders,
        groups: Mapping[str, str],
        hosts: Mapping[str, Hosts],
        servers: Mapping[str, Replicas],
        progress: Progress,
        computing: Computing | None = None,
    ) -> None:
        self.workspace = workspace
        self.turn = turn
        self.progress = progress
        self._decoders = decoders
        self._groups = groups
        self._hosts = hosts
        self._servers = servers
        self._computing = computing
        self._following: list[asyncio.Task[None]] = []

    async def decode(
        self, clips: Sequence[Mapping[str, Any]], twins: Mapping[str, Sequence[Place]]
    ) -> dict[str, DecodedClip | Fault]:
        """Each clip (a row of the clips table) decoded, or why it could not be, by `clip_id`.

        twins: other places of the same contents; a file that was moved or touched is read from there.
        """
        results = await asyncio.gather(*(self._decode(placed(clip, twins)) for clip in clips))
        return {clip["clip_id"]: result for clip, result in zip(clips, results, strict=True)}

    async def _decode(self, clip: Mapping[str, Any]) -> DecodedClip | Fault:
        counts = self.progress.unit("decode")
        counts.queued += 1
        try:
            result = await self._decoders.decode(clip)
        finally:
            counts.queued -= 1
        if isinstance(result, DecodedClip):
            counts.worked(1, result.seconds)
        return result

    async def ask(
        self, unit: str, media: Mapping[str, Any], inputs: Inputs | None = None
    ) -> Answers:
        """What a unit's model answers about media (references by clip_id).

        inputs: what it may read of others, by clip and name. Raises ServerUnavailable,
        ServerRefused.
        """
        counts = self.progress.unit(unit)
        counts.queued += len(media)
        try:
            result = await self._hosts[self._groups[unit]].ask(unit, media, inputs or {})
        finally:
            counts.queued -= len(media)
        counts.worked(len(result.answers), result.seconds)
        counts.tokens_in += result.tokens_in
        counts.tokens_out += result.tokens_out
        return result

    def computers(self, make: Callable[[], Any]) -> Computers | None:
        """The stage's processes, each around what `make` returns there; None where it declares none."""
        if self._computing is None:
            return None
        name, processes = self._computing.name, self._computing.processes
        return Computers(name, processes, make, self.progress)

    def client(self, server: str) -> Client:
        """Requests to a server of the profile, of which this turn has loaded the replicas. Call it once
        for each server, in the worker's event loop."""
        replicas = self._servers[server]
        self._following.append(asyncio.create_task(replicas.follow()))
        return Client(replicas, replicas.spec.timeout_s, replicas.spec.patience_s)


def placed(clip: Mapping[str, Any], twins: Mapping[str, Sequence[Place]]) -> dict[str, Any]:
    """The clip, its source taken from where the same content lies unchanged today."""
    own = Place(clip["uri"], clip["size"], clip["mtime_ns"])
    for place in (own, *twins.get(clip["content_hash"], ())):
        try:
            status = os.stat(path_of(place.uri))
        except OSError:
            continue
        if (status.st_size, status.st_mtime_ns) == (place.size, place.mtime_ns):
            return {**clip, "uri": place.uri, "size": place.size, "mtime_ns": place.mtime_ns}
    return dict(clip)
