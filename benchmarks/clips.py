"""Many small clips of different content, cheap to decode: the engine is measured, not FFmpeg."""

from pathlib import Path

import numpy as np


def make(folder: Path, count: int) -> Path:
    """Writes `count` videos of 0.2 s with a tone into `folder` and returns it."""
    import av

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for number in range(count):
        with av.open(str(folder / f"clip{number:06d}.mkv"), "w") as container:
            video = container.add_stream("mjpeg", rate=20)
            video.width, video.height, video.pix_fmt = 64, 48, "yuvj420p"
            audio = container.add_stream("pcm_s16le", rate=16000)
            audio.layout = "mono"
            for _ in range(4):
                picture = random.integers(0, 255, (48, 64, 3), dtype=np.uint8)
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(video.encode(None))
            tone = np.sin(np.arange(3200) * 2 * np.pi * (200 + number % 4000) / 16000) * 9000
            frame = av.AudioFrame.from_ndarray(tone.astype(np.int16)[None], "s16", "mono")
            frame.rate, frame.pts = 16000, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return folder
