"""A second stage, for tests: the mark that a dummy model gives each clip.

`python -m tests.stages.mark SOURCE... WORKSPACE --profile FILE` runs it as a command runs captioning.
"""

import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import pyarrow as pa

from captioners.contract import Model
from engine.media.decode import DecodePlan
from engine.profile.profile import ModelSpec, load
from engine.run.stage import run
from engine.stages.contract import Batch, Fault, Rows, Stage, Step, Unit, Work
from engine.stages.models import decode_plan, identity
from engine.stages.rows import quarantine_row
from engine.stages.tools import Tools
from manifests.ids import digest
from manifests.kinds import Kind, register
from manifests.media import Media, Needs
from pipelines.cli.terminal import errors

_COLUMNS = [("clip_id", pa.string()), ("content_hash", pa.string())]
_SCHEMA = pa.schema([*_COLUMNS, ("mark", pa.list_(pa.float32()))])
register(Kind("dummymarks", _SCHEMA, "dummymarks", outcome="marked"))


@dataclass(frozen=True, slots=True)
class Marked:
    """The mark of one clip."""

    clip_id: str
    content_hash: str
    mark: tuple[float, ...]


class DummyMarker(Model):
    """Marks the content that it was shown: the first bytes of a hash of samples and frames."""

    needs = Needs(audio_hz=16_000, frames=2, frame_px=64)

    def load(self) -> None:
        """Nothing to load."""

    def answer(self, batch: Sequence[Media]) -> list[Marked]:
        """Takes a little time, and marks."""
        time.sleep(float(self.options.get("batch_ms", 5)) / 1000)
        return [self._marked(media) for media in batch]

    def _marked(self, media: Media) -> Marked:
        seen = hashlib.sha256(b"" if media.frames is None else media.frames.tobytes())
        for samples in media.audio.values():
            seen.update(samples.tobytes())
        vector = tuple(byte / 255 for byte in seen.digest()[:4])
        return Marked(media.clip_id, media.content_hash, vector)


class MarkStage(Stage):
    """One unit: the model, on hosts of its own."""

    name, doing = "mark", "marking"
    tables = ("dummymarks", "quarantine")
    marker = ModelSpec(name="marker", use="tests.stages.mark:DummyMarker", num_cpus=0.1)
    steps = (Step("mark", (Unit("marker", marker),), decodes=True),)

    @cached_property
    def plan(self) -> DecodePlan:
        """Sound and two frames."""
        return decode_plan([self.marker])

    @cached_property
    def digest(self) -> str:
        """Digest of cut and model."""
        return digest([self.cut, identity(self.marker, self.profile)])

    def work(self, tools: Tools) -> Work:
        """What marks batches."""
        return MarkWork(tools)


class MarkWork(Work):
    """Decodes a batch and asks the model."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def run(self, step: Step, units: Sequence[str], batch: Batch) -> Rows:
        """A mark, or a fault, of every clip."""
        clips = {clip["clip_id"]: clip for clip in batch.clips}
        decoded = await self._tools.decode([c for c in batch.clips if not c["fault"]], batch.twins)
        media = {i: d.media for i, d in decoded.items() if not isinstance(d, Fault)}
        result = await self._tools.ask("marker", media)
        faults = {i: Fault("probe", c["fault"], "") for i, c in clips.items() if c["fault"]}
        faults |= {i: d for i, d in decoded.items() if isinstance(d, Fault)} | result.faults
        place = self._tools.workspace
        return {
            "dummymarks": [asdict(cast(Marked, e)) for e in result.answers.values()],
            "quarantine": [quarantine_row(clips[i], fault, place) for i, fault in faults.items()],
        }


def main(arguments: list[str]) -> None:
    """Runs the stage; the options are those of the tests."""
    *sources, workspace, _, profile = arguments
    with errors():
        result = run(MarkStage(load(profile)), sources, Path(workspace))
        print(f"{result.books.outcomes}, {result.books.pending} pending")


if __name__ == "__main__":
    from tests.stages import mark  # workers import the stage by this name

    mark.main(sys.argv[1:])
