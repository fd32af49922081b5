"""The window bounds decoded media in flight, and how much a clip takes is known before it is decoded."""

import asyncio

from engine.media.decode import DecodePlan
from engine.stages.window import Window, decoded_bytes

_CLIP = {"start_ms": 0, "end_ms": 10_000, "has_audio": True, "has_video": True}


def test_bytes_of_media_are_those_of_samples_and_pixels() -> None:
    both = 10 * (48_000 + 16_000) * 4 + 16 * 336 * 336 * 3
    assert decoded_bytes(_CLIP, DecodePlan((16_000, 48_000), 16, 336)) == both
    deaf = _CLIP | {"has_audio": False}
    assert decoded_bytes(deaf, DecodePlan((16_000,), 16, 336)) == 16 * 336 * 336 * 3
    assert decoded_bytes(deaf | {"has_video": False}, DecodePlan((16_000,), 16, 336)) == 0


def test_no_more_is_held_than_the_limit() -> None:
    async def main() -> int:
        window = Window(100)

        async def hold(size: int) -> None:
            async with window.hold(size):
                await asyncio.sleep(0)

        await asyncio.gather(*(hold(40) for _ in range(10)))
        return window.most

    assert asyncio.run(main()) == 80


def test_what_is_larger_than_the_window_goes_alone() -> None:
    async def main() -> list[str]:
        window, order = Window(100), []

        async def hold(name: str, size: int) -> None:
            async with window.hold(size):
                order.append(f"{name} in")
                await asyncio.sleep(0)
                order.append(f"{name} out")

        await asyncio.gather(hold("small", 10), hold("huge", 1000))
        return order

    assert asyncio.run(main()) == ["small in", "small out", "huge in", "huge out"]
