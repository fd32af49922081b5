"""Frozen features of clips: decoded as the stages do it, in processes that may crash, then encoded."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from captioners.encoder.encoder import Encoder, Features
from engine.media.decode import DecodePlan
from engine.stages.pools import DecodedClip, Decoders
from engine.stages.tools import placed
from pipelines.length import beginning
from pipelines.train.proof import Lost, Proof

_AHEAD = 2
"""Decoded clips that wait, for each decoder."""


class Decoding:
    """Features by an encoder, for a block; needs Ray. decoders: processes. seconds: that a clip may
    take."""

    def __init__(self, encoder: Encoder, decoders: int, seconds: float = 120.0) -> None:
        needs = encoder.needs
        rates = () if needs.audio_hz is None else (needs.audio_hz,)
        self._plan = DecodePlan(rates, needs.frames, needs.frame_px)
        self._encoder, self._count, self._seconds = encoder, decoders, seconds
        self._loop = asyncio.new_event_loop()
        self._decoders: Decoders | None = None
        self._room = asyncio.Semaphore(_AHEAD * decoders)
        self._encoding = asyncio.Lock()
        self._proof = Proof()

    def __enter__(self) -> "Decoding":
        return self

    def __exit__(self, *error: object) -> None:
        """Drops what is in work, and waits for what can't be dropped: a network that still ran while
        Python ended would take it down."""
        self._loop.run_until_complete(self._dropped())
        self._loop.close()

    def __call__(self, clips: Sequence[Mapping[str, Any]]) -> list[tuple[str, Features | str]]:
        """See `pipelines.train.features.Computed`."""
        return self._loop.run_until_complete(self._all(clips))

    async def _dropped(self) -> None:
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    async def _all(self, clips: Sequence[Mapping[str, Any]]) -> list[tuple[str, Features | str]]:
        if self._decoders is None:
            self._decoders = Decoders(self._count, self._plan, self._seconds)
        return list(await asyncio.gather(*(self._of(clip) for clip in clips)))

    async def _of(self, clip: Mapping[str, Any]) -> tuple[str, Features | str]:
        import ray

        assert self._decoders is not None
        async with self._room:
            own = placed(clip, {}) if "mtime_ns" in clip else await self._proof.of(clip)
            if isinstance(own, Lost):
                return clip["clip_id"], str(own)
            decoded = await self._decoders.decode(beginning(own))
            if not isinstance(decoded, DecodedClip):
                return clip["clip_id"], f"{decoded.reason}: {decoded.message}"
            media: Any = await asyncio.to_thread(ray.get, decoded.media)
            async with self._encoding:
                try:
                    return clip["clip_id"], await asyncio.to_thread(self._encoder.features, media)
                except ValueError as error:
                    return clip["clip_id"], f"not embedded: {error}"
