"""The writer of the cpu profile on a real vLLM server, killed while it writes."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from captioners.weights.models import Models
from manifests import commits, tables
from manifests.captions import CAPTIONS
from manifests.workspace import Workspace
from tests.conftest import (
    CLIPS,
    RUN_S,
    books_of,
    kill,
    problems_of,
    processes_of,
    quick_profile,
    wait_until,
)

pytestmark = [pytest.mark.models, pytest.mark.exhaustive, pytest.mark.xdist_group("vllm")]

_WRITER = "captionmill-writer-135m"
_SERVER = "vllm.entrypoints.openai.api_server"
_START_S = 300


def _profile(path: Path) -> Path:
    """The quick profile with the writer of the cpu profile."""
    before, _, after = quick_profile(prompt="tuned").partition("[[servers]]")
    server = f'kind = "vllm"\nname = "{_WRITER}"\nmodel = "{_WRITER}"\nmax_model_len = 2048\n'
    server += 'args = ["--enforce-eager"]\nenv = { VLLM_CPU_KVCACHE_SPACE = "1" }\n'
    before = before.replace('model = "dummy"', f'model = "{_WRITER}"')
    path.write_text(f"{before}[[servers]]\n{server}[sizes]{after.partition('[sizes]')[2]}")
    return path


def _captions(out: Path) -> dict[str, dict[str, Any]]:
    """The caption rows of a workspace by clip."""
    place = Workspace.open(out)
    rows = tables.read_all(place.root, commits.load(place).files("captions"))
    return {row["clip_id"]: dict(row) for row in rows}


def _writes(server: psutil.Process) -> bool:
    """Whether vLLM works on requests."""
    line = server.cmdline()
    url = f"http://127.0.0.1:{line[line.index('--port') + 1]}/metrics"
    try:
        lines = httpx.get(url, trust_env=False).text.splitlines()
    except httpx.HTTPError:
        return False
    return any(
        float(line.rsplit(" ", 1)[1]) > 0
        for line in lines
        if line.startswith("vllm:num_requests_running{")
    )


def test_a_writer_that_is_killed_at_work_costs_no_clip(
    reference: Path, clips: Path, tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    Models().fetch(_WRITER)
    out = tmp_path / "out"
    driver = started("caption", clips, out, "--profile", _profile(tmp_path / "live.toml"))
    (server,) = wait_until(lambda: processes_of(out, _SERVER), _START_S)
    wait_until(lambda: _writes(server), _START_S)
    group = [process for process in processes_of(out) if os.getpgid(process.pid) == server.pid]
    assert any("EngineCore" in process.name() for process in group)
    dead = kill(out, _SERVER)
    assert books_of(out)[0]["pending"] > 0, "it was killed when all was written"
    assert dead == {server.pid}
    (again,) = wait_until(lambda: processes_of(out, _SERVER), _START_S)
    assert again not in group and not set(group) & set(processes_of(out))
    assert driver.wait(RUN_S) == 0, driver.communicate()[1]
    rows, expected = _captions(out), _captions(reference / "out")
    assert rows.keys() == expected.keys() and len(rows) == CLIPS
    for clip, row in rows.items():
        assert row["evidence_digest"] == expected[clip]["evidence_digest"]
        assert any(row[name] for name in CAPTIONS)
    assert {row[f"{side}_by"] for row in rows.values() for side in ("audio", "visual")} >= {"llm"}
    assert problems_of(out) == []
