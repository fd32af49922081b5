"""Many small clips of different content, made quickly."""

from pathlib import Path

import numpy as np


def make(folder: Path, count: int) -> Path:
    """Writes `count` videos of 0.2 s with a tone into `folder` and returns it."""
    import av

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for number in range(count):
        with av.open(str(folder / f"clip{number:06d}.mp4"), "w") as container:
            video = container.add_stream("mpeg4", rate=20)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            audio = container.add_stream("aac", rate=16000)
            audio.layout = "mono"
            for _ in range(4):
                picture = random.integers(0, 255, (48, 64, 3), dtype=np.uint8)
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(video.encode(None))
            tone = np.sin(np.arange(3200) * 2 * np.pi * (200 + number % 4000) / 16000) * 0.3
            frame = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], "fltp", "mono")
            frame.rate, frame.pts = 16000, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return folder
