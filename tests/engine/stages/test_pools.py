"""Decoders in real processes that hang, die and come back: who is blamed and who is not."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray

from engine.media.decode import DecodePlan
from engine.profile.profile import CaptionerSpec
from engine.servers.client import Replicas
from engine.servers.spec import ServerSpec
from engine.stages.actors import Host
from engine.stages.calls import until_up
from engine.stages.contract import Fault
from engine.stages.pools import Answers, Decoders, Hosts
from manifests.ids import uri_of
from manifests.media import Media
from tests import badmedia
from tests.engine.fake_openai import FakeOpenAI

pytestmark = pytest.mark.run


@pytest.fixture(scope="module", autouse=True)
def joined(cluster: str) -> Iterator[None]:
    ray.init(address=cluster, log_to_driver=False, logging_level=logging.ERROR)
    yield
    ray.shutdown()


def _clip(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {
        "clip_id": path.stem,
        "content_hash": "h",
        "uri": uri_of(bytes(path)),
        "start_ms": 0,
        "end_ms": 1000,
        "file_ms": 0,
        "since_ms": 0,
        "first_byte": 0,
        "end_byte": status.st_size,
        "has_audio": True,
        "has_video": True,
        "audio_track": None,
        "video_track": None,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
    }


def _with_decoder(work: Callable[[Decoders, int], Awaitable[None]], seconds: float = 60) -> None:
    """Runs `work` with one decoder that is up, and its process id."""

    async def main() -> None:
        decoders = Decoders(1, DecodePlan((16000,), 2, 64), seconds)
        await work(decoders, await _pid(decoders))

    asyncio.run(main())


async def _pid(decoders: Decoders) -> int:
    """The process of the only decoder."""
    (actor,) = decoders._actors
    pid: int = await actor.ready.remote()
    return pid


def test_media_comes_back_by_reference(clips: Path) -> None:
    async def work(decoders: Decoders, pid: int) -> None:
        decoded = await decoders.decode(_clip(sorted(clips.iterdir())[0]))
        assert not isinstance(decoded, Fault)
        media = await decoded.media
        assert (media.clip_id, media.frames.shape) == ("clip000", (2, 48, 64, 3))

    _with_decoder(work)


def test_a_hanging_decoder_is_killed_and_the_next_clip_is_decoded(clips: Path) -> None:
    async def work(decoders: Decoders, pid: int) -> None:
        first, second = (_clip(path) for path in sorted(clips.iterdir())[:2])
        assert not isinstance(await decoders.decode(first), Fault)
        os.kill(pid, signal.SIGSTOP)
        hung = await decoders.decode(first)
        assert isinstance(hung, Fault)
        assert (hung.stage, hung.reason) == ("decode", "timeout")
        assert not isinstance(await decoders.decode(second), Fault)
        assert await _pid(decoders) != pid

    _with_decoder(work, seconds=3)


def test_a_decoder_that_somebody_kills_costs_no_clip(clips: Path) -> None:
    async def work(decoders: Decoders, pid: int) -> None:
        clip = _clip(sorted(clips.iterdir())[0])
        os.kill(pid, signal.SIGKILL)
        assert not isinstance(await decoders.decode(clip), Fault)
        assert await _pid(decoders) != pid

    _with_decoder(work)


@pytest.mark.exhaustive
@pytest.mark.parametrize("bomb", [badmedia.index_bomb, badmedia.text_bomb])
def test_a_decoder_that_takes_too_much_memory_is_killed_and_the_next_clip_is_decoded(
    bomb: Callable[[], bytes], clips: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(bomb())

    async def work(decoders: Decoders, pid: int) -> None:
        fault = await decoders.decode(_clip(path))
        assert fault == Fault("decode", "memory", "decoding took over 1024 MiB of memory")
        (actor,) = decoders._actors
        assert await until_up(actor.ready, "a decoder") != pid
        assert not isinstance(await decoders.decode(_clip(sorted(clips.iterdir())[0])), Fault)

    _with_decoder(work)


def test_a_decoder_started_anew_is_watched_too(clips: Path, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(badmedia.index_bomb())

    async def work(decoders: Decoders, pid: int) -> None:
        assert not isinstance(await decoders.decode(_clip(sorted(clips.iterdir())[0])), Fault)
        os.kill(pid, signal.SIGKILL)
        (actor,) = decoders._actors
        assert await until_up(actor.ready, "a decoder") != pid
        fault = await decoders.decode(_clip(path))
        assert isinstance(fault, Fault)
        assert fault.reason == "memory"

    _with_decoder(work)


def test_a_source_that_is_gone_is_that_clips_fault(clips: Path, tmp_path: Path) -> None:
    async def work(decoders: Decoders, pid: int) -> None:
        clip = _clip(sorted(clips.iterdir())[0]) | {"uri": uri_of(bytes(tmp_path / "gone.mp4"))}
        fault = await decoders.decode(clip)
        assert isinstance(fault, Fault)
        assert fault.reason == "missing"

    _with_decoder(work)


def test_a_row_that_makes_the_decoder_raise_is_that_clips_fault(clips: Path) -> None:
    async def work(decoders: Decoders, pid: int) -> None:
        clip = _clip(sorted(clips.iterdir())[0]) | {"uri": "ftp://elsewhere"}
        fault = await decoders.decode(clip)
        assert isinstance(fault, Fault)
        assert (fault.reason, fault.stage) == ("decoder_error", "decode")
        assert "not a local file" in fault.message

    _with_decoder(work)


def test_a_host_that_died_finds_its_captioner_s_server_again(tmp_path: Path) -> None:
    spec = CaptionerSpec(name="asks", use="captioners.served:AudioChat", server="away")
    media = Media("c" * 32, "h" * 64, 1000, audio={16_000: np.zeros(16_000, np.float32)})

    async def twice(url: str) -> list[Answers]:
        servers = {"away": Replicas(ServerSpec(name="away", urls=(url,)), [])}
        host: Any = ray.remote(Host)
        host = host.options(num_cpus=0.1, max_restarts=-1).remote([spec], tmp_path, 60, servers)
        hosts, batch = Hosts([host], 60), {media.clip_id: ray.put(media)}
        first, pid = await hosts.ask("asks", batch, {}), await host.warm.remote()
        os.kill(pid, signal.SIGKILL)
        second = await hosts.ask("asks", batch, {})
        assert await host.warm.remote() != pid
        return [first, second]

    with FakeOpenAI(lambda request, number: "A dog barks.") as fake:
        first, second = asyncio.run(twice(fake.url))
    assert first.answers == second.answers and not second.faults
    assert (first.tokens_in, first.tokens_out) == (100, 3)
