"""The bound on decoded media in flight in a shard worker."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from engine.media.decode import DecodePlan


class Window:
    """Bounds the bytes of decoded media in flight; a batch larger than all of it goes alone.

    most: the most bytes that were held at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self.most = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Holds `size` bytes of the window while the block runs."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._used == 0 or self._used + size <= self._limit
            )
            self._used += size
            self.most = max(self.most, self._used)
        try:
            yield
        finally:
            async with self._changed:
                self._used -= size
                self._changed.notify_all()


def decoded_bytes(clip: Mapping[str, Any], plan: DecodePlan) -> int:
    """Upper bound of the decoded bytes of a clip (a row of the clips table): float32 sound, RGB frames
    no taller than wide."""
    seconds = (clip["end_ms"] - clip["start_ms"]) / 1000
    sound = int(seconds * sum(plan.audio_hz) * 4) if clip["has_audio"] else 0
    return sound + (plan.frames * plan.frame_px**2 * 3 if clip["has_video"] else 0)
