"""Segments of a source: what is shown of it, and where in the file that lies.

Content time runs from the first shown moment of a source to its last, without gaps. Within a segment the
file's own clock runs on; between two it jumps or starts again. No clip crosses from one to the next.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

NO_SOUND = "no sound here"
NO_PICTURE = "no picture here"
_PLACE = ("start_ms", "end_ms", "file_ms", "first_byte", "end_byte")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment.

    start_ms, end_ms: in the content. file_ms: when it begins on the file's clock, from the first moment
    of the bytes [first_byte, end_byte), which are a recording by themselves. fault, fault_message:
    why a recording among others can't be used; its segment has no length. audio_track, video_track: the
    streams that are used, by their number among their kind. heard: spans within the segment, in ms from
    its start, that hold sound. since_ms: pictures from then on, by the file's clock, may be on screen in
    it; before file_ms where one stands still from before a pause that was left out. seen_ms: when the
    first picture comes on screen, in ms from its start.
    """

    start_ms: int
    end_ms: int
    file_ms: int = 0
    first_byte: int = 0
    end_byte: int = 0
    fault: str | None = None
    fault_message: str | None = None
    kind: Literal["video", "audio", "image"] | None = None
    has_audio: bool = False
    has_video: bool = False
    audio_reason: str | None = None
    video_reason: str | None = None
    audio_track: int | None = None
    video_track: int | None = None
    heard: tuple[tuple[int, int], ...] = ()
    since_ms: int = 0
    seen_ms: int = 0

    def between(self, start_ms: int, end_ms: int) -> "Segment":
        """What it says of a clip of it: without sound where only pictures are shown there, without a
        picture where none has come yet."""
        if not (self.has_audio and self.has_video):
            return self
        if all(end <= start_ms or end_ms <= start for start, end in self.heard):
            return replace(self, has_audio=False, audio_reason=NO_SOUND)
        if end_ms <= self.seen_ms:
            return replace(self, kind="audio", has_video=False, video_reason=NO_PICTURE)
        return self

    def place(self) -> dict[str, Any]:
        """Where it lies, as in `manifests.schemas.SOURCES`."""
        row = asdict(self)
        return {name: row[name] for name in _PLACE}
