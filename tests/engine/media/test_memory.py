"""The guard over processes that take memory, as real native code takes it."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from engine.media.memory import LEAST_ALLOWANCE, MemoryGuard, allowance, own_bytes

pytestmark = pytest.mark.run

MIB = 1 << 20


@pytest.fixture
def guard() -> Iterator[MemoryGuard]:
    with MemoryGuard() as guard:
        yield guard


@pytest.fixture
def process() -> Iterator["subprocess.Popen[str]"]:
    """A Python that runs each line it is sent and answers "done"."""
    code = "import sys\nfor line in sys.stdin: exec(line); print('done', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        _answer(process, "pass")
        yield process
        process.kill()


def _answer(process: "subprocess.Popen[str]", line: str) -> str:
    """What the process answers, "" when it dies of it."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process.stdout.readline()


def test_a_process_that_takes_more_than_it_may_is_killed(
    guard: MemoryGuard, process: "subprocess.Popen[str]"
) -> None:
    with guard.watching(process.pid, 64 * MIB) as watch:
        assert (
            _answer(process, f"held = bytearray({1024 * MIB}); import time; time.sleep(60)") == ""
        )
    assert process.wait() == -9
    assert watch.exceeded


def test_a_process_that_holds_its_interpreter_s_lock_is_killed_all_the_same(
    guard: MemoryGuard, process: "subprocess.Popen[str]"
) -> None:
    # PyDLL keeps the lock: no thread of the process runs while C allocates, writes and sleeps
    line = "import ctypes; c = ctypes.PyDLL(None); c.malloc.restype = ctypes.c_void_p; "
    line += f"c.memset(ctypes.c_void_p(c.malloc(ctypes.c_size_t({512 * MIB}))), 1, "
    line += f"ctypes.c_size_t({512 * MIB})); c.sleep(60)"
    with guard.watching(process.pid, 64 * MIB) as watch:
        assert _answer(process, line) == ""
    assert watch.exceeded


def test_a_process_may_take_what_it_is_allowed(
    guard: MemoryGuard, process: "subprocess.Popen[str]"
) -> None:
    with guard.watching(process.pid, 512 * MIB) as watch:
        line = f"held = bytearray(b'1') * {128 * MIB}; import time; time.sleep(0.5)"
        assert _answer(process, line) == "done\n"
    assert not watch.exceeded


def test_shared_memory_is_not_a_process_s_own(process: "subprocess.Popen[str]") -> None:
    before = own_bytes(psutil.Process(process.pid))
    _answer(process, f"import mmap; shared = mmap.mmap(-1, {256 * MIB})")
    _answer(process, f"shared.write(b'1' * {256 * MIB})")
    _answer(process, "import gc; gc.collect()")
    assert own_bytes(psutil.Process(process.pid)) - before < 64 * MIB


def test_a_death_of_another_cause_is_not_taken_for_the_memory_s(
    guard: MemoryGuard, process: "subprocess.Popen[str]"
) -> None:
    with guard.watching(process.pid, 64 * MIB) as watch:
        process.kill()
        process.wait()
    assert not watch.exceeded


def test_a_process_that_is_gone_is_answer(
    guard: MemoryGuard, process: "subprocess.Popen[str]"
) -> None:
    process.kill()
    process.wait()
    with pytest.raises(psutil.NoSuchProcess):
        guard.watch(process.pid, MIB)


def test_large_clips_may_take_four_times_their_size() -> None:
    assert allowance() == allowance(100 * MIB) == LEAST_ALLOWANCE
    assert allowance(1024 * MIB) == 4096 * MIB
