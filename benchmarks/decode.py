"""CPU time per clip: captionmill's decoder against bare PyAV and ffmpeg doing the same.

The same: mono 48 kHz float32 sound of the span and 16 frames in the middles of equal parts, RGB,
longest side 336. One thread each. Rivals: PyAV decoding all of the span, PyAV seeking to each frame
(with a linear pass for the sound), and one ffmpeg process writing both into pipes (its CPU time
includes its start). Runs are interleaved; the table gives medians of CPU ms and the ratio to the
best rival.

    python -m benchmarks.decode [--json FILE] [--runs N]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from engine.media.decode import DecodePlan, decode
from engine.media.ffmpeg import binary, run

HZ, FRAMES, PX = 48_000, 16, 336
_X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
_AAC = ["-c:a", "aac", "-ac", "2", "-b:a", "128k"]


@dataclass(frozen=True)
class Case:
    """A source and the span of it that is decoded."""

    name: str
    size: str
    seconds: int
    suffix: str
    options: list[str]
    start_ms: int = 0
    end_ms: int = 0

    @property
    def span(self) -> tuple[int, int]:
        return self.start_ms, self.end_ms or self.seconds * 1000

    def make(self, folder: Path) -> Path:
        """The source: a moving test picture with grain, and pink noise."""
        out = folder / (self.name.replace(" ", "-") + self.suffix)
        picture = f"testsrc2=size={self.size}:rate=25,noise=alls=12:allf=t"
        sound = "anoisesrc=color=pink:sample_rate=44100:amplitude=0.3"
        given = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
        run([*given, "-t", str(self.seconds), *self.options, str(out)], timeout_s=600)
        return out


_HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
_VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p"]
_MPEG4 = ["-c:v", "mpeg4", "-q:v", "4", "-c:a", "libmp3lame"]
_MJPEG = ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "5", "-c:a", "pcm_s16le"]
CASES = [
    Case("h264 360p 5 s", "640x360", 5, ".mp4", [*_X264, *_AAC]),
    Case("h264 360p 10 s", "640x360", 10, ".mp4", [*_X264, *_AAC]),
    Case("h264 360p 30 s", "640x360", 30, ".mp4", [*_X264, *_AAC]),
    Case("h264 720p 30 s, key each s", "1280x720", 30, ".mp4", [*_X264, "-g", "25", *_AAC]),
    Case("h264 360p 30 s of 120 s", "640x360", 120, ".mp4", [*_X264, *_AAC], 80_000, 110_000),
    Case("hevc 360p 10 s", "640x360", 10, ".mp4", [*_HEVC, *_AAC]),
    Case("vp9 opus 360p 10 s", "640x360", 10, ".webm", [*_VP9, "-c:a", "libopus"]),
    Case("mpeg4 mp3 avi 360p 10 s", "640x360", 10, ".avi", _MPEG4),
    Case("mjpeg pcm 360p 10 s", "640x360", 10, ".mov", _MJPEG),
    Case("mp3 30 s", "64x64", 30, ".mp3", ["-vn", "-c:a", "libmp3lame"]),
    Case("flac 30 s", "64x64", 30, ".flac", ["-vn"]),
    Case("aac 30 s of 600 s", "64x64", 600, ".m4a", ["-vn", *_AAC], 500_000, 530_000),
]


def ours(path: Path, start_ms: int, end_ms: int, video: bool) -> tuple[int, int]:
    plan = DecodePlan((HZ,), FRAMES, PX)
    media = decode(bytes(path), "c", "h", start_ms, end_ms, plan, True, video).media
    return len(media.audio[HZ]), 0 if media.frames is None else len(media.frames)


def _moments(start_ms: int, end_ms: int) -> list[float]:
    part = (end_ms - start_ms) / FRAMES
    return [(start_ms + (i + 0.5) * part) / 1000 for i in range(FRAMES)]


def _picture(frame: Any) -> Any:
    scale = min(1.0, PX / max(frame.width, frame.height))
    width, height = round(frame.width * scale), round(frame.height * scale)
    return frame.reformat(width, height, "rgb24").to_ndarray()


def _open(path: Path, start_ms: int) -> Any:
    container = av.open(str(path))
    for stream in (*container.streams.video, *container.streams.audio):
        stream.codec_context.thread_count = 1
        stream.codec_context.thread_type = "NONE"
    if start_ms:
        container.seek(start_ms * 1000)
    return container


def _linear(path: Path, start_ms: int, end_ms: int, video: bool, sound: bool) -> tuple[Any, Any]:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=HZ)
    samples, pictures = [], []
    targets = _moments(start_ms, end_ms) if video else []
    with _open(path, start_ms) as container:
        streams = [*container.streams.video[: int(video)], *container.streams.audio[: int(sound)]]
        for frame in container.decode(*streams):
            if isinstance(frame, av.VideoFrame):
                if targets and frame.time >= targets[0] - 0.02:
                    pictures.append(_picture(frame))
                    targets.pop(0)
            elif start_ms / 1000 <= frame.time < end_ms / 1000:
                samples += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
            if frame.time > end_ms / 1000:
                break
    samples += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    return (np.concatenate(samples) if samples else []), pictures


def pyav_linear(path: Path, start_ms: int, end_ms: int, video: bool) -> tuple[int, int]:
    samples, pictures = _linear(path, start_ms, end_ms, video, True)
    return len(samples), len(np.stack(pictures)) if pictures else 0


def pyav_seeks(path: Path, start_ms: int, end_ms: int, video: bool) -> tuple[int, int]:
    samples, _ = _linear(path, start_ms, end_ms, False, True)
    pictures = []
    with _open(path, 0) as container:
        stream = container.streams.video[0]
        for target in _moments(start_ms, end_ms):
            container.seek(int(target / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if frame.time >= target - 0.02:
                    pictures.append(_picture(frame))
                    break
    return len(samples), len(np.stack(pictures))


def ffmpeg_pipes(path: Path, start_ms: int, end_ms: int, video: bool) -> tuple[int, int]:
    seconds = (end_ms - start_ms) / 1000
    head = [binary(), "-nostdin", "-v", "error", "-threads", "1", "-filter_threads", "1"]
    cut = ["-ss", str(start_ms / 1000), "-t", str(seconds), "-i", str(path)]
    sound = ["-map", "0:a", "-ac", "1", "-ar", str(HZ), "-f", "f32le", "pipe:1"]
    reading, writing = os.pipe()
    fit = f"fps={FRAMES}/{seconds},scale={PX}:{PX}:force_original_aspect_ratio=decrease"
    picture = ["-map", "0:v", "-vf", fit, "-pix_fmt", "rgb24", "-f", "rawvideo"]
    outputs = [*sound, *([*picture, f"pipe:{writing}"] if video else [])]
    seen: list[bytes] = []
    with subprocess.Popen(
        [*head, *cut, *outputs], stdout=subprocess.PIPE, pass_fds=[writing]
    ) as process:
        os.close(writing)
        with open(reading, "rb") as pipe:
            reader = threading.Thread(target=lambda: seen.append(pipe.read()))
            reader.start()
            heard = process.stdout.read() if process.stdout else b""
            reader.join()
    samples, pixels = np.frombuffer(heard, np.float32), np.frombuffer(seen[0], np.uint8)
    return len(samples), round(len(pixels) / (PX * 189 * 3)) if video else 0


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _measure(path: Path, case: Case, runs: int) -> dict[str, float]:
    """Median CPU ms of each way, and that each gave the sound and frames that were asked for."""
    start, end = case.span
    video = path.suffix not in (".mp3", ".flac", ".m4a")
    ways: list[Callable[[Path, int, int, bool], tuple[int, int]]] = [ours, pyav_linear]
    ways += [pyav_seeks, ffmpeg_pipes] if video else [ffmpeg_pipes]
    spent: dict[str, list[float]] = {way.__name__: [] for way in ways}
    for turn in range(runs + 1):
        for way in ways:
            before = _cpu_s()
            samples, frames = way(path, start, end, video)
            if turn:  # the first warms caches and imports
                spent[way.__name__].append(1000 * (_cpu_s() - before))
            due = (end - start) * HZ // 1000
            if abs(samples - due) > HZ // 10 or abs(frames - FRAMES * video) > 1:
                raise SystemExit(
                    f"{way.__name__} on {case.name}: {samples} samples, {frames} frames"
                )
    return {name: statistics.median(times) for name, times in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print(f"{'CPU ms a clip':28} {'ours':>7} {'linear':>7} {'seeks':>7} {'ffmpeg':>7} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            ms = _measure(case.make(Path(folder)), case, args.runs)
            ratio = ms["ours"] / min(value for name, value in ms.items() if name != "ours")
            rows.append({"case": case.name, "cpu_ms": ms, "ratio": ratio})
            columns = [ms.get(n) for n in ("ours", "pyav_linear", "pyav_seeks", "ffmpeg_pipes")]
            cells = [f"{value:7.0f}" if value is not None else f"{'':7}" for value in columns]
            print(f"{case.name:28} {' '.join(cells)} {ratio:6.2f}", flush=True)
    print(f"worst ratio {max(row['ratio'] for row in rows):.2f}")
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
