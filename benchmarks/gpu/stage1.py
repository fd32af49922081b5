"""Whole stage 1 on one card, everything in it: clips/s, GPU-hours per million clips, how busy it is.

    python -m benchmarks.gpu.stage1 [--fp8] [--clips 640] [--seconds 10] [--tiny]

`stage1.toml` beside this file says what runs: `captionmill caption` as users start it, with models of
random weights at their real shapes (`shapes`, `towers`), on made clips of 640 x 360 with sound. A
scorer's similarities are luck then, so all of them count as "medium": both chat models' captions of
every clip go to the writer (`asked`: of how many it was asked). Its answers mean nothing and are refused
after they were written; each clip costs one request. The rate is taken between the first shard that was
written and the last one: models load once in a run of millions of clips. Busy is what the card's driver
says, the share of time in which at least one kernel ran, over the same span.

JSON on standard output; exit status 1 when a clip did not go all the way. Beside ours: NVIDIA NeMo
Curator's CI demands 0.11 clips/s of a GPU, cosmos-curate reports about 2 with FP8, of other models on
other clips. --tiny: small models on the CPU, whose figures say nothing; does all of it still run?
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq

from benchmarks import watched
from benchmarks.gpu import shapes, towers
from benchmarks.gpu.machine import machine
from captioners.confidence._logistic import SAME
from captioners.confidence.calibration import Calibration
from captioners.confidence.fit import Fit
from captioners.confidence.tiers import ENOUGH
from captioners.weights.models import Models
from engine.media.ffmpeg import run
from engine.profile.profile import load
from manifests.evidence import Kind
from pipelines.caption.stage import CaptionStage

_PROFILE = Path(__file__).with_suffix(".toml")
# Of one card. What a server has beyond its weights (16 to 17 GB in bfloat16) holds requests in work; one
# clip of 10 s takes some 0.2 GB of it of Qwen2-Audio, whose heads share no keys, and 0.1 of the others.
_CARD = {"ears": 0.33, "eyes": 0.29, "writer": 0.29, "taggers": 0.06, "scorers": 0.03}
_CPU = dict.fromkeys(_CARD, 0.0)
_WHY = "random weights: nothing of what they say is asked for"
# Of taggers, whatever the score: sigmoid(1), "medium".
_EVEN = Fit(method="platt-map", n=ENOUGH, line=SAME.model_copy(update={"weights": (0.0, 1.0)}))
_TAGGERS: dict[str, tuple[Kind, ...]] = {
    "ast": ("sound", "music", "scene", "speech"),
    "siglip": ("object", "scene"),
}


def clips(folder: Path, count: int, seconds: int) -> Path:
    """Different clips: a moving test picture with grain, and pink noise."""
    folder.mkdir()

    def make(number: int) -> None:
        picture = f"testsrc2=size=640x360:rate=25,noise=alls=12:allf=t:all_seed={number}"
        sound = f"anoisesrc=color=pink:sample_rate=44100:amplitude=0.3:seed={number}"
        given = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", str(seconds)]
        codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
        run([*given, *codecs, "-threads", "1", str(folder / f"{number:05d}.mp4")], timeout_s=600)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make, range(count)))
    return folder


def profile(folder: Path, fp8: bool, tiny: bool) -> Path:
    """Writes the models and the profile that uses them; brings the packs that it needs besides."""
    for make in (towers.ast, towers.whisper, towers.siglip, towers.clap):
        make(folder / make.__name__, tiny)
    for serve in (shapes.ears, shapes.eyes, shapes.writer):
        serve(folder / serve.__name__, tiny)
    calibration(folder / "calibration")
    cores = os.cpu_count() or 1
    server = [f"args = {json.dumps(shapes.TINY_ARGS if tiny else shapes.ARGS)}"]
    if fp8:
        server.append('quantization = "fp8"')
    if tiny:
        env = (f'{name} = "{value}"' for name, value in shapes.TINY_ENV.items())
        server.append(f"env = {{ {', '.join(env)} }}")
    text = _PROFILE.read_text("utf-8").format(
        folder=folder,
        server="\n".join(server),
        workers=2 if cores > 2 else 1,
        decoders=max(1, cores // 3),
        asking=1 if tiny else 4,
        **(_CPU if tiny else _CARD),
    )
    written = folder / "stage1.toml"
    written.write_text(text, encoding="utf-8")
    for name in CaptionStage(load(str(written))).needed_models:
        Models().fetch(name)
    return written


def calibration(folder: Path) -> None:
    """Every tag is "medium", so that the writer is asked for every clip: what chat models of random
    weights say is no English and no fact."""
    folder.mkdir()
    for name, kinds in _TAGGERS.items():
        even = Calibration(captioner=name, source=_WHY, kinds=dict.fromkeys(kinds, _EVEN))
        (folder / f"{name}.json").write_text(even.model_dump_json(), encoding="utf-8")


def asked(tables: Path) -> int:
    """Clips of whose captions the writer was asked for."""
    found = (pq.read_table(f, columns=["writer"])["writer"] for f in tables.glob("*.parquet"))
    return sum(len(writers) - writers.null_count for writers in found)


def rate(tables: Path) -> tuple[float, float, float]:
    """Clips/s between the first part of the captions that was written and the last one, and when these
    were written, seconds since 1970. 0 clips/s where all came at once. Raises SystemExit without any."""
    parts = sorted(
        (f.stat().st_mtime, pq.read_metadata(f).num_rows) for f in tables.glob("*.parquet")
    )
    if not parts:
        raise SystemExit("not one clip was captioned")
    began, ended = parts[0][0], parts[-1][0]
    later = sum(count for written, count in parts if written > began)
    return (later / (ended - began) if later else 0.0), began, ended


def _busy(_: psutil.Process) -> tuple[float, float]:
    """Now, and how busy the driver says the first card is."""
    asked = [
        "nvidia-smi",
        "-i",
        "0",
        "--query-gpu=utilization.gpu",
        "--format=csv,noheader,nounits",
    ]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return time.time(), float(told) / 100


def _nothing(_: psutil.Process) -> tuple[float, float]:
    return time.time(), 0.0


def measured(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """One run and what it says."""
    folder = scratch / "models"
    told, seen = watched.caption(
        clips(scratch / "clips", options.clips, options.seconds),
        scratch / "out",
        profile(folder, options.fp8, options.tiny),
        _nothing if options.tiny else _busy,
    )
    per_second, began, ended = rate(Path(told["captions"]))
    (log,) = (scratch / "out" / "runlog").glob("*.jsonl")
    within = [busy for at, busy in seen if began <= at <= ended]
    return {
        "clips_per_s": per_second,
        "gpu_hours_per_million": 1e6 / per_second / 3600 if per_second else None,
        "gpu_busy": sum(within) / len(within) if within and not options.tiny else None,
        "captioned": told["captioned"],
        "asked": asked(Path(told["captions"])),
        "quarantined": told["quarantined"],
        "elapsed_s": told["elapsed_s"],
        "startup_s": told["startup_s"],
        "stages_busy": told["busy"],
        "stages": json.loads(log.read_text("utf-8"))["units"],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Measures stage 1 on one GPU.")
    parser.add_argument("--fp8", action="store_true", help="servers quantise their models")
    parser.add_argument("--clips", type=int, default=640)
    parser.add_argument("--seconds", type=int, default=10, help="of each clip")
    parser.add_argument("--tiny", action="store_true", help="small models on the CPU")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        found = measured(options, Path(scratch))
    print(json.dumps({"options": vars(options), **found, **machine()}, indent=1))
    return 0 if found["asked"] == options.clips else 1


if __name__ == "__main__":
    sys.exit(main())
