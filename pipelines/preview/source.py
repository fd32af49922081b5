"""A clip decoded for people as it was decoded for captioners: same span, same tracks, same clock."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.media.decode import Decoded, DecodePlan, decode
from engine.media.open import MediaError
from manifests.ids import path_of
from manifests.media import Audio

Row = Mapping[str, Any]
Picture = npt.NDArray[np.uint8]
"""Upright RGB, (height, width, 3)."""

LONGEST_MS = 120_000
"""What is shown of a clip; what comes later is told of."""
FPS = 25
"""Pictures a second of a preview, whatever the source has: each is what is on screen in the middle of its
40 ms."""
# Of pictures that are decoded at once: 10 s of 320 x 320. Each further part may begin in the middle of a
# group of pictures, of which the first ones are then decoded again.
_DECODED_BYTES = 80 << 20
# The first picture may be so many late, as it is where a container has rounded its time.
_AT_ONCE = 2


@dataclass(frozen=True)
class Span:
    """What is shown of a clip.

    row: of the clips table. path: of the file that it lies in.
    """

    row: Row
    path: bytes

    @classmethod
    def of(cls, row: Row, path: bytes | None) -> "Span":
        """The span of a clip whose source lies at `path`, or where the row says."""
        return cls(row, path_of(row["uri"]) if path is None else path)

    @property
    def whole_ms(self) -> int:
        """Length of the clip; 0 for a still."""
        return int(self.row["end_ms"] - self.row["start_ms"])

    @property
    def ms(self) -> int:
        """Length of what is shown of it."""
        return min(self.whole_ms, LONGEST_MS)

    def heard_only(self) -> "Span":
        """The same without its pictures."""
        return Span({**self.row, "has_video": False}, self.path)

    def decoded(self, first_ms: int, end_ms: int, plan: DecodePlan) -> Decoded:
        """[first_ms, end_ms) of the clip, by its own clock. Raises MediaError."""
        row, start_ms = self.row, int(self.row["file_ms"])
        return decode(
            self.path,
            clip_id=row["clip_id"],
            content_hash=row["content_hash"],
            start_ms=start_ms + first_ms,
            end_ms=start_ms + end_ms,
            plan=plan,
            has_audio=bool(row["has_audio"]),
            has_video=bool(row["has_video"]),
            expect=(row["size"], row["mtime_ns"]),
            part=(row["first_byte"], row["end_byte"]),
            since_ms=row["since_ms"],
            audio_track=row["audio_track"],
            video_track=row["video_track"],
        )

    def sound(self, hz: int) -> Audio:
        """What is heard, mono, from the clip's start to its end. Raises MediaError where nothing is."""
        decoded = self.decoded(0, self.ms, DecodePlan(audio_hz=(hz,)))
        if hz not in decoded.media.audio:
            raise MediaError("broken", decoded.audio_reason or "no sound in this span")
        return decoded.media.audio[hz]

    def still(self, px: int) -> Picture:
        """The picture of a clip without length. Raises MediaError."""
        decoded = self.decoded(0, 0, DecodePlan(frames=1, frame_px=px))
        picture: Picture = _frames(decoded)[0]
        return picture

    @property
    def count(self) -> int:
        """How many pictures `pictures` gives."""
        return max(1, round(Fraction(self.ms * FPS, 1000)))

    def pictures(self, px: int) -> Iterator[Picture]:
        """`count` pictures, each for an equal part of the clip: what is on screen in its middle, black
        before there is any, unless it comes at once. All of one size, their longest side at most `px`.

        Raises MediaError, at the first picture, where the clip has none.
        """
        waiting, last, fault = 0, None, None
        for shown in self._parts(px):
            if isinstance(shown, MediaError):
                fault = fault or shown
            if not isinstance(shown, np.ndarray):
                if last is None:
                    waiting += 1
                    continue
            elif last is None:
                last = shown
                before = shown if waiting <= _AT_ONCE else np.zeros_like(shown)
                yield from [before] * waiting
            else:
                last = _sized(shown, last)
            yield last
        if last is None:
            raise fault or MediaError("broken", "no picture in this span")

    def _parts(self, px: int) -> Iterator[Picture | MediaError | None]:
        """For each part of the clip its picture, None where none is on screen, or why there is none."""
        at_once = max(1, _DECODED_BYTES // (3 * px**2))
        edges = np.linspace(0, self.count, -(-self.count // at_once) + 1).round()
        for first, end in pairwise(edges.astype(int).tolist()):
            try:
                yield from self._shown(first, end, px)
            except MediaError as error:
                yield from [error] * (end - first)

    def _shown(self, first: int, end: int, px: int) -> list[Picture | None]:
        """The pictures of these numbers; None where none is on screen yet. Raises MediaError."""
        part = Fraction(self.ms, self.count)
        from_ms, to_ms = round(first * part), round(end * part)
        decoded = self.decoded(from_ms, to_ms, DecodePlan(frames=end - first, frame_px=px))
        frames, times = _frames(decoded), decoded.media.frame_times_ms
        middles = [(number + Fraction(1, 2)) * part - from_ms for number in range(first, end)]
        places = [bisect_right(times, middle) - 1 for middle in middles]
        return [frames[place] if place >= 0 else None for place in places]


def _frames(decoded: Decoded) -> npt.NDArray[np.uint8]:
    if decoded.media.frames is None:
        raise MediaError("broken", decoded.video_reason or "no picture in this span")
    return decoded.media.frames


def _sized(picture: Picture, like: Picture | None) -> Picture:
    """The picture in the size of another: films may change theirs."""
    if like is None or picture.shape == like.shape:
        return picture
    height, width = like.shape[:2]
    return np.asarray(Image.fromarray(picture).resize((width, height)))
