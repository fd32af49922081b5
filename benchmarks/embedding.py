"""`captionmill embed` beside a bare loop over the same clips, with the same decoder and encoder.

    python -m benchmarks.embedding FOLDER [--clips 96] [--runs 3]

The bare loop has nothing around it: another process decodes ahead, this one embeds clips and their
captions with the small encoder, one after another, and keeps the vectors. The stage has leases, a
journal, checks, references, commits and Parquet besides. They run in turns, over the same workspace; its
captions come from the profile `dummy`. Both have loaded their encoder when their clock starts: that of
the stage starts when the first batch is answered, and ends when all is committed. What the stage takes
with loading is told beside it. Exit status 1 when the median of the stage is under 95 % of the loop's.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from captioners.encoder.model import READ_BY, Embedder
from captioners.weights.models import Models
from engine import torch_cpu
from engine.media.decode import DecodePlan, decode
from engine.profile.profile import load
from engine.run.view import View
from manifests import commits, tables
from manifests.evidence import WeakCaption
from manifests.ids import path_of
from manifests.media import Media
from manifests.workspace import Workspace
from pipelines.embed.run import embed
from pipelines.embed.stage import EmbedStage
from pipelines.status import newest

_LEAST = 0.95
_AHEAD = 32
_PROFILE = """
[encoder]
name = "small"
use = "captioners.encoder.model:Embedder"
"""


def captioned(folder: Path, root: Path, profile: Path, clips: int) -> None:
    """Captions clips of a folder; the profile's file is written."""
    dummy = Path(str(load.__globals__["__file__"])).parent / "builtin" / "dummy.toml"
    text = dummy.read_text("utf-8").partition("[encoder]")[0]
    profile.write_text(text + _PROFILE, encoding="utf-8")
    command = [sys.executable, "-m", "captionmill", "caption", str(folder), str(root)]
    options = ["--profile", str(profile), "--limit", str(clips), "--json"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)


def workable(root: Path) -> list[tuple[dict[str, Any], dict[str, WeakCaption]]]:
    """Clips that can be decoded, with their captions."""
    workspace = Workspace.open(root)
    state = commits.load(workspace)
    job = newest(workspace, state)
    rows = list(tables.read_all(root, state.files("clips", cut=job.cut)))
    captions: dict[str, dict[str, WeakCaption]] = {
        row["clip_id"]: {
            kind: WeakCaption(row["clip_id"], row["content_hash"], kind, text=row[kind])
            for kind in READ_BY
            if row[kind] is not None
        }
        for row in tables.read_all(root, state.files("captions", job=job.digest))
    }
    return [(row, captions[row["clip_id"]]) for row in rows if row["clip_id"] in captions]


def decoded(clip: dict[str, Any], plan: DecodePlan) -> Media:
    """Its media, as a decoder of the engine gives it."""
    start, length = clip["file_ms"], clip["end_ms"] - clip["start_ms"]
    return decode(
        path_of(clip["uri"]),
        clip["clip_id"],
        clip["content_hash"],
        start,
        start + length,
        plan,
        clip["has_audio"],
        clip["has_video"],
        since_ms=clip["since_ms"],
        audio_track=clip["audio_track"],
        video_track=clip["video_track"],
    ).media


def ahead(clips: Sequence[dict[str, Any]], plan: DecodePlan) -> Iterator[Media]:
    """Media of all clips in order, some of them decoded ahead by another process."""
    with ProcessPoolExecutor(1) as pool:
        waiting = [pool.submit(decoded, clip, plan) for clip in clips[:_AHEAD]]
        for number in range(len(clips)):
            if number + _AHEAD < len(clips):
                waiting.append(pool.submit(decoded, clips[number + _AHEAD], plan))
            yield waiting[number].result()


def bare(root: Path, stage: EmbedStage) -> float:
    """Clips/s of the loop."""
    encoder = Embedder("small", Models())
    encoder.load()
    clips = workable(root)
    captions = {clip["clip_id"]: said for clip, said in clips}
    vectors = []
    began = time.perf_counter()
    for media in ahead([clip for clip, _ in clips], stage.plan):
        vectors += encoder.answer([replace(media, said=captions[media.clip_id])])
    return len(vectors) / (time.perf_counter() - began)


def ours(root: Path, profile: Path, scratch: Path) -> tuple[float, float]:
    """Clips/s of the stage once it has loaded, and with loading; in a copy of the workspace."""
    copy = Path(shutil.copytree(root, scratch / "copy"))
    answered: list[tuple[float, int]] = []

    def watch(view: View) -> None:
        if view.worked:
            answered.append((time.perf_counter(), view.worked))

    try:
        view = embed(copy, str(profile), str(profile), watch).view
        assert view is not None
        first, already = answered[0]
        loaded = (view.worked - already) / (time.perf_counter() - first)
        return loaded, view.worked / view.elapsed
    finally:
        shutil.rmtree(copy)


def main() -> int:
    """Measures and prints."""
    torch_cpu.switch_on()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="media to embed")
    parser.add_argument("--clips", type=int, default=96)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    shares = []
    with tempfile.TemporaryDirectory() as scratch:
        root, profile = Path(scratch) / "workspace", Path(scratch) / "profile.toml"
        captioned(options.folder, root, profile, options.clips)
        workspace = Workspace.open(root)
        stage = EmbedStage(load(str(profile)), newest(workspace, commits.load(workspace)).digest)
        for number in range(options.runs):
            if number % 2:
                loop, (loaded, whole) = bare(root, stage), ours(root, profile, Path(scratch))
            else:
                (loaded, whole), loop = ours(root, profile, Path(scratch)), bare(root, stage)
            shares.append(loaded / loop)
            print(
                f"loop {loop:.2f} clips/s, stage {loaded:.2f}: {shares[-1]:.1%}; "
                f"with loading {whole:.2f}: {whole / loop:.1%}",
                flush=True,
            )
    median = statistics.median(shares)
    print(f"median {median:.1%} on {os.cpu_count()} cores")
    return 0 if median >= _LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
