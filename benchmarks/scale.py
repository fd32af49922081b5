"""What do 100 million clips take on 64 GPUs, by arithmetic? `python -m benchmarks.scale`

Nothing runs. Every input is a range with its source: measured by a benchmark, counted from shapes and a
measured rate, or assumed. Prints the table of docs/scale.md. Ranges are multiplied end to end, so the
truth lies inside them more surely than each input does.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass

_HOUR, _DAY = 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Range:
    """Least and most of a figure, and where it comes from."""

    low: float
    high: float
    source: str

    def times(self, low: float, high: float | None = None) -> "Range":
        """The range of a product."""
        return Range(self.low * low, self.high * (low if high is None else high), self.source)

    def text(self, digits: int = 0) -> str:
        """For a table."""
        low, high = f"{self.low:,.{digits}f}", f"{self.high:,.{digits}f}"
        return low if low == high else f"{low} to {high}"


MS_GPU = {
    "writer (Llama-3.1-8B, 600 shared and 250 own tokens in, 180 out)": Range(
        16.2,
        35.3,
        "told of an H100, not run by us: 61.8 clips/s, 28.3 where the prefix is not shared",
    ),
    "audio captioners (two of 7B, 30 s each)": Range(
        80,
        200,
        "counted: 800 tokens in and 60 out, 12 to 30 clips/s each at the writer's token rates",
    ),
    "video captioner (7B, 8 frames)": Range(
        100, 500, "counted at the low end; at the high end cosmos-curate's 2 clips/s with FP8"
    ),
    "taggers, Whisper where speech is, scorers": Range(20, 60, "assumed"),
}
"""GPU milliseconds a clip of 30 s in stage 1."""
EMBED_MS = Range(25.9, 41.2, "measured on an H200: PE-AV large, lean 38.6 clips/s, compiled 24.3")
DECODE_S = Range(1.2, 2.7, "measured: H.264 of 30 s at 360p and 720p, 48 kHz and 16 frames")
TABLE_KB = Range(
    2, 8, "2.1 measured: 120 real clips by the profile cpu; assumed for longer sentences"
)
MEDIA_MB = Range(1.875, 7.5, "assumed: 30 s at 0.5 to 2 Mbit/s, read once")
PRICE = Range(2, 4, "assumed, USD an hour of one GPU with its CPUs")
RETRIES = Range(
    1.0, 1.3, "assumed: requests of the writer a clip, from one to what the ladder asks again"
)
RESTART_MIN = Range(5, 15, "assumed: minutes until models and servers of a node are up again")


def rows(
    clips: float, gpus: int, cpus: int, node: int, failing: float
) -> Iterable[tuple[str, ...]]:
    """The lines of the table: what, how much, by what."""
    captioning = Range(0, 0, "")
    for name, each in MS_GPU.items():
        spent = each.times(RETRIES.low, RETRIES.high) if name.startswith("writer") else each
        captioning = Range(captioning.low + spent.low, captioning.high + spent.high, "")
        yield f"GPU: {name}, ms a clip", spent.text(1), each.source
    hours = captioning.times(clips / 1e3 / _HOUR)
    yield "GPU-hours of stage 1", hours.text(), "sum of the above"
    wall = hours.times(1 / gpus)
    yield (
        f"hours on {gpus} GPUs that are always busy",
        wall.text(),
        "the engine alone: 97.5 %, measured",
    )
    embedding = EMBED_MS.times(clips / 1e3 / _HOUR)
    yield "GPU-hours of embed", embedding.text(), EMBED_MS.source
    money = Range(
        (hours.low + embedding.low) * PRICE.low, (hours.high + embedding.high) * PRICE.high, ""
    )
    yield "USD, both", money.text(), PRICE.source
    decoding = DECODE_S.times(clips / _HOUR)
    yield "core-hours of decoding", decoding.text(), DECODE_S.source
    at_once = decoding.times(1 / (cpus * gpus))
    yield f"hours of decoding on {cpus} cores a GPU", at_once.text(), "beside the captioners"
    yield "media read, TB", MEDIA_MB.times(clips / 1e6).text(), MEDIA_MB.source
    rate = Range(
        MEDIA_MB.low * clips * 8 / 1e3 / (wall.high * _HOUR),
        MEDIA_MB.high * clips * 8 / 1e3 / (wall.low * _HOUR),
        "",
    )
    yield "of these Gbit/s for all nodes together", rate.text(1), "media over hours"
    yield "tables written, GB", TABLE_KB.times(clips / 1e6).text(), TABLE_KB.source
    shards = 20_000
    yield (
        "files of tables",
        f"{shards * 16:,}",
        f"{shards:,} shards with 15 tables and a record each",
    )
    lost = Range(
        gpus / node * failing * wall.low / 24,
        gpus / node * failing * wall.high / 24,
        "over the job",
    )
    yield f"nodes of {node} GPUs that fail", lost.text(1), f"{failing:.0%} of the nodes a day"
    wasted = Range(
        lost.low * RESTART_MIN.low * node / 60, lost.high * RESTART_MIN.high * node / 60, ""
    )
    yield "GPU-hours lost to that", wasted.text(1), RESTART_MIN.source


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=float, default=100e6)
    parser.add_argument("--gpus", type=int, default=64)
    parser.add_argument("--cpus", type=int, default=16, help="cores beside each GPU")
    parser.add_argument("--node", type=int, default=8, help="GPUs of a node")
    parser.add_argument("--failing", type=float, default=0.02, help="share of the nodes a day")
    asked = parser.parse_args()
    print("| what | from, to | by what |\n|---|---|---|")
    for row in rows(asked.clips, asked.gpus, asked.cpus, asked.node, asked.failing):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
